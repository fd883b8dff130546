"""Slices as they are collected: a timeline that grows too long gets coarser while the run goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

from archsim.results.timeline import Label, Slice, Track

MOST_SLICES = 200_000
"""A longer timeline is coarsened, so that a browser can open it."""

_OTHER_LAYER = 16
"""Neighbours of different layers are merged at this fraction of the span at which those of one layer are."""


@dataclass(slots=True)
class Tracks:
    """Tracks with at most ``limit`` slices in all, or one slice each.

    Neighbours are merged where together they span no more than the resolution, which rises as far as
    needed: first tiles of a layer become one slice, then whole layers, then several layers. The whole run
    gets the same resolution.

    Attributes
    ----------
    recorded, kept
        Slices that were added, and that are left.
    resolution_ps
        0 as long as nothing had to be merged.
    """

    limit: int = MOST_SLICES
    tracks: list[Track] = field(default_factory=list)
    recorded: int = 0
    kept: int = 0
    resolution_ps: int = 0

    def open(self, group: str, name: str) -> Track:
        """A new, empty track behind the others."""
        track = Track(group, name)
        self.tracks.append(track)
        return track

    def add(self, track: Track, label: Label, start_ps: int, end_ps: int) -> None:
        """Append a slice, which does not begin before the last one of the track ends."""
        self.recorded += 1
        slices, new = track.slices, Slice(label, start_ps, end_ps, label, 1, end_ps - start_ps)
        if slices and self.resolution_ps and self._joins(slices[-1], new):
            _extend(slices[-1], new)
            return
        slices.append(new)
        self.kept += 1
        if self.kept > self.limit:
            self._coarsen(end_ps)

    def _joins(self, last: Slice, new: Slice) -> bool:
        of_one_layer = len({one.execution for one in (last.label, last.last, new.label, new.last)}) == 1
        span_ps = new.end_ps - last.start_ps
        return span_ps * (1 if of_one_layer else _OTHER_LAYER) <= self.resolution_ps

    def _coarsen(self, now_ps: int) -> None:
        """Merge until half of the limit is free again, so that this is done rarely."""
        self.resolution_ps = max(2 * self.resolution_ps, now_ps // max(self.limit, 1), 1)
        self._merge()
        while self.kept > self.limit // 2 and self.resolution_ps <= _OTHER_LAYER * now_ps:
            self.resolution_ps *= 2
            self._merge()

    def _merge(self) -> None:
        for track in self.tracks:
            merged: list[Slice] = []
            for one in track.slices:
                if merged and self._joins(merged[-1], one):
                    _extend(merged[-1], one)
                else:
                    merged.append(one)
            track.slices = merged
        self.kept = sum(len(track.slices) for track in self.tracks)


def _extend(one: Slice, new: Slice) -> None:
    one.end_ps = new.end_ps
    one.last = new.last
    one.merged += new.merged
    one.busy_ps += new.busy_ps
