"""Speed of the simulator as ratios that are measured in one run, so that the machine cancels out.

Usage: ``python benchmarks/engine.py [--json] [--repeats N]``

The unit is an event of an empty SimPy loop on the same machine: one process that waits for a timeout over and
over. Times are the shortest of N repetitions.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import product

import simpy
from archsim._tiling import ORDERS
from timing import Result, event_seconds, forget_tilings, shortest

from archsim import Architecture, load_network
from archsim.config import shipped
from archsim.errors import InputError
from archsim.hardware.cost import Array, Operands
from archsim.mapping.candidates import tables
from archsim.mapping.extents import Extent
from archsim.mapping.mapper import map_network
from archsim.mapping.problem import Costs, Problem
from archsim.mapping.tiling import best_tiling
from archsim.simulation.engine import Engine

NETWORKS = ("vgg16", "resnet50")
CANDIDATES = {"filters": 0, "channels": 1, "pixels": 2}


class CountingEnvironment(simpy.Environment):
    """Counts the events that are scheduled."""

    def __init__(self) -> None:
        super().__init__(initial_time=0)
        self.scheduled = 0

    def schedule(self, *arguments: object, **keywords: object) -> None:
        self.scheduled += 1
        super().schedule(*arguments, **keywords)  # type: ignore[arg-type]


def events_of_engine(event_s: float, repeats: int) -> Iterator[Result]:
    architecture = Architecture.load("von_neumann")
    schedule = map_network(load_network("vgg16"), architecture)
    counter = CountingEnvironment()
    Engine(architecture, schedule, env=counter).run()
    seconds = shortest(lambda: Engine(architecture, schedule).run(), repeats)
    meaning = (
        f"speed of {counter.scheduled:,} engine events (vgg16 on von_neumann) / speed of a bare SimPy loop"
    )
    yield Result("engine events", seconds, counter.scheduled * event_s / seconds, meaning)


def map_afresh(network: str, architecture: str) -> None:
    forget_tilings()
    map_network(load_network(network), Architecture.load(architecture))


def times_of_configs(event_s: float, repeats: int) -> Iterator[Result]:
    for network, config in product(NETWORKS, shipped("configs")):
        architecture = Architecture.load(config)
        try:
            schedule = map_network(load_network(network), architecture)
        except InputError:
            continue  # single macros are shipped without a DRAM behind them, and do not hold every network
        mapping = shortest(lambda: map_afresh(network, config), repeats)  # noqa: B023 - called at once
        running = shortest(lambda: Engine(architecture, schedule).run(), repeats)  # noqa: B023
        tiles = sum(part.tile_count for part in schedule.parts)
        yield Result(f"map {network} on {config}", mapping, mapping / event_s, "bare events in that time")
        told = f"bare events in that time; {tiles:,} tiles"
        yield Result(f"run {network} on {config}", running, running / event_s, told)


def small_problem() -> Problem:
    """A convolution of 24 x 16 channels on 14 x 14 pixels and 16 x 16 PEs, in a buffer too small for it."""
    array = Array(
        across_rows="depth",
        across_columns="filters",
        streamed="pixels",
        rows=16,
        columns=16,
        overhead_cycles=46,
        uncounted_cycles=1,
    )
    return Problem(
        groups=1,
        filters=24,
        channels=16,
        images=1,
        vertical=Extent(14, 14, 3, 1, 1, 1),
        horizontal=Extent(14, 14, 3, 1, 1, 1),
        array=array,
        operands=Operands(8, 8, 8, 32),
        weights="memory",
        weights_staged=True,
        inputs_staged=True,
        outputs_staged=True,
        double_buffering=True,
        free_bits=4 * 1024 * 8,
        cell_bits=0,
        sums_held=1024,
        objective="traffic",
        costs=Costs(),
    )


def python_search(problem: Problem) -> float:
    """Least traffic over the candidates of the kernel, in plain Python and without its pruning."""
    _, filters, channels, pixels = ([tuple(map(float, row)) for row in table] for table in tables(problem))
    choices = product(filters, channels, pixels, ORDERS)
    return min(traffic for choice in choices if (traffic := python_traffic(problem, *choice)) is not None)


def python_traffic(
    problem: Problem,
    filters: Sequence[float],
    channels: Sequence[float],
    pixels: Sequence[float],
    order: tuple[str, ...],
) -> float | None:
    """Bits moved by one mapping, None where it does not fit: the definitions of docs/models/mapping.md."""
    operands = problem.operands
    place = {name: order.index(name) for name in CANDIDATES}
    tiles = {"filters": filters[1], "channels": channels[1], "pixels": pixels[3]}

    def inside(inner: str, outer: str) -> bool:
        return tiles[inner] > 1 and place[inner] > place[outer]

    spills = tiles["channels"] > 1 and (inside("pixels", "channels") or inside("filters", "channels"))
    if not python_fits(problem, (filters, channels, pixels), spills):
        return None
    again = inside("filters", "pixels") or inside("channels", "pixels")
    weights = problem.filters * problem.channels * problem.taps * (tiles["pixels"] if again else 1)
    again = inside("pixels", "filters") or inside("channels", "filters")
    inputs = problem.channels * pixels[4] * (tiles["filters"] if again else 1)
    outputs = problem.filters * problem.pixels
    moved = weights * operands.weight_bits + inputs * operands.input_bits + outputs * operands.output_bits
    return moved + (2 * outputs * (tiles["channels"] - 1) * operands.accumulator_bits if spills else 0)


def python_fits(
    problem: Problem,
    sizes: tuple[Sequence[float], Sequence[float], Sequence[float]],
    spills: bool,
) -> bool:
    (k, n_k, *_), (c, n_c, *_), (_, _, _, n_s, _, window, pixels, _) = sizes
    operands = problem.operands

    def room(bits: float, tiles: float) -> float:
        return bits * (2 if tiles > 1 else 1)

    output_bits = operands.accumulator_bits if spills else operands.output_bits
    used = room(k * c * problem.taps * operands.weight_bits, n_k * n_c)
    used += room(c * window * operands.input_bits, n_c * n_s)
    used += room(k * pixels * output_bits, n_k * n_s)
    held = pixels * (k if n_c > 1 and not spills else min(k, problem.array.columns))
    return used <= problem.free_bits and held <= problem.sums_held


def kernel_against_python(repeats: int) -> Iterator[Result]:
    problem = small_problem()
    least = python_search(problem)
    found = best_tiling(problem)
    assert found is not None
    assert found.objective == least, (found.objective, least)
    best_tiling.cache_clear()
    slow = shortest(lambda: python_search(problem), 1)

    def search() -> None:
        best_tiling.cache_clear()
        best_tiling(problem)

    seconds = shortest(search, repeats)
    yield Result(
        "tiling search", seconds, slow / seconds, "plain Python without pruning / kernel, same optimum"
    )


def results(repeats: int) -> Iterator[Result]:
    event_s = event_seconds(repeats)
    yield Result("bare SimPy event", event_s, 1.0, "the unit: one timeout of an empty loop")
    yield from events_of_engine(event_s, repeats)
    yield from kernel_against_python(repeats)
    yield from times_of_configs(event_s, repeats)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print a JSON list and nothing else")
    parser.add_argument("--repeats", type=int, default=3, help="repetitions; the shortest counts")
    options = parser.parse_args(arguments)
    found = list(results(options.repeats))
    if options.json:
        print(json.dumps([asdict(result) for result in found], indent=1))
        return 0
    width = max(len(result.name) for result in found)
    for result in found:
        print(f"{result.name:<{width}}  {result.seconds:10.3g} s  {result.ratio:12.4g}  {result.meaning}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
