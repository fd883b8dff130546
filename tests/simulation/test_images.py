"""Several parts and images: order, overlap, limits, split layers, progress and timelines."""

from __future__ import annotations

from itertools import pairwise

import pytest
from bench_parts import machine, part, schedule, tile

from archsim.hardware.architecture import Architecture
from archsim.mapping.mapper import map_network
from archsim.results.timeline import Timeline
from archsim.simulation import simulate
from archsim.simulation.engine import Engine
from archsim.simulation.recorder import Recorder
from archsim.workload import Add, Conv2d, Linear, MaxPool, build_network


def two_stages(a_cycles, b_cycles, images, in_flight):
    return schedule(
        part("a", (tile(cycles=a_cycles), 1)),
        part("b", (tile(cycles=b_cycles, unit="b"), 1), after=(0,)),
        images=images,
        in_flight=in_flight,
    )


def kilo(execution):
    """Intervals of every part in cycles of 1000 ps."""
    spans = [record.intervals for record in execution.records]
    return [[(start // 1000, end // 1000) for start, end in each] for each in spans]


# a takes 7 cycles per image, b 5. Two images in flight: image 2 may enter when image 0 has left (12), but a
# is busy until 14:                 a 0-7 7-14 14-21, b 7-12 14-19 21-26. One in flight: 3 x 12 = 36.
def test_layers_of_different_images_overlap():
    assert kilo(Engine(machine("a", "b"), two_stages(7, 5, 3, 2)).run()) == [
        [(0, 7), (7, 14), (14, 21)],
        [(7, 12), (14, 19), (21, 26)],
    ]
    assert kilo(Engine(machine("a", "b"), two_stages(7, 5, 3, 1)).run()) == [
        [(0, 7), (12, 19), (24, 31)],
        [(7, 12), (19, 24), (31, 36)],
    ]


# a takes 5, b 7. Two in flight: image 2 enters at 12, when image 0 has left; three in flight: at 10.
# Either way b is the bottleneck: 5 + n x 7.
@pytest.mark.parametrize(("in_flight", "third"), [(2, (12, 17)), (3, (10, 15))])
def test_images_in_flight_limit_when_an_image_enters(in_flight, third):
    spans = kilo(Engine(machine("a", "b"), two_stages(5, 7, 4, in_flight)).run())
    assert spans[0][2] == third
    assert spans[1] == [(5, 12), (12, 19), (19, 26), (26, 33)]


def test_never_more_images_in_flight_than_allowed():
    for limit in (1, 2, 3, 5):
        plan = schedule(
            part("a", (tile(cycles=3), 1)),
            part("b", (tile(cycles=11, unit="b"), 1), after=(0,)),
            part("c", (tile(cycles=2, unit="c"), 1), after=(1,)),
            images=9,
            in_flight=limit,
        )
        first, _, last = (record.intervals for record in Engine(machine("a", "b", "c"), plan).run().records)
        entered = sorted(start for start, _ in first)
        left = sorted(end for _, end in last)
        for i, now in enumerate(entered):
            assert i + 1 - sum(end <= now for end in left) <= limit


# Three layers, units a b a. Image 0: a 0-4, b 4-10, a 10-12; image 1: a 4-8 while b works on image 0,
# b 10-16, a 16-18. At 10 a is free and only image 0's third layer is ready.
def test_a_unit_works_on_another_image_while_it_waits():
    plan = schedule(
        part("a", (tile(cycles=4), 1)),
        part("b", (tile(cycles=6, unit="b"), 1), after=(0,)),
        part("a", (tile(cycles=2), 1), after=(1,)),
        images=2,
        in_flight=2,
    )
    assert kilo(Engine(machine("a", "b"), plan).run()) == [
        [(0, 4), (4, 8)],
        [(4, 10), (10, 16)],
        [(10, 12), (16, 18)],
    ]


# b 2 cycles: at 8, when a has finished image 1's first layer, both image 0's third layer (ready at 6) and
# image 2's first (three in flight) are ready: the earlier image goes first.
def test_the_earliest_image_goes_first():
    plan = schedule(
        part("a", (tile(cycles=4), 1)),
        part("b", (tile(cycles=2, unit="b"), 1), after=(0,)),
        part("a", (tile(cycles=3), 1), after=(1,)),
        images=3,
        in_flight=3,
    )
    spans = kilo(Engine(machine("a", "b"), plan).run())
    assert spans[0] == [(0, 4), (4, 8), (14, 18)]
    assert spans[2] == [(8, 11), (11, 14), (20, 23)]


# A diamond: a (0-3), then b (3-8) and c (3-5) at the same time, then a again when both are done (8-9).
def test_branches_run_at_the_same_time():
    plan = schedule(
        part("a", (tile(cycles=3), 1)),
        part("b", (tile(cycles=5, unit="b"), 1), after=(0,)),
        part("c", (tile(cycles=2, unit="c"), 1), after=(0,)),
        part("a", (tile(cycles=1), 1), after=(1, 2)),
    )
    assert kilo(Engine(machine("a", "b", "c"), plan).run()) == [[(0, 3)], [(3, 8)], [(3, 5)], [(8, 9)]]


def test_progress_counts_every_execution_once():
    seen = []
    engine = Engine(machine("a", "b"), two_stages(7, 5, 3, 2), progress=lambda *event: seen.append(event))
    engine.run()
    assert [done for done, _, _ in seen] == [1, 2, 3, 4, 5, 6]
    assert {total for _, total, _ in seen} == {6}
    # Ends at 7 and 12; then at 14 and 19; at 21 and 26.
    assert [name for *_, name in seen] == ["on_a", "on_b"] * 3


SPLIT = {
    "archsim": 1,
    "name": "two_arrays",
    "technology": {"node": "45 nm", "voltage": "0.9 V"},
    "memories": {
        "dram": {"kind": "dram", "part": "LPDDR4-3200-x16-8Gb", "channels": 2, "model": "streaming"},
        "buffer": {"kind": "sram", "capacity": "32 KiB", "width": "512 b", "backed_by": "dram"},
        "buffer2": {"kind": "sram", "capacity": "32 KiB", "width": "512 b", "backed_by": "dram"},
    },
    "links": {
        "bus": {
            "kind": "bus",
            "width": "128 b",
            "clock": "500 MHz",
            "connects": ["dram", "buffer", "buffer2", "npu", "npu2", "cpu"],
        }
    },
    "compute": {
        name: {
            "kind": "pe_array",
            "rows": 8,
            "columns": 8,
            "clock": "500 MHz",
            "dataflow": "weight_stationary",
            "memory": memory,
            "accumulator_capacity": "8 KiB",
        }
        for name, memory in (("npu", "buffer"), ("npu2", "buffer2"))
    }
    | {"cpu": {"kind": "core", "clock": "500 MHz", "memory": "buffer"}},
    "placement": [{"op": ["conv2d", "linear"], "unit": ["npu", "npu2"]}, {"unit": "cpu"}],
    "mapping": [{"layer": "*"}],
}


# Linear 64 -> 65: 33 filters on npu, 32 on npu2, one tile each. On 8 x 8 PEs:
#   npu ceil(64/8) x ceil(33/8) = 40 folds of 2 x 8 + 8 + 1 - 2 = 23 cycles - 1 = 919; npu2 32 x 23 - 1 = 735.
# Bus 128 b x 500 MHz = 0.064 b/ps, latency 65 x 625 = 40,625 ps:
#   npu  loads (64 + 64 x 33) x 8 = 17,408 b: 272,000 ps, there at 312,625
#   npu2 loads (64 + 64 x 32) x 8 = 16,896 b after it: 272,000 + 264,000 = 536,000, there at 576,625
#   npu  from 314,000, 919 x 2000: 2,152,000; stores 33 x 8 = 264 b: 4,125 ps + 918 (CACTI 7, 32 KiB 512 b:
#        0.917527 ns) = 2,157,043 -> edge 2,158,000
#   npu2 from 578,000, 735 x 2000: 2,048,000; stores 256 b: 4,000 + 918 = 2,052,918 -> edge 2,054,000
def test_a_layer_split_over_two_units():
    network = build_network("fc", (64, 1, 1), [Linear(name="fc", out_channels=65)])
    architecture = Architecture.from_dict(SPLIT)
    report = simulate(architecture, network)
    first, second = report.layers[:2]
    assert (first.name, first.unit, second.name, second.unit) == ("fc", "npu", "fc", "npu2")
    assert (first.macs, second.macs) == (64 * 33, 64 * 32)
    assert (first.compute_cycles, second.compute_cycles) == (919, 735)
    assert [round(row.end_s * 1e12) for row in report.layers[:2]] == [2_158_000, 2_054_000]
    assert report.totals.macs == network.macs
    assert report.totals.latency_s == first.end_s


BRANCHED = [
    Conv2d(name="stem", out_channels=8, kernel=3, padding=1),
    Conv2d(name="left", out_channels=8, kernel=3, padding=1),
    Conv2d(name="right", inputs=("stem",), out_channels=8, kernel=1),
    Add(name="sum", inputs=("left", "right")),
    MaxPool(name="pool", kernel=2),
    Linear(name="fc", out_channels=10),
]


@pytest.mark.parametrize("order", ["layer_major", "image_major"])
@pytest.mark.parametrize("clock", ["500 MHz", "166.667 MHz"])
def test_timeline_lies_within_the_run_and_tracks_do_one_thing_at_a_time(order, clock):
    data = SPLIT | {"schedule": {"batch_order": order}, "mapping": []}
    data["compute"] = {name: unit | {"clock": clock} for name, unit in SPLIT["compute"].items()}
    architecture = Architecture.from_dict(data)
    network = build_network("branched", (3, 12, 12), BRANCHED)
    recorder = Recorder(architecture)
    done = Engine(architecture, map_network(network, architecture, 3), recorder=recorder).run()
    used = [track for track in recorder.tracks.tracks if track.slices]
    assert {one.name.split()[0] for one in used if one.group == "units"} == set(architecture.compute)
    for track in used:
        mine = [(one.start_ps, one.end_ps) for one in track.slices]
        assert mine[0][0] >= 0
        assert mine[-1][1] <= done.makespan_ps
        assert all(end <= start for (_, end), (start, _) in pairwise(mine))
    # Computing on a unit never takes longer than the unit was occupied, and every executed tile that takes
    # time is on the timeline.
    computed = sum(len(one.slices) for one in used if one.name.endswith("compute"))
    tiles = sum(count for record in done.records for count in record.tiles.values())
    assert computed == tiles


def test_a_timeline_changes_nothing():
    architecture = Architecture.from_dict(SPLIT | {"mapping": []})
    network = build_network("branched", (3, 12, 12), BRANCHED)
    timeline = Timeline()
    assert simulate(architecture, network, trace=timeline) == simulate(architecture, network)
    assert timeline.shown


@pytest.mark.parametrize("order", ["layer_major", "image_major"])
def test_progress_of_a_network(order):
    architecture = Architecture.from_dict(SPLIT | {"schedule": {"batch_order": order}})
    network = build_network("branched", (3, 12, 12), BRANCHED)
    seen = []
    simulate(architecture, network, 3, progress=lambda *event: seen.append(event))
    # Six layers; four of them are split in two.
    executions = (4 * 2 + 2) * (3 if order == "image_major" else 1)
    assert [done for done, *_ in seen] == list(range(1, executions + 1))
    assert {total for _, total, _ in seen} == {executions}
    assert {name for *_, name in seen} == {one.name for one in network.layers}
