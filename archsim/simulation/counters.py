"""Bandwidth and power over time, from what was recorded and what the ledger booked for it.

The integral of each counter over the run is what the report says: bits are shared out as integers, and the
joules of the ledger are spread over the times at which their tiles and transfers took place.
"""

from __future__ import annotations

from collections import Counter as Sums
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import fsum

from archsim.hardware.architecture import Architecture
from archsim.hardware.cost import Work
from archsim.mapping.schedule import Part, Schedule
from archsim.results.report import group_of
from archsim.results.timeline import Counter, Timeline
from archsim.simulation.clock import PS_PER_S
from archsim.simulation.dram_port import DramActivity
from archsim.simulation.engine import Execution
from archsim.simulation.ledger import (
    Account,
    Entry,
    MemoryBits,
    launch_entry,
    static_entries,
    traffic_entries,
    unit_entries,
)
from archsim.simulation.profiles import Profile
from archsim.simulation.recorder import ONE_TILE, Recorder, Usage

Weights = Mapping[int, float]
"""By interval; only their ratios count."""

_PS_PER_NS = 1000


def fill(timeline: Timeline, recorder: Recorder, execution: Execution, rows: Iterable[Account]) -> None:
    """Fill a timeline with what was recorded, and with the counters of a run.

    Parameters
    ----------
    rows
        Of the ledger, in the order of :func:`archsim.simulation.ledger.accounts`.
    """
    counters = Counters(recorder, execution.makespan_ps, execution.drams)
    counters.add(execution.schedule, rows)
    timeline.counters = list(counters.counters())
    timeline.edges_ps = counters.edges_ps
    timeline.tracks = recorder.tracks.tracks
    timeline.recorded = recorder.tracks.recorded
    timeline.resolution_ps = recorder.tracks.resolution_ps


@dataclass(slots=True)
class Counters:
    """Adds up what all parts did, interval by interval.

    Attributes
    ----------
    energy_j
        Dynamic energy by unit, memory or link, and interval.
    moved
        Bits by memory or link, direction and interval, in units of ``1 / ONE_TILE``.
    """

    recorder: Recorder
    makespan_ps: int
    drams: Mapping[str, DramActivity] = field(default_factory=dict)
    energy_j: dict[str, defaultdict[int, float]] = field(default_factory=dict)
    moved: dict[tuple[str, bool], Sums[int]] = field(default_factory=dict)
    edges_ps: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.edges_ps = self.recorder.grid.edges_ps(self.makespan_ps)

    def add(self, schedule: Schedule, rows: Iterable[Account]) -> None:
        """Add all rows of the ledger, which follow the parts of the schedule."""
        left = iter(rows)
        for index, part in enumerate(schedule.parts):
            usage = self.recorder.usages[index]
            self._add_row(part, next(left), usage)
            for _ in part.fused:
                finished = _weigh((one, float(tile.finished_bits)) for tile, one in usage.tiles.items())
                self._spread(part.unit, _dynamic_j(next(left).entries)[part.unit], finished, _tiles(usage))

    def _add_row(self, part: Part, row: Account, usage: Usage) -> None:
        bits = _port_bits(self.recorder.architecture.compute[part.unit].memory, usage)
        for key, profile in bits.items():
            self.moved.setdefault(key, Sums()).update(profile)
        for group, joules in _dynamic_j(row.entries).items():
            if group in row.memories:
                weights = _memory_weights(self.recorder.architecture, row, group, bits)
            elif group in row.links:
                weights = _link_weights(self.recorder.architecture, group, bits)
            else:
                weights = _unit_weights(self.recorder.architecture, part, usage)
            self._spread(group, joules, weights, _tiles(usage))

    def _spread(self, group: str, joules: float, weights: Weights, otherwise: Weights) -> None:
        """Share out an energy; no joule is lost where none of the weights is above zero."""
        if not any(weights.values()):
            weights = otherwise
        total = fsum(weights.values())
        into = self.energy_j.setdefault(group, defaultdict(float))
        for index, weight in weights.items():
            into[index] += joules * weight / total

    def counters(self) -> Iterator[Counter]:
        """All counters, in the order in which they are shown."""
        yield from self._power()
        machine = self.recorder.architecture
        for name in machine.memories:
            yield self._bandwidth("memories", name, "read", written=False)
            yield self._bandwidth("memories", name, "written", written=True)
        for port in (port for link in machine.links for port in machine.link_ports(link)):
            yield self._bandwidth("links", port, "moved", written=False)

    def _power(self) -> Iterator[Counter]:
        machine = self.recorder.architecture
        always_w = _static_w(machine, self.drams)
        watts = {}
        for name in (*machine.compute, *machine.memories, *machine.links):
            joules = self._in_run(self.energy_j.get(name, {}))
            dynamic = [one * PS_PER_S / width for one, width in zip(joules, self._widths(), strict=True)]
            watts[name] = [always_w.get(name, 0.0) + one for one in dynamic]
        total = [fsum(each) for each in zip(*watts.values(), strict=True)]
        yield Counter("power", "total power", "W", total)
        for name, values in watts.items():
            yield Counter("power", f"{name} power", "W", values)

    def _bandwidth(self, group: str, name: str, way: str, *, written: bool) -> Counter:
        bits = self._in_run(self.moved.get((name, written), {}))
        per_ns = (one * _PS_PER_NS / width for one, width in zip(bits, self._widths(), strict=True))
        return Counter(group, f"{name} {way}", "GB/s", [one / (8 * ONE_TILE) for one in per_ns])

    def _widths(self) -> list[int]:
        return [after - before for before, after in pairwise(self.edges_ps)]

    def _in_run(self, bins: Mapping[int, float]) -> Sequence[float]:
        """A value for each interval; what happened at the very end of the run belongs to the last."""
        count = len(self.edges_ps) - 1
        values: list[float] = [0] * max(count, 0)
        if values:
            for index, amount in bins.items():
                values[min(index, count - 1)] += amount
        return values


