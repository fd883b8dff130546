"""Carry-disregard arrays: columns of partial products that are added without carries.

Amirafshar et al., DSD 2022, and "Carry disregard approximate multipliers", 2023; exact definition in
reference/arithmetic.md §4. An array of four rows keeps its low columns' parity alone and sums the others
exactly, with no carry from the low part into the high one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.cost import RelativeCost

Integers = NDArray[np.int64]

ROWS: Final = 4
"""Rows (bits of b) of one array; an 8x8 multiplier is two of them side by side, added exactly."""

COLUMNS: Final = 10
"""Most columns without carries: the eleventh, the last of an 8x4 array, holds one partial product."""


class Synthesis(NamedTuple):
    """Figures of one design of the re-synthesis (reference/arithmetic.md §4 and §6)."""

    area_um2: float
    power_uw: float
    delay_ns: float

    def over(self, exact: Synthesis, source: str) -> RelativeCost:
        """Return the figures over those of the exact design; at one clock, energy goes with power."""
        return RelativeCost(
            energy=self.power_uw / exact.power_uw,
            delay=self.delay_ns / exact.delay_ns,
            area=self.area_um2 / exact.area_um2,
            source=f"{source}; energy as power at the same clock and stimulus",
        )


def row(a: Integers, b: Integers, bit: int) -> Integers:
    """Return the partial products of one bit of b: a where it is set, else 0, not yet shifted."""
    return np.asarray(a & -((b >> bit) & 1), dtype=np.int64)


def array_sum(rows: Iterable[Integers], columns: int) -> Integers:
    """Return the sum of an array's rows in which the lowest `columns` columns produce no carries.

    With s_j the partial products in column j: sum of 2^j (s_j mod 2 if j < columns else s_j).

    Parameters
    ----------
    rows
        Rows of partial products, the first in column 0, each one column further than the one before.
    columns
        Columns without carries; 0 and 1 are exact, since column 0 holds one partial product.
    """
    without = (1 << columns) - 1
    total = parity = np.zeros((), np.int64)
    for place, bits in enumerate(rows):
        shifted = bits << place
        total = total + (shifted & ~without)
        parity = parity ^ shifted
    return np.asarray(total + (parity & without), dtype=np.int64)


def products_8x8(a: Integers, b: Integers, low: int, high: int) -> Integers:
    """Return the unsigned CDM8 products: `array_sum` of b's low and high nibble, added exactly.

    Parameters
    ----------
    a, b
        Integers from 0 to 255; b is the operand that is split.
    low, high
        Columns without carries in the array of b's low and of its high nibble.
    """
    arrays = (
        array_sum((row(a, b, first + i) for i in range(ROWS)), columns) << first
        for first, columns in ((0, low), (ROWS, high))
    )
    return np.asarray(sum(arrays), dtype=np.int64)
