"""The timeline of real runs: it opens, nothing overlaps, and its counters add up to the report."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from itertools import pairwise
from math import fsum
from typing import Any

import pytest

from archsim import Architecture, Report, load_network, simulate
from archsim.mapping.mapper import map_network
from archsim.results.timeline import Label, Timeline, timeline_bytes
from archsim.simulation.counters import fill
from archsim.simulation.engine import Engine
from archsim.simulation.ledger import accounts
from archsim.simulation.recorder import Recorder
from archsim.simulation.tracks import Tracks

RUNS = [
    ("hierarchy", "lenet5", 2, ()),
    ("von_neumann", "lenet5", 3, ()),
    ("hybrid_soc", "resnet20", 2, ("schedule.batch_order=image_major",)),
    ("pim_3d", "lenet5", 1, ()),
    ("eyeriss", "alexnet_conv", 1, ()),
    ("systolic_scaleout_mesh", "lenet5", 2, ()),
    ("pim_3d_mesh", "lenet5", 1, ()),
]


HIERARCHY: dict[str, Any] = {
    "archsim": 1,
    "name": "hierarchy",
    "technology": {"node": "45 nm", "voltage": "0.9 V"},
    "memories": {
        "dram": {"kind": "dram", "part": "LPDDR4-3200-x16-8Gb"},
        "shared": {"kind": "sram", "capacity": "512 KiB", "width": "32 b", "banks": 8, "backed_by": "dram"},
        "buffer": {"kind": "sram", "capacity": "64 KiB", "width": "512 b", "backed_by": "shared"},
    },
    "links": {
        "outer": {"kind": "bus", "width": "64 b", "clock": "200 MHz", "connects": ["dram", "shared", "cpu"]},
        "inner": {
            "kind": "bus",
            "width": "128 b",
            "clock": "170 MHz",
            "connects": ["shared", "buffer", "npu"],
        },
    },
    "compute": {
        "npu": {
            "kind": "pe_array",
            "rows": 32,
            "columns": 32,
            "clock": "170 MHz",
            "memory": "buffer",
            "dataflow": "weight_stationary",
            "accumulator_capacity": "32 KiB",
        },
        "cpu": {"kind": "core", "clock": "200 MHz", "memory": "shared"},
    },
    "placement": [{"op": ["conv2d", "linear"], "unit": "npu"}, {"op": "*", "unit": "cpu"}],
}
"""The NPU's data pass a memory between two links, which is the slowest port on the way."""


def architecture_of(config: str, changes: tuple[str, ...]) -> Architecture:
    return Architecture.from_dict(HIERARCHY) if config == "hierarchy" else Architecture.load(config, changes)


@pytest.fixture(scope="module", params=RUNS, ids=[run[0] for run in RUNS])
def run(request: pytest.FixtureRequest) -> tuple[Report, Timeline]:
    config, network, batch, changes = request.param
    timeline = Timeline()
    report = simulate(architecture_of(config, changes), load_network(network), batch, trace=timeline)
    return report, timeline


def integral(timeline: Timeline, name: str) -> float:
    """Sum of value times seconds."""
    counter = next(one for one in timeline.counters if one.name == name)
    widths = [after - before for before, after in pairwise(timeline.edges_ps)]
    return fsum(value * width * 1e-12 for value, width in zip(counter.values, widths, strict=True))


def test_power_adds_up_to_the_energy_of_the_report(run: tuple[Report, Timeline]) -> None:
    report, timeline = run
    assert integral(timeline, "total power") == pytest.approx(report.totals.energy_j, rel=1e-9)
    groups: dict[str, float] = {}
    for component, joules in report.energy_by_component_j.items():
        group = component.partition(".")[0]
        groups[group] = groups.get(group, 0.0) + joules
    for group, joules in groups.items():
        assert integral(timeline, f"{group} power") == pytest.approx(joules, rel=1e-9), group


def test_bandwidth_adds_up_to_the_bytes_of_the_report(run: tuple[Report, Timeline]) -> None:
    report, timeline = run
    for memory in {name for layer in report.layers for name in layer.bytes}:
        for way, field in (("read", "read"), ("written", "write")):
            expected = sum(
                getattr(layer.bytes[memory], field) for layer in report.layers if memory in layer.bytes
            )
            # The report rounds each layer up to whole bytes.
            assert integral(timeline, f"{memory} {way}") * 1e9 == pytest.approx(
                expected, rel=1e-9, abs=len(report.layers)
            )


def test_slices_lie_in_the_run_and_never_overlap(run: tuple[Report, Timeline]) -> None:
    report, timeline = run
    end_ps = round(report.totals.latency_s * 1e12)
    assert timeline.edges_ps[0] == 0
    assert timeline.edges_ps[-1] == end_ps
    assert any(track.slices for track in timeline.tracks)
    for track in timeline.tracks:
        assert all(0 <= one.start_ps < one.end_ps <= end_ps for one in track.slices), track.name
        assert all(one.end_ps <= other.start_ps for one, other in pairwise(track.slices)), track.name


def test_compute_slices_cover_the_time_in_which_the_unit_computes(run: tuple[Report, Timeline]) -> None:
    report, timeline = run
    for unit in {layer.unit for layer in report.layers if layer.unit and layer.compute_cycles}:
        (track,) = [one for one in timeline.tracks if one.name == f"{unit} compute"]
        shown = sum(one.busy_ps for one in track.slices) * 1e-12
        occupied = sum(layer.latency_s for layer in report.layers if layer.unit == unit)
        busy = sum(
            layer.latency_s * layer.compute_cycles / layer.cycles
            for layer in report.layers
            if layer.unit == unit and layer.cycles
        )
        assert busy * (1 - 1e-9) <= shown <= occupied * (1 + 1e-9)


