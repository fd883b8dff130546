"""Choosing tile sizes and loop order: the exact search and the check of mappings that a user gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archsim._tiling import ORDERS, evaluate, search
from archsim.mapping.candidates import axis_row, group_row, pixel_folds, tables
from archsim.mapping.problem import Problem
from archsim.mapping.schedule import Tiling


@dataclass(frozen=True, slots=True)
class Choice:
    """A tiling and what it costs by the mapper's own account.

    Attributes
    ----------
    objective
        Value of the declared objective: bits, picoseconds, joules or joule-picoseconds.
    traffic_bits
        Bits moved between the homes and the unit's memory.
    time_ps
        Time without contention.
    """

    tiling: Tiling
    objective: float
    traffic_bits: float
    time_ps: float
    energy_j: float
    cycles: float
    tiles: float


@lru_cache(maxsize=4096)
def best_tiling(problem: Problem) -> Choice | None:
    """Tiling with the least objective over all tile sizes and loop orders, or None where none fits.

    Ties go to the shorter time, then to less traffic, then to fewer tiles.
    """
    groups, filters, channels, pixels = tables(problem)
    found = search(problem, groups, filters, channels, pixels)
    if found is None:
        return None
    cost, (g, k, c, s), order = found
    tiling = Tiling(
        groups=int(groups[g, 0]),
        filters=int(filters[k, 0]),
        channels=int(channels[c, 0]),
        images=int(pixels[s, 0]),
        rows=int(pixels[s, 1]),
        columns=int(pixels[s, 2]),
        order=ORDERS[order],
    )
    return _choice(tiling, cost)


def price(problem: Problem, tiling: Tiling) -> Choice | None:
    """Cost of a given tiling, or None where it does not fit."""
    array = problem.array
    fold = {array.across_rows: array.rows, array.across_columns: array.columns}
    vertical, horizontal = problem.vertical.split(tiling.rows), problem.horizontal.split(tiling.columns)
    tiles = np.array([[tiling.images, tiling.rows, tiling.columns]], dtype=np.float64)
    trips = [
        -(-total // tile)
        for total, tile in (
            (problem.images, tiling.images),
            (problem.vertical.outputs, tiling.rows),
            (problem.horizontal.outputs, tiling.columns),
        )
    ]
    pixels = (
        *tiles[0],
        trips[0] * trips[1] * trips[2],
        problem.images * sum(vertical) * sum(horizontal),
        tiling.images * max(vertical) * max(horizontal),
        tiling.images * tiling.rows * tiling.columns,
        pixel_folds(problem, tiles, fold.get("pixels", 0))[0],
    )
    rows = (
        group_row(problem, tiling.groups),
        axis_row(problem.filters, tiling.filters, fold.get("filters", 0)),
        axis_row(problem.channels, tiling.channels, fold.get("depth", 0), problem.taps),
        pixels,
    )
    cost = evaluate(problem, *(np.array(row, dtype=np.float64) for row in rows), ORDERS.index(tiling.order))
    return _choice(tiling, cost) if cost["fits"] else None


def _choice(tiling: Tiling, cost: dict[str, float]) -> Choice:
    return Choice(
        tiling=tiling,
        objective=cost["objective"],
        traffic_bits=cost["traffic_bits"],
        time_ps=cost["time_ps"],
        energy_j=cost["energy_j"],
        cycles=cost["cycles"],
        tiles=cost["tiles"],
    )
