"""The tile sizes worth looking at: every other size is no better in any term of the cost."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from archsim._tiling import pareto
from archsim.hardware.cost import Array
from archsim.mapping.extents import Extent, block_sums
from archsim.mapping.problem import Problem

_MOST_PIXEL_TILES = 1_000_000
"""Above this many (images, rows, columns) triples each axis is reduced on its own."""

Table = NDArray[np.float64]


def tables(problem: Problem) -> tuple[Table, Table, Table, Table]:
    """Candidate tables (groups, filters, channels, pixels) with the features that the kernel reads."""
    array = problem.array
    filters, channels = _weight_axes(problem.filters, problem.channels, problem.taps, array)
    return _groups(problem), filters, channels, _pixels(problem, _held(array).get("pixels", 0))


def _held(array: Array) -> dict[str, int]:
    """Elements of a dimension that one fold holds."""
    return {array.across_rows: array.rows, array.across_columns: array.columns}


@lru_cache(maxsize=1024)
def _weight_axes(filters: int, channels: int, taps: int, array: Array) -> tuple[Table, Table]:
    """Tables of filters and channels, which are the same wherever a layer's activations live."""
    fold, parallel = _held(array), array.parallel_folds
    filter_rows = _axis(filters, fold.get("filters", 0), 1, parallel > 1)
    channel_rows = _axis(channels, fold.get("depth", 0), taps, parallel > 1)
    if parallel > 1:
        channel_rows = _fewer_rounds(channel_rows, filter_rows, parallel)
    return filter_rows, channel_rows


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


def _fewer_rounds(channels: Table, filters: Table, parallel: int) -> Table:
    """Per number of tiles, sizes with fewer folds or rounds than every smaller one for some filter tile."""
    rounds = _rounds(channels, filters, parallel)
    folds = (channels[:, 1] - 1) * channels[:, 2] + channels[:, 3]
    kept: list[int] = []
    for tiles in np.unique(channels[:, 1]):
        rows = np.flatnonzero(channels[:, 1] == tiles)[::-1]
        for most in np.unique(folds[rows]):
            among = rows[folds[rows] <= most]
            best = np.minimum.accumulate(rounds[among], axis=0)
            fewer = (rounds[among[1:]] < best[:-1]).any(axis=1)
            kept.extend(among[np.concatenate(([True], fewer)) & (folds[among] == most)])
    return np.ascontiguousarray(channels[np.sort(kept)])


def _rounds(channels: Table, filters: Table, parallel: int) -> Table:
    """Rounds of folds of one group for each channel tile (row) and distinct filter tile (column)."""
    distinct = np.unique(filters[:, 1:], axis=0)
    folds, at = np.unique(distinct[:, 1:], return_inverse=True)
    full, last = at.reshape(-1, 2).T
    full_rounds, last_rounds = (np.ceil(np.outer(channels[:, i], folds) / parallel) for i in (2, 3))
    rounds = (channels[:, 1:2] - 1) * full_rounds + last_rounds
    return np.asarray(rounds[:, full] * (distinct[:, 0] - 1) + rounds[:, last])


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
    rows = np.stack([tile, -(-extent.outputs // tile), sums, largest], axis=1)
    return (rows[_least_input(rows)] if reduced else rows).astype(np.float64)


def _least_input(rows: NDArray[np.int64]) -> list[int]:
    """Per (tiles, input sum) the smallest size, and larger ones whose largest block needs less input."""
    least: dict[tuple[int, int], int] = {}
    kept = []
    for i, (_, tiles, total, largest) in enumerate(rows.tolist()):
        if largest < least.get((tiles, total), largest + 1):
            least[tiles, total] = largest
            kept.append(i)
    return kept


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
