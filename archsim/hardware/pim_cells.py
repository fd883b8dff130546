"""Which physical cell of a bank group holds which bit of which weight, and how far each cell deviates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

Deviations = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CellMap:
    """The cells of a bank group, in folds of N rows by the columns of a bank.

    The folds of a layer follow each other: depth first, then filters, then groups. They fill one bank after
    another, or (``interleaved``) one goes to each bank in turn; past the last cell they begin again.

    Attributes
    ----------
    seed
        Source of all deviations; each bank draws from a child of its own.
    banks, rows, words, word_bits
        Geometry of the group.
    rows_per_readout, columns
        N, and weights side by side in a row.
    lines
        Cells of one weight.
    interleaved
        Whether folds are spread over all banks.
    first_fold
        Folds of layers whose weights come before in the cells.
    """

    seed: np.random.SeedSequence
    banks: int
    rows: int
    words: int
    word_bits: int
    rows_per_readout: int
    columns: int
    lines: int
    interleaved: bool
    first_fold: int = 0

    def deviations(self, groups: int, filters: int, depth: int) -> Deviations:
        """Return each cell's deviation in standard deviations, [group][filter][depth][line]."""
        found = np.empty((groups, filters, depth, self.lines), dtype=np.float32)
        across, down = ceil(filters / self.columns), ceil(depth / self.rows_per_readout)
        for bank, folds in self._by_bank(groups * across * down):
            cells = self._bank(bank)
            for fold, slot in folds:
                rest, block = divmod(fold, down)
                group, column = divmod(rest, across)
                part = found[group, column * self.columns :][: self.columns]
                part = part[:, block * self.rows_per_readout :][:, : self.rows_per_readout]
                held = cells[slot * self.rows_per_readout :][: part.shape[1], : part.shape[0]]
                part[...] = held.transpose(1, 0, 2)
        return found

    def _by_bank(self, folds: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """Yield each bank in use with its folds and where in the bank they lie."""
        lying: dict[int, list[tuple[int, int]]] = {}
        per_bank = self.rows // self.rows_per_readout
        for fold in range(folds):
            place = (self.first_fold + fold) % (self.banks * per_bank)
            slot, bank = divmod(place, self.banks) if self.interleaved else divmod(place, per_bank)[::-1]
            lying.setdefault(bank, []).append((fold, slot))
        yield from lying.items()

    def _bank(self, bank: int) -> Deviations:
        """Return the deviations of a bank, [row][column][line]."""
        child = np.random.SeedSequence(self.seed.entropy, spawn_key=(*self.seed.spawn_key, bank))
        drawn = np.random.Generator(np.random.PCG64(child))
        shape = (self.rows, self.words * self.word_bits)
        cells = drawn.standard_normal(shape, dtype=np.float32)
        return cells[:, : self.columns * self.lines].reshape(self.rows, self.columns, self.lines)