def test_units_memories_and_links_have_tracks(run: tuple[Report, Timeline]) -> None:
    _, timeline = run
    assert {track.group for track in timeline.tracks} == {"units", "memories", "links"}
    assert {counter.group for counter in timeline.counters} == {"power", "memories", "links"}


def test_events_are_what_a_chrome_trace_needs(run: tuple[Report, Timeline]) -> None:
    _, timeline = run
    events = json.loads(gzip.decompress(timeline_bytes(timeline, "x")))["traceEvents"]
    threads = {(event["pid"], event["tid"]) for event in events if event["name"] == "thread_name"}
    processes = {event["pid"] for event in events if event["name"] == "process_name"}
    for event in events:
        assert event["pid"] in processes
        if event["ph"] == "X":
            assert (event["pid"], event["tid"]) in threads
            assert event["ts"] >= 0
            assert event["dur"] > 0
        elif event["ph"] == "C":
            assert all(isinstance(value, int | float) and value >= 0 for value in event["args"].values())
        else:
            assert event["ph"] == "M"


def nanoseconds(time_us: float) -> int:
    """Perfetto's integer time of a double: ``static_cast<int64_t>(value * 1000.0)``."""
    return int(time_us * 1000.0)


def own_reader(text: str) -> float:
    """A double as Perfetto's own JSON reader makes it of a number without exponent."""
    if "e" in text:
        return float(text)
    whole, _, part = text.partition(".")
    return float(whole) + float(part) / 10.0 ** len(part)


# Perfetto drops a complete event that partly overlaps the one before on its thread, after rounding to
# nanoseconds; one that lies inside the other would be drawn below it.
@pytest.mark.parametrize("reader", [float, own_reader])
def test_perfetto_drops_and_nests_nothing(
    run: tuple[Report, Timeline], reader: Callable[[str], float]
) -> None:
    _, timeline = run
    text = gzip.decompress(timeline_bytes(timeline, "x")).decode()
    threads: dict[int, list[tuple[int, int]]] = {}
    for event in json.loads(text, parse_float=reader)["traceEvents"]:
        if event["ph"] == "X":
            start = nanoseconds(event["ts"])
            threads.setdefault(event["tid"], []).append((start, start + nanoseconds(event["dur"])))
    assert sum(len(slices) for slices in threads.values()) == timeline.shown
    for slices in threads.values():
        assert all(end <= start for (_, end), (start, _) in pairwise(slices))


def test_the_file_alone_gives_the_energy(run: tuple[Report, Timeline]) -> None:
    report, timeline = run
    events = json.loads(gzip.decompress(timeline_bytes(timeline, "x")))["traceEvents"]
    steps = [(one["ts"] * 1e-6, one["args"]["W"]) for one in events if one["name"] == "total power"]
    energy = fsum((after - before) * watts for (before, watts), (after, _) in pairwise(steps))
    assert energy == pytest.approx(report.totals.energy_j, rel=1e-9)
    assert steps[-1] == (pytest.approx(report.totals.latency_s), 0)


def test_processes_and_threads_are_told_apart_and_sorted(run: tuple[Report, Timeline]) -> None:
    _, timeline = run
    events = json.loads(gzip.decompress(timeline_bytes(timeline, "x")))["traceEvents"]
    named = [one for one in events if one["name"] == "process_name"]
    assert [one["args"]["name"] for one in named] == ["power (x)", "units (x)", "memories (x)", "links (x)"]
    for kind, key in (("process", "pid"), ("thread", "tid")):
        names = [one[key] for one in events if one["name"] == f"{kind}_name"]
        order = {one[key]: one["args"]["sort_index"] for one in events if one["name"] == f"{kind}_sort_index"}
        assert sorted(order, key=order.__getitem__) == names
        assert len(set(order.values())) == len(names)
    pids, tids = ({one[key] for one in events if key in one} for key in ("pid", "tid"))
    assert not pids & tids
    assert 0 not in pids | tids


def test_a_coarsened_run_still_adds_up() -> None:
    architecture, network = Architecture.load("von_neumann"), load_network("lenet5")
    timeline, report = Timeline(), simulate(architecture, network, 40)
    recorder = Recorder(architecture, Tracks(limit=300))
    done = Engine(architecture, map_network(network, architecture, 40), recorder=recorder).run()
    fill(timeline, recorder, done, accounts(architecture, done))
    assert timeline.shown <= 300 < timeline.recorded
    assert sum(one.merged for track in timeline.tracks for one in track.slices) == timeline.recorded
    assert integral(timeline, "total power") == pytest.approx(report.totals.energy_j, rel=1e-9)
    test_slices_lie_in_the_run_and_never_overlap((report, timeline))


def test_a_run_is_the_same_with_and_without_a_timeline() -> None:
    architecture, network = Architecture.load("von_neumann"), load_network("lenet5")
    assert simulate(architecture, network, trace=Timeline()) == simulate(architecture, network)


def test_a_long_run_is_coarsened_while_it_is_collected() -> None:
    tracks = Tracks(limit=100)
    track = tracks.open("units", "npu compute")
    label = Label("conv1", "K16", execution=1)
    for n in range(5000):
        tracks.add(track, label, 10 * n, 10 * n + 8)
        assert tracks.kept <= 101
    assert tracks.recorded == 5000
    assert sum(one.merged for one in track.slices) == 5000
    assert sum(one.busy_ps for one in track.slices) == 5000 * 8
    assert track.slices[-1].end_ps == 49998
    assert tracks.resolution_ps > 0
    note = Timeline(tracks=tracks.tracks, recorded=5000, resolution_ps=tracks.resolution_ps).note
    assert "5,000 slices were merged" in note
