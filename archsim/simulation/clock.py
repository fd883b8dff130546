"""Clock edges in integer picoseconds."""

from __future__ import annotations

from dataclasses import dataclass

PS_PER_S = 1_000_000_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """Edges of a clock; edge n is floor(n x 10^12 / f), so periods never accumulate rounding.

    Attributes
    ----------
    frequency_hz
        Frequency in hertz.
    """

    frequency_hz: int

    def edge_ps(self, cycle: int) -> int:
        """Time of an edge in picoseconds."""
        return cycle * PS_PER_S // self.frequency_hz

    def cycle_at(self, time_ps: int) -> int:
        """First edge that is not before a time."""
        cycle = time_ps * self.frequency_hz // PS_PER_S
        while self.edge_ps(cycle) < time_ps:
            cycle += 1
        return cycle
