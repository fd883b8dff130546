"""Every count, byte, picosecond and joule of a tiny system, worked out by hand.

conv  2x4x4 -> 3x2x2, kernel 3: depth K = 2 x 9 = 18, px = 4 pixels, M = 3 filters; 4 x 18 x 3 = 216 MACs.
      2 x 2 PEs, weight stationary: 9 x 2 folds of 2 R + C + px - 2 = 8 cycles, less one: 143 cycles.
relu  in the output stage of the array: 12 comparisons.
pool  on the core, 16 lanes: one vector of 4 loads, 4 maxima, 1 store, 2 of control: 11 cycles.
fc    3 -> 5: 2 x 3 folds of 2 R + C + 1 - 2 = 5 cycles, less one: 29 cycles; 15 MACs.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import isclose

import pytest
from tiny_system import network, tiny

from archsim import Architecture, load_network
from archsim.hardware.cost import Sourced
from archsim.mapping.mapper import map_network
from archsim.results.report import Bytes, Traffic
from archsim.simulation import simulate
from archsim.simulation.engine import Engine
from archsim.simulation.ledger import Entry, accounts
from archsim.simulation.run import _actions

MAKESPAN_PS = 696_000


@pytest.fixture(scope="module")
def report():
    return simulate(tiny(), network())


# Bus: 8 b x 500 MHz = 0.004 b/ps, 250 ps per bit. DRAM latency (29 + 28 + 8) x 625 = 40,625 ps.
# Buffer latency: 0.705208 ns (CACTI 7, 45 nm itrs-lop 16 KiB 64 b) -> 706 ps. Cycles of 2000 ps.
# conv: loads 18 x 3 weights and 32 inputs = 86 B = 688 b: 172,000 + 40,625 = 212,625 -> edge 107;
#       + 143 = edge 250 = 500,000 ps. Its result stays in the buffer.
# pool: loads 12 B = 96 b: 24,000 + 706 = 524,706 -> edge 263; + 11 = edge 274 = 548,000;
#       stores 3 B = 24 b: 6,000 (nothing is read from a memory: no latency) = 554,000 = edge 277.
# fc:   loads 15 weights = 120 b: 30,000 + 40,625 = 624,625 -> edge 313; + 29 = edge 342 = 684,000;
#       stores 5 B = 40 b: 10,000 + 706 = 694,706 -> edge 348 = 696,000 ps.
def test_time(report):
    rows = {row.name: row for row in report.layers}
    spans = {name: (round(row.start_s * 1e12), round(row.end_s * 1e12)) for name, row in rows.items()}
    assert spans == {
        "conv": (0, 500_000),
        "relu": (500_000, 500_000),
        "pool": (500_000, 554_000),
        "fc": (554_000, 696_000),
    }
    cycles = {name: (row.cycles, row.compute_cycles, row.stall_cycles) for name, row in rows.items()}
    assert cycles == {"conv": (250, 143, 107), "relu": (0, 0, 0), "pool": (27, 11, 16), "fc": (71, 29, 42)}
    assert report.totals.latency_s == MAKESPAN_PS / 1e12
    assert report.totals.cycles == 348


# Bytes at the buffer. conv: filled with 86 B; at the port 2 column folds x 72 inputs + 54 weights = 198 B are
# read, 12 B of results written. pool: 12 B and 3 B. fc: filled with 15 B; 3 column folds x 3 inputs + 15
# weights = 24 B read at the port, 5 B written there and read again on their way out.
def test_bytes(report):
    rows = {row.name: row for row in report.layers}
    assert rows["conv"].bytes == {"buffer": Bytes(read=198, write=98), "dram": Bytes(read=86)}
    assert rows["pool"].bytes == {"buffer": Bytes(read=12, write=3)}
    assert rows["fc"].bytes == {"buffer": Bytes(read=29, write=20), "dram": Bytes(read=15, write=5)}
    assert rows["relu"].bytes == {}
    assert rows["conv"].traffic == {"dram": Traffic(compulsory=86)}
    assert rows["pool"].traffic == {"buffer": Traffic(compulsory=15)}
    assert rows["fc"].traffic == {"dram": Traffic(compulsory=20)}


COUNTS = {
    # 216 + 15 MACs, each with two 8 b operands and a 32 b sum through registers; 54 + 15 weights loaded.
    ("npu.mac", "multiply"): 231,
    ("npu.mac", "add"): 231,
    ("npu.registers", "access"): 231 * (8 + 8 + 32) + (54 + 15) * 8,
    # Sums leave a fold px x M x ceil(K / R) times: 4 x 3 x 9 = 108 and 1 x 5 x 2 = 10; all but the first are
    # added.
    ("npu.accumulator", "write"): 108 + 10,
    ("npu.accumulator", "read"): (108 - 12) + (10 - 5),
    ("npu.accumulator", "add"): (108 - 12) + (10 - 5),
    ("npu.activation", "compare"): 12,
    # 32 instructions per tile.
    ("npu.sequencer", "instruction"): 64,
    ("cpu.sequencer", "instruction"): 32,
    # One vector: 4 loads + 4 maxima + 1 store, three registers of 16 x 8 b each; 2 of control, three of 32 b.
    ("cpu.core", "instruction_fetch"): 11,
    ("cpu.core", "register_access"): 3 * (9 * 128 + 2 * 32),
    ("cpu.core", "add"): 4 * 16,
    ("cpu.core", "control"): 2,
    ("cpu.core", "load"): 4,
    ("cpu.core", "store"): 1,
    # Words of 64 b, rounded up per layer: 198 B, 12 B, 29 B read; 98 B, 3 B, 20 B written.
    ("buffer", "read"): 25 + 2 + 4,
    ("buffer", "write"): 13 + 1 + 3,
    # Bursts of 256 b, rows of 16,384 b: conv 688 b, fc 120 b read and 40 b written.
    ("dram", "read"): 3 + 1,
    ("dram", "write"): 1,
    ("dram", "activate"): 1 + 1 + 1,
    ("bus", "transfer"): 688 + (96 + 24) + (120 + 40),
}

# Horowitz, ISSCC 2014 [pub]: 8 b multiply 0.2 pJ, adds 0.03 (8 b) and 0.1 pJ (32 b).
# Aladdin register 0.009 pJ/b at 40 nm [pub], scaled to 45 nm at 0.9 V by Stillmaker and Baas's polynomials:
# f(45 nm) = 1.103 x 0.81 - 0.362 x 0.9 + 0.2767 = 0.84433, f(32 nm) = 0.541209,
# f(40 nm) = 0.541209 + 8/13 x (0.84433 - 0.541209).
REGISTER_PJ = 0.009 * 0.84433 / (0.541209 + 8 / 13 * (0.84433 - 0.541209))
# CACTI 7, 45 nm itrs-lop [tool]: 1 KiB 32 b read 0.64367; 512 B 32 b 0.40281 and 0.72956; 16 KiB 64 b 6.03378
# and 4.41967; 16 KiB 32 b read 5.39858; 16 KiB 128 b 7.30521 and 7.46914 pJ. LPDDR4 [sheet], 625 ps, mA V:
# activate VDD1 1.8 (3.5 x 97 - 2.25 x 68 - 2 x 29) + VDD2 1.1 (45 x 97 - 30 x 68 - 27 x 29) = 1927.5; read 8
# x (1.1 x 245 + 1.1 x 150) = 8 x 434.5; write 8 x (1.1 x 180 + 1.1 x 55) = 8 x 258.5.
PICOJOULES = {
    ("npu.mac", "multiply"): 0.2,
    ("npu.mac", "add"): 0.1,
    ("npu.registers", "access"): REGISTER_PJ,
    ("npu.accumulator", "write"): 0.72956,
    ("npu.accumulator", "read"): 0.40281,
    ("npu.accumulator", "add"): 0.1,
    ("npu.activation", "compare"): 0.03,
    ("npu.sequencer", "instruction"): 0.64367 + 96 * REGISTER_PJ + 0.1,
    ("cpu.sequencer", "instruction"): 0.64367 + 96 * REGISTER_PJ + 0.1,
    ("cpu.core", "instruction_fetch"): 5.39858,
    ("cpu.core", "register_access"): REGISTER_PJ,
    ("cpu.core", "add"): 0.03,
    ("cpu.core", "control"): 0.1,
    ("cpu.core", "load"): 7.30521,
    ("cpu.core", "store"): 7.46914,
    ("buffer", "read"): 6.03378,
    ("buffer", "write"): 4.41967,
    ("dram", "read"): 8 * 434.5 * 0.625,
    ("dram", "write"): 8 * 258.5 * 0.625,
    ("dram", "activate"): 1927.5 * 0.625,
    ("bus", "transfer"): 0.1,
}

# CACTI 7 leakage at 350 K [tool]; LPDDR4: standby 1.8 x 2.25 + 1.1 x 30 mW, refresh (1.8 x 7.75 + 1.1 x 60)
# mW for 448 of 6246 cycles; logic by area (Horowitz) times leakage density (Aladdin: 0.08 mW per 6350 um2 of
# multiplier, 0.0024 mW per 278 um2 of adder), 4 PEs and 16 lanes.
MULTIPLIER_MW, ADDER_MW = 282 * 0.08 / 6350, 137 * 0.0024 / 278
MILLIWATTS = {
    ("buffer", "leakage"): 0.218861,
    ("npu.accumulator", "leakage"): 2 * 0.00796367,
    ("npu.multipliers", "leakage"): 4 * MULTIPLIER_MW,
    ("npu.adders", "leakage"): 4 * ADDER_MW,
    ("cpu.instruction_cache", "leakage"): 0.219705,
    ("cpu.data_buffer", "leakage"): 0.218915,
    ("cpu.multipliers", "leakage"): 16 * MULTIPLIER_MW,
    ("cpu.adders", "leakage"): 16 * ADDER_MW,
    ("dram", "background"): 37.05,
    ("dram", "refresh"): 79.95 * 448 / 6246,
}
REGISTER_LEAKAGE = {("npu.registers", "leakage"), ("cpu.registers", "leakage")}
"""Area of a scaled register times the adder's density: tested with the technology tables."""


