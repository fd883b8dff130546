"""The Chrome trace."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from archsim.results.export import write_timeline
from archsim.results.timeline import Counter, Label, Slice, Timeline, Track, timeline_bytes
from archsim.simulation.tracks import Tracks


def one_slice(layer: str, start_ps: int, end_ps: int, tile: str = "K16") -> Slice:
    label = Label(layer, tile, client="npu load")
    return Slice(label, start_ps, end_ps, label, 1, end_ps - start_ps)


def tiny() -> Timeline:
    npu = Track(
        "units", "npu compute", [one_slice("conv1", 0, 2_000_000), one_slice("conv2", 2_000_000, 2_000_001)]
    )
    bus = Track("links", "bus", [one_slice("conv1", 0, 500_000)])
    counter = Counter("power", "total power", "W", [1.5, 0.25])
    return Timeline(tracks=[npu, bus], counters=[counter], edges_ps=[0, 1_000_000, 2_000_001], recorded=3)


def events_of(data: bytes) -> list[dict]:
    return json.loads(gzip.decompress(data))["traceEvents"]


def test_slices_become_complete_events_in_microseconds_on_named_tracks():
    events = events_of(timeline_bytes(tiny(), "tiny on von_neumann"))
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    shown = [
        (names[event["tid"]], event["name"], event["ts"], event["dur"])
        for event in events
        if event["ph"] == "X"
    ]
    assert shown == [
        ("npu compute", "conv1 K16", 0, 2.0),
        ("npu compute", "conv2 K16", 2.0, 1e-6),
        ("bus", "conv1 K16", 0, 0.5),
    ]
    told = next(event for event in events if event["name"] == "conv1 K16")["args"]
    assert told == {"layer": "conv1", "tile": "K16", "for": "npu load"}
    groups = [event["args"]["name"] for event in events if event["name"] == "process_name"]
    assert [group.partition(" ")[0] for group in groups] == ["power", "units", "links"]


def test_counters_hold_until_the_next_value_and_end_at_zero():
    events = [event for event in events_of(timeline_bytes(tiny(), "x")) if event["ph"] == "C"]
    assert [(event["ts"], event["args"]) for event in events] == [
        (0, {"W": 1.5}),
        (1.0, {"W": 0.25}),
        (2.000001, {"W": 0}),
    ]


def test_the_same_timeline_gives_the_same_bytes_without_a_time_stamp():
    data = timeline_bytes(tiny(), "x")
    assert data == timeline_bytes(tiny(), "x")
    assert data[4:8] == b"\0\0\0\0"
    assert data[3] == 0


def test_writing_makes_the_file(tmp_path):
    write_timeline(tiny(), tmp_path / "new" / "timeline.json.gz")
    events = events_of((tmp_path / "new" / "timeline.json.gz").read_bytes())
    assert sum(event["ph"] == "X" for event in events) == 3


def test_an_empty_timeline_is_valid():
    assert events_of(timeline_bytes(Timeline(), "x")) == []


def test_times_are_exact_to_the_picosecond_and_never_before_their_nanosecond():
    for time_ps in (1_001_000, 1_000_999, 123_456_789_123, 4_035_000):
        timeline = Timeline(tracks=[Track("units", "npu", [one_slice("a", time_ps, time_ps + 7)])])
        (event,) = [event for event in events_of(timeline_bytes(timeline, "x")) if event["ph"] == "X"]
        assert abs(event["ts"] * 1e6 - time_ps) < 0.5
        assert int(event["ts"] * 1000) == time_ps // 1000


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 50), st.integers(1, 9), st.integers(0, 2)),
        min_size=1,
        max_size=60,
    ),
    st.integers(1, 20),
)
def test_merging_keeps_ends_and_counts_and_never_crosses_tracks(plan, limit):
    tracks = Tracks(limit=limit)
    rows = {name: tracks.open("units", name) for name in "ab"}
    labels = [Label(f"layer{n}", "K1", execution=n) for n in range(3)]
    ends, counts, busy = {"a": 0, "b": 0}, {"a": 0, "b": 0}, {"a": 0, "b": 0}
    starts: dict[str, int] = {}
    for name, gap, length, layer in plan:
        start = ends[name] + gap
        starts.setdefault(name, start)
        ends[name], counts[name], busy[name] = start + length, counts[name] + 1, busy[name] + length
        tracks.add(rows[name], labels[layer], start, start + length)
    assert tracks.recorded == len(plan)
    assert tracks.kept == sum(len(row.slices) for row in rows.values())
    # Time on the other track may be ahead of the slice that was added last: a few more may stay.
    assert tracks.kept <= max(limit, len(labels) * len(rows))
    for name, first in starts.items():
        mine = rows[name].slices
        assert (mine[0].start_ps, mine[-1].end_ps) == (first, ends[name])
        assert sum(one.merged for one in mine) == counts[name]
        assert sum(one.busy_ps for one in mine) == busy[name]
        assert all(before.end_ps <= after.start_ps for before, after in pairwise(mine))


def test_a_merged_timeline_says_so():
    tracks = Tracks(limit=10)
    row = tracks.open("units", "npu")
    for n in range(100):
        tracks.add(row, Label("conv", "K1"), 10 * n, 10 * n + 8)
    timeline = Timeline(tracks=tracks.tracks, recorded=tracks.recorded, resolution_ps=tracks.resolution_ps)
    document = json.loads(gzip.decompress(timeline_bytes(timeline, "x")))
    assert document["otherData"]["slices"] == 100
    assert document["otherData"]["shown"] <= 10
    assert "merged" in document["otherData"]["note"]
    merged = [event for event in document["traceEvents"] if "merged" in event["args"]]
    assert sum(event["args"]["merged"] for event in merged) == 100
