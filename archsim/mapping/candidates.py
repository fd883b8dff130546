"""The tile sizes worth looking at: every other size is no better in any term of the cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archsim._tiling import pareto
from archsim.mapping.extents import Extent, block_sums
from archsim.mapping.problem import Problem

_MOST_PIXEL_TILES = 20_000
"""Above this many (images, rows, columns) triples each axis is reduced on its own."""

Table = NDArray[np.float64]


def tables(problem: Problem) -> tuple[Table, Table, Table, Table]:
    """Candidate tables (groups, filters, channels, pixels) with the features that the kernel reads."""
    array = problem.array
    fold = {array.across_rows: array.rows, array.across_columns: array.columns}
    parallel = array.parallel_folds
    filters = _axis(problem.filters, fold.get("filters", 0), 1, parallel > 1)
    channels = _axis(problem.channels, fold.get("depth", 0), problem.taps, parallel > 1)
    if parallel > 1:
        channels = _fewer_rounds(channels, np.unique(filters[:, 2:]), parallel)
    return _groups(problem), filters, channels, _pixels(problem, fold.get("pixels", 0))


def axis_row(total: int, tile: int, fold: int, taps: int = 1) -> tuple[int, int, int, int]:
    """Features of one tile size: size, tiles, folds of a full tile, folds of the last tile."""
    tiles = -(-total // tile)
    last = total - (tiles - 1) * tile
    if not fold:
        return tile, tiles, 1, 1
    return tile, tiles, -(-tile * taps // fold), -(-last * taps // fold)


def _axis(total: int, fold: int, taps: int, keep_shapes: bool) -> Table:
    """Per number of tiles the smallest sizes with fewer folds (or, ``keep_shapes``, other fold shapes)."""
    tile = np.arange(1, total + 1, dtype=np.int64)
    tiles = -(-total // tile)
    last = total - (tiles - 1) * tile
    full_folds = -(-tile * taps // fold) if fold else np.ones_like(tile)
    last_folds = -(-last * taps // fold) if fold else np.ones_like(tile)
    shape = full_folds * (int(last_folds.max()) + 1) + last_folds
    measure = shape if keep_shapes else (tiles - 1) * full_folds + last_folds
    kept = _first_of_each(tiles, measure)
    rows = np.stack([tile, tiles, full_folds, last_folds], axis=1)[kept]
    return np.ascontiguousarray(rows[::-1], dtype=np.float64)


def _fewer_rounds(channels: Table, filter_folds: Table, parallel: int) -> Table:
    """Per number of tiles, the sizes that need fewer rounds than every smaller one for some filter tile."""
    full, last = (np.outer(channels[:, column], filter_folds) for column in (2, 3))
    rounds = (channels[:, 1:2] - 1) * np.ceil(full / parallel) + np.ceil(last / parallel)
    kept: list[int] = []
    for tiles in np.unique(channels[:, 1]):
        rows = np.flatnonzero(channels[:, 1] == tiles)[::-1]
        best = np.minimum.accumulate(rounds[rows], axis=0)
        fewer = (rounds[rows][1:] < best[:-1]).any(axis=1)
        kept.extend(rows[np.concatenate(([True], fewer))])
    return np.ascontiguousarray(channels[np.sort(kept)])


def _first_of_each(tiles: NDArray[np.int64], measure: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of the smallest size for each (tiles, measure) pair."""
    key = tiles * (int(measure.max()) + 1) + measure
    _, first = np.unique(key, return_index=True)
    return np.sort(first)


def _groups(problem: Problem) -> Table:
    total, array = problem.groups, problem.array
    smallest = {-(-total // tile): tile for tile in range(total, 0, -1)}
    tiles = range(total, 0, -1) if array.packs_groups or array.parallel_folds > 1 else smallest.values()
    return np.array([group_row(problem, tile) for tile in tiles], dtype=np.float64)


def group_row(problem: Problem, tile: int) -> tuple[int, int, int, int]:
    """Features of a number of groups per tile: size, tiles, folds across columns, groups of the last tile."""
    tiles = -(-problem.groups // tile)
    return tile, tiles, group_folds(problem, tile), problem.groups - (tiles - 1) * tile


def group_folds(problem: Problem, tile: int) -> int:
    """Folds across columns that all groups need together, in tiles of ``tile`` groups."""
    if not problem.array.packs_groups:
        return problem.groups
    blocks = range(0, problem.groups, tile)
    return sum(-(-min(tile, problem.groups - first) // problem.array.columns) for first in blocks)


def _spatial(extent: Extent, reduced: bool) -> Table:
    """Rows (size, tiles, input sum, input max) of one spatial axis."""
    sums, largest = block_sums(extent)
    tile = np.arange(1, extent.outputs + 1, dtype=np.int64)
    tiles = -(-extent.outputs // tile)
    kept = _first_of_each(tiles, sums) if reduced else tile - 1
    return np.stack([tile, tiles, sums, largest], axis=1)[kept].astype(np.float64)


def _pixels(problem: Problem, fold: int) -> Table:
    vertical, horizontal = problem.vertical, problem.horizontal
    reduced = not fold or problem.pixels > _MOST_PIXEL_TILES
    axes = (
        _spatial(Extent(problem.images, problem.images), reduced),
        _spatial(vertical, reduced),
        _spatial(horizontal, reduced),
    )
    picks = np.meshgrid(*(np.arange(len(axis)) for axis in axes), indexing="ij")
    n, p, q = (axis[pick.ravel()] for axis, pick in zip(axes, picks, strict=True))
    rows = np.empty((len(n), 8))
    rows[:, 0], rows[:, 1], rows[:, 2] = n[:, 0], p[:, 0], q[:, 0]
    rows[:, 3] = n[:, 1] * p[:, 1] * q[:, 1]
    rows[:, 4] = problem.images * p[:, 2] * q[:, 2]
    rows[:, 5] = n[:, 0] * p[:, 3] * q[:, 3]
    rows[:, 6] = n[:, 0] * p[:, 0] * q[:, 0]
    rows[:, 7] = pixel_folds(problem, rows[:, :3], fold)
    return np.asarray(pareto(rows[np.lexsort((rows[:, 6], rows[:, 3]))]))


def pixel_folds(problem: Problem, tiles: Table, fold: int) -> Table:
    """Folds that the pixel tiles of each (images, rows, columns) choice need, summed over the tiles."""
    if not fold:
        return np.ones(len(tiles))
    extents = (problem.images, problem.vertical.outputs, problem.horizontal.outputs)
    blocks = []
    for axis, extent in enumerate(extents):
        size = tiles[:, axis].astype(np.int64)
        count = -(-extent // size)
        blocks.append(((count - 1, size), (np.ones_like(size), extent - (count - 1) * size)))
    total = np.zeros(len(tiles), dtype=np.int64)
    for n_count, n in blocks[0]:
        for p_count, p in blocks[1]:
            for q_count, q in blocks[2]:
                total += n_count * p_count * q_count * -(-(n * p * q) // fold)
    return total.astype(np.float64)