def test_every_action_count(report):
    found = {(row.component, row.action): row.count for row in report.actions}
    static = dict.fromkeys(MILLIWATTS.keys() | REGISTER_LEAKAGE, MAKESPAN_PS)
    assert found == COUNTS | static


def test_every_energy(report):
    for row in report.actions:
        key = row.component, row.action
        if key in COUNTS:
            assert row.energy_per_action_j == pytest.approx(PICOJOULES[key] * 1e-12, rel=1e-9), key
            assert row.energy_j == pytest.approx(COUNTS[key] * PICOJOULES[key] * 1e-12, rel=1e-9), key
        elif key in MILLIWATTS:
            assert row.energy_j == pytest.approx(MILLIWATTS[key] * MAKESPAN_PS * 1e-15, rel=1e-5), key


def test_totals(report):
    totals = report.totals
    dynamic = sum(COUNTS[key] * PICOJOULES[key] for key in COUNTS) * 1e-12
    assert totals.dynamic_energy_j == pytest.approx(dynamic, rel=1e-9)
    assert totals.macs == 231
    assert totals.energy_j == totals.dynamic_energy_j + totals.leakage_energy_j
    assert totals.average_power_w == pytest.approx(totals.energy_j / 696e-9, rel=1e-12)
    assert totals.edp_js == pytest.approx(totals.energy_j * 696e-9, rel=1e-12)
    assert totals.throughput_gops == pytest.approx(2 * 231 / 696, rel=1e-12)


