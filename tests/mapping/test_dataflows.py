"""Cycles and operand reads: SCALE-Sim's closed forms, its published rows, a register-level stepper."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from math import ceil

import numpy as np
import pytest
from random_problems import PLACES, roomy_problem, whole
from systolic_stepper import run_layer

from archsim.config import find
from archsim.hardware.architecture import Architecture
from archsim.hardware.compute.pe_array import PeArray
from archsim.hardware.cost import Work, total_work
from archsim.mapping import tiles
from archsim.mapping.mapper import map_network
from archsim.mapping.schedule import Part
from archsim.workload import Gemm, Layer, Linear, Network, build_network, load_network, read_topology

CONFIGS = {
    "output_stationary": "scalesim_32x32_os",
    "weight_stationary": "scalesim_32x32_ws",
    "input_stationary": "scalesim_32x32_is",
}
SIZES = ((32, 32), (128, 128))

Form = Callable[[int, int, int, int, int], int]
# SCALE-Sim v2, stall-free [tool]: px pixels, depth K, M filters, R rows, C columns.
CYCLES: dict[str, Form] = {
    "output_stationary": lambda px, k, m, r, c: ceil(px / r) * ceil(m / c) * (r + c + k - 2) - 1,
    "weight_stationary": lambda px, k, m, r, c: ceil(k / r) * ceil(m / c) * (2 * r + c + px - 2) - 1,
    "input_stationary": lambda px, k, m, r, c: ceil(k / r) * ceil(px / c) * (2 * r + c + m - 2) - 1,
}
# SRAM accesses of the same runs: input reads, filter reads, output writes [calc].
ACCESSES: dict[str, Callable[[int, int, int, int, int], tuple[int, int, int]]] = {
    "output_stationary": lambda px, k, m, r, c: (px * k * ceil(m / c), k * m * ceil(px / r), px * m),
    "weight_stationary": lambda px, k, m, r, c: (px * k * ceil(m / c), k * m, px * m * ceil(k / r)),
    "input_stationary": lambda px, k, m, r, c: (px * k, k * m * ceil(px / c), px * m * ceil(k / r)),
}


def architecture(dataflow: str, size: tuple[int, int]) -> Architecture:
    overrides = [f"compute.npu.rows={size[0]}", f"compute.npu.columns={size[1]}"]
    return Architecture.load(CONFIGS[dataflow], overrides)


def work_of(part: Part) -> Work:
    return total_work((run.tile.work, run.count) for run in part.runs)


def mac_parts(network: Network, dataflow: str, size: tuple[int, int]) -> Iterator[tuple[Layer, Work]]:
    for part in map_network(network, architecture(dataflow, size)).parts:
        if part.layer.is_mac:
            yield part.layer, work_of(part)


def arguments(gemm: Gemm, size: tuple[int, int]) -> tuple[int, int, int, int, int]:
    return gemm.pixels, gemm.depth, gemm.filters, *size


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dataflow", CONFIGS)
@pytest.mark.parametrize(("name", "layers"), [("alexnet", 8), ("resnet18", 21)])
def test_cycles_and_accesses_of_whole_networks_are_the_closed_forms(
    name: str, layers: int, dataflow: str, size: tuple[int, int]
) -> None:
    found = list(mac_parts(load_network(find("traces", name)), dataflow, size))
    assert len(found) == layers
    for layer, work in found:
        shape, groups = arguments(layer.gemm, size), layer.gemm.groups
        assert work.cycles == groups * CYCLES[dataflow](*shape), layer.name
        reads = (work.input_reads, work.weight_reads, work.output_passes)
        assert reads == tuple(groups * count for count in ACCESSES[dataflow](*shape)), layer.name
        assert work.macs == layer.macs


def test_alexnet_has_grouped_layers_to_sum_over() -> None:
    network = load_network(find("traces", "alexnet"))
    assert [layer.name for layer in network.layers if layer.groups == 2] == ["conv2", "conv4", "conv5"]


# Published rows of SCALE-Sim on 32 x 32 [tool]; no padding, output ceil((H - k + s) / s). AlexNet conv1 is
# its golden report [pub].
HEADER = "Layer, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
TOPOLOGY = f"""{HEADER}
a, 16, 16, 3, 3, 16, 32, 1,
b, 10, 10, 3, 3, 64, 96, 1,
c, 14, 14, 1, 1, 128, 64, 1,
d, 1, 1, 1, 1, 256, 100, 1,
e, 9, 9, 5, 5, 20, 50, 2,
conv1, 227, 227, 11, 11, 3, 96, 4,
"""
PUBLISHED = {
    "output_stationary": {"a": 1441, "b": 3827, "c": 2659, "d": 1271, "e": 1123},
    "weight_stationary": {"a": 1449, "b": 8531, "c": 2319, "d": 3039, "e": 3295, "conv1": 112_283},
    "input_stationary": {"a": 4409, "b": 6839, "c": 4423, "d": 1551, "e": 2303},
}


@pytest.mark.parametrize("dataflow", CONFIGS)
def test_cycles_equal_the_published_rows(dataflow: str) -> None:
    network = read_topology(TOPOLOGY, "rows.csv")
    found = {layer.name: work.cycles for layer, work in mac_parts(network, dataflow, (32, 32))}
    assert {name: found[name] for name in PUBLISHED[dataflow]} == PUBLISHED[dataflow]


def test_alexnet_conv1_of_the_shipped_trace_is_the_golden_report() -> None:
    parts = mac_parts(load_network(find("traces", "alexnet")), "weight_stationary", (32, 32))
    layer, work = next(parts)
    assert layer.gemm == Gemm(1, 96, 363, 3025)
    assert work.cycles == 112_283


def test_a_partial_last_window_is_kept() -> None:
    rows = HEADER + "\npartial, 10, 10, 3, 3, 4, 8, 2,\n"
    (layer,) = read_topology(rows, "rows.csv").layers
    assert layer.output_shape.rows == ceil((10 - 3 + 2) / 2) == 5
    ((_, work),) = mac_parts(read_topology(rows, "rows.csv"), "output_stationary", (32, 32))
    assert work.cycles == CYCLES["output_stationary"](25, 36, 8, 32, 32)


@pytest.mark.parametrize("dataflow", CONFIGS)
def test_cycles_are_those_of_a_register_level_stepper_less_one(dataflow: str) -> None:
    """One less per layer, as SCALE-Sim counts; a single PE that keeps its sum has no fill to cut."""
    rng, values = random.Random(dataflow), np.random.default_rng(0)
    for _ in range(200):
        pixels, depth, filters = (rng.randint(1, 11) for _ in range(3))
        size = (rng.randint(1, 5), rng.randint(1, 5))
        inputs = values.integers(-128, 128, (pixels, depth))
        weights = values.integers(-128, 128, (depth, filters))
        result, cycles = run_layer(dataflow, inputs, weights, size)
        assert (result == inputs @ weights).all()
        filled = dataflow != "output_stationary" or size != (1, 1)
        assert model_cycles(dataflow, Gemm(1, filters, depth, pixels), size) == cycles - filled


def model_cycles(dataflow: str, gemm: Gemm, size: tuple[int, int]) -> int:
    """Cycles of one product as a single tile on a PE array."""
    unit = PeArray(
        rows=size[0],
        columns=size[1],
        clock="500 MHz",
        memory="buffer",
        dataflow=dataflow,
        accumulator_capacity="64 KiB",
    )
    layer = Linear(name="fc", out_channels=gemm.filters, rows=gemm.pixels)
    (only,) = build_network("one", (gemm.depth, gemm.pixels, 1), [layer]).layers
    assert only.gemm == gemm
    problem = roomy_problem(gemm, unit.array(only, resident=False), unit.operands(only))
    runs = tiles.runs(problem, whole(problem), PLACES)
    return total_work((run.tile.work, run.count) for run in runs).cycles