def _dynamic_j(entries: Iterable[Entry]) -> defaultdict[str, float]:
    """Dynamic energy by unit, memory or link."""
    found: defaultdict[str, float] = defaultdict(float)
    for entry in entries:
        if not entry.static:
            found[group_of(entry.component)] += entry.energy_j
    return found


def _static_w(architecture: Architecture, drams: Mapping[str, DramActivity]) -> dict[str, float]:
    one_second: dict[str, float] = defaultdict(float)
    for entry in static_entries(architecture, drams, PS_PER_S):
        one_second[group_of(entry.component)] += entry.energy_j
    return one_second


def _weigh(profiles: Iterable[tuple[Profile, float]]) -> Weights:
    found: defaultdict[int, float] = defaultdict(float)
    for profile, weight in profiles:
        if weight:
            for index, amount in profile.bins.items():
                found[index] += weight * amount
    return found


def _unit_weights(architecture: Architecture, part: Part, usage: Usage) -> Weights:
    """When the unit spends its energy: each class of tiles by what one of them takes."""
    return _weigh((one, _tile_j(architecture, part, tile.work)) for tile, one in usage.tiles.items())


def _tiles(usage: Usage) -> Weights:
    return _weigh((one, 1.0) for one in usage.tiles.values())


def _tile_j(architecture: Architecture, part: Part, work: Work) -> float:
    entries = (
        *unit_entries(architecture, part.unit, part.layer, work),
        launch_entry(architecture, part.unit, 1),
    )
    return fsum(entry.energy_j for entry in entries)


def _memory_weights(
    architecture: Architecture, row: Account, memory: str, bits: Mapping[tuple[str, bool], Mapping[int, int]]
) -> Weights:
    """When a memory spends its energy: reads and writes by what each of them would take without the other."""
    moved = row.memories[memory]
    found: defaultdict[int, float] = defaultdict(float)
    for alone, total in (
        (MemoryBits(read=moved.read), moved.read),
        (MemoryBits(written=moved.written), moved.written),
    ):
        if not total:
            continue
        account = Account(layer=row.layer, unit=row.unit, memories={memory: alone})
        joules = fsum(entry.energy_j for entry in traffic_entries(architecture, account))
        for index, amount in bits.get((memory, alone.written > 0), {}).items():
            found[index] += joules * amount / total
    return found


def _link_weights(
    architecture: Architecture, link: str, bits: Mapping[tuple[str, bool], Mapping[int, int]]
) -> Weights:
    """When a link spends its energy: as its ports move bits."""
    found: Sums[int] = Sums()
    for port in architecture.link_ports(link):
        found.update(bits.get((port, False), {}))
    return found


def _port_bits(memory: str, usage: Usage) -> dict[tuple[str, bool], Sums[int]]:
    """Bits over time, in units of ``1 / ONE_TILE``: through links, and through the unit's private port."""
    found = {key: _times(profile, ONE_TILE) for key, profile in usage.bits.items()}
    for tile, profile in usage.tiles.items():
        for written, bits in ((False, tile.port_read_bits), (True, tile.port_write_bits)):
            if bits:
                found.setdefault((memory, written), Sums()).update(_times(profile, bits))
    return found


def _times(profile: Profile, factor: int) -> Sums[int]:
    return Sums({index: amount * factor for index, amount in profile.bins.items()})
