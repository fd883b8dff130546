"""Homes of activations: the dynamic programme against all assignments."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import product
from math import inf

import pytest

from archsim.hardware.architecture import Architecture
from archsim.mapping.homes import LiveRange, StepCost, choose, live_ranges
from archsim.mapping.mapper import map_network
from archsim.mapping.placement import place
from archsim.mapping.schedule import Schedule
from archsim.workload import INPUT, Add, Concat, Conv2d, Network, build_network

TENSOR = 16 * 16 * 16
CAPACITIES = (2, 4, 6, 8, 12, 14, 16, 24, 32, 64)
MEMORIES = ("dram", "left", "right")


def random_ranges(rng: random.Random, steps: int) -> list[LiveRange]:
    ranges = []
    for i in range(rng.randint(1, 6)):
        first = rng.randint(-1, steps - 1)
        last = rng.randint(max(0, first), steps)
        options = ("dram", *rng.sample(MEMORIES[1:], rng.randint(0, 2)))
        ranges.append(LiveRange(f"t{i}", rng.randint(1, 9), first, last, options))
    return ranges


def random_cost(seed: int, capacity: Mapping[str, int]) -> StepCost:
    """A price for each step and homes that does not depend on the order in which they are asked for."""

    def cost(step: int, homes: Mapping[str, str], occupied: Mapping[str, int]) -> float | None:
        if any(bits > capacity.get(memory, 10**9) for memory, bits in occupied.items()):
            return None
        prices = (
            random.Random(f"{seed} {step} {name} {home}").uniform(0.5, 9) for name, home in homes.items()
        )
        return sum(prices)

    return cost


def total(ranges: list[LiveRange], steps: int, homes: Mapping[str, str], cost: StepCost) -> float:
    """Cost of one assignment, step by step; infinite where it does not fit."""
    paid = 0.0
    for step in range(steps):
        live = [each for each in ranges if each.first <= step <= each.last]
        occupied: dict[str, int] = {}
        for each in live:
            occupied[homes[each.name]] = occupied.get(homes[each.name], 0) + each.bits
        price = cost(step, {each.name: homes[each.name] for each in live}, occupied)
        if price is None:
            return inf
        paid += price
    return paid


def cheapest(ranges: list[LiveRange], steps: int, cost: StepCost) -> float:
    names = [each.name for each in ranges]
    assignments = product(*(each.options for each in ranges))
    return min(total(ranges, steps, dict(zip(names, homes, strict=True)), cost) for homes in assignments)


@pytest.mark.parametrize("seed", range(60))
def test_no_assignment_of_homes_is_cheaper(seed: int) -> None:
    rng = random.Random(seed)
    steps = rng.randint(1, 5)
    ranges = random_ranges(rng, steps)
    capacity = {"left": rng.randint(3, 15), "right": rng.randint(3, 15), "dram": rng.choice([20, 10**9])}
    cost = random_cost(seed, capacity)
    homes, blocked = choose(ranges, steps, cost)
    best = cheapest(ranges, steps, cost)
    if blocked is not None:
        assert best == inf
        return
    assert set(homes) == {each.name for each in ranges}
    assert total(ranges, steps, homes, cost) == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_more_room_never_costs_more(seed: int) -> None:
    rng = random.Random(seed)
    ranges = random_ranges(rng, 4)
    costs = []
    for room in range(0, 40, 4):
        cost = random_cost(seed, {"left": room, "right": room})
        homes, blocked = choose(ranges, 4, cost)
        assert blocked is None
        costs.append(total(ranges, 4, homes, cost))
    assert costs == sorted(costs, reverse=True)


def test_the_first_step_that_nothing_fits_is_named() -> None:
    ranges = [LiveRange("a", 8, 0, 3, ("dram",)), LiveRange("b", 8, 2, 3, ("dram",))]
    assert choose(ranges, 4, random_cost(0, {"dram": 8})) == ({}, 2)


def conv(name: str, *inputs: str) -> Conv2d:
    return Conv2d(name=name, out_channels=16, kernel=1, inputs=inputs or None)


def residual() -> Network:
    specs = [
        conv("a"), conv("b"), conv("c"), Add(name="s", inputs=("a", "c")), conv("d"),
    ]  # fmt: skip
    return build_network("n", (16, 16, 16), specs)


def test_live_ranges_last_from_the_writer_to_the_last_reader() -> None:
    placement = place(residual(), Architecture.load("von_neumann"))
    bits = {name: 8 * elements for name, elements in placement.elements.items()}
    ranges = live_ranges(placement, bits, dict.fromkeys(bits, ("dram",)))
    spans = {each.name: (each.first, each.last) for each in ranges}
    assert spans == {"input": (-1, 0), "a": (0, 3), "b": (1, 2), "c": (2, 3), "s": (3, 4), "d": (4, 5)}


def test_a_result_that_is_also_read_stays_to_the_end_and_outside() -> None:
    specs = [conv("a"), conv("b"), Concat(name="out", inputs=("a", "b")), conv("c", "a")]
    net, machine = build_network("n", (16, 16, 16), specs), Architecture.load("von_neumann")
    placement = place(net, machine)
    bits = dict.fromkeys(placement.elements, 8)
    ranges = live_ranges(placement, bits, dict.fromkeys(bits, ("dram",)))
    out = placement.stored["out"]
    assert {each.name: each.last for each in ranges}[out] == len(placement.steps)
    assert map_network(net, machine).homes["out"] == "dram"


def held_in(schedule: Schedule, network: Network, memory: str) -> set[str]:
    return {layer.name for layer in network.layers if schedule.homes[layer.name] == memory}


def outside_bits(schedule: Schedule) -> int:
    return sum(
        run.count * transfer.bits
        for part in schedule.parts
        for run in part.runs
        for transfer in (*run.tile.loads, *run.tile.stores)
        if "dram" in (transfer.source, transfer.destination)
    )


def test_what_fits_stays_on_chip_and_costs_no_traffic_outside() -> None:
    net = residual()
    schedule = map_network(net, Architecture.load("von_neumann", ["schedule.objective=traffic"]))
    assert held_in(schedule, net, "buffer") == {"a", "b", "c", "s"}
    weights = 4 * 16 * 16
    assert outside_bits(schedule) == 8 * (weights + 2 * TENSOR)


def machine_with(kibibytes: int) -> Architecture:
    overrides = [f"memories.buffer.capacity={kibibytes} KiB", "memories.buffer.banks=1"]
    return Architecture.load("von_neumann", [*overrides, "schedule.objective=traffic"])


def test_homes_never_overfill_a_memory() -> None:
    net = residual()
    for kibibytes in CAPACITIES:
        schedule = map_network(net, machine_with(kibibytes))
        held = held_in(schedule, net, "buffer")
        for live in ({"a", INPUT}, {"a", "b"}, {"a", "b", "c"}, {"a", "c", "s"}, {"s", "d"}):
            assert TENSOR * len(live & held) <= kibibytes * 1024


@pytest.mark.parametrize("kibibytes", CAPACITIES)
def test_tiles_fit_beside_the_tensors_that_stay(kibibytes: int) -> None:
    net, bits = residual(), 8 * TENSOR
    schedule = map_network(net, machine_with(kibibytes))
    held = held_in(schedule, net, "buffer")
    alive = {"a": {"a"}, "b": {"a", "b"}, "c": {"a", "b", "c"}, "s": {"a", "c", "s"}, "d": {"s", "d"}}
    for part in schedule.parts:
        room = 8 * 1024 * kibibytes - bits * len(held & alive[part.layer.name])
        for run in part.runs:
            staged = [transfer.bits for transfer in run.tile.loads if transfer.destination == "buffer"]
            staged += [transfer.bits for transfer in run.tile.stores if transfer.source == "buffer"]
            assert sum(staged) <= room


def test_traffic_never_rises_with_the_capacity_of_the_buffer() -> None:
    traffic = []
    for kibibytes in CAPACITIES:
        traffic.append(outside_bits(map_network(residual(), machine_with(kibibytes))))
    assert traffic == sorted(traffic, reverse=True)
    assert traffic[0] > 2 * traffic[-1]