# Energy of the layers, in pJ, without leakage.
def test_dynamic_energy_of_each_layer(report):
    p = PICOJOULES
    expected = {
        "relu": 12 * 0.03,
        "pool": 11 * 5.39858
        + 3 * 1216 * REGISTER_PJ
        + 64 * 0.03
        + 2 * 0.1
        + 4 * 7.30521
        + 7.46914
        + 32 * p["cpu.sequencer", "instruction"]
        + 2 * 6.03378
        + 4.41967
        + 120 * 0.1,
        "fc": 15 * (0.3 + 48 * REGISTER_PJ)
        + 15 * 8 * REGISTER_PJ
        + 5 * (0.40281 + 0.1)
        + 10 * 0.72956
        + 32 * p["npu.sequencer", "instruction"]
        + 4 * 6.03378
        + 3 * 4.41967
        + p["dram", "read"]
        + p["dram", "write"]
        + 2 * p["dram", "activate"]
        + 160 * 0.1,
    }
    for row in report.layers:
        if row.name in expected:
            assert row.dynamic_energy_j * 1e12 == pytest.approx(expected[row.name], rel=1e-9)


# conv computes for 286,000 ps and needs the bus for 172,000; pool computes 22,000 ps, bus 120 b x 250 =
# 30,000; fc computes 58,000 ps, bus 40,000.
def test_bounds_and_utilization(report):
    rows = {row.name: row for row in report.layers}
    assert {name: row.bound_by for name, row in rows.items()} == {
        "conv": "compute",
        "relu": None,
        "pool": "bus",
        "fc": "compute",
    }
    assert rows["conv"].utilization == 216 / (4 * 250)
    assert rows["fc"].utilization == 15 / (4 * 71)
    assert rows["relu"].utilization == rows["pool"].utilization == 0


