"""Amounts over time: integers in equal intervals, which double in width as the run goes on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

MOST_BINS = 1024
"""A profile has half as many intervals to this many, however long the run."""


@dataclass(slots=True)
class Profile:
    """An amount in each interval of a grid; none is lost, and none made."""

    grid: Grid
    bins: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, start_ps: int, end_ps: int, amount: int) -> None:
        """Spread an amount evenly over a time; over no time at all, it goes to that instant."""
        shift = self.grid.shift
        first = start_ps >> shift
        last = max(end_ps - 1, start_ps) >> shift
        if last >= MOST_BINS:
            self.grid.widen()
            self.add(start_ps, end_ps, amount)
        elif first == last:
            self.bins[first] += amount
        else:
            self._spread(range(first, last + 1), start_ps, end_ps, amount)

    def _spread(self, bins: range, start_ps: int, end_ps: int, amount: int) -> None:
        spent, length_ps = 0, end_ps - start_ps
        for index in bins:
            until_ps = min((index + 1) << self.grid.shift, end_ps)
            due = amount * (until_ps - start_ps) // length_ps
            self.bins[index] += due - spent
            spent = due

    def halve(self) -> None:
        """Join each two intervals."""
        old, self.bins = self.bins, defaultdict(int)
        for index, amount in old.items():
            self.bins[index >> 1] += amount


@dataclass(slots=True)
class Grid:
    """Intervals of ``2**shift`` picoseconds from the start of the run, the same for all its profiles."""

    shift: int = 0
    profiles: list[Profile] = field(default_factory=list)

    def profile(self) -> Profile:
        """A new, empty profile."""
        profile = Profile(self)
        self.profiles.append(profile)
        return profile

    def widen(self) -> None:
        """Double the intervals of all profiles."""
        self.shift += 1
        for profile in self.profiles:
            profile.halve()

    def edges_ps(self, end_ps: int) -> list[int]:
        """Edges of the intervals up to the end of a run; none for a run that took no time."""
        return [*range(0, end_ps, 1 << self.shift), end_ps] if end_ps else []
