"""Row-stationary passes against an executor that works PE by PE and MAC by MAC."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import islice
from math import ceil, prod

import pytest
from pass_problems import every_choice, legal, random_pass_problem, room, set_places
from pass_walker import Walk, walk
from random_problems import PLACES

from archsim.hardware.architecture import Architecture
from archsim.hardware.cost import Operands, PassArray
from archsim.mapping.extents import Extent
from archsim.mapping.mapper import map_network
from archsim.mapping.pass_tiles import compulsory_bits, runs, work_of
from archsim.mapping.passes import (
    Choice,
    Pass,
    PassProblem,
    all_passes,
    fits,
    misfit,
    most_filter_sets,
    one_pass,
    padded,
    room_bits,
)
from archsim.mapping.schedule import Tile, Transfer
from archsim.workload import Conv2d, Linear, build_network

CASES = range(120)


def drawn(seed: int) -> tuple[PassProblem, Choice]:
    """A random layer and one of its legal choices."""
    rng = random.Random(seed)
    while True:
        problem = random_pass_problem(rng)
        choices = list(islice(every_choice(problem), 4000))
        if choices:
            return problem, rng.choice(choices)


def total(walked: Walk) -> Pass:
    return Pass(
        *(sum(values) for values in zip(*(p for step in walked.steps for p in step.passes), strict=True))
    )


@pytest.mark.parametrize("seed", CASES)
def test_passes_and_tiles_do_what_the_pes_do(seed: int) -> None:
    problem, choice = drawn(seed)
    walked = walk(problem, choice)
    assert all_passes(problem, choice) == total(walked)
    tiles = [run.tile for run in runs(problem, choice, PLACES) for _ in range(run.count)]
    assert len(tiles) == len(walked.steps)
    for tile, step in zip(tiles, walked.steps, strict=True):
        done = Pass(*(sum(values) for values in zip(*step.passes, strict=True)))
        expected = replace(work_of(done), weight_writes=step.weights_loaded, outputs=step.finished)
        assert tile.work == expected
        assert tile.feed_cycles == done.fed_cycles
        check_traffic(problem, tile, done)
        check_transfers(problem, tile, (step.weights_loaded, step.inputs_loaded, step.finished))


def check_traffic(problem: PassProblem, tile: Tile, done: Pass) -> None:
    """Sums enter and leave the array in every pass."""
    sums = done.sums * problem.operands.accumulator_bits
    assert tile.port_read_bits == done.inputs * problem.operands.input_bits + sums
    assert tile.port_write_bits == sums


def check_transfers(problem: PassProblem, tile: Tile, values: tuple[int, int, int]) -> None:
    """What moves is coded, what was saved is the rest."""
    weights, inputs, finished = values
    operands, (coded_in, coded_out) = problem.operands, problem.array.coded_bits
    moved = {(one.tensor, one.source, one.destination): one for one in (*tile.loads, *tile.stores)}
    assert len(moved) == len(tile.loads) + len(tile.stores)
    expected = {("weights", "home", "unit"): (weights, operands.weight_bits, None)}
    if problem.inputs_staged:
        expected["inputs", "home", "buffer"] = (inputs, operands.input_bits, coded_in)
    if problem.outputs_staged:
        expected["outputs", "buffer", "home"] = (finished, operands.output_bits, coded_out)
    expected = {key: entry for key, entry in expected.items() if entry[0]}
    assert set(moved) == set(expected)
    for key, (count, raw, coded) in expected.items():
        bits = ceil(count * (raw if coded is None else coded))
        assert moved[key] == Transfer(*key, bits, saved_bits=count * raw - bits)
    assert tile.finished_bits == finished * operands.output_bits


@pytest.mark.parametrize("seed", CASES)
def test_every_mac_and_every_output_happens_once(seed: int) -> None:
    problem, choice = drawn(seed)
    walked = walk(problem, choice)
    pixels = problem.vertical.outputs * problem.horizontal.outputs
    outputs = problem.groups * problem.images * problem.filters * pixels
    assert set(walked.outputs.values()) == set(walked.macs.values()) == {1}
    assert len(walked.outputs) == outputs
    assert len(walked.macs) == outputs * problem.channels * problem.taps == all_passes(problem, choice).macs


@pytest.mark.parametrize("seed", CASES)
def test_what_fits_is_what_can_be_laid_out(seed: int) -> None:
    rng = random.Random(seed)
    problem = random_pass_problem(rng)
    problem = replace(problem, free_bits=rng.choice([0, 300, 2000, 10**9]))
    for _ in range(200):
        sizes = (problem.filters, problem.images, problem.vertical.outputs, 6, 6, 4, 6)
        choice = Choice(*(rng.randint(1, most) for most in sizes))
        assert bool(fits(problem, choice)) == legal(problem, choice), choice
        assert (misfit(problem, choice) == "") == legal(problem, choice)
        assert room_bits(problem, choice) == room(problem, choice)


@pytest.mark.parametrize("seed", range(40))
def test_one_filter_set_more_does_not_fit(seed: int) -> None:
    rng = random.Random(seed)
    problem = random_pass_problem(rng)
    kernel = problem.vertical.kernel
    for e in range(1, 9):
        for r in range(1, 4):
            most = int(most_filter_sets(problem, e, r))
            taken = set_places(problem.array, kernel, Choice(1, 1, e, 1, 1, r, most)) or []
            assert len(set(taken)) == len(taken) == kernel * e * r * most
            assert set_places(problem.array, kernel, Choice(1, 1, e, 1, 1, r, most + 1)) is None


# Borders of each limit on one layer: 24 filters, 12 channels, 6 x 6 outputs, kernel 3, on 6 x 6 PEs.
#   filter scratchpad 36 >= p q S: p q = 12; input scratchpad 12 >= q S: q = 4; sum scratchpad 12 >= p;
#   array: e = 6 is one set wide, 6 / 3 = 2 sets stand on each other: r t = 2;
#   filter buffer 36 x 9 x 8 b >= p t q r R S x 8 b: p t q r = 36.
LIMITED = PassProblem(
    groups=1,
    filters=24,
    channels=12,
    images=2,
    vertical=Extent(6, 8, 3),
    horizontal=Extent(6, 8, 3),
    array=PassArray(6, 6, 36, 12, 12, 36 * 9 * 8, 64, 16, 64),
    operands=Operands(8, 8, 8, 16),
    inputs_staged=True,
    outputs_staged=True,
    doubled=False,
    free_bits=10**9,
    objective="energy",
)


@pytest.mark.parametrize(
    ("inside", "outside", "why"),
    [
        (Choice(24, 1, 6, 6, 2, 1, 2), Choice(24, 1, 6, 7, 2, 1, 1), "filter scratchpad"),
        (Choice(24, 1, 6, 1, 4, 1, 1), Choice(24, 1, 6, 1, 5, 1, 1), "input scratchpad"),
        (Choice(24, 1, 6, 12, 1, 1, 1), Choice(24, 1, 6, 13, 1, 1, 1), "filter scratchpad"),
        (Choice(24, 1, 6, 1, 1, 1, 2), Choice(24, 1, 6, 1, 1, 1, 3), "against the array"),
        (Choice(24, 1, 3, 1, 1, 2, 2), Choice(24, 1, 3, 1, 1, 2, 3), "against the array"),
        (Choice(24, 1, 3, 9, 1, 1, 4), Choice(24, 1, 3, 10, 1, 1, 4), "filter buffer"),
    ],
)
def test_the_border_of_each_limit(inside: Choice, outside: Choice, why: str) -> None:
    assert misfit(LIMITED, inside) == ""
    assert not fits(LIMITED, outside)
    assert why in misfit(LIMITED, outside)


def test_more_sums_than_the_scratchpad_holds() -> None:
    problem = replace(LIMITED, array=replace(LIMITED.array, sum_words=5))
    assert fits(problem, Choice(24, 1, 6, 5, 1, 1, 1))
    assert misfit(problem, Choice(24, 1, 6, 6, 1, 1, 1)).startswith("p sums against 5 words")


# 2 x 24 x 6 x 6 sums of 16 b and 2 x 1 x 8 x 8 inputs of 8 b: 27,648 + 1024 b; twice as much where doubled.
@pytest.mark.parametrize(("doubled", "bits"), [(False, 28_672), (True, 57_344)])
def test_the_memory_holds_sums_and_inputs(doubled: bool, bits: int) -> None:
    problem, choice = replace(LIMITED, doubled=doubled), Choice(24, 2, 6, 1, 1, 1, 1)
    assert fits(replace(problem, free_bits=bits), choice)
    assert "unit's memory" in misfit(replace(problem, free_bits=bits - 1), choice)


@pytest.mark.parametrize(
    "choice", [Choice(24, 1, 6, 5, 1, 1, 1), Choice(16, 1, 6, 4, 1, 1, 1), Choice(24, 1, 3, 1, 1, 5, 1)]
)
def test_whole_blocks_divide_evenly(choice: Choice) -> None:
    tall = replace(LIMITED, array=replace(LIMITED.array, rows=15))
    assert fits(tall, choice)
    whole = replace(tall, array=replace(tall.array, whole_blocks=True))
    assert misfit(whole, choice) == "blocks that must divide evenly"


def test_positions_that_outputs_read() -> None:
    for kernel, stride, dilation, outputs in (
        (k, u, d, n) for k in range(1, 6) for u in range(1, 7) for d in range(1, 5) for n in range(1, 8)
    ):
        read = {i * stride + k * dilation for i in range(outputs) for k in range(kernel)}
        assert padded(Extent(outputs, 99, kernel, stride, dilation), outputs) == len(read)


# By hand: 2 filters x 3 channels, kernel 2 x 2 on 3 x 3 inputs, one strip of both rows; p = q = 1, r = 3,
# t = 2. PEs: 2 x 2 x 3 x 2 = 24. Per image every PE makes 2 sums of 2 MACs and one addition: 6 cycles. Inputs
# 27 words of 8 b over 16 b: 14 cycles, sums 2 x 4 of 16 b over 64 b: 2. Ramp: 24 weights over 64 b: 3 cycles,
# 3 x 3 first windows of 2 words over 16 b: 9.
def test_a_pass_by_hand() -> None:
    problem = replace(
        LIMITED, filters=2, channels=3, images=1, vertical=Extent(2, 3, 2), horizontal=Extent(2, 3, 2)
    )
    done = one_pass(problem, Choice(2, 1, 2, 1, 1, 3, 2), (2, 1, 2, 3))
    assert done == Pass(
        macs=96,
        inputs=27,
        weights=24,
        sums=8,
        weight_copies=48,
        input_copies=2 * 3 * 4 * 3,
        hops=24 * 2,
        cycles=15,
        fed_cycles=23,
        pe_cycles=24 * 23,
    )


@pytest.mark.parametrize("seed", range(30))
def test_no_choice_moves_less_than_the_compulsory(seed: int) -> None:
    problem, choice = drawn(seed)
    moved: Counter[tuple[str, str]] = Counter()
    for run in runs(problem, choice, PLACES):
        for one in (*run.tile.loads, *run.tile.stores):
            moved[one.tensor, "home"] += run.count * one.bits
    least = compulsory_bits(problem, PLACES)
    assert set(moved) == {key for key, bits in least.items() if bits}
    assert all(moved[key] >= bits for key, bits in least.items())


def test_layers_keep_their_macs() -> None:
    layers = [
        Conv2d(name="a", out_channels=8, kernel=5, stride=2, padding=2),
        Conv2d(name="b", out_channels=12, kernel=3, groups=4, padding=1),
        Conv2d(name="c", out_channels=12, kernel=3, groups=12, dilation=2),
        Conv2d(name="d", out_channels=7, kernel=1),
        Linear(name="e", out_channels=10),
    ]
    network = build_network("small", (3, 19, 23), layers)
    for whole in ("true", "false"):
        machine = Architecture.load("eyeriss", [f"compute.pes.row_stationary.whole_blocks={whole}"])
        for part in map_network(network, machine, 3).parts:
            assert sum(run.count * run.tile.work.macs for run in part.runs) == 3 * part.layer.macs
            outputs = sum(run.count * run.tile.work.outputs for run in part.runs)
            assert outputs == 3 * part.layer.output_elements
            shape = part.layer.output_shape
            assert outputs == 3 * prod((shape.channels, shape.rows, shape.columns))
