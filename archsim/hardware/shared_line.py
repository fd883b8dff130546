"""N rows on one bit line: what a readout of their summed discharge costs, and which code it gives.

The drop depends on the sum of the pulse widths alone (:mod:`archsim.hardware.bitline`), so a readout of N
rows is the single-cell model at ``T = T0 sum(bit_i x_i)``. The same N, T0, full scale and converter bits give
the energy and the code.

Energies have the same bits on every machine: they are elementwise operations and exactly rounded sums
(:func:`math.fsum`). BLAS and NumPy's convolution sum in whatever order suits the processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import fsum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.hardware.bitline import BitLine, Floats, integral_nonlinearity
from archsim.hardware.operand_statistics import SLICE_VALUES, Shares
from archsim.hardware.readout import Readout


@dataclass(frozen=True, slots=True)
class SharedLine:
    """A bit line that N rows discharge together.

    Attributes
    ----------
    line
        The bit line at its operating point.
    rows
        N, rows whose word lines are pulsed at once.
    unit_time_s
        T0, pulse width of the input 1, in seconds.
    full_scale_time_s
        Summed time at which the converter gives its last code, in seconds; later sums clip.
    converter_bits
        Width of the converter.
    largest_input
        The largest value that a pulse stands for.
    """

    line: BitLine
    rows: int
    unit_time_s: float
    full_scale_time_s: float
    converter_bits: int
    largest_input: int = SLICE_VALUES - 1

    @property
    def largest_sum(self) -> int:
        """The sum of all rows at the largest input."""
        return self.rows * self.largest_input

    def drop_v(self, sums: ArrayLike) -> Floats:
        """Return the drop in volts for sums of bit x input."""
        return self.line.drop_v(np.asarray(sums, dtype=np.float64) * self.unit_time_s)

    def discharge_energy_j(self, sums: ArrayLike) -> Floats:
        """Return the energy in joules of one line and readout for sums of bit x input."""
        return self.line.discharge_energy_j(self.drop_v(sums))

    def expected_energy_j(self, inputs: Shares, one: float, rows: int) -> float:
        """Return the expected energy in joules of one line and readout, exactly, for independent rows.

        Parameters
        ----------
        inputs
            Probabilities of the pulse's values from 0 on.
        one
            Probability that a cell of the line stores 1.
        rows
            Rows that are pulsed, at most :attr:`rows` (the last rows of a column may be fewer).
        """
        return _expected_energy_j(self, inputs, one, rows)

    def mean_energy_j(self, lines: Sequence[tuple[Shares, float]], depth: int) -> float:
        """Return the mean of :meth:`expected_energy_j` over lines and over the folds of a column.

        Parameters
        ----------
        lines
            For each line, the probabilities of its inputs' values and that of a stored 1.
        depth
            Rows of the column; the last of its ceil(depth / N) folds pulses what is left.
        """
        full, rest = divmod(depth, self.rows)
        # Columns of full folds alone cost the same to the last bit, however many folds there are.
        if not (full and rest):
            return self._mean_over_lines_j(lines, rest or self.rows)
        whole, last = self._mean_over_lines_j(lines, self.rows), self._mean_over_lines_j(lines, rest)
        return (full * whole + last) / (full + 1)

    def _mean_over_lines_j(self, lines: Sequence[tuple[Shares, float]], rows: int) -> float:
        return fsum(self.expected_energy_j(inputs, one, rows) for inputs, one in lines) / len(lines)

    def voltage(self, bit_sums: ArrayLike, weights: Sequence[float] = (1, 2, 4, 8)) -> Floats:
        """Return the drop in volts after charge sharing over capacitors in the proportion of ``weights``.

        ``bit_sums`` has one sum per bit line along its last axis, in the order of ``weights``.
        """
        shared = (self.drop_v(bit_sums) * np.asarray(weights, dtype=np.float64)).sum(axis=-1)
        return np.asarray(shared / sum(weights), dtype=np.float64)

    def transfer(self, bit_sums: ArrayLike, weights: Sequence[float] = (1, 2, 4, 8)) -> NDArray[np.int64]:
        """Return the noiseless code, clipped at full scale; axes as :meth:`voltage`."""
        return self.readout().codes(self.drop_v(bit_sums), weights)

    def readout(self, *, mismatch: bool = False) -> Readout:
        """Return the drop of every sum and the converter's scale, with or without the cells' deviations."""
        pulses = np.arange(self.largest_input + 1) * self.unit_time_s
        spreads = self.line.mismatch_v(pulses) if mismatch else np.zeros(pulses.size)
        # A word line that is not pulsed leaves its cell off.
        spreads[0] = 0.0
        return Readout(
            self.drop_v(np.arange(self.largest_sum + 1)),
            spreads,
            float(self.line.drop_v(self.full_scale_time_s)),
            self.converter_bits,
            self.full_scale_time_s / self.unit_time_s,
        )

    def proportional_readout(self) -> Readout:
        """Return the readout of a line whose drop is proportional to the sum, without deviations."""
        sums = np.arange(self.largest_sum + 1, dtype=np.float64)
        full_scale = self.full_scale_time_s / self.unit_time_s
        silent = np.zeros(self.largest_input + 1)
        return Readout(sums, silent, full_scale, self.converter_bits, full_scale)

    def nonlinearity(self) -> float:
        """Return the integral non-linearity of the drop over all sums, as a fraction of full scale."""
        return integral_nonlinearity(self.drop_v(np.arange(self.largest_sum + 1)))


def term_shares(inputs: Shares, one: float) -> Floats:
    """Return the distribution of bit x input for an independent bit and input."""
    shares = np.asarray(inputs, dtype=np.float64) * one
    shares[0] += 1.0 - one
    return shares


def sum_shares(term: Floats, count: int) -> Floats:
    """Return the distribution of the sum of ``count`` independent terms, by repeated squaring."""
    result, power = np.ones(1), term
    while count:
        if count & 1:
            result = _convolved(result, power)
        count >>= 1
        if count:
            power = _convolved(power, power)
    return result


def _convolved(shorter: Floats, longer: Floats) -> Floats:
    """Return the distribution of the sum of two independent values."""
    result = np.zeros(shorter.size + longer.size - 1)
    for value in np.flatnonzero(shorter):
        result[value : value + longer.size] += shorter[value] * longer
    return result


@lru_cache(maxsize=4096)
def _expected_energy_j(line: SharedLine, inputs: Shares, one: float, rows: int) -> float:
    shares = sum_shares(term_shares(inputs, one), rows)
    return fsum(shares * line.discharge_energy_j(np.arange(shares.size)))
