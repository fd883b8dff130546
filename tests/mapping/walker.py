"""An independent tester of mappings: walks the loop nest element by element and counts everything itself.

It knows the layer, the array's geometry and the tiling as plain numbers, and no closed form. One tile of each
tensor is held; when a tensor's tile changes, every element of the new one is loaded. Partial sums live in the
unit's accumulators until they are complete, or leave them with the output tile.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import product
from typing import TypeVar

from loop_nest import LOOPS, Nest, loop_nest, moved, positions
from partial_sums import Counts, Element, Piece, Sums

from archsim.mapping.problem import Problem
from archsim.mapping.schedule import Tiling

Item = TypeVar("Item")


class Walker:
    """Walks mappings of one problem; elements of a tile that was seen before are not listed again."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._elements: dict[tuple[object, ...], frozenset[Element]] = {}
        self._folds: dict[Nest, list[list[Piece]]] = {}

    @cached_property
    def taps(self) -> list[Element]:
        """Positions inside the kernel."""
        return list(product(range(self.problem.vertical.kernel), range(self.problem.horizontal.kernel)))

    def elements(self, tensor: str, tile: Nest) -> frozenset[Element]:
        """Elements of a tensor's tile, as tuples of indices; padding is no element."""
        key = (tensor, *(getattr(tile, loop) for loop in LOOPS[tensor]))
        if key not in self._elements:
            listed = {"weights": self._weights, "inputs": self._inputs, "outputs": self._outputs}[tensor]
            self._elements[key] = frozenset(listed(tile))
        return self._elements[key]

    def _weights(self, tile: Nest) -> Iterator[Element]:
        for g, k, c in product(tile.groups, tile.filters, tile.channels):
            for r, s in self.taps:
                yield g, k, c, r, s

    def _inputs(self, tile: Nest) -> Iterator[Element]:
        rows = positions(self.problem.vertical, tile.rows)
        columns = positions(self.problem.horizontal, tile.columns)
        return product(tile.images, tile.groups, tile.channels, rows, columns)

    def _outputs(self, tile: Nest) -> Iterator[Element]:
        return product(tile.groups, tile.filters, tile.images, tile.rows, tile.columns)

    def folds(self, tile: Nest) -> list[list[Piece]]:
        """Folds of a tile, in order: blocks of columns outside, blocks of rows inside."""
        if tile not in self._folds:
            self._folds[tile] = list(self._list_folds(tile))
        return self._folds[tile]

    def _list_folds(self, tile: Nest) -> Iterator[list[Piece]]:
        array = self.problem.array
        dimensions: dict[str, list[Element]] = {
            "pixels": list(product(tile.images, tile.rows, tile.columns)),
            "depth": [(c, r, s) for c in tile.channels for r, s in self.taps],
            "filters": [(k,) for k in tile.filters],
        }
        side_by_side = [list(tile.groups)] if array.packs_groups else [[group] for group in tile.groups]
        for groups in side_by_side:
            columns = list(product(groups, dimensions[array.across_columns]))
            for across in chunks(columns, array.columns):
                for rows in chunks(dimensions[array.across_rows], array.rows):
                    parts = {**dimensions, array.across_rows: rows}
                    yield [
                        Piece(group, **parts | {array.across_columns: mine})
                        for group, mine in _by_group(across).items()
                    ]

    def walk(self, tiling: Tiling) -> Counts:
        """Execute the mapping."""
        array = self.problem.array
        # Groups that lie side by side are one product, not one each.
        counts = Counts(cycles=-array.uncounted_cycles * (1 if array.packs_groups else self.problem.groups))
        sums = Sums(counts, self.problem.channels * len(self.taps), array.sums_in_place)
        nest = list(loop_nest(self.problem, tiling))
        for i, tile in enumerate(nest):
            following = nest[i + 1] if i + 1 < len(nest) else None
            counts.tiles += 1
            for tensor in LOOPS:
                if i == 0 or moved(tensor, nest[i - 1], tile):
                    count = len(self.elements(tensor, tile))
                    counts.loaded[tensor] += count
                    counts.changes[tensor] += 1
                    counts.largest[tensor] = max(counts.largest[tensor], count)
            stays = following is not None and not moved("outputs", tile, following)
            self._execute(tile, counts, sums, stays)
        sums.check_all_done(self.problem.groups * self.problem.filters * self.problem.pixels)
        return counts

    def _execute(self, tile: Nest, counts: Counts, sums: Sums, stays: bool) -> None:
        array = self.problem.array
        folds = self.folds(tile)
        for i, fold in enumerate(folds):
            if i % array.parallel_folds == 0:
                streamed: list[Element] = getattr(fold[0], array.streamed)
                counts.cycles += array.overhead_cycles + array.step_cycles * len(streamed)
            for piece in fold:
                counts.input_reads += len(piece.pixels) * len(piece.depth)
                counts.weight_reads += len(piece.depth) * len(piece.filters)
                counts.macs += len(piece.pixels) * len(piece.depth) * len(piece.filters)
                sums.add(piece)
            last_rows = fold[0].depth[-1] == (tile.channels[-1], *self.taps[-1])
            if last_rows and not array.sums_in_place:
                sums.leave_columns(fold, stays)
        if array.sums_in_place:
            sums.leave_registers(stays)


def chunks(items: list[Item], size: int) -> list[list[Item]]:
    """Consecutive pieces of at most ``size`` items."""
    return [items[first : first + size] for first in range(0, len(items), size)]


def _by_group(across: list[tuple[int, Element]]) -> dict[int, list[Element]]:
    found: dict[int, list[Element]] = {}
    for group, item in across:
        found.setdefault(group, []).append(item)
    return found
