"""Weights that are prefetched alone, transfers that are coded on their way, networks that bind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench_parts import machine, part, schedule, tile

from archsim.errors import InvariantError
from archsim.hardware.architecture import Architecture
from archsim.mapping.mapper import map_network
from archsim.mapping.schedule import Tile, Transfer
from archsim.results.timeline import Track
from archsim.simulation import simulate
from archsim.simulation.engine import Engine, Execution
from archsim.simulation.invariants import check
from archsim.simulation.ledger import MemoryBits, accounts
from archsim.simulation.recorder import Recorder
from archsim.workload import Conv2d, build_network


def staged(weights: int, inputs: int, cycles: int, outputs: int) -> Tile:
    """A tile that loads weights and inputs, one bit per picosecond."""
    plain = tile(inputs, cycles, outputs)
    return replace(plain, loads=(Transfer("weights", "dram", "mem_a", weights), *plain.loads))


def run(one: Tile, count: int = 3, **options: bool) -> tuple[int, list[Track]]:
    architecture = machine("a", **options)
    recorder = Recorder(architecture)
    done = Engine(architecture, schedule(part("a", (one, count))), recorder=recorder).run()
    return done.makespan_ps, recorder.tracks.tracks


def of(tracks: list[Track], stage: str) -> list[tuple[int, int]]:
    """Start and end of a stage in nanoseconds; a transfer starts when it asks for the bus."""
    (track,) = [one for one in tracks if one.name == f"a {stage}"]
    ends = [(one.start_ps, one.end_ps) for one in track.slices]
    return [(start // 1000, end // 1000) for start, end in ends]


# Weights 5, inputs 2, compute 8, store 3 ns, one bus. Weights 0: 0-5, inputs 0 behind them: 5-7.
#   Tile 0 computed 7-15, meanwhile weights 1: 7-12; store 0: 15-18, and only then inputs 1: 18-20.
#   Tile 1 computed 20-28, meanwhile weights 2: 20-25; store 1: 28-31; inputs 2: 31-33.
#   Tile 2 computed 33-41; store 2: 41-44.
def test_weights_are_loaded_during_the_tile_before_and_maps_are_not() -> None:
    makespan, slices = run(staged(5_000, 2_000, 8, 3_000), prefetches_weights_alone=True)
    assert makespan == 44_000
    assert of(slices, "prefetch") == [(0, 5), (7, 12), (20, 25)]
    assert of(slices, "load") == [(0, 7), (18, 20), (31, 33)]
    assert of(slices, "compute") == [(7, 15), (20, 28), (33, 41)]
    assert of(slices, "store") == [(15, 18), (28, 31), (41, 44)]


# The same tiles without double buffering: 3 x (5 + 2 + 8 + 3). With all of it loads take 7 and overlap too:
#   load 0 0-7, load 1 7-14, compute 0 7-15 and 1 15-23; load 2 and store 0 share the bus from 15 to 25, so
#   tile 2 is computed 25-33, and store 2 33-36.
def test_the_policy_lies_between_none_and_all() -> None:
    one = staged(5_000, 2_000, 8, 3_000)
    assert run(one, double_buffering=False)[0] == 54_000
    assert run(one, double_buffering=False, prefetches_weights_alone=True)[0] == 54_000
    assert run(one)[0] == 36_000


# Weights 20, inputs 2, compute 8, store 3 ns: weights bind. Weights 0: 0-20, inputs 0: 20-22, computed 22-30;
#   weights 1: 22-42 hold the bus, so store 0: 42-45, inputs 1: 45-47, computed 47-55; weights 2: 47-67,
#   store 1: 67-70, inputs 2: 70-72, computed 72-80, store 2: 80-83.
def test_the_next_weights_delay_what_needs_the_same_bus() -> None:
    makespan, slices = run(staged(20_000, 2_000, 8, 3_000), prefetches_weights_alone=True)
    assert makespan == 83_000
    assert of(slices, "compute") == [(22, 30), (47, 55), (72, 80)]


# Inputs of 1000 b come as 600, outputs of 8 b leave as 5: the link and the DRAM see what is coded, the unit's
# memory the whole; the port to the unit adds the 70 b that the tile reads there.
def coded_run() -> tuple[Architecture, Execution]:
    one = replace(
        tile(0, 4, port=70),
        loads=(Transfer("inputs", "dram", "mem_a", 600, saved_bits=400),),
        stores=(Transfer("outputs", "mem_a", "dram", 5, saved_bits=3),),
        finished_bits=8,
    )
    architecture = machine("a")
    return architecture, Engine(architecture, schedule(part("a", (one, 1)))).run()


def test_the_link_sees_coded_bits_and_the_units_memory_all() -> None:
    architecture, execution = coded_run()
    (row,) = accounts(architecture, execution)
    dram, memory = row.memories["dram"], row.memories["mem_a"]
    assert isinstance(dram, MemoryBits)
    assert (dram.read, dram.written) == (600, 5)
    assert (memory.read, memory.written) == (8 + 70, 1000)
    assert sum(row.links["bus"].values()) == 605
    check(architecture, execution, [row])
    assert execution.makespan_ps == 600 + 400 + 4000 + 1000, "600 b, the next edge, 4 cycles, 5 b, an edge"


def test_a_saved_bit_that_is_lost_breaks_conservation() -> None:
    architecture, execution = coded_run()
    execution.records[0].saved["outputs", "mem_a", "dram"] -= 1
    with pytest.raises(InvariantError, match="output bits written to their home: counted 7, expected 8"):
        check(architecture, execution, accounts(architecture, execution))


# The tiles of one part: 3 times the same.
def test_saved_bits_add_up_over_tiles() -> None:
    coded = Transfer("inputs", "dram", "mem_a", 600, saved_bits=400)
    one = replace(tile(0, 4), loads=(coded,))
    record = Engine(machine("a"), schedule(part("a", (one, 3)))).run().records[0]
    assert record.saved == {("inputs", "dram", "mem_a"): 1200}
    assert record.moved == {("inputs", "dram", "mem_a"): 1800}


# One tile of 2 -> 2 channels, 3 x 3 on 6 x 6, 16 b, all in one pass; the inputs come over a network of 1 b:
#   ramp: 6 rows x 2 channels x 3 words x 16 b = 576 cycles (36 weights over 64 b: 9);
#   computing: 4 outputs x 2 filters x (2 x 3 + 1) = 56; inputs 72 words x 16 b = 1152.
# Loading 1152 b and storing 512 b at 64 b and 60 MHz takes 27 link cycles, 90 of the array.
def one_pass_row(bus: str):
    network = build_network("one", (2, 6, 6), [Conv2d(name="conv", out_channels=2, kernel=3)])
    rule = "{layer: conv, passes: {m: 2, n: 1, e: 4, p: 2, q: 2, r: 1, t: 1}}"
    machine_ = Architecture.load(
        "eyeriss", [f"mapping=[{rule}]", f"compute.pes.row_stationary.input_bus={bus}"]
    )
    (one,) = map_network(network, machine_, 1).parts[0].runs
    return one, simulate(machine_, network, 1).layers[0]


def test_a_layer_bound_by_the_networks() -> None:
    one, row = one_pass_row("1 b")
    assert (one.count, one.tile.work.cycles, one.tile.feed_cycles) == (1, 576 + 56, 576 + 1152)
    assert row.bound_by == "pes networks"
    assert row.compute_cycles == 632
    assert row.cycles > 1728


# 576 b per cycle bring the first windows in 1 cycle (the filters need 9) and all inputs in 2.
def test_a_wide_network_does_not_bind() -> None:
    one, row = one_pass_row("576 b")
    assert (one.tile.work.cycles, one.tile.feed_cycles) == (9 + 56, 9 + 56)
    assert row.bound_by != "pes networks"
