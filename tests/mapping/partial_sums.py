"""Where partial sums are while a mapping is walked: in accumulators, in registers, or outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

Element = tuple[int, ...]


class Piece(NamedTuple):
    """What one group has in one fold."""

    group: int
    pixels: list[Element]
    depth: list[Element]
    filters: list[Element]

    def outputs(self) -> Iterator[Element]:
        """Outputs that the piece adds to: group, filter, image, row, column."""
        return ((self.group, *k, *pixel) for pixel, k in product(self.pixels, self.filters))


@dataclass(slots=True)
class Counts:
    """What a walk found: elements, tile changes, the largest tile of each tensor (elements), cycles."""

    tiles: int = 0
    loaded: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    largest: Counter[str] = field(default_factory=Counter)
    spilled: int = 0
    reloaded: int = 0
    stored: int = 0
    most_sums: int = 0
    macs: int = 0
    input_reads: int = 0
    weight_reads: int = 0
    passes: int = 0
    sum_reads: int = 0
    sum_writes: int = 0
    cycles: int = 0


@dataclass(slots=True)
class Sums:
    """Partial sums: how much of its depth each has, and which are in the accumulators or in registers."""

    counts: Counts
    depth: int
    in_place: bool
    done: Counter[Element] = field(default_factory=Counter)
    stored: Counter[Element] = field(default_factory=Counter)
    accumulators: set[Element] = field(default_factory=set)
    registers: set[Element] = field(default_factory=set)

    def add(self, piece: Piece) -> None:
        """One pass of each output of a piece."""
        enter = self._pass_in_place if self.in_place else self._pass_accumulators
        for output in piece.outputs():
            self.counts.passes += 1
            enter(output)
            self.done[output] += len(piece.depth)

    def _pass_in_place(self, output: Element) -> None:
        if output in self.registers:
            return
        if output in self.accumulators:
            self.accumulators.remove(output)
            self.counts.sum_reads += 1
        elif self.done[output]:
            self.counts.reloaded += 1
        self.registers.add(output)

    def _pass_accumulators(self, output: Element) -> None:
        if self.done[output] and output not in self.accumulators:
            self.counts.reloaded += 1
            self.counts.sum_writes += 1
            self.accumulators.add(output)
        if output in self.accumulators:
            self.counts.sum_reads += 1
        self.accumulators.add(output)
        self.counts.sum_writes += 1
        self._note_peak()

    def _note_peak(self) -> None:
        self.counts.most_sums = max(self.counts.most_sums, len(self.accumulators))

    def leave_columns(self, fold: Sequence[Piece], stays: bool) -> None:
        """After the last row block of a column block: complete sums go on, others stay or spill."""
        for piece in fold:
            for output in piece.outputs():
                if self._is_complete(output):
                    self.accumulators.remove(output)
                elif not stays:
                    self.accumulators.remove(output)
                    self.counts.sum_reads += 1
                    self.counts.spilled += 1

    def leave_registers(self, stays: bool) -> None:
        """At the end of a tile: complete sums go on, others go to the accumulators or spill."""
        for output in self.registers:
            if not self._is_complete(output):
                if stays:
                    self.accumulators.add(output)
                    self.counts.sum_writes += 1
                else:
                    self.counts.spilled += 1
        self.registers.clear()
        self._note_peak()

    def _is_complete(self, output: Element) -> bool:
        if self.done[output] < self.depth:
            return False
        self.stored[output] += 1
        self.counts.stored += 1
        return True

    def check_all_done(self, expected: int) -> None:
        """Every output got its whole depth, was stored once, and nothing is left behind."""
        assert len(self.stored) == expected
        assert set(self.stored.values()) == {1}
        assert set(self.done.values()) == {self.depth}
        assert not self.accumulators
        assert not self.registers
