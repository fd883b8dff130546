"""Clients of one memory that meet in the same bank: who waits, and for how many accesses."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

Span = tuple[int, int, int]
"""First and last instant in picoseconds, and the bits moved evenly in between."""


@dataclass(slots=True, eq=False)
class Window:
    """What a unit does in one span: later ones wait for it, it waits for earlier ones and for the links."""

    span: Span
    open: bool = True


@dataclass(slots=True)
class Banks:
    """Everything that accesses one memory: quanta of links, and the tiles of units at their private ports.

    Links are served first, then the unit whose tile began first.

    Attributes
    ----------
    share
        Share of the accesses of others that hit a bank which a client at full rate wants in the same cycle.
    """

    share: Fraction
    quanta: list[Span] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)

    def enter(self, start_ps: int, end_ps: int, bits: int) -> Window:
        """A unit begins to access the memory for a tile; ends no earlier than ``end_ps``."""
        oldest_ps = min([start_ps, *(window.span[0] for window in self.windows if window.open)])
        self.quanta = [span for span in self.quanta if span[1] > oldest_ps]
        self.windows = [window for window in self.windows if window.open or window.span[1] > oldest_ps]
        window = Window((start_ps, end_ps, bits))
        self.windows.append(window)
        return window

    def blocked_bits(self, window: Window, until_ps: int) -> int:
        """Bits that the unit could not move since its window began: banks were taken by those before it."""
        before = (other.span for other in self.windows[: self.windows.index(window)])
        since_ps = window.span[0]
        others = (_within(span, since_ps, until_ps) for span in (*self.quanta, *before))
        return ceil(self.share * sum(others, Fraction(0)))

    def leave(self, window: Window) -> None:
        """The unit is done with the tile."""
        window.open = False


def _within(span: Span, since_ps: int, until_ps: int) -> Fraction:
    """Bits of a span that fall between two instants."""
    start_ps, end_ps, bits = span
    overlap_ps = min(end_ps, until_ps) - max(start_ps, since_ps)
    return Fraction(bits * overlap_ps, end_ps - start_ps) if overlap_ps > 0 else Fraction(0)
