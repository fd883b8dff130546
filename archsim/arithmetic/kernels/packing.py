"""Weights and tables in the layouts that the compiled kernels read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.adders.base import LowPart
from archsim.arithmetic.kernels.geometry import Geometry
from archsim.arithmetic.kernels.plans import SIZE, Plan
from archsim.arithmetic.kernels.properties import Integers

Bytes = NDArray[np.uint8]
Words = NDArray[np.int32]

ADDER_LANES = 16
"""Outputs that the adder kernel sums side by side."""


@dataclass(slots=True, eq=False)
class Work:
    """What ``archsim._integer.convolve`` reads of a layer's weights and its plan; flat arrays."""

    path: str
    start: Words
    maps: int = 1
    map: Bytes | None = None
    map_weight: Words | None = None
    packed: Bytes | None = None
    packed_low: Bytes | None = None
    packed_high: Bytes | None = None
    packed_index: Bytes | None = None
    packed_group: int = 0
    index_group: int = 0
    weight_bytes: int = 1
    least_lanes: int = 16
    nibbles_by_row: bool = False
    nibble_low: Bytes | None = None
    nibble_high: Bytes | None = None
    plane_low: Bytes | None = None
    plane_high: Bytes | None = None
    table: Words | None = None
    scale: int = 1
    cell: str = "exact"
    low_bits: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Packer:
    """Weight indices [group][output][tap][channel] of a layer, and how its blocks of outputs are laid out."""

    index: Bytes
    level: str
    least_lanes: int
    most_lanes: int = 64

    @property
    def depth(self) -> int:
        """Channels rounded up to four."""
        return -(-int(self.index.shape[3]) // 4) * 4

    def packed(
        self, values: NDArray[Any], arrange: Callable[[NDArray[Any]], NDArray[Any]]
    ) -> tuple[Bytes, int]:
        """Return the bytes of all blocks, group by group, and how many values a group has.

        Parameters
        ----------
        values
            [group][output][tap][position].
        arrange
            Orders one block, [group][tap][position][lane].
        """
        parts = [
            np.ascontiguousarray(arrange(self._block(values, *block))).reshape(len(values), -1)
            for block in self._blocks()
        ]
        joined = np.concatenate(parts, axis=1)
        return joined.view(np.uint8).ravel(), joined.shape[1]

    def _blocks(self) -> Iterator[tuple[int, int]]:
        """Yield (first output, lanes) of the blocks that the driver walks through."""
        outputs, first = self.index.shape[1], 0
        while first < outputs:
            left = outputs - first
            lanes = min(self.most_lanes, 64 if left > 32 else 32 if left > 16 else self.least_lanes)
            yield first, lanes
            first += lanes

    def _block(self, values: NDArray[Any], first: int, lanes: int) -> NDArray[Any]:
        """Return [group][tap][channel][lane] of one block; outputs that do not exist are zero."""
        groups, outputs, taps, channels = values.shape
        padded = np.zeros((groups, taps, channels, lanes), dtype=values.dtype)
        count = min(lanes, outputs - first)
        padded[..., :count] = values[:, first : first + count].transpose(0, 2, 3, 1)
        return padded


def pack(plan: Plan, indices: Bytes, level: str, bias: Integers) -> Work:
    """Return a layer's weights packed for its plan.

    Parameters
    ----------
    plan
        Of the layer's multiplier.
    indices
        Weight indices [group][output][tap][channel].
    level
        Instruction set.
    bias
        First value of each sum, [group x output].
    """
    least = 32 if plan.path == "separable" and level == "avx2" else 16
    packer = _Packer(indices, level, least)
    work = Work(plan.path, _start(plan, packer, bias), least_lanes=least)
    work.map = np.arange(SIZE, dtype=np.uint8)
    if plan.path == "table":
        _add_product_planes(work, plan, transposed=False)
    else:
        _add_factors(work, plan, packer)
    if plan.path == "separable":
        _add_nibbles(work, plan, packer)
    if plan.path == "plane":
        work.plane_low, work.scale = _square(plan.plane).ravel(), plan.scale
    if plan.path in {"plane", "table"}:
        work.packed_index, work.index_group = _rows(packer, indices, 0)
    return work


def pack_adder(plan: Plan, indices: Bytes, low: LowPart, bias: Integers) -> Work:
    """Return a layer's weights packed for an approximate accumulator: whole products, one adder per lane."""
    work = Work("adder", bias.astype(np.int32), cell=low.cell, low_bits=low.bits)
    work.map = np.arange(SIZE, dtype=np.uint8)
    work.table = np.ascontiguousarray(_square(plan.table.products).astype(np.int32)).ravel()
    packer = _Packer(indices, "any", ADDER_LANES, ADDER_LANES)
    work.packed_index, work.index_group = packer.packed(indices, lambda block: block)
    return work


def pack_pixels(plan: Plan, indices: Bytes, bias: Integers) -> Work:
    """Return a layer's weights packed for few outputs per group: the pixels lie side by side."""
    start = bias + indices.shape[2] * indices.shape[3] * int(plan.table.products.min())
    work = Work("pixels", start.astype(np.int32))
    work.packed_index = np.ascontiguousarray(indices.transpose(0, 1, 3, 2)).ravel()
    _add_product_planes(work, plan, transposed=True)
    return work


def worth_pixels(layer: Geometry, pixels: int) -> bool:
    """Return whether a layer has so few outputs per group that its pixels fill a vector better."""
    return layer.outputs < 16 and pixels >= 48 and layer.depth <= 4096


def _square(table: NDArray[Any] | None) -> NDArray[Any]:
    """A table of narrower operands, padded to 256 by 256."""
    assert table is not None
    whole = np.zeros((SIZE, SIZE), dtype=table.dtype)
    whole[: table.shape[0], : table.shape[1]] = table
    return whole


def _start(plan: Plan, packer: _Packer, bias: Integers) -> Words:
    """First value of each sum: the bias, and everything that does not depend on the pixel.

    A pair of factors is x y = (u + x0) (v + y0) with bytes u and v: u v is what the kernel multiplies, x0 y
    is known with the weights, u y0 is the pixel's own term.
    """
    groups, outputs, taps, channels = packer.index.shape
    total = bias.reshape(groups, outputs) + taps * channels * plan.offset
    if plan.path != "table":
        for left, right in zip(plan.pairs.left.T, plan.pairs.right, strict=True):
            total = total + int(left.min()) * right[packer.index].sum(axis=(2, 3))
    if plan.nibbles is not None and packer.level == "avx512" and plan.first == 0:
        # Positions beyond the last channel hold byte 0 and nibbles 0.
        unused = taps * (packer.depth - channels)
        total = total - unused * plan.scale * int(plan.nibbles.low[0, 0] + plan.nibbles.high[0, 0])
    return np.asarray(total, dtype=np.int64).astype(np.int32).ravel()


def _middle(right: Integers) -> int:
    """What is taken off a weight factor so that it fits a signed byte."""
    fits = right.min() >= -128 and right.max() <= 127
    return 0 if fits else int(right.min()) + 128


def _add_factors(work: Work, plan: Plan, packer: _Packer) -> None:
    pairs = list(zip(plan.pairs.left.T, plan.pairs.right, strict=True))
    work.maps = len(pairs)
    maps = np.zeros((len(pairs), SIZE), dtype=np.uint8)
    for row, (left, _) in zip(maps, pairs, strict=True):
        row[: len(left)] = left - left.min()
    work.map = maps.ravel()
    middles = [_middle(right) for _, right in pairs]
    if any(middles):
        work.map_weight = np.array(middles, dtype=np.int32)
    values = np.stack(
        [(right - middle)[packer.index] for (_, right), middle in zip(pairs, middles, strict=True)]
    )
    work.packed, work.packed_group = _interleaved(packer, values)
    work.weight_bytes = 1 if packer.level == "avx512" else 2


def _interleaved(packer: _Packer, values: Integers) -> tuple[Bytes, int]:
    """Weight factors [pair][group][output][tap][channel] with 4 (AVX-512) or 2 positions side by side."""
    together, kind = (4, np.int8) if packer.level == "avx512" else (2, np.int16)
    maps, groups, outputs, taps, channels = values.shape
    wide = np.zeros((groups, outputs, taps, maps, packer.depth), dtype=kind)
    wide[..., :channels] = values.transpose(1, 2, 3, 0, 4)
    return _side_by_side(packer, wide.reshape(groups, outputs, taps, maps * packer.depth), together)


def _side_by_side(packer: _Packer, values: NDArray[Any], together: int) -> tuple[Bytes, int]:
    """[block][tap][position / together][lane][together] of [group][output][tap][position]."""

    def arrange(block: NDArray[Any]) -> NDArray[Any]:
        groups, taps, _, lanes = block.shape
        return block.reshape(groups, taps, -1, together, lanes).swapaxes(3, 4)

    return packer.packed(values, arrange)


def _add_nibbles(work: Work, plan: Plan, packer: _Packer) -> None:
    assert plan.nibbles is not None
    low = np.zeros((SIZE, 16), dtype=np.uint8)
    high = np.zeros((SIZE, 16), dtype=np.uint8)
    rows = slice(plan.first, plan.last + 1)
    low[rows] = plan.nibbles.low
    high[rows, : plan.nibbles.high.shape[1]] = plan.nibbles.high
    work.nibble_low, work.nibble_high, work.scale = low.ravel(), high.ravel(), plan.scale
    if packer.level != "avx512":
        work.nibbles_by_row = True
        work.packed_low, work.index_group = _rows(packer, packer.index & 15, 32)
        work.packed_high, _ = _rows(packer, packer.index >> 4, 32)
        return
    work.packed_low, _ = _nibble_blocks(packer, packer.index & 15)
    work.packed_high, _ = _nibble_blocks(packer, packer.index >> 4)


def _nibble_blocks(packer: _Packer, nibbles: NDArray[Any]) -> tuple[Bytes, int]:
    """Indices of a permute whose table holds four activations' sixteen errors."""
    wide = np.zeros((*nibbles.shape[:3], packer.depth), dtype=np.uint8)
    wide[..., : nibbles.shape[3]] = nibbles
    wide += (16 * (np.arange(packer.depth) % 4)).astype(np.uint8)
    return _side_by_side(packer, wide, 4)


def _rows(packer: _Packer, values: NDArray[Any], together: int) -> tuple[Bytes, int]:
    """[block][tap][channel][lane] with the first half of `together` lanes in even bytes, the second in odd.

    The kernels add bytes in pairs, as 16-bit words, and get the even and the odd ones' sums apart.
    """

    def arrange(block: NDArray[Any]) -> NDArray[Any]:
        lanes = block.shape[3]
        size = together or lanes
        return block.reshape(*block.shape[:3], lanes // size, 2, size // 2).swapaxes(4, 5)

    return packer.packed(values, arrange)


def _add_product_planes(work: Work, plan: Plan, *, transposed: bool) -> None:
    products = _square(plan.table.products - int(plan.table.products.min()))
    ordered = np.ascontiguousarray(products.T if transposed else products)
    work.plane_low = (ordered & 255).astype(np.uint8).ravel()
    work.plane_high = (ordered >> 8).astype(np.uint8).ravel()
