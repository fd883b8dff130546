"""The timeline of real runs: it opens, nothing overlaps, and its counters add up to the report."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from math import fsum

import pytest

from archsim import Architecture, Report, load_network, simulate
from archsim.results.timeline import Label, Timeline, timeline_bytes
from archsim.simulation.tracks import Tracks

RUNS = [
    ("von_neumann", "lenet5", 3, ()),
    ("hybrid_soc", "resnet20", 2, ("schedule.batch_order=image_major",)),
    ("pim_3d", "lenet5", 1, ()),
    ("eyeriss", "alexnet_conv", 1, ()),
]


@pytest.fixture(scope="module", params=RUNS, ids=[run[0] for run in RUNS])
def run(request: pytest.FixtureRequest) -> tuple[Report, Timeline]:
    config, network, batch, changes = request.param
    timeline = Timeline()
    report = simulate(Architecture.load(config, changes), load_network(network), batch, trace=timeline)
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
