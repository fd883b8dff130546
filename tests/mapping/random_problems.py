"""Random small layers as tiling problems, and every mapping that they have."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import permutations, product

from archsim.hardware.cost import Array, Operands
from archsim.mapping.extents import Extent
from archsim.mapping.problem import Costs, Problem
from archsim.mapping.schedule import Tiling
from archsim.mapping.tiles import Places
from archsim.workload import Gemm

ORDERS = [(a, b, c) for a, b, c in permutations(("filters", "channels", "pixels"))]
WIDTHS = (4, 8, 16)
PLACES = Places(unit="unit", memory="buffer", weights="home", inputs="home", outputs="home")
# Rows, columns and stream of the three dataflows; "pim": weights in place, several banks at once.
DIMENSIONS = {
    "weight_stationary": ("depth", "filters", "pixels"),
    "output_stationary": ("pixels", "filters", "depth"),
    "input_stationary": ("depth", "pixels", "filters"),
    "pim": ("depth", "filters", "pixels"),
}


def random_array(rng: random.Random, kind: str, *, packs: bool = False) -> Array:
    """A small array of a kind, so that small layers need several folds."""
    across_rows, across_columns, streamed = DIMENSIONS[kind]
    pim = kind == "pim"
    return Array(
        across_rows=across_rows,
        across_columns=across_columns,
        streamed=streamed,
        rows=rng.randint(1, 7),
        columns=rng.randint(1, 4),
        overhead_cycles=rng.randint(0, 9),
        step_cycles=rng.randint(1, 4) if pim else 1,
        parallel_folds=rng.randint(2, 7) if pim else 1,
        uncounted_cycles=0 if pim else 1,
        packs_groups=packs,
        sums_in_place=pim or kind == "output_stationary",
    )


def random_extent(rng: random.Random) -> Extent:
    """One axis of a window with at least one output."""
    while True:
        inputs, kernel, before = rng.randint(1, 6), rng.randint(1, 3), rng.randint(0, 2)
        stride, dilation = rng.randint(1, 3), rng.randint(1, 2)
        outputs = (inputs + before + rng.randint(0, 2) - (kernel - 1) * dilation - 1) // stride + 1
        if outputs > 0:
            return Extent(outputs, inputs, kernel, stride, dilation, before)


def random_costs(rng: random.Random) -> Costs:
    """Prices of the same order of magnitude, some of them zero, so that no term decides alone."""
    drawn = {entry.name: rng.choice([0.0, 1.0, 1.0]) * rng.uniform(0.1, 5.0) for entry in fields(Costs)}
    scaled = {name: value * (1e-12 if name.endswith("_j") else 1.0) for name, value in drawn.items()}
    return Costs(**scaled | {"cycle_ps": rng.uniform(1, 40), "latency_ps": rng.choice([0.0, 30.0])})


def random_problem(rng: random.Random, kind: str, most_mappings: int) -> Problem:
    """A layer with unlimited room whose mappings can all be walked."""
    while True:
        groups = rng.choice([1, 1, 1, 2, 3])
        depthwise = groups > 1 and rng.random() < 0.5
        linear = groups == 1 and rng.random() < 0.3
        most = 14 if linear else 6
        packs = depthwise and kind in {"weight_stationary", "output_stationary"} and rng.random() < 0.5
        problem = Problem(
            groups=groups,
            filters=rng.randint(1, 1 if packs else 2) if depthwise else rng.randint(1, most),
            channels=1 if depthwise else rng.randint(1, most),
            images=rng.choice([1, 1, 2, 3]),
            vertical=Extent(1, 1) if linear else random_extent(rng),
            horizontal=Extent(1, 1) if linear else random_extent(rng),
            array=random_array(rng, kind, packs=packs),
            operands=Operands(rng.choice(WIDTHS), rng.choice(WIDTHS), rng.choice(WIDTHS), 32),
            weights=rng.choice(["cells", "resident"]) if kind == "pim" else "memory",
            weights_staged=kind == "pim" or rng.random() < 0.9,
            inputs_staged=rng.random() < 0.8,
            outputs_staged=rng.random() < 0.8,
            double_buffering=rng.random() < 0.5,
            free_bits=10**9,
            cell_bits=10**9,
            sums_held=10**9,
            objective="energy",
            costs=random_costs(rng),
        )
        if 10 <= sum(1 for _ in all_tilings(problem)) <= most_mappings:
            return problem


def all_tilings(problem: Problem) -> Iterator[Tiling]:
    """Every tile size in every order; groups share a tile only with whole filters and channels."""
    extents = (
        problem.groups,
        problem.filters,
        problem.channels,
        problem.images,
        problem.vertical.outputs,
        problem.horizontal.outputs,
    )
    for g, k, c, n, p, q in product(*(range(1, extent + 1) for extent in extents)):
        if g == 1 or (k, c) == (problem.filters, problem.channels):
            for order in ORDERS:
                yield Tiling(g, k, c, n, p, q, order)


def whole(problem: Problem) -> Tiling:
    """The layer as one tile."""
    return Tiling(
        problem.groups,
        problem.filters,
        problem.channels,
        problem.images,
        problem.vertical.outputs,
        problem.horizontal.outputs,
        ORDERS[0],
    )


def variants(rng: random.Random, problem: Problem, count: int) -> Iterator[Problem]:
    """The same layer with other prices, homes, buffering and objectives."""
    for _ in range(count):
        yield replace(
            problem,
            inputs_staged=rng.random() < 0.8,
            outputs_staged=rng.random() < 0.8,
            double_buffering=rng.random() < 0.5,
            objective=rng.choice(["traffic", "latency", "energy", "edp"]),
            costs=random_costs(rng),
        )


def roomy_problem(gemm: Gemm, array: Array, operands: Operands) -> Problem:
    """A matrix product with room for everything and no prices."""
    return Problem(
        groups=gemm.groups,
        filters=gemm.filters,
        channels=gemm.depth,
        images=1,
        vertical=Extent(gemm.pixels, gemm.pixels),
        horizontal=Extent(1, 1),
        array=array,
        operands=operands,
        weights="memory",
        weights_staged=True,
        inputs_staged=True,
        outputs_staged=True,
        double_buffering=False,
        free_bits=10**9,
        cell_bits=0,
        sums_held=10**9,
        objective="latency",
        costs=Costs(),
    )
