"""What a report says of arithmetic that is not exact."""

from __future__ import annotations

from archsim.results.record import Record


class DesignRow(Record):
    """An arithmetic design of a unit that is not exact, and its cost relative to the exact one."""

    design: str
    """Kind, parameters and operands."""
    energy: float
    """Energy of one operation over that of the exact design of the same source."""
    delay: float | None
    """Critical path over that of the exact design, where the source has it."""
    area: float | None
    """Area over that of the exact design, where the source has it."""
    clock_hz: int | None = None
    """Clock of the unit, where it follows the design's delay."""
    source: str
