"""What a design costs relative to the exact one of the same source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RelativeCost:
    """Energy, delay and area of a design relative to the exact design of the same source, and that source.

    Attributes
    ----------
    energy, delay, area
        Ratios without a unit; ``None`` where the source prints none.
    source
        Where the ratios come from.
    """

    energy: float
    delay: float | None
    area: float | None
    source: str
