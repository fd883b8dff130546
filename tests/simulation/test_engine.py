"""Times of hand-made schedules, worked out in picoseconds on paper.

Unless a test says otherwise the bus moves 1 b/ps, units run at 1 GHz (1000 ps per cycle) and memories do
not limit.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench_parts import PlainMemory, machine, part, schedule, tile

from archsim.hardware.links.bus import Bus
from archsim.simulation.engine import Engine
from archsim.simulation.ports import QUANTUM_BITS

Q = QUANTUM_BITS
"""65,536 B = 524,288 b: on the bus of 1 b/ps a quantum takes 524,288 ps."""


def run(architecture, plan):
    return Engine(architecture, plan).run()


def intervals(execution):
    return [record.intervals for record in execution.records]


def test_a_quantum_is_64_kibibytes():
    assert Q == 524_288


# One quantum each; the bus serves a first (it asked first), b waits.
#   a: load 0-100,000; 10 cycles to 110,000; store asks at 110,000
#   b: load 100,000-160,000 (60,000 b); 20 cycles to 180,000; store asks at 180,000
#   bus: b's load holds it to 160,000, so a's store of 30,000 b runs 160,000-190,000;
#   b's store of 5,000 b waits for it and runs 190,000-195,000.
def test_two_units_share_a_bus_one_quantum_each():
    plan = schedule(
        part("a", (tile(100_000, 10, 30_000), 1)), part("b", (tile(60_000, 20, 5_000, unit="b"), 1))
    )
    done = run(machine("a", "b"), plan)
    assert intervals(done) == [[(0, 190_000)], [(0, 195_000)]]
    assert done.makespan_ps == 195_000
    assert done.ports["bus"].busy_ps == 100_000 + 60_000 + 30_000 + 5_000


# Three quanta for a, two for b, asked for at the same time: a b a b a. a's last one ends at 5 Q, b's at 4 Q.
# Then 1 cycle each; Q = 524,288 ps lies between edges of 1000 ps:
#   b: loaded at 2,097,152, next edge 2,098,000, computed at 2,099,000
#   a: loaded at 2,621,440, next edge 2,622,000, computed at 2,623,000
def test_two_streams_alternate_quantum_by_quantum():
    plan = schedule(part("a", (tile(3 * Q, 1), 1)), part("b", (tile(2 * Q, 1, unit="b"), 1)))
    assert intervals(run(machine("a", "b"), plan)) == [[(0, 2_623_000)], [(0, 2_099_000)]]


# a moves 2 Q + 1000 b, b 10,000 b. Bus: a 0-Q, b Q-(Q+10,000), a -(2Q+10,000), a's rest of 1000 b ends at
# 2 Q + 11,000 = 1,059,576. No cycles: a ends at the edge 1,060,000, b at 534,288 -> 535,000.
def test_a_short_transfer_waits_for_one_quantum_only():
    plan = schedule(part("a", (tile(2 * Q + 1000), 1)), part("b", (tile(10_000, unit="b"), 1)))
    assert intervals(run(machine("a", "b"), plan)) == [[(0, 1_060_000)], [(0, 535_000)]]


# A third unit joins: a b c a b a (3, 2 and 1 quanta): c ends at 3 Q, b at 5 Q, a at 6 Q.
# 3 Q = 1,572,864; 5 Q = 2,621,440; 6 Q = 3,145,728.
def test_three_streams_take_turns():
    plan = schedule(
        part("a", (tile(3 * Q), 1)), part("b", (tile(2 * Q, unit="b"), 1)), part("c", (tile(Q, unit="c"), 1))
    )
    ends = [spans[0][1] for spans in intervals(run(machine("a", "b", "c"), plan))]
    assert ends == [3_146_000, 2_622_000, 1_573_000]


# The first word of the memory that is read comes 250 ps late, once per transfer: not per quantum, and
# without holding the bus. a: 2 quanta alone, 2 Q + 250 = 1,048,826 -> edge 1,049,000.
# With b: a b a b, a's last quantum ends at 3 Q = 1,572,864, plus 250 = 1,573,114 -> 1,574,000;
# b's at 4 Q = 2,097,152, plus 250 = 2,097,402 -> 2,098,000.
def test_latency_is_paid_once_per_transfer_and_does_not_hold_the_bus():
    slow = {"dram": PlainMemory(first_word_ps=250)}
    alone = run(machine("a", memories=slow), schedule(part("a", (tile(2 * Q), 1))))
    assert intervals(alone) == [[(0, 1_049_000)]]
    plan = schedule(part("a", (tile(2 * Q), 1)), part("b", (tile(2 * Q, unit="b"), 1)))
    assert intervals(run(machine("a", "b", memories=slow), plan)) == [[(0, 1_574_000)], [(0, 2_098_000)]]


# Stores pay the latency of the unit's own memory (70 ps), loads that of the DRAM (250 ps):
# load 0-1000, +250 = 1250; computing starts at the edge 2000, 3 cycles to 5000; store 5000-5400, +70 = 5470.
def test_the_memory_that_is_read_sets_the_latency():
    memories = {"dram": PlainMemory(first_word_ps=250), "mem_a": PlainMemory(first_word_ps=70)}
    done = run(machine("a", memories=memories), schedule(part("a", (tile(1000, 3, 400), 1))))
    assert intervals(done) == [[(0, 6_000)]]
    assert (done.records[0].cycles, done.records[0].busy_cycles) == (6, 3)


# The slowest of memory, bus and memory sets the time: a DRAM of 0.25 b/ps needs 4000 ps for 1000 b.
# The bus is free again after 1000 ps, but b asks the same DRAM: 4000-8000.
def test_a_slow_memory_limits_and_is_shared():
    slow = {"dram": PlainMemory(bits_per_ns=250)}
    plan = schedule(part("a", (tile(1000), 1)), part("b", (tile(1000, unit="b"), 1)))
    done = run(machine("a", "b", memories=slow), plan)
    assert intervals(done) == [[(0, 4_000)], [(0, 8_000)]]
    assert (done.ports["dram"].busy_ps, done.ports["bus"].busy_ps) == (8_000, 2_000)


# b's own DRAM on the same bus: the bus is held for 1000 ps by a's request, then b's runs while a's DRAM
# works.
def test_two_slow_memories_overlap_on_a_fast_bus():
    names = ("dram", "dram2", "mem_a", "mem_b")
    slow = {"dram": PlainMemory(bits_per_ns=250), "dram2": PlainMemory(bits_per_ns=250)}
    bus = {"bus": Bus(width=1000, clock="1 GHz", connects=names)}
    plan = schedule(part("a", (tile(1000), 1)), part("b", (tile(1000, unit="b", dram="dram2"), 1)))
    done = run(machine("a", "b", memories=slow, links=bus), plan)
    assert intervals(done) == [[(0, 4_000)], [(0, 5_000)]]


# dram - outer - mid - inner - mem_a: mid takes 1 b/ps, everything else never limits. Each quantum is written
# into mid and read again through its one port: 2000 ps for 1000 b. b's 500 b wait for both, 2000-3000.
def test_a_memory_on_the_way_is_held_for_writing_and_for_reading():
    links = {
        "outer": Bus(width=10**6, clock="1 GHz", connects=("dram", "mid")),
        "inner": Bus(width=10**6, clock="1 GHz", connects=("mid", "mem_a", "mem_b")),
    }
    architecture = machine("a", "b", memories={"mid": PlainMemory(bits_per_ns=1000)}, links=links)
    done = run(architecture, schedule(part("a", (tile(1000), 1)), part("b", (tile(500, unit="b"), 1))))
    assert intervals(done) == [[(0, 2000)], [(0, 3000)]]
    mid = done.ports["mid"]
    assert (mid.busy_ps, mid.free_at_ps, mid.read_bits, mid.written_bits) == (3000, 3000, 1500, 1500)


def _with_private_route():
    links = {
        "bus": Bus(width=1000, clock="1 GHz", connects=("dram", "mem_a", "mem_b")),
        "own": Bus(width=1000, clock="1 GHz", connects=("dram2", "mem_c")),
    }
    return machine("a", "b", "c", memories={"dram2": PlainMemory()}, links=links)


# c: load 100,000, 10 cycles, store 5000: 115,000 ps, with or without traffic on the other bus.
def test_a_unit_with_a_private_route_is_unaffected():
    mine = part("c", (tile(100_000, 10, 5_000, unit="c", dram="dram2"), 1))
    others = [part("a", (tile(3 * Q, 1), 1)), part("b", (tile(2 * Q, 1, unit="b"), 1))]
    alone = run(_with_private_route(), schedule(mine))
    together = run(_with_private_route(), schedule(*others, mine))
    assert intervals(alone)[0] == intervals(together)[2] == [(0, 115_000)]


def test_transfers_of_one_tile_over_one_route_are_one_request():
    slow = {"dram": PlainMemory(first_word_ps=250)}
    double = replace(tile(), loads=tile(1000).loads * 2)
    done = run(machine("a", memories=slow), schedule(part("a", (double, 1))))
    assert intervals(done) == [[(0, 3_000)]]  # 2000 + one latency of 250, not two
    assert done.records[0].moved["inputs", "dram", "mem_a"] == 2000


# Three 333 MHz cycles end at floor(9 x 10^12 / ...) = 9009 ps; 1000 tiles of one cycle at 3,003,003 ps,
# which 1000 x 3003 ps would miss by 3 ps. 166.667 MHz: 1000 cycles end at 5,999,988 ps.
@pytest.mark.parametrize(
    ("clock", "cycles", "tiles", "end_ps"),
    [
        ("333 MHz", 3, 1, 9_009),
        ("333 MHz", 1, 1000, 3_003_003),
        ("166.667 MHz", 1, 1000, 5_999_988),
        ("166.667 MHz", 500, 2, 5_999_988),
    ],
)
def test_edges_never_accumulate_rounding(clock, cycles, tiles, end_ps):
    done = run(machine("a", clock=clock), schedule(part("a", (tile(cycles=cycles), tiles))))
    assert intervals(done) == [[(0, end_ps)]]
    assert done.records[0].cycles == done.records[0].busy_cycles == cycles * tiles


# 333 MHz: loaded at 10,000 ps; first edge not before it is edge 4 = 12,012; two cycles to edge 6 = 18,018.
# A second part starts at that edge: load to 28,018, edge 10 = 30,030, computed at edge 12 = 36,036.
def test_computing_starts_on_the_next_edge():
    plan = schedule(part("a", (tile(10_000, 2), 1)), part("a", (tile(10_000, 2), 1), after=(0,)))
    done = run(machine("a", clock="333 MHz"), plan)
    assert intervals(done) == [[(0, 18_018)], [(18_018, 36_036)]]
    assert [record.cycles for record in done.records] == [6, 6]


# 64 b per cycle at the private port: 1601 b take 26 cycles although computing takes 10.
@pytest.mark.parametrize(("port_bits", "cycles"), [(640, 10), (641, 11), (1600, 25), (1601, 26)])
def test_the_private_port_bounds_a_tile(port_bits, cycles):
    done = run(machine("a", port_bits_per_ns=64), schedule(part("a", (tile(cycles=10, port=port_bits), 1))))
    assert intervals(done) == [[(0, cycles * 1000)]]
    assert (done.records[0].cycles, done.records[0].busy_cycles) == (cycles, 10)


def test_a_part_without_work_takes_no_time():
    done = run(machine("a"), schedule(part("a", (tile(), 3))))
    assert intervals(done) == [[(0, 0)]]
    assert done.makespan_ps == 0
