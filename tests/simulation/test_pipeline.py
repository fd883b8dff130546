"""Double buffering: what overlaps with it, and by how much a layer gets longer without it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench_parts import PlainMemory, machine, part, schedule, tile

from archsim.hardware.architecture import Architecture
from archsim.hardware.links.bus import Bus
from archsim.mapping.mapper import map_network
from archsim.mapping.schedule import Transfer
from archsim.simulation import simulate
from archsim.simulation.engine import Engine
from archsim.simulation.recorder import Recorder
from archsim.workload import Linear, build_network


def makespan(plan, **options):
    return Engine(machine("a", **options), plan).run().makespan_ps


# Each tile: load 10,000 ps, 4 cycles of 1000 ps, no stores. n tiles take
#   with double buffering n x 10,000 + 4,000 (computing hides behind the next load),
#   without n x 14,000: longer by (n - 1) x 4,000.
@pytest.mark.parametrize("tiles", [1, 2, 5, 100])
def test_a_memory_bound_layer_without_double_buffering(tiles):
    plan = schedule(part("a", (tile(10_000, 4), tiles)))
    doubled, single = makespan(plan), makespan(plan, double_buffering=False)
    assert doubled == tiles * 10_000 + 4_000
    assert single == tiles * 14_000
    assert single - doubled == (tiles - 1) * 4_000


# Compute bound: load 3,000 ps, 8 cycles. With double buffering 3,000 + n x 8,000, without n x 11,000.
def test_a_compute_bound_layer_without_double_buffering():
    plan = schedule(part("a", (tile(3_000, 8), 6)))
    assert makespan(plan) == 51_000
    assert makespan(plan, double_buffering=False) == 66_000


# Stores on the same bus (load 10,000, compute 4,000, store 3,000 ps), 3 tiles. In units of 1000 ps:
#   load 0: 0-10. load 1 asks at 10: 10-20. compute 0: 10-14; store 0 asks at 14, bus taken: 20-23.
#   load 2 asks at 20 (tile 0 is computed), after store 0: 23-33. compute 1: 20-24; store 1 asks at 24: 33-36.
#   compute 2: 33-37; store 2 asks at 37: 37-40.
# Without double buffering 3 x (10 + 4 + 3) = 51.
def test_loads_and_stores_share_the_bus():
    plan = schedule(part("a", (tile(10_000, 4, 3_000), 3)))
    assert makespan(plan) == 40_000
    assert makespan(plan, double_buffering=False) == 51_000


def _store_elsewhere(loads, cycles, stores):
    return replace(tile(loads, cycles), stores=(Transfer("outputs", "mem_a", "other", stores),))


# The results leave over a link of their own: load, compute and store form a pipeline whose slowest
# stage counts.
#   load 10, compute 4, store 3: n x 10 + 4 + 3 against n x 17.
#   load 2, compute 4, store 9: the store of tile i - 2 must be over before tile i is computed:
#     stores run back to back from 6 on: 2 + 4 + n x 9.
@pytest.mark.parametrize(
    ("stages", "doubled", "single"), [((10, 4, 3), 47, 68), ((2, 4, 9), 42, 60), ((2, 9, 4), 42, 60)]
)
def test_three_stages_overlap(stages, doubled, single):
    links = {
        "bus": Bus(width=1000, clock="1 GHz", connects=("dram", "mem_a")),
        "out": Bus(width=1000, clock="1 GHz", connects=("mem_a", "other")),
    }
    load, compute, store = stages
    plan = schedule(part("a", (_store_elsewhere(load * 1000, compute, store * 1000), 4)))
    options = {"memories": {"other": PlainMemory()}, "links": links}
    assert makespan(plan, **options) == doubled * 1000
    assert makespan(plan, double_buffering=False, **options) == single * 1000


# Loading runs at most one tile ahead of computing: tile i is loaded once tile i - 2 is computed.
# load 1, compute 10: load 0 0-1, load 1 1-2, compute 0 1-11, load 2 11-12, compute 1 11-21, load 3 21-22 ...
def test_a_load_waits_for_its_buffer():
    plan, recorder = schedule(part("a", (tile(1_000, 10), 4))), Recorder(machine("a"))
    Engine(machine("a"), plan, recorder=recorder).run()
    (track,) = [one for one in recorder.tracks.tracks if one.name == "a load"]
    loads = [one.start_ps for one in track.slices]
    assert loads == [0, 1_000, 11_000, 21_000]


FC = """
archsim: 1
name: fc
technology: {{node: 45 nm, voltage: 0.9 V}}
memories:
  dram: {{kind: dram, part: LPDDR4-3200-x16-8Gb, model: streaming}}
  buffer: {{kind: sram, capacity: 16 KiB, width: 512 b, backed_by: dram}}
