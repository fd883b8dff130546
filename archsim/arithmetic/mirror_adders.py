"""Full adders of one bit: the exact one and the five approximate mirror adders, as truth tables.

Gupta, Mohapatra, Raghunathan and Roy, "Low-Power Digital Signal Processing Using Approximate Adders", IEEE
TCAD 32(1), 2013 (and ISLPED 2011) [pub] (reference/arithmetic.md §7). The numbering is theirs: Liang, Han and
Lombardi (IEEE TC 62(9), 2013) call 1, 2 and 3 what is 3, 4 and 5 here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.integer[Any]]
"""Integers that are 0 or 1, of any integer type."""

CellName = Literal["exact", "ama1", "ama2", "ama3", "ama4", "ama5"]


class TruthTable(NamedTuple):
    """Outputs of a full adder for inputs (a, b, carry) = 000, 001, 010, 011, 100, 101, 110, 111."""

    sum: str
    carry: str


TRUTH_TABLES: Final[Mapping[CellName, TruthTable]] = MappingProxyType(
    {
        "exact": TruthTable("01101001", "00010111"),
        "ama1": TruthTable("01000001", "00110111"),
        "ama2": TruthTable("11101000", "00010111"),
        "ama3": TruthTable("11001000", "00110111"),
        "ama4": TruthTable("01010001", "00001111"),
        "ama5": TruthTable("00110011", "00001111"),
    }
)
"""In logic: 1: s = c(ab + a'b'), co = b + ac. 2: s = co', co exact. 3: s = co', co = b + ac.
4: s = c(a' + b), co = a. 5: s = b, co = a. All but 2 treat a and b differently: their order is part of a
design."""

_SUMS: Final = {name: int(table.sum[::-1], 2) for name, table in TRUTH_TABLES.items()}
_CARRIES: Final = {name: int(table.carry[::-1], 2) for name, table in TRUTH_TABLES.items()}


def cell(name: CellName, a: Bits, b: Bits, carry: Bits) -> tuple[Bits, Bits]:
    """Return the sum and the carry of a full adder, element by element.

    Parameters
    ----------
    name
        Which full adder.
    a, b, carry
        Arrays of 0 and 1 that broadcast; uint8 is the fastest.

    Returns
    -------
    Arrays of 0 and 1 of the operands' type.
    """
    inputs = (a << 2) | (b << 1) | carry
    return (_SUMS[name] >> inputs) & 1, (_CARRIES[name] >> inputs) & 1
