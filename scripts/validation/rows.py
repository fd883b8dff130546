"""What a comparison with a reference is made of: rows of a published figure beside ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Basis = Literal["validation", "implementation", "calibration"]
"""What agreement with a reference says.

``validation``: no figure of the section made ours. ``implementation``: ours come from the same formulas or
constants, so agreement only shows that they are written down right. ``calibration``: figures of the section
set or bounded constants of ours, so agreement shows nothing.
"""

LARGE = 0.10
"""Relative difference from which a row must say why."""


@dataclass(frozen=True)
class Row:
    """One published figure and ours.

    Attributes
    ----------
    quantity
        What is compared (``CONV1 processing latency``).
    unit
        Unit of both figures; empty for pure numbers.
    why
        One sentence on the difference; required where it is larger than :data:`LARGE`.
    """

    quantity: str
    reference: float
    ours: float
    unit: str
    why: str = ""

    @property
    def difference(self) -> float:
        """Return ours relative to the reference, minus one."""
        return self.ours / self.reference - 1 if self.reference else float(self.ours != 0)

    @property
    def needs_reason(self) -> bool:
        """Tell whether the difference is large and nothing explains it."""
        return abs(self.difference) > LARGE and not self.why


@dataclass(frozen=True)
class Section:
    """All rows of one reference.

    Attributes
    ----------
    source
        Paper, tool or chip, with the file of the shared references or the repository that prints it.
    intro
        How our figures are made: architecture, network, batch, what is counted.
    basis
        What agreement says, see :data:`Basis`.
    """

    title: str
    source: str
    intro: str
    rows: tuple[Row, ...]
    basis: Basis = "validation"

    def mean_absolute_difference(self, among: Iterable[str] = ("",)) -> float:
        """Return the mean of the absolute differences of rows whose quantity contains one of the texts."""
        wanted = tuple(among)
        found = [abs(row.difference) for row in self.rows if any(text in row.quantity for text in wanted)]
        return sum(found) / len(found)
