"""The Chrome trace."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.results.export import write_timeline
from archsim.results.timeline import Slice, coarsen, timeline_bytes

SLICES = [
    Slice("npu", "conv1", 0, 2_000_000, {"tile": 1}),
    Slice("bus", "conv1 inputs", 0, 500_000),
    Slice("npu", "conv2", 2_000_000, 1),
]


def _events(data: bytes) -> list[dict]:
    return json.loads(gzip.decompress(data))["traceEvents"]


def test_slices_become_complete_events_in_microseconds_on_named_tracks():
    events = _events(timeline_bytes(SLICES, "tiny on von_neumann"))
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    shown = [
        (names[event["tid"]], event["name"], event["ts"], event["dur"])
        for event in events
        if event["ph"] == "X"
    ]
    assert shown == [("npu", "conv1", 0, 2.0), ("npu", "conv2", 2.0, 1e-6), ("bus", "conv1 inputs", 0, 0.5)]
    assert {event["args"]["name"] for event in events if event["name"] == "process_name"} == {
        "tiny on von_neumann"
    }
    assert next(event for event in events if event["name"] == "conv1")["args"] == {"tile": 1}


def test_the_same_slices_give_the_same_bytes_without_a_time_stamp():
    data = timeline_bytes(SLICES, "x")
    assert data == timeline_bytes(list(SLICES), "x")
    assert data[4:8] == b"\0\0\0\0"
    assert data[3] == 0


def test_writing_makes_the_file(tmp_path):
    write_timeline(SLICES, tmp_path / "new" / "timeline.json.gz")
    assert len(_events((tmp_path / "new" / "timeline.json.gz").read_bytes())) == 3 + 1 + 2 * 2


def test_a_long_timeline_is_merged_and_says_so(monkeypatch):
    monkeypatch.setattr("archsim.results.timeline.MOST_SLICES", 10)
    slices = [Slice("npu", "tile", 10 * n, 8) for n in range(100)]
    document = json.loads(gzip.decompress(timeline_bytes(slices, "x")))
    assert document["otherData"]["slices"] == 100
    assert document["otherData"]["shown"] == 10
    assert "merged" in document["otherData"]["note"]


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 50), st.integers(1, 9)), min_size=1, max_size=60
    ),
    st.integers(1, 20),
)
def test_merging_keeps_ends_and_counts_and_never_crosses_tracks(plan, limit):
    ends = {"a": 0, "b": 0}
    slices = []
    for track, gap, length in plan:
        start = ends[track] + gap
        ends[track] = start + length
        slices.append(Slice(track, track, start, length))
    merged = coarsen(slices, limit)
    assert len(merged) <= max(limit, 1) + 1
    for track in {one.track for one in slices}:
        mine = [one for one in merged if one.track == track]
        old = [one for one in slices if one.track == track]
        assert mine[0].start_ps == min(one.start_ps for one in old)
        assert mine[-1].start_ps + mine[-1].duration_ps == ends[track]
        assert sum(int(one.args.get("merged", 1)) for one in mine) == len(old)
        for before, after in pairwise(mine):
            assert before.start_ps + before.duration_ps <= after.start_ps


def test_nothing_is_merged_below_the_limit():
    assert sorted(coarsen(SLICES, 3), key=lambda one: one.name) == sorted(SLICES, key=lambda one: one.name)


@pytest.mark.parametrize("empty", [[], ()])
def test_an_empty_timeline_is_valid(empty):
    assert [event["name"] for event in _events(timeline_bytes(empty, "x"))] == ["process_name"]
