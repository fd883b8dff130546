"""What happened when, as a Chrome trace that ui.perfetto.dev opens."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import pairwise

MOST_SLICES = 200_000
"""A longer timeline is coarsened to this many slices, so that a browser can open it."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Something that occupied a unit, a memory or a link for a while."""

    track: str
    """Row of the timeline, such as the name of a compute unit or a port."""
    name: str
    """What is shown on the slice, such as the layer."""
    start_ps: int
    duration_ps: int
    args: Mapping[str, str | int | float] = field(default_factory=dict)
    """Shown when the slice is selected."""


def timeline_bytes(slices: Sequence[Slice], process: str) -> bytes:
    """Return a gzip-compressed Chrome trace of the slices; the same slices give the same bytes.

    Parameters
    ----------
    slices
        In any order; slices of one track must not overlap partially.
    process
        Name shown above the tracks, such as architecture and network.
    """
    kept = coarsen(slices, MOST_SLICES)
    tracks = {name: number for number, name in enumerate(dict.fromkeys(one.track for one in slices), 1)}
    events = [*_metadata(process, tracks), *(_event(one, tracks[one.track]) for one in _in_order(kept))]
    about = {"slices": len(slices), "shown": len(kept), "note": _note(len(slices), len(kept))}
    document = {"displayTimeUnit": "ns", "otherData": about, "traceEvents": events}
    return _gzip(json.dumps(document, separators=(",", ":"), allow_nan=False).encode())


def coarsen(slices: Sequence[Slice], limit: int) -> list[Slice]:
    """Return at most about `limit` slices, neighbours of one track merged across the smallest gaps.

    A merged slice spans its members and says in `merged` how many they are; it keeps the name that all
    of them share. One slice per track always remains.
    """
    ordered = _in_order(slices)
    if len(ordered) <= limit:
        return ordered
    spans = [_end(after) - before.start_ps for before, after in _neighbours(ordered)]
    borders = nlargest(max(limit - 1, 0), range(len(spans)), key=lambda i: (spans[i], -i))
    keep = set(borders)
    groups: list[list[Slice]] = [[ordered[0]]]
    for index, (before, after) in enumerate(_neighbours(ordered)):
        if index in keep or before.track != after.track:
            groups.append([])
        groups[-1].append(after)
    return [_merge(group) for group in groups]


def _neighbours(ordered: Sequence[Slice]) -> list[tuple[Slice, Slice]]:
    return list(pairwise(ordered))


def _in_order(slices: Sequence[Slice]) -> list[Slice]:
    """Return the slices by track and time; enclosing ones first."""
    rank = {name: number for number, name in enumerate(dict.fromkeys(one.track for one in slices))}
    return sorted(slices, key=lambda one: (rank[one.track], one.start_ps, -one.duration_ps))


def _end(one: Slice) -> int:
    return one.start_ps + one.duration_ps


def _merge(group: Sequence[Slice]) -> Slice:
    if len(group) == 1:
        return group[0]
    first, end = group[0], max(_end(one) for one in group)
    names = {one.name for one in group}
    name = first.name if len(names) == 1 else f"{first.name} ... {group[-1].name}"
    return Slice(first.track, name, first.start_ps, end - first.start_ps, {"merged": len(group)})


def _note(count: int, kept: int) -> str:
    if kept == count:
        return "every slice is shown"
    return f"{count} slices were merged with their neighbours into {kept}; 'merged' says how many each spans"


def _metadata(process: str, tracks: Mapping[str, int]) -> list[dict[str, object]]:
    names = [("process_name", 0, process), *(("thread_name", tid, name) for name, tid in tracks.items())]
    named = [
        {"ph": "M", "pid": 1, "tid": tid, "name": kind, "args": {"name": name}} for kind, tid, name in names
    ]
    order = [
        {"ph": "M", "pid": 1, "tid": tid, "name": "thread_sort_index", "args": {"sort_index": tid}}
        for tid in tracks.values()
    ]
    return [*named, *order]


def _event(one: Slice, tid: int) -> dict[str, object]:
    """Return a complete event; the format's `ts` and `dur` are microseconds."""
    event: dict[str, object] = {"ph": "X", "pid": 1, "tid": tid, "name": one.name}
    event |= {"ts": one.start_ps / 1e6, "dur": one.duration_ps / 1e6}
    return event | {"args": dict(one.args)} if one.args else event


def _gzip(data: bytes) -> bytes:
    buffer = io.BytesIO()
    # No file name and no time in the header: the same timeline gives the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0, compresslevel=6) as stream:
        stream.write(data)
    return buffer.getvalue()
