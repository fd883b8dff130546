"""What the multiply-accumulates of a bank group compute, from pulses and cells to codes and digital sums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archsim._bitline import read_codes
from archsim.arithmetic.kernels.geometry import Geometry, Window
from archsim.arithmetic.kernels.levels import thread_count
from archsim.arithmetic.kernels.patches import patches
from archsim.arithmetic.macs import Codes, Convolve
from archsim.errors import InputError
from archsim.hardware.pim_cells import CellMap, Deviations
from archsim.hardware.readout import Readout
from archsim.hardware.slicing import Slicing

_BLOCK_BYTES: Final = 1 << 24
"""Operands of the output positions that are computed together."""

_MOST_LINES: Final = 8


@dataclass(frozen=True, eq=False)
class BitLineMacs:
    """Readouts of N rows whose cells discharge shared bit lines, converted and added digitally.

    Attributes
    ----------
    readout
        Drop of each sum, deviation of a cell, converter.
    slicing
        Slices of weights and inputs.
    rows
        N, rows of one readout.
    cells
        Where the weights lie and how their cells deviate; None: all cells are alike.
    """

    readout: Readout
    slicing: Slicing
    rows: int
    cells: CellMap | None = None

    def __post_init__(self) -> None:
        """Refuse sums or pulses that the readout does not have, and sums beyond the kernel's 16 bits."""
        longest = max(pulse.mask for pulse in self.slicing.pulses)
        largest = self.rows * longest
        if largest >= 1 << 16:
            message = f"sums of {self.rows} rows reach {largest}, at most 65535 are computed"
            raise InputError(message, field="rows_per_readout")
        if len(self.readout.drops) <= largest or len(self.readout.spreads) <= longest:
            raise ValueError(
                f"the readout ends at a sum of {len(self.readout.drops) - 1}: expected {largest}"
            )

    @property
    def lowest(self) -> int:
        """Smallest code that weights and activations may both have."""
        return -(1 << self._shared_bits - 1) if self.slicing.signed_weights else 0

    @property
    def highest(self) -> int:
        """Largest code that weights and activations may both have."""
        return (1 << self._shared_bits - self.slicing.signed_weights) - 1

    @property
    def _shared_bits(self) -> int:
        return min(self.slicing.weight_bits, self.slicing.input_bits)

    def convolver(self, weights: Codes, window: Window, bias: NDArray[np.int64], lowest: int) -> Convolve:
        """Return the layer's convolution; sums are rounded to integers once, after all codes are added.

        Unsigned inputs are pulses of ``code - origin``. The origin is the code of zero where no activation is
        below it, else the smallest code of the format; what it adds is known in advance and is subtracted
        digitally.

        Raises
        ------
        InputError
            If weights are negative and the unit has no sign for them.
        ValueError
            If a weight or an activation is out of range.
        """
        held = np.asarray(weights, dtype=np.int64)
        self._check_weights(held)
        outputs, channels, rows, columns = held.shape
        if outputs % window.groups:
            raise ValueError(f"{window.groups} groups do not divide {outputs} outputs")
        origin = self._origin(window.pad_value, lowest)
        sizes = Geometry(window, channels, outputs // window.groups, (rows, columns))
        start = np.asarray(bias, dtype=np.int64) + origin * held.sum(axis=(1, 2, 3))
        by_group = held.transpose(0, 2, 3, 1).reshape(window.groups, sizes.outputs, sizes.depth)
        deviations = None if self.cells is None else self.cells.deviations(*by_group.shape)
        stored = np.ascontiguousarray((by_group & ((1 << self.slicing.weight_bits) - 1)).astype(np.uint8))
        return _Layer(self, sizes, stored, start, origin, deviations)

    def _check_weights(self, weights: NDArray[np.int64]) -> None:
        bits, signed = self.slicing.weight_bits, self.slicing.signed_weights
        if not weights.size:
            return
        if weights.min() < 0 and not signed:
            message = "signs are kept elsewhere, and what is computed with them is not modelled"
            raise InputError(message, field="signed_weights")
        low, high = (-(1 << bits - 1) if signed else 0), (1 << bits - signed) - 1
        if weights.min() < low or weights.max() > high:
            raise ValueError(f"weights from {weights.min()} to {weights.max()}: expected {low} to {high}")

    def _origin(self, zero: int, lowest: int) -> int:
        if self.slicing.signed_inputs:
            return 0
        return zero if lowest >= zero else min(self.lowest, lowest)

    def pulsed(self, codes: Codes | int, origin: int) -> NDArray[np.uint8]:
        """Return inputs as the pulse generators see them: code - origin, or two's complement."""
        inputs = np.asarray(codes).astype(np.int64) - origin
        bits, signed = self.slicing.input_bits, self.slicing.signed_inputs
        low, high = (-(1 << bits - 1) if signed else 0), (1 << bits - signed) - 1
        if inputs.size and (inputs.min() < low or inputs.max() > high):
            shown = f"{inputs.min() + origin} to {inputs.max() + origin}"
            raise ValueError(f"activations from {shown}: expected {low + origin} to {high + origin}")
        return (inputs & ((1 << bits) - 1)).astype(np.uint8)

    def summed_codes(
        self,
        inputs: NDArray[np.uint8],
        weights: NDArray[np.uint8],
        deviations: Deviations | None,
        threads: int,
    ) -> NDArray[np.int64]:
        """Return the digital sums [pixel][output] of the codes of inputs and weights, both [...][depth].

        A code of lines with capacitors 1, 2, 4, ... counts as many times as there are capacitors.
        """
        sums = np.zeros((len(inputs), len(weights)), dtype=np.int64)
        passes, readings = self.slicing.pulses, self.slicing.readings
        scales = np.zeros((len(readings), _MOST_LINES))
        for row, reading in zip(scales, readings, strict=True):
            row[: reading.lines] = self.readout.codes_per_volt([1 << k for k in range(reading.lines)])
        circuit = (
            self.rows,
            self.slicing.words * self.slicing.word_bits,
            self.readout.drops,
            self.readout.spreads.astype(np.float32),
            scales,
            float(self.readout.last_code),
        )
        read_codes(
            inputs, weights, deviations,
            np.array([(one.shift, one.mask, one.factor) for one in passes], dtype=np.int32),
            np.array([(one.first, one.lines, one.code_factor) for one in readings], dtype=np.int32),
            circuit, sums, threads,
        )  # fmt: skip
        return sums


@dataclass(frozen=True, eq=False)
class _Layer:
    macs: BitLineMacs
    sizes: Geometry
    weights: NDArray[np.uint8]
    start: NDArray[np.int64]
    origin: int
    deviations: Deviations | None

    def __call__(self, activations: Codes, *, threads: int | None = None) -> NDArray[np.int64]:
        """Return the sums [image][output][row][column] of a batch; they do not depend on the threads."""
        pulses = self.macs.pulsed(activations, self.origin)
        pad = int(self.macs.pulsed(self.sizes.window.pad_value, self.origin))
        images, _, height, width = pulses.shape
        window = replace(self.sizes.window, pad_value=pad)
        sizes = replace(self.sizes, window=window, images=images, height=height, width=width)
        blocks = [self._block(part, sizes, thread_count(threads)) for part in _parts(pulses, sizes)]
        shape = (images, sizes.out_rows, sizes.out_columns, len(self.start))
        codes = np.concatenate(blocks) if blocks else np.zeros((0, len(self.start)), np.int64)
        sums = np.rint(codes * self.macs.readout.sum_per_code).astype(np.int64) + self.start
        return np.moveaxis(sums.reshape(shape), 3, 1)

    def _block(self, pulses: NDArray[np.uint8], sizes: Geometry, threads: int) -> NDArray[np.int64]:
        inputs = patches(pulses, replace(sizes, images=len(pulses)))
        groups = [
            self.macs.summed_codes(
                inputs[g], self.weights[g], None if self.deviations is None else self.deviations[g], threads
            )
            for g in range(len(inputs))
        ]
        return np.concatenate(groups, axis=1)


def _parts(pulses: NDArray[np.uint8], sizes: Geometry) -> Iterator[NDArray[np.uint8]]:
    """Yield as many images at a time as their operands leave room for."""
    each = max(1, sizes.pixels * sizes.depth * sizes.window.groups)
    step = max(1, _BLOCK_BYTES // each)
    return (pulses[first : first + step] for first in range(0, len(pulses), step))
