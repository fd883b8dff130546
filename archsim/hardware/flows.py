"""What a PE array asks of a dataflow, which lives above the hardware and is found by its kind."""

from __future__ import annotations

from functools import cache
from typing import Protocol, cast

from archsim.errors import InputError, expected_one_of, nearest
from archsim.registry import kinds, resolve


class Flow(Protocol):
    """The geometry of a dataflow."""

    in_passes: bool
    across_rows: str
    across_columns: str
    streamed: str
    sums_in_place: bool

    def overhead_cycles(self, rows: int, columns: int) -> int:
        """Return the cycles of a fold beside those that stream."""


@cache
def flow(kind: str) -> Flow:
    """Return the dataflow of a kind."""
    return cast(Flow, resolve("dataflows", kind))


def known_flow(kind: str) -> str:
    """Return the name of a dataflow.

    Raises
    ------
    InputError
        If there is none; the nearest is suggested.
    """
    known = kinds("dataflows")
    if kind not in known:
        message = f"unknown dataflow '{kind}': {expected_one_of(known)}"
        raise InputError(message, suggestion=nearest(kind, known))
    return kind
