"""SCDM8: the signed 8-bit carry-disregard multiplier."""

from __future__ import annotations

from typing import Final

import numpy as np
from pydantic import Field

from archsim.arithmetic.carry_disregard import COLUMNS, ROWS, array_sum, row
from archsim.arithmetic.multipliers.base import Integers, SplittingMultiplier

_SIGN_ROW: Final = 7

_CONSTANT: Final = (1 << 15) + (1 << 8)
"""What a Baugh-Wooley array of 8 bits adds for its complemented partial products."""


class Scdm8(SplittingMultiplier, kind="scdm8"):
    """Signed 8-bit carry-disregard multiplier; ``low: 7, high: 3`` is SCDM8_73.

    A Baugh-Wooley array in two's complement, cut into the rows of b[3:0] and of b[7:4]. In the lowest `low`
    (`high`) columns of each part no carries are produced, as in `cdm8`; other columns, the two parts and the
    constants are added exactly, modulo 2^16::

        p(k, i)    = (a[k] AND b[i]) XOR ((k = 7) XOR (i = 7))
        s(j, h)    = sum of p(j-i, i + 4h) over i = 0..3
        part(x, h) = sum over j of 2^j (s(j, h) mod 2 if j < x else s(j, h))
        product    = part(low, 0) + 16 part(high, 1) + 2^15 + 2^8

    A product is never too large, but small negative operands, whose partial products are mostly ones, can
    lose much: with `low` 7 and `high` 3, -1 x -1 is -683.

    Introduced by ACE-CNN (Shakibhamedan et al., IEEE TCAS-I 2024). The definition was recovered from 20
    tables of its first author and equals them in every entry; that they are SCDM8 is an inference
    (reference/arithmetic.md §5). Power, delay and area are not public; those of its netlist are the cost.
    """

    widths = range(8, 9)
    signs = (True,)

    low: int = Field(ge=0, le=COLUMNS, examples=[7])
    """Columns without carries of the rows b[3:0], 0 to 10; 0 and 1 are exact."""

    high: int = Field(ge=0, le=COLUMNS, examples=[3])
    """Columns without carries of the rows b[7:4], 0 to 10; 0 and 1 are exact."""

    def _products(self, a: Integers, b: Integers) -> Integers:
        bits, rows = a & 0xFF, b & 0xFF
        total = _part(bits, rows, 0, self.low) + (_part(bits, rows, ROWS, self.high) << ROWS) + _CONSTANT
        return np.asarray(((total + 0x8000) & 0xFFFF) - 0x8000, dtype=np.int64)


def _part(a: Integers, b: Integers, first: int, columns: int) -> Integers:
    """Return the sum of four rows; all partial products that involve one sign bit are complemented."""
    return array_sum(
        (row(a, b, bit) ^ (0x7F if bit == _SIGN_ROW else 0x80) for bit in range(first, first + ROWS)), columns
    )
