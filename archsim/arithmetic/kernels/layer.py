"""One layer's weights, packed for the compiled kernels and called with batches."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim._integer import convolve
from archsim.arithmetic.adders.base import Adder, wrapped
from archsim.arithmetic.adders.exact import ExactAdder
from archsim.arithmetic.kernels.geometry import Geometry
from archsim.arithmetic.kernels.levels import instruction_set, thread_count
from archsim.arithmetic.kernels.packing import Work, pack, pack_adder, pack_pixels, worth_pixels
from archsim.arithmetic.kernels.plans import Plan, plan
from archsim.arithmetic.kernels.properties import Integers
from archsim.arithmetic.kernels.stepwise import convolve_stepwise
from archsim.arithmetic.multipliers.base import TABLE_BITS, Multiplier

Sums = NDArray[np.int32] | NDArray[np.int64]

_SAFE_DEPTH: Final = 2**31 // 2**16 - 1
"""Products of 16 bits whose sum cannot leave 32 bits."""


@dataclass(frozen=True)
class Arithmetic:
    """What a layer's multiply-accumulate units are.

    Attributes
    ----------
    multiplier
        Design of the multipliers; its operand ``a`` is the activation unless its `split` says otherwise.
    adder
        Design of the accumulator's adder.
    accumulator_bits
        Width of sums, 2 to 64; they wrap in two's complement.
    """

    multiplier: Multiplier
    adder: Adder = field(default_factory=ExactAdder)
    accumulator_bits: int = 32

    def __post_init__(self) -> None:
        """Refuse accumulators that nobody builds."""
        if not 2 <= self.accumulator_bits <= 64:
            raise ValueError(f"accumulator of {self.accumulator_bits} bits: expected 2 to 64")
        self.adder.check_width(self.accumulator_bits)

    @property
    def parts(self) -> tuple[Multiplier, Adder, int]:
        """Multiplier, adder and width of the accumulator."""
        return self.multiplier, self.adder, self.accumulator_bits

    @property
    def approximate_sum(self) -> bool:
        """Whether the order of additions matters."""
        part = self.adder.low_part
        return part is None or (part.cell != "exact" and part.bits > 0)

    @property
    def compiled(self) -> bool:
        """Whether a compiled kernel has this arithmetic; otherwise NumPy adds product by product."""
        if self.multiplier.bits > TABLE_BITS:
            return False
        return not self.approximate_sum or (self.adder.low_part is not None and self.accumulator_bits <= 32)


@dataclass(frozen=True, eq=False)
class Layer:
    """Weights of one layer, ready to be called with batches.

    Made by :func:`archsim.arithmetic.kernels.prepare`.

    Attributes
    ----------
    arithmetic
        Multiplier, adder and accumulator.
    sizes
        Geometry without images, height and width.
    weights
        [group][output][tap][channel].
    bias
        [group x output].
    nonnegative
        Activations are never negative.
    """

    arithmetic: Arithmetic
    sizes: Geometry
    weights: Integers
    bias: Integers
    nonnegative: bool
    _packed: dict[tuple[str, bool], Work] = field(default_factory=dict)

    def __call__(self, activations: ArrayLike, *, threads: int | None = None) -> Sums:
        """Return the sums of a batch; see :func:`archsim.arithmetic.kernels.conv2d`."""
        batch = checked(activations, self.arithmetic.multiplier, "activations")
        if self.nonnegative and batch.size and batch.min() < 0:
            raise ValueError("activations: the layer was prepared for values of at least 0")
        layer = self._sized(batch)
        shape = (layer.images, layer.out_rows, layer.out_columns, layer.window.groups * layer.outputs)
        sums: Sums
        if 0 in shape or not layer.depth:
            sums = np.broadcast_to(self.bias, shape)
        elif self.arithmetic.compiled:
            sums = self._compiled(batch, layer, thread_count(threads))
        else:
            sums = self._stepwise(batch, layer)
        return _accumulated(sums, self.arithmetic.accumulator_bits).transpose(0, 3, 1, 2)

    def path(self, pixels: int = 1) -> str:
        """Return how products are computed for layers of that many output positions per image."""
        if not self.arithmetic.compiled:
            return "stepwise"
        if self.arithmetic.approximate_sum:
            return "adder"
        few = worth_pixels(self.sizes, pixels)
        return "pixels" if few else self.plan(instruction_set()).name

    def plan(self, level: str) -> Plan:
        """Return how an instruction set computes the multiplier for this layer's activations."""
        multiplier = self.arithmetic.multiplier
        first = -multiplier.lowest if self.nonnegative else 0
        return plan(multiplier, level, first, multiplier.highest - multiplier.lowest)

    def _sized(self, batch: NDArray[np.generic]) -> Geometry:
        channels = self.sizes.window.groups * self.sizes.channels
        if batch.shape[1] != channels:
            raise ValueError(f"activations have {batch.shape[1]} channels: expected {channels}")
        images, _, height, width = batch.shape
        return replace(self.sizes, images=images, height=height, width=width)

    def _stepwise(self, batch: NDArray[np.generic], layer: Geometry) -> Integers:
        held = self.weights, self.bias
        return convolve_stepwise(batch.astype(np.int64), held, layer, self.arithmetic.parts)

    def _compiled(self, batch: NDArray[np.generic], layer: Geometry, threads: int) -> Sums:
        if self.arithmetic.accumulator_bits <= 32:
            return self._run(batch, layer, threads)
        if layer.depth <= _SAFE_DEPTH:
            return replace(self, bias=np.zeros_like(self.bias))._run(batch, layer, threads) + self.bias
        return self._in_parts(batch, layer, threads)

    def _in_parts(self, batch: NDArray[np.generic], layer: Geometry, threads: int) -> Integers:
        """Sums of more products than 32 bits hold, from stretches of channels."""
        step = max(1, _SAFE_DEPTH // layer.taps)
        sums = (
            np.zeros((layer.images, layer.out_rows, layer.out_columns, len(self.bias)), np.int64) + self.bias
        )
        grouped = batch.reshape(layer.images, layer.window.groups, layer.channels, layer.height, layer.width)
        for first in range(0, layer.channels, step):
            some = slice(first, first + step)
            part = replace(
                self, weights=self.weights[..., some], bias=np.zeros_like(self.bias), _packed={},
                sizes=replace(self.sizes, channels=min(step, layer.channels - first)),
            )  # fmt: skip
            channels = grouped[:, :, some].reshape(layer.images, -1, layer.height, layer.width)
            sums += part._run(channels, part._sized(channels), threads)
        return sums

    def _run(self, batch: NDArray[np.generic], layer: Geometry, threads: int) -> NDArray[np.int32]:
        level = instruction_set()
        lowest, highest = self.arithmetic.multiplier.lowest, self.arithmetic.multiplier.highest
        operands = batch if batch.dtype.itemsize == 1 else batch.astype(np.int8 if lowest else np.uint8)
        first = 0 if self.nonnegative else lowest
        output = np.empty((layer.images, layer.out_rows, layer.out_columns, len(self.bias)), dtype=np.int32)
        indices = (self.sizes.window.pad_value & 255, -lowest & 255, first - lowest, highest - lowest)
        work = self._work(level, layer)
        convolve(operands.view(np.uint8), output.reshape(-1), layer, work, indices, level, threads)
        return output

    def _work(self, level: str, layer: Geometry) -> Work:
        few = worth_pixels(layer, layer.pixels)
        if (level, few) not in self._packed:
            self._packed[level, few] = self._pack(level, few)
        return self._packed[level, few]

    def _pack(self, level: str, few: bool) -> Work:
        indices = (self.weights - self.arithmetic.multiplier.lowest).astype(np.uint8)
        if self.arithmetic.approximate_sum and self.arithmetic.adder.low_part is not None:
            return pack_adder(self.plan(level), indices, self.arithmetic.adder.low_part, self.bias)
        if few:
            return pack_pixels(self.plan(level), indices, self.bias)
        return pack(self.plan(level), indices, level, self.bias)


def checked(values: ArrayLike, multiplier: Multiplier, name: str) -> NDArray[np.generic]:
    """Return four-dimensional integer operands, all within the multiplier's range.

    Raises
    ------
    ValueError
        If they are not.
    """
    array = np.asarray(values)
    if array.ndim != 4:
        raise ValueError(f"{name} have {array.ndim} dimensions: expected 4")
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} are {array.dtype}: expected integers")
    if array.size and (array.min() < multiplier.lowest or array.max() > multiplier.highest):
        expected = f"expected {multiplier.lowest} to {multiplier.highest}"
        raise ValueError(f"{name} from {array.min()} to {array.max()}: {expected}")
    return array


def _accumulated(sums: Sums, bits: int) -> Sums:
    """Sums in the accumulator's width, as int32 where they fit it."""
    if bits > 32:
        return wrapped(sums.astype(np.int64), bits)
    if bits == 32:
        return sums.astype(np.int32, copy=False)
    return wrapped(sums.astype(np.int64), bits).astype(np.int32)
