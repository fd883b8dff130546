"""Which rows of the table are best: least energy at a bounded loss, and the Pareto front."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from accuracy.cases import CLAIMED, EXACT, NARROW, PIM, group_of
from accuracy.store import Loss, Measured, Row

TOLERATED: Final = 0.01
"""Loss of top-1 against exact int8 that counts as small: one point."""

Lost = Callable[[Row], Loss]


def as_it_is(row: Row) -> Loss:
    """Return the loss without a correction."""
    return row.loss


def corrected(row: Row) -> Loss:
    """Return the loss with compensated biases, where there are any."""
    return row.loss_compensated


def is_claimed(row: Row) -> bool:
    """Return whether the row is a design of ACE-CNN."""
    return group_of(row.arithmetic) == CLAIMED


def is_approximate(row: Row) -> bool:
    """Return whether the row has an approximate multiplier of 8 bits."""
    return row.arithmetic != EXACT and group_of(row.arithmetic) not in (NARROW, PIM)


def is_narrow(row: Row) -> bool:
    """Return whether the row is exact on other operands."""
    return group_of(row.arithmetic) == NARROW


def best(network: Measured, among: Callable[[Row], bool], lost: Lost) -> Row | None:
    """Return the row of least energy whose loss is small for certain, of equals the one that loses less."""
    fine = [row for row in network.rows if among(row) and row.energy_j and is_kept(lost(row))]
    return min(fine, key=lambda row: (row.energy_j or 0.0, lost(row).mean, row.arithmetic), default=None)


def is_kept(loss: Loss) -> bool:
    """Return whether a loss is at most the tolerated one with a confidence of 95 %."""
    return loss.bound <= TOLERATED


def front(rows: Iterable[Row], joules: Callable[[Row], float | None]) -> Sequence[Row]:
    """Return the rows that no other beats in energy and accuracy, by rising energy."""
    found: list[Row] = []
    for row in sorted(rows, key=lambda one: (joules(one) or 0.0, -one.best)):
        if not found or row.best > found[-1].best:
            found.append(row)
    return found


def saving(network: Measured, row: Row) -> tuple[float, float]:
    """Return by how much less energy than exact int8 the MACs and the whole inference take, as shares."""
    exact = network.exact
    pairs = ((row.macs_j, exact.macs_j), (row.energy_j, exact.energy_j))
    macs, whole = (1 - mine / theirs if mine and theirs else float("nan") for mine, theirs in pairs)
    return macs, whole
