"""Which kernel computes a multiplier's products, chosen from the properties of its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.kernels.properties import (
    Factors,
    Integers,
    Nibbles,
    Table,
    by_weight_nibbles,
    factors,
    offset_and_scale,
)
from archsim.arithmetic.multipliers.base import Multiplier

SIZE: Final = 256
"""Entries of a table's side: tables of narrower operands are padded."""

MOST_FACTORS: Final = 8
"""Ranks beyond this are never worth a matrix product per factor."""

_SPEED: Final[Mapping[str, Mapping[str, float]]] = {
    "avx512": {"exact": 190, "separable": 53, "plane": 39, "table": 30},
    "avx2": {"exact": 44, "separable": 22, "plane": 17, "table": 15},
    "portable": {"exact": 9.4, "plane": 6.2, "table": 9.4},
}
"""GMAC/s of the kernels on one core of an Emerald Rapids Xeon (benchmarks/kernels.py): their order counts. A
path with f pairs of factors runs at the speed of ``exact`` over f."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How a table is computed: which kernel, and the numbers that it needs.

    Attributes
    ----------
    path
        Kernel: ``exact`` (matrix products alone), ``separable``, ``plane`` or ``table``.
    name
        What users call it: ``remapped``, ``extended_k``, ``separable_plane``, ``byte_plane``, ``table``.
    pairs
        Activation and weight factors whose products sum to the product; one pair of operands for planes.
    nibbles, plane
        Error per nibble of the weight, or as a table of bytes; ``None`` where the path has none.
    scale, offset
        Error = offset + scale x bytes; for ``table`` the product itself = offset + 256 high + low.
    first, last
        Smallest and largest index of activations that the plan is made for.
    """

    path: str
    name: str
    pairs: Factors
    table: Table
    first: int
    last: int
    nibbles: Nibbles | None = None
    plane: NDArray[np.uint8] | None = None
    scale: int = 1
    offset: int = 0


@dataclass(slots=True, eq=False)
class _Candidates:
    level: str
    found: list[tuple[float, Plan]] = field(default_factory=list)

    def add(self, plan: Plan) -> None:
        """Keep a plan with its expected speed, if the level has its kernel and its numbers fit bytes."""
        if plan.path in _SPEED[self.level] and fit_bytes(plan):
            self.found.append((_SPEED[self.level][plan.path] / plan.pairs.left.shape[1], plan))


@lru_cache(maxsize=256)
def plan(multiplier: Multiplier, level: str, first: int, last: int) -> Plan:
    """Return the fastest exact way to compute a multiplier of at most 8 bits.

    Parameters
    ----------
    multiplier
        Any design.
    level
        Instruction set.
    first, last
        Smallest and largest index of the activations: after a ReLU half of the table does not occur.
    """
    table = Table(multiplier.layer_table().astype(np.int64), multiplier.lowest)
    errors = table.errors(first, last)
    candidates = _Candidates(level)
    for candidate in (*_factorised(table, errors, first, last), *_planes(table, errors, first, last)):
        candidates.add(candidate)
    candidates.add(whole_table(table, first, last))
    return max(candidates.found, key=lambda entry: entry[0])[1]


def whole_table(table: Table, first: int, last: int) -> Plan:
    """Return the plan that looks every product up; it fits any table."""
    return Plan("table", "table", _operands(table), table, first, last, offset=int(table.products.min()))


def fit_bytes(plan: Plan) -> bool:
    """Return whether the plan's factors span at most 256 values each and its errors fit a byte."""
    if plan.path != "table" and any(np.ptp(side) > 255 for side in (*plan.pairs.left.T, *plan.pairs.right)):
        return False
    if plan.nibbles is not None:
        largest = plan.nibbles.low.max(axis=1) + plan.nibbles.high.max(axis=1)
        return int(largest.max()) <= 255 and plan.scale <= 127
    return True


def _operands(table: Table) -> Factors:
    rows, columns = table.products.shape
    return Factors(table.values(rows)[:, None], table.values(columns)[None, :])


def _factorised(table: Table, errors: Integers, first: int, last: int) -> list[Plan]:
    """Products, or errors, as few exact matrix products."""
    exact = _operands(table)
    if not errors.any():
        return [Plan("exact", "remapped", exact, table, first, last)]
    plans = []
    product = factors(table.products[first : last + 1], 1)
    if product is not None:
        pairs = _narrowed(_whole(product, table, first))
        plans.append(Plan("exact", "remapped", pairs, table, first, last))
    error = factors(errors, MOST_FACTORS)
    if error is not None:
        whole = _narrowed(_whole(error, table, first))
        both = Factors(np.hstack([exact.left, whole.left]), np.vstack([exact.right, whole.right]))
        plans.append(Plan("exact", "extended_k", both, table, first, last))
    return plans


def _whole(found: Factors, table: Table, first: int) -> Factors:
    """Factors for all activations; those outside the plan's range repeat the first one inside."""
    left = np.repeat(found.left[:1], len(table.products), axis=0)
    left[first : first + len(found.left)] = found.left
    return Factors(left, found.right)


def _narrowed(found: Factors) -> Factors:
    """Factors that span more values than a byte has, as sums of two halves: DRUM rounds 128 up to 144."""
    pairs: list[tuple[Integers, Integers]] = []
    for pair in zip(found.left.T, found.right, strict=True):
        left, right = _balanced(*pair)
        pairs.extend((some, others) for some in _halves(left) for others in _halves(right))
    lefts, rights = zip(*pairs, strict=True)
    return Factors(np.stack(lefts, axis=1), np.stack(rights))


def _balanced(left: Integers, right: Integers) -> tuple[Integers, Integers]:
    """The same products with powers of two that all weight factors share moved to the narrower side."""
    shared = max(1, int(np.gcd.reduce(right)))
    twos = shared & -shared
    right = right // twos
    while twos > 1:
        twos //= 2
        if np.ptp(left) <= np.ptp(right):
            left = left * 2
        else:
            right = right * 2
    return left, right


def _halves(factor: Integers) -> tuple[Integers, ...]:
    half = factor // 2
    return (factor,) if np.ptp(factor) < SIZE else (half, factor - half)


def _planes(table: Table, errors: Integers, first: int, last: int) -> list[Plan]:
    """Exact product plus an error of one byte per product."""
    exact, plans = _operands(table), []
    smallest, scale = offset_and_scale(errors)
    nibbles = by_weight_nibbles(errors)
    if nibbles is not None:
        plans.append(
            Plan(
                "separable",
                "separable_plane",
                exact,
                table,
                first,
                last,
                nibbles,
                scale=scale,
                offset=smallest,
            )
        )
    levels = (errors - smallest) // scale
    if levels.max() <= 255:
        plane = np.zeros(table.products.shape, dtype=np.uint8)
        plane[first : last + 1] = levels
        plans.append(
            Plan("plane", "byte_plane", exact, table, first, last, plane=plane, scale=scale, offset=smallest)
        )
    return plans