# Picoseconds that each resource needs for conv: 143 cycles; 688 b over the bus, out of the DRAM at 6.4 GB/s
# less refresh and into the buffer at 64 b x 500 MHz of the bus; 1680 b through the private port.
def test_needs_of_every_resource():
    architecture = tiny()
    conv = accounts(architecture, Engine(architecture, map_network(network(), architecture)).run())[0]
    assert conv.resource_ps == {
        "compute": 286_000,
        "bus": 172_000,
        "dram": 688 / (Fraction(512, 10_000) * (1 - Fraction(448, 6246))),
        "buffer": 21_500,
        "buffer port": 52_500,
    }


# One layer after the other without a gap: leakage is divided by the time that each takes.
def test_leakage_of_a_layer_is_its_share_of_the_time(report):
    for row in report.layers:
        static = row.energy_j - row.dynamic_energy_j
        part = round(row.latency_s * 1e12) / MAKESPAN_PS
        assert isclose(static, report.totals.leakage_energy_j * part, rel_tol=1e-12, abs_tol=1e-24)


# Two images, layer by layer: twice the MACs, pixels and activations, weights once.
def test_two_images_share_the_weights():
    two = simulate(tiny(), network(), batch=2)
    counts = {(row.component, row.action): row.count for row in two.actions}
    assert counts["npu.mac", "multiply"] == 462
    assert counts["bus", "transfer"] == (432 + 2 * 256) + 2 * 120 + (120 + 2 * 40)
    # 18 folds of 6 + 8 - 2 cycles, less one; 6 folds of 6 + 2 - 2, less one.
    assert [row.compute_cycles for row in two.layers if row.op in ("conv2d", "linear")] == [18 * 12 - 1, 35]


# Image by image: the same tiles twice, weights twice.
def test_two_images_one_after_the_other():
    two = simulate(tiny(schedule={"batch_order": "image_major", "images_in_flight": 1}), network(), batch=2)
    dynamic = {key: 2 * count for key, count in COUNTS.items()}
    # Words, bursts and rows are counted over both images: 3168 / 64 etc. are rounded up once.
    dynamic["buffer", "read"] = -(-2 * 1584 // 64) + -(-2 * 96 // 64) + -(-2 * 232 // 64)
    dynamic["buffer", "write"] = -(-2 * 784 // 64) + -(-2 * 24 // 64) + -(-2 * 160 // 64)
    dynamic["dram", "read"] = -(-2 * 688 // 256) + -(-2 * 120 // 256)
    dynamic["dram", "write"] = 1
    dynamic["dram", "activate"] = 3
    found = {(row.component, row.action): row.count for row in two.actions}
    assert {key: found[key] for key in dynamic} == dynamic
    # What is needed for each image is compulsory, weights included: an image goes through on its own.
    assert two.layers[0].traffic == {"dram": Traffic(compulsory=2 * 86)}
    # The second image finds the unit at edge 348 and everything else as the first did.
    assert round(two.totals.latency_s * 1e12) == 2 * MAKESPAN_PS


@pytest.mark.parametrize("name", ["pim_3d", "pim_3d_int8", "hybrid_soc"])
def test_no_two_rows_of_an_action_differ_by_rounding_alone(name):
    rows = simulate(Architecture.load(name), load_network("lenet5")).actions
    for before, after in pairwise(rows):
        if (before.component, before.action, before.source) == (after.component, after.action, after.source):
            assert not isclose(before.energy_per_action_j, after.energy_per_action_j, rel_tol=1e-12)


def test_the_last_bit_of_an_energy_does_not_order_the_rows():
    lower, higher = 0.3, 0.1 + 0.2
    assert lower < higher
    for first, second in [(lower, higher), (higher, lower)]:
        rows = _actions([Entry("a", "b", 5, Sourced(second, "s")), Entry("a", "b", 3, Sourced(first, "s"))])
        assert [row.count for row in rows] == [3, 5]
