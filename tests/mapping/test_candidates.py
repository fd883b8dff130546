"""Tile sizes that are left out are beaten, in every term of the cost, by one that is kept."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from math import ceil

import numpy as np
import pytest
from numpy.typing import NDArray
from random_problems import DIMENSIONS, random_array, random_problem, roomy_problem

from archsim.hardware.cost import Operands
from archsim.mapping.candidates import tables
from archsim.mapping.extents import Extent
from archsim.mapping.problem import Problem
from archsim.workload import Gemm


def rows_of(table: NDArray[np.float64]) -> list[tuple[float, ...]]:
    return [tuple(row) for row in table.tolist()]


def no_worse(row: Sequence[float], other: Sequence[float]) -> bool:
    return all(a <= b for a, b in zip(row, other, strict=True))


def folds(total: int, size: int, per_fold: int) -> tuple[int, int]:
    """Folds of a full tile and of the last one."""
    last = total - (ceil(total / size) - 1) * size
    return ceil(size / per_fold), ceil(last / per_fold)


def product_problem(rng: random.Random, kind: str) -> Problem:
    gemm = Gemm(1, rng.randint(1, 60), rng.randint(1, 60), 3)
    array = replace(random_array(rng, kind), rows=rng.randint(1, 8), columns=rng.randint(1, 8))
    problem = roomy_problem(gemm, array, Operands(8, 8, 8, 32))
    kernel = rng.choice([1, 2, 3])
    return replace(problem, vertical=Extent(3, 5, kernel), horizontal=Extent(1, kernel, kernel))


@pytest.mark.parametrize("kind", ["weight_stationary", "output_stationary", "input_stationary"])
def test_a_filter_or_channel_size_that_is_left_out_has_no_fewer_tiles_or_folds(kind: str) -> None:
    rng = random.Random(kind)
    for _ in range(40):
        problem = product_problem(rng, kind)
        _, filters, channels, _ = tables(problem)
        array = problem.array
        held = {array.across_rows: array.rows, array.across_columns: array.columns}
        for table, total, taps, fold in (
            (filters, problem.filters, 1, held.get("filters")),
            (channels, problem.channels, problem.taps, held.get("depth")),
        ):
            kept = [(row[0], row[1], (row[1] - 1) * row[2] + row[3]) for row in rows_of(table)]
            for size in range(1, total + 1):
                tiles = ceil(total / size)
                full, last = folds(total * taps, size * taps, fold) if fold else (1, 1)
                mine = (size, tiles, (tiles - 1) * full + last)
                assert any(no_worse(row, mine) for row in kept)


def rounds(parallel: int, filters: tuple[int, int, int], depth: tuple[int, int, int]) -> int:
    """Rounds over all pairs of (filter tile, channel tile), each (tiles, full folds, last folds)."""
    pairs = product([filters[1]] * (filters[0] - 1) + [filters[2]], [depth[1]] * (depth[0] - 1) + [depth[2]])
    return sum(ceil(k * c / parallel) for k, c in pairs)


def channel_costs(problem: Problem, filters: int) -> list[tuple[int, int, int, int]]:
    """Size, tiles, folds and rounds of every channel tile beside filter tiles of one size."""
    array = problem.array
    beside = (ceil(problem.filters / filters), *folds(problem.filters, filters, array.columns))
    costs = []
    for size in range(1, problem.channels + 1):
        tiles = ceil(problem.channels / size)
        full, last = folds(problem.channels * problem.taps, size * problem.taps, array.rows)
        needed = rounds(array.parallel_folds, beside, (tiles, full, last))
        costs.append((size, tiles, (tiles - 1) * full + last, needed))
    return costs


def test_parallel_folds_keep_a_channel_size_as_good_as_any_other_for_each_filter_tile() -> None:
    rng = random.Random(5)
    for _ in range(15):
        problem = product_problem(rng, "pim")
        _, filters, channels, _ = tables(problem)
        sizes = set(channels[:, 0].astype(int).tolist())
        for k in set(filters[:, 0].astype(int).tolist()):
            costs = channel_costs(problem, k)
            kept = [row for row in costs if row[0] in sizes]
            assert all(any(no_worse(row, mine) for row in kept) for mine in costs)


def test_parallel_folds_keep_every_fold_shape_of_the_filters() -> None:
    rng = random.Random(6)
    for _ in range(20):
        problem = product_problem(rng, "pim")
        _, filters, _, _ = tables(problem)
        kept = {row[1:]: row[0] for row in rows_of(filters)}
        for size in range(1, problem.filters + 1):
            tiles = ceil(problem.filters / size)
            assert kept[tiles, *folds(problem.filters, size, problem.array.columns)] <= size


def pixel_features(problem: Problem, size: tuple[int, int, int]) -> tuple[int, ...]:
    """Tiles, input sum, largest input, tile pixels, folds: counted over the blocks."""
    axes = (Extent(problem.images, problem.images), problem.vertical, problem.horizontal)
    array = problem.array
    held = {array.across_rows: array.rows, array.across_columns: array.columns}.get("pixels")
    tiles = total = largest = needed = 0
    blocks = [
        [(first, min(step, axis.outputs - first)) for first in range(0, axis.outputs, step)]
        for axis, step in zip(axes, size, strict=True)
    ]
    for block in product(*blocks):
        window = int(np.prod([axis.needed(*part) for axis, part in zip(axes, block, strict=True)]))
        tiles, total, largest = tiles + 1, total + window, max(largest, window)
        pixels = block[0][1] * block[1][1] * block[2][1]
        needed += ceil(pixels / held) if held else 0
    return tiles, total, largest, size[0] * size[1] * size[2], needed if held else 1


@pytest.mark.parametrize("kind", DIMENSIONS)
def test_pixel_tiles_that_are_left_out_are_no_better_in_any_feature(kind: str) -> None:
    rng = random.Random(f"pixels {kind}")
    for _ in range(25):
        problem = random_problem(rng, kind, 1000)
        _, _, _, pixels = tables(problem)
        rows = [[int(value) for value in row] for row in rows_of(pixels)]
        for n, p, q, *features in rows:
            assert tuple(features) == pixel_features(problem, (n, p, q))
        sizes = (problem.images, problem.vertical.outputs, problem.horizontal.outputs)
        for n, p, q in product(*(range(1, extent + 1) for extent in sizes)):
            mine = pixel_features(problem, (n, p, q))
            assert any(no_worse(row[3:], mine) for row in rows), (n, p, q)


def test_a_padded_edge_can_make_the_larger_of_two_tiles_the_one_that_needs_less_input() -> None:
    # Outputs 0..2 see padding only: blocks of 3 need 0 + 2 inputs, blocks of 4 need 1 + 1.
    problem = roomy_problem(
        Gemm(1, 1, 1, 5), random_array(random.Random(0), "weight_stationary"), Operands(8, 8, 8, 32)
    )
    problem = replace(problem, vertical=Extent(outputs=5, inputs=2, kernel=1, before=3))
    _, _, _, pixels = tables(problem)
    assert {(3.0, 2.0), (4.0, 1.0)} <= {(row[1], row[5]) for row in rows_of(pixels)}


def test_several_groups_share_a_tile_in_the_least_size_for_their_number_of_tiles() -> None:
    array = random_array(random.Random(0), "weight_stationary")
    groups, *_ = tables(roomy_problem(Gemm(7, 1, 1, 1), array, Operands(8, 8, 8, 32)))
    assert sorted((int(row[0]), int(row[1])) for row in rows_of(groups)) == [
        (1, 7),
        (2, 4),
        (3, 3),
        (4, 2),
        (7, 1),
    ]
