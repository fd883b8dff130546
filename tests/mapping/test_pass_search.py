"""The search for passes against all legal choices, and its own account against the tiles."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from math import inf
from typing import get_args

import pytest
from pass_problems import every_choice, legal, random_pass_costs, random_pass_problem, room, with_room
from random_problems import PLACES

from archsim.hardware.cost import Operands, PassArray
from archsim.mapping.extents import Extent
from archsim.mapping.pass_search import PassCosts, best_passes, price_passes
from archsim.mapping.pass_tiles import runs
from archsim.mapping.passes import Choice, Pass, PassProblem, all_passes
from archsim.mapping.problem import Objective

OBJECTIVES = get_args(Objective)


def small(seed: int) -> tuple[random.Random, PassProblem, PassCosts]:
    rng = random.Random(seed)
    return rng, random_pass_problem(rng, most=5), random_pass_costs(rng)


def value(problem: PassProblem, costs: PassCosts, choice: Choice) -> float:
    found = price_passes(problem, costs, choice)
    assert found is not None
    return found.objective


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("seed", range(30))
def test_no_legal_choice_is_better(seed: int, objective: Objective) -> None:
    rng, problem, costs = small(seed)
    problem = replace(with_room(problem, rng), objective=objective)
    best = best_passes(problem, costs)
    values = [value(problem, costs, choice) for choice in every_choice(problem)]
    assert (best is None) == (not values)
    if best is not None:
        assert legal(problem, best.choice)
        assert best.objective == value(problem, costs, best.choice)
        assert best.objective == pytest.approx(min(values), rel=1e-12)


def priced(**prices: float) -> PassCosts:
    """Costs of these fields of a pass alone."""
    free = {entry.name: 0.0 for entry in fields(PassCosts) if entry.name != "pass_j"}
    return PassCosts(pass_j=Pass(*(prices.get(name, 0.0) for name in Pass._fields)), **free)


LINEAR = PassProblem(
    groups=1,
    filters=1,
    channels=1,
    images=1,
    vertical=Extent(1, 1),
    horizontal=Extent(1, 1),
    array=PassArray(3, 1, 99, 3, 3, 10**6, 10**6, 10**6, 10**6),
    operands=Operands(8, 8, 8, 16),
    inputs_staged=True,
    outputs_staged=True,
    doubled=False,
    free_bits=10**6,
    objective="energy",
)


# A linear layer of 10 filters (channels) on three PEs that hold three each. Six at once, 2 x 3, or nine,
# 3 x 3, are two blocks, 6 + 4 or 9 + 1; both keep a PE busy for 4 filters in all: 8 cycles and 2 of ramp.
# The second needs 3 + 1 sets instead of 3 + 2, so one copy of the input (one hop of the sum) less. Two sets
# of three filters also are 2 + 2 sets, but take 10 cycles. (Channels: 4 cycles of MACs, 2 of sums.)
@pytest.mark.parametrize(
    ("sizes", "field", "best", "value_of_it"),
    [
        ({"filters": 10}, "input_copies", Choice(10, 1, 1, 3, 1, 1, 3), 8 + 2 + 4),
        ({"channels": 10}, "hops", Choice(1, 1, 1, 1, 3, 3, 1), 4 + 2 + 2 + 4),
    ],
)
def test_a_smaller_last_block_counts(
    sizes: dict[str, int], field: str, best: Choice, value_of_it: float
) -> None:
    found = best_passes(replace(LINEAR, **sizes), priced(cycles=1.0, **{field: 1.0}))
    assert found is not None
    assert (found.choice, found.objective) == (best, value_of_it)


# 10 output rows of a 5-row window with a padding of 2, at most 9 at once. Strips of 5 + 5 rows read 7 + 7
# input rows; of 9 + 1 rows 10 + 3, because the last one reads 2 rows of padding and 3 of the input.
def test_strips_that_read_padding_count() -> None:
    tall = replace(
        LINEAR,
        vertical=Extent(10, 10, 5, before=2),
        array=replace(LINEAR.array, rows=5, columns=9),
        objective="traffic",
    )
    found = best_passes(tall, priced())
    assert found is not None
    assert (found.choice.e, found.objective) == (9, (13 + 10 + 5) * 8)


@pytest.mark.parametrize("seed", range(40))
def test_the_account_is_that_of_the_tiles(seed: int) -> None:
    """Without coding, which rounds up tile by tile, traffic and energy are those of the tiles."""
    rng, problem, costs = small(seed)
    problem = replace(problem, array=replace(problem.array, coded_bits=(None, None)))
    choice = rng.choice(list(every_choice(problem)) or [None])
    if choice is None:
        return
    tiles = runs(problem, choice, PLACES)
    moved = dict.fromkeys(("weights", "inputs", "outputs"), 0)
    for run in tiles:
        for one in (*run.tile.loads, *run.tile.stores):
            moved[one.tensor] += run.count * one.bits
    assert value(replace(problem, objective="traffic"), costs, choice) == sum(moved.values())
    done = all_passes(problem, choice)
    fed = sum(run.count * run.tile.feed_cycles for run in tiles)
    count = sum(run.count for run in tiles)
    computing, weights = fed * costs.cycle_ps, moved["weights"] * costs.weight_ps
    maps = moved["inputs"] * costs.input_ps + moved["outputs"] * costs.output_ps + count * costs.latency_ps
    hidden, exposed = (weights + maps, 0) if problem.doubled else (weights, maps)
    time_ps = max(computing, hidden) + exposed
    energy = (
        sum(each * number for each, number in zip(costs.pass_j, done, strict=True))
        + moved["weights"] * costs.fill_weight_j
        + moved["inputs"] * costs.fill_input_j
        + moved["outputs"] * costs.store_output_j
        + count * costs.tile_j
        + costs.static_w * time_ps * 1e-12
    )
    found = {name: value(replace(problem, objective=name), costs, choice) for name in OBJECTIVES[1:]}
    assert found == pytest.approx({"latency": time_ps, "energy": energy, "edp": energy * time_ps}, rel=1e-9)


@pytest.mark.parametrize("seed", range(30))
def test_coding_splits_the_bits(seed: int) -> None:
    """What moves and what is saved together are the raw bits; the tiles round up, by less than a bit each."""
    rng, problem, costs = small(seed)
    choice = rng.choice(list(every_choice(problem)) or [None])
    if choice is None:
        return
    tiles = runs(problem, choice, PLACES)
    bits = sum(run.count * one.bits for run in tiles for one in (*run.tile.loads, *run.tile.stores))
    moves = sum(run.count * len((*run.tile.loads, *run.tile.stores)) for run in tiles)
    assert 0 <= bits - value(replace(problem, objective="traffic"), costs, choice) + 1e-6 < moves + 1e-6


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("seed", range(12))
def test_more_room_is_never_worse(seed: int, objective: Objective) -> None:
    _, problem, costs = small(seed)
    rooms = sorted({room(problem, choice) for choice in every_choice(problem)})
    before = inf
    for bits in rooms[:: max(1, len(rooms) // 12)]:
        best = best_passes(replace(problem, free_bits=bits, objective=objective), costs)
        assert best is not None, "what needs exactly this room fits"
        assert best.objective <= before
        before = best.objective
    if rooms:
        assert best_passes(replace(problem, free_bits=rooms[0] - 1), costs) is None


@pytest.mark.parametrize("seed", range(30))
def test_what_does_not_fit_has_no_price(seed: int) -> None:
    _, problem, costs = small(seed)
    illegal = Choice(problem.filters, 1, 1, problem.array.sum_words + 1, 1, 1, 1)
    assert price_passes(problem, costs, illegal) is None
