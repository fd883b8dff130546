"""The mapper against exhaustive search, judged by a tester that walks the loop nest element by element."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace

import pytest
from judge import cell_bits, energy_j, fits, moved_bits, objective, room_bits, time_ps
from partial_sums import Counts
from random_problems import DIMENSIONS, PLACES, all_tilings, random_problem, variants
from walker import Walker

from archsim.hardware.cost import total_work
from archsim.mapping import tiles
from archsim.mapping.problem import Problem
from archsim.mapping.schedule import Run, Tiling
from archsim.mapping.tiling import best_tiling, price

REL = 1e-9


def walked(problem: Problem) -> list[tuple[Tiling, Counts]]:
    walker = Walker(problem)
    return [(tiling, walker.walk(tiling)) for tiling in all_tilings(problem)]


def constrained(rng: random.Random, problem: Problem, mappings: list[tuple[Tiling, Counts]]) -> Problem:
    """The problem with room that some mapping just fills, or that it misses by one."""
    limits = []
    for need in (room_bits, cell_bits, lambda _, counts: counts.most_sums):
        _, counts = rng.choice(mappings)
        tight = max(0, need(problem, counts) - rng.choice([0, 0, 0, 1]))
        limits.append(rng.choice([10**9, tight, tight]))
    return replace(problem, free_bits=limits[0], cell_bits=limits[1], sums_held=limits[2])


def best_of(problem: Problem, mappings: list[tuple[Tiling, Counts]]) -> float | None:
    return min((objective(problem, counts) for _, counts in mappings if fits(problem, counts)), default=None)


def check_best(problem: Problem, mappings: list[tuple[Tiling, Counts]]) -> bool:
    """Whether anything fits; the mapper's choice is as good as the best of all, and costs what it says."""
    expected, found = best_of(problem, mappings), best_tiling(problem)
    if expected is None:
        assert found is None, problem
        return False
    assert found is not None, problem
    assert found.objective == pytest.approx(expected, rel=REL, abs=0), problem
    (counts,) = [counts for tiling, counts in mappings if tiling == found.tiling]
    assert fits(problem, counts)
    assert found.objective == pytest.approx(objective(problem, counts), rel=REL, abs=0)
    return True


def check_layers(seed: int, kind: str, layers: int, most_mappings: int) -> Counter[bool]:
    rng = random.Random(f"{seed} {kind}")
    seen: Counter[bool] = Counter()
    for _ in range(layers):
        layer = random_problem(rng, kind, most_mappings)
        mappings = walked(layer)
        for variant in variants(rng, layer, 12):
            seen[check_best(constrained(rng, variant, mappings), mappings)] += 1
    return seen


@pytest.mark.parametrize("kind", DIMENSIONS)
def test_no_mapping_of_a_small_layer_beats_the_mappers(kind: str) -> None:
    seen = check_layers(0, kind, layers=60, most_mappings=300)
    assert seen[True] > 300  # most rooms hold something,
    assert seen[False] > 10  # and some nothing


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("kind", DIMENSIONS)
def test_no_mapping_of_many_small_layers_beats_the_mappers(kind: str, seed: int) -> None:
    check_layers(seed, kind, layers=40, most_mappings=1500)


def work_of(runs: tuple[Run, ...]) -> dict[str, int]:
    work = asdict(total_work((run.tile.work, run.count) for run in runs))
    assert work.pop("elements") == 0
    return work


def transfers_of(runs: tuple[Run, ...]) -> Iterator[tuple[str, int]]:
    for run in runs:
        for transfer in run.tile.loads:
            yield transfer.tensor.replace("partial_sums", "reloaded"), run.count * transfer.bits
        for transfer in run.tile.stores:
            yield transfer.tensor.replace("partial_sums", "spilled"), run.count * transfer.bits


def check_runs(problem: Problem, tiling: Tiling, counts: Counts) -> None:
    """The schedule's tiles hold what the walk found, exactly."""
    runs = tiles.runs(problem, tiling, PLACES)
    written = counts.loaded["weights"] if problem.weights == "cells" else 0
    assert work_of(runs) == {
        "macs": counts.macs,
        "input_reads": counts.input_reads,
        "weight_reads": counts.weight_reads,
        "output_passes": counts.passes,
        "outputs": counts.stored,
        "accumulator_reads": counts.sum_reads,
        "accumulator_writes": counts.sum_writes,
        "weight_writes": written,
        "cycles": counts.cycles,
    } | dict.fromkeys(("weight_copies", "input_copies", "sum_hops", "pe_cycles"), 0)
    assert sum(run.count for run in runs) == counts.tiles
    moved: Counter[str] = Counter()
    for name, bits in transfers_of(runs):
        moved[name] += bits
    assert moved == Counter(moved_bits(problem, counts))
    finished = sum(run.count * run.tile.finished_bits for run in runs)
    assert finished == counts.stored * problem.operands.output_bits


def check_port(problem: Problem, tiling: Tiling, counts: Counts) -> None:
    """Operands, finished outputs and partial sums cross the unit's private port."""
    runs = tiles.runs(problem, tiling, PLACES)
    operands, moved = problem.operands, moved_bits(problem, counts)
    read = counts.input_reads * operands.input_bits + moved["reloaded"]
    if problem.weights == "memory":
        read += counts.weight_reads * operands.weight_bits
    assert sum(run.count * run.tile.port_read_bits for run in runs) == read
    written = counts.stored * operands.output_bits + moved["spilled"]
    assert sum(run.count * run.tile.port_write_bits for run in runs) == written


@pytest.mark.parametrize("kind", DIMENSIONS)
def test_tiles_and_prices_of_every_mapping_are_what_a_walk_counts(kind: str) -> None:
    rng = random.Random(f"tiles {kind}")
    for _ in range(25):
        problem = random_problem(rng, kind, 120)
        for tiling, counts in walked(problem):
            if counts.spilled and not problem.outputs_staged:
                continue  # nowhere to spill to
            check_runs(problem, tiling, counts)
            check_port(problem, tiling, counts)
            choice = price(problem, tiling)
            assert choice is not None
            assert choice.cycles == counts.cycles
            assert choice.tiles == counts.tiles
            assert choice.traffic_bits == sum(moved_bits(problem, counts).values())
            assert choice.time_ps == pytest.approx(time_ps(problem, counts), rel=REL, abs=0)
            assert choice.energy_j == pytest.approx(energy_j(problem, counts), rel=REL, abs=0)


@pytest.mark.parametrize("kind", DIMENSIONS)
def test_a_given_mapping_is_refused_exactly_where_it_does_not_fit(kind: str) -> None:
    rng = random.Random(f"fits {kind}")
    refused = 0
    for _ in range(20):
        layer = random_problem(rng, kind, 120)
        mappings = walked(layer)
        problem = constrained(rng, layer, mappings)
        for tiling, counts in mappings:
            assert (price(problem, tiling) is not None) == fits(problem, counts), (problem, tiling)
            refused += not fits(problem, counts)
    assert refused > 100
