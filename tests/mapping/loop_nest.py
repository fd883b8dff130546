"""The loop nest of a tiling, tile by tile, as plain ranges of indices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archsim.mapping.extents import Extent
from archsim.mapping.problem import Problem
from archsim.mapping.schedule import Tiling

LOOPS = {
    "weights": ("groups", "filters", "channels"),
    "inputs": ("groups", "channels", "images", "rows", "columns"),
    "outputs": ("groups", "filters", "images", "rows", "columns"),
}
"""Loops on which the tile of each tensor depends."""


class Nest(NamedTuple):
    """One tile of the loop nest: the indices that it covers along every loop."""

    groups: range
    filters: range
    channels: range
    images: range
    rows: range
    columns: range


def blocks(total: int, size: int) -> list[range]:
    """Consecutive blocks of at most ``size`` that cover 0 .. total - 1."""
    return [range(first, min(first + size, total)) for first in range(0, total, size)]


def loop_nest(problem: Problem, tiling: Tiling) -> Iterator[Nest]:
    """Tiles in execution order: groups outside, then the three loops in the order of the tiling."""
    loops: dict[str, list[tuple[range, ...]]] = {
        "filters": [(block,) for block in blocks(problem.filters, tiling.filters)],
        "channels": [(block,) for block in blocks(problem.channels, tiling.channels)],
        "pixels": [
            (images, rows, columns)
            for images in blocks(problem.images, tiling.images)
            for rows in blocks(problem.vertical.outputs, tiling.rows)
            for columns in blocks(problem.horizontal.outputs, tiling.columns)
        ],
    }
    outer, middle, inner = tiling.order
    for groups in blocks(problem.groups, tiling.groups):
        for first in loops[outer]:
            for second in loops[middle]:
                for third in loops[inner]:
                    at = {outer: first, middle: second, inner: third}
                    yield Nest(groups, *at["filters"], *at["channels"], *at["pixels"])


def positions(axis: Extent, outputs: range) -> set[int]:
    """Positions of the unpadded input under the windows of these outputs."""
    return {
        output * axis.stride - axis.before + tap * axis.dilation
        for output in outputs
        for tap in range(axis.kernel)
    } & set(range(axis.inputs))


def moved(tensor: str, before: Nest, after: Nest) -> bool:
    """Whether a tensor's tile is another one."""
    return any(getattr(before, loop) != getattr(after, loop) for loop in LOOPS[tensor])
