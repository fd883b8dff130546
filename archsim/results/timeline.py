"""What happened when, as a Chrome trace that ui.perfetto.dev opens: rows of slices, and counters."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_NS_PER_US = 1_000
_PS_PER_NS = 1_000
_PS_PER_US = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """What equal slices say. Compared by identity.

    Attributes
    ----------
    layer
        Name of the layer.
    tile
        Sizes of the tile's class.
    client
        Unit and stage that a memory or a link works for; empty on the unit's own rows.
    execution
        Counts the executions of layers, to tell those of different images apart.
    """

    layer: str
    tile: str = ""
    client: str = ""
    execution: int = 0


@dataclass(slots=True)
class Slice:
    """Something that occupied a unit, a memory or a link for a while, or several such things as one.

    Attributes
    ----------
    label, last
        Of the first and of the last member.
    merged
        Number of members.
    busy_ps
        Time of the members, without the gaps between them.
    """

    label: Label
    start_ps: int
    end_ps: int
    last: Label
    merged: int
    busy_ps: int

    @property
    def name(self) -> str:
        """What is shown: layer and tile class; of several tiles the layer, or the first and the last."""
        if self.merged == 1:
            return f"{self.label.layer} {self.label.tile}".rstrip()
        if self.label.layer == self.last.layer:
            return self.label.layer
        return f"{self.label.layer} ... {self.last.layer}"

    @property
    def duration_ps(self) -> int:
        """From the start of the first to the end of the last member."""
        return self.end_ps - self.start_ps

    @property
    def args(self) -> dict[str, str | int | float]:
        """Shown when the slice is selected."""
        if self.merged > 1:
            return {"merged": self.merged, "busy_us": self.busy_ps / _PS_PER_US}
        label = self.label
        told: dict[str, str | int | float] = {"layer": label.layer, "tile": label.tile}
        return told | ({"for": label.client} if label.client else {})


@dataclass(slots=True)
class Track:
    """A row of slices in order of time, which never overlap.

    Attributes
    ----------
    group
        Rows of one group stand together.
    """

    group: str
    name: str
    slices: list[Slice] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Counter:
    """A figure that changes over time: one value for each interval between the timeline's edges."""

    group: str
    name: str
    unit: str
    values: Sequence[float]


@dataclass(slots=True)
class Timeline:
    """What a run did and when. A run fills an empty one.

    Attributes
    ----------
    tracks
        In the order in which they are shown.
    edges_ps
        Edges of the counters' intervals, from the start to the end of the run.
    recorded
        Slices before neighbours were merged.
    resolution_ps
        Slices of a layer that together span no more than this were merged; 0: none were.
    """

    tracks: list[Track] = field(default_factory=list)
    counters: list[Counter] = field(default_factory=list)
    edges_ps: Sequence[int] = ()
    recorded: int = 0
    resolution_ps: int = 0

    @property
    def shown(self) -> int:
        """Slices on all tracks."""
        return sum(len(track.slices) for track in self.tracks)

    @property
    def note(self) -> str:
        """What was merged; empty if every slice is shown."""
        if not self.resolution_ps:
            return ""
        span = f"{self.resolution_ps / _PS_PER_US:,g} us"
        return (
            f"{self.recorded:,} slices were merged into {self.shown:,}: neighbours of one layer that span "
            f"at most {span}, of different layers a sixteenth of it"
        )


def timeline_bytes(timeline: Timeline, title: str) -> bytes:
    """Return a gzip-compressed Chrome trace; the same timeline gives the same bytes.

    Parameters
    ----------
    title
        Of the run, such as network and architecture.
    """
    about = {
        "title": title,
        "slices": timeline.recorded,
        "shown": timeline.shown,
        "note": timeline.note or "every slice is shown",
    }
    head = f'{{"displayTimeUnit":"ns","otherData":{_json(about)},"traceEvents":[\n'
    return _gzip(head + ",\n".join(_events(timeline, title)) + "\n]}\n")


def _events(timeline: Timeline, title: str) -> Iterator[str]:
    processes = {group: number for number, group in enumerate(_groups(timeline), 1)}
    for group, pid in processes.items():
        yield _metadata(pid, None, "process_name", {"name": f"{group} ({title})"})
        yield _metadata(pid, None, "process_sort_index", {"sort_index": pid})
    for counter in timeline.counters:
        yield from _counter_events(counter, timeline.edges_ps, processes[counter.group])
    # Numbers of threads differ from those of all processes: Perfetto takes equal ones for a main thread.
    for tid, track in enumerate(timeline.tracks, len(processes) + 1):
        pid = processes[track.group]
        yield _metadata(pid, tid, "thread_name", {"name": track.name})
        yield _metadata(pid, tid, "thread_sort_index", {"sort_index": tid})
        yield from _slice_events(track.slices, pid, tid)


def _groups(timeline: Timeline) -> list[str]:
    """Groups of counters alone, then those of the tracks in their order."""
    of_tracks = dict.fromkeys(track.group for track in timeline.tracks)
    of_counters = dict.fromkeys(counter.group for counter in timeline.counters)
    return [*(group for group in of_counters if group not in of_tracks), *of_tracks]


def _metadata(pid: int, tid: int | None, name: str, args: dict[str, str | int]) -> str:
    event: dict[str, object] = {"ph": "M", "pid": pid} | ({} if tid is None else {"tid": tid})
    return _json(event | {"name": name, "args": args})


def _counter_events(counter: Counter, edges_ps: Sequence[int], pid: int) -> Iterator[str]:
    """A value holds until the next event; at the end of the run it falls to zero."""
    head = f'{{"ph":"C","pid":{pid},"name":{_json(counter.name)},"ts":'
    unit, shown = _json(counter.unit), None
    for (at_ps, _), value in zip(pairwise(edges_ps), counter.values, strict=True):
        if value != shown:
            yield f'{head}{_us(at_ps)},"args":{{{unit}:{value!r}}}}}'
            shown = value
    if edges_ps:
        yield f'{head}{_us(edges_ps[-1])},"args":{{{unit}:0}}}}'


def _slice_events(slices: Sequence[Slice], pid: int, tid: int) -> Iterator[str]:
    """Complete events; most of a track's slices share a few texts."""
    texts: dict[Label, str] = {}
    for one in slices:
        text = texts.get(one.label) if one.merged == 1 else None
        if text is None:
            text = (
                f'{{"ph":"X","pid":{pid},"tid":{tid},"name":{_json(one.name)},"args":{_json(one.args)},"ts":'
            )
            if one.merged == 1:
                texts[one.label] = text
        yield f'{text}{_us(one.start_ps)},"dur":{_us(one.end_ps - one.start_ps)}}}'


def _us(time_ps: int) -> str:
    """Microseconds, exact to the picosecond, such that Perfetto finds the right nanosecond.

    It reads a double, multiplies by 1000 and truncates: 1.001 would become 1000 ns, overlap the slice before
    and be dropped. Such times get a tenth of a picosecond more.
    """
    whole, part = divmod(time_ps, _PS_PER_US)
    time_ns = time_ps // _PS_PER_NS
    # Perfetto's own reader adds integer and fraction; others round once.
    read = min(whole + part / _PS_PER_US, time_ps / _PS_PER_US)
    return f"{whole}.{part:06d}" + ("1" if int(read * _NS_PER_US) < time_ns else "")


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def _gzip(text: str) -> bytes:
    buffer = io.BytesIO()
    # No file name and no time in the header: the same timeline gives the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0, compresslevel=6) as stream:
        stream.write(text.encode())
    return buffer.getvalue()