links:
  bus: {{kind: bus, width: 32 b, clock: 500 MHz, connects: [dram, buffer, npu]}}
compute:
  npu: {{kind: pe_array, rows: 32, columns: 32, clock: 500 MHz, dataflow: weight_stationary, memory: buffer,
        accumulator_capacity: 32 KiB, double_buffering: {double_buffering}}}
placement: [{{op: linear, unit: npu}}]
mapping: [{{layer: "*", filters: 32}}]
"""


# Linear 64 -> 128 in four tiles of 32 filters, 8 b, on the bus of 32 b x 500 MHz = 0.016 b/ps:
#   weights 64 x 32 x 8 = 16,384 b: 1,024,000 ps; inputs, first tile only, 512 b: 32,000 ps
#   results 32 x 8 = 256 b: 16,000 ps; DRAM latency (29 + 28 + 8) x 625 = 40,625 ps;
#   buffer latency: 0.705208 ns (CACTI 7, 45 nm itrs-lop 16 KiB 512 b) -> 706 ps
#   compute: ceil(64 / 32) = 2 folds of 2 x 32 + 32 + 1 - 2 = 95 cycles, one less in the first tile:
#   189, 190, 190, 190 cycles of 2000 ps = 378,000 or 380,000 ps.
# Without double buffering load, edge, compute, store of each tile, in ps:
#   tile 0: 1,056,000 + 40,625 = 1,096,625 -> edge 1,098,000; 1,476,000; stored at 1,492,706
#   tile 1: + 1,064,625 = 2,557,331 -> 2,558,000; 2,938,000; 2,954,706
#   tile 2: 4,019,331 -> 4,020,000; 4,400,000; 4,416,706
#   tile 3: 5,481,331 -> 5,482,000; 5,862,000; 5,878,706 -> edge 5,880,000.
# With it the load of tile 1 starts at 1,096,625 and the bus serves (asked for in this order):
#   load 1 1,096,625-2,120,625, there at 2,161,250; tile 0 computed at 1,476,000, store 0 takes the bus
#   at 2,120,625-2,136,625; load 2 asks at 2,161,250: -3,185,250, there at 3,225,875;
#   tile 1: 2,162,000-2,542,000, its store 3,185,250-3,201,250;
#   load 3: 3,225,875-4,249,875, there at 4,290,500;
#   tile 2: 3,226,000-3,606,000, its store 4,249,875-4,265,875;
#   tile 3: 4,292,000-4,672,000, its store -4,688,706 -> edge 4,690,000.
def test_double_buffering_false_in_yaml_lengthens_by_the_hand_computed_amount(tmp_path):
    network = build_network("fc", (64, 1, 1), [Linear(name="fc", out_channels=128)])
    ends = {}
    for doubled in ("true", "false"):
        path = tmp_path / f"{doubled}.yaml"
        path.write_text(FC.format(double_buffering=doubled))
        architecture = Architecture.load(path)
        report = simulate(architecture, network)
        assert [run.count for run in map_network(network, architecture).parts[0].runs] == [1, 3]
        assert report.layers[0].compute_cycles == 4 * 190 - 1
        assert report.layers[0].bound_by == "bus"
        ends[doubled] = round(report.totals.latency_s * 1e12)
    assert ends == {"true": 4_690_000, "false": 5_880_000}
    assert report.layers[0].stall_cycles == 5_880_000 // 2000 - 759
