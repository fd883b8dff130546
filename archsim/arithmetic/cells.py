"""The cells of one memory of one chip: a number for each that says how weak it is, at random access."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archsim.errors import InputError

Positions = NDArray[np.int64]

_STATES: Final = 1 << 32
_PER_DRAW: Final = 2
_PER_COUNT: Final = 4
"""64-bit numbers of one step of Philox's counter."""

_AT_ONCE: Final = 1 << 22
"""Cells drawn at a time: 16 MiB. No result depends on it."""


@dataclass(frozen=True, slots=True)
class CellErrors:
    """Shares of a memory's cells that fail. A larger share takes in all cells of a smaller one.

    Attributes
    ----------
    flips
        Cells that deliver the opposite of what is stored.
    falls
        Cells that deliver 0 whatever is stored.
    rises
        Cells that deliver 1 whatever is stored.
    """

    flips: float = 0.0
    falls: float = 0.0
    rises: float = 0.0

    def __post_init__(self) -> None:
        shares = (self.flips, self.falls, self.rises)
        if min(shares) < 0 or sum(shares) > 1 or (self.flips and (self.falls or self.rises)):
            raise InputError(f"shares of failing cells {shares}: expected flips alone, or no more than all")

    @property
    def any(self) -> bool:
        """Whether any cell may fail."""
        return bool(self.flips or self.falls or self.rises)


@dataclass(frozen=True, slots=True)
class Failing:
    """Failing cells by position, ascending: each delivers ``stored & keeps ^ inverts`` of its bit."""

    positions: Positions
    keeps: NDArray[np.bool_]
    inverts: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CellMap:
    """A uniform number of 32 bits for each cell, the same whenever and in whatever order it is asked for.

    Attributes
    ----------
    name, seed
        Of the memory and of the chip: they alone decide all numbers.
    """

    name: str
    seed: int

    def draws(self, first: int, count: int) -> NDArray[np.uint32]:
        """Return the numbers of the cells from `first` on (Philox, a counter-based generator)."""
        start = first // _PER_DRAW
        skipped = start % _PER_COUNT
        generator = np.random.Philox(np.random.SeedSequence([self.seed, *self.name.encode()]))
        generator.advance(start // _PER_COUNT)
        needed = skipped + -(-(first % _PER_DRAW + count) // _PER_DRAW)
        raw = np.asarray(generator.random_raw(needed), dtype="<u8")[skipped:]
        return raw.view("<u4")[first % _PER_DRAW :][:count]

    def failing(self, first: int, count: int, errors: CellErrors) -> Failing:
        """Return the failing ones of some cells, their positions counted from `first`.

        A cell flips or falls where its number is below the share, and rises where it is above one less the
        share: so a cell that fails at one share fails at every larger one, and in the same way.
        """
        blocks = list(self._blocks(first, count, errors))
        if not blocks:
            return Failing(np.empty(0, np.int64), np.empty(0, np.bool_), np.empty(0, np.bool_))
        positions, low = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        flipped = np.full(len(positions), errors.flips > 0)
        return Failing(positions, keeps=flipped, inverts=flipped | ~low)

    def _blocks(
        self, first: int, count: int, errors: CellErrors
    ) -> Iterator[tuple[Positions, NDArray[np.bool_]]]:
        below = round((errors.flips + errors.falls) * _STATES)
        above = _STATES - round(errors.rises * _STATES)
        for start in range(0, count if errors.any else 0, _AT_ONCE):
            numbers = self.draws(first + start, min(_AT_ONCE, count - start))
            low = numbers < below
            found = np.flatnonzero(low | (numbers >= above) if errors.rises else low)
            yield found + start, low[found]
