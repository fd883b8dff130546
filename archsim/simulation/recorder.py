"""Writes down what happens when, for a timeline. A run without one has no recorder."""

from __future__ import annotations

from dataclasses import dataclass, field

from archsim.hardware.architecture import Architecture
from archsim.hardware.compute.base import ComputeUnit
from archsim.mapping.schedule import Part, Tile, Transfer
from archsim.results.timeline import Label, Track
from archsim.simulation.ports import Booked, Path
from archsim.simulation.profiles import Grid, Profile
from archsim.simulation.tracks import Tracks

STAGES = ("load", "compute", "store")
PREFETCH = "prefetch"
"""Stage of units that double-buffer weights alone."""

ONE_TILE = 1 << 32
"""What the executions of tiles are counted in, so that shares of one tile are integers."""


@dataclass(slots=True)
class Usage:
    """What the executions of one part did when.

    Attributes
    ----------
    tiles
        Computed tiles by class, in units of ``1 / ONE_TILE``.
    bits
        Bits through ports, by port and whether they were written.
    """

    grid: Grid
    tiles: dict[Tile, Profile] = field(default_factory=dict)
    bits: dict[tuple[str, bool], Profile] = field(default_factory=dict)

    def of_tile(self, tile: Tile) -> Profile:
        """The profile of a class of tiles."""
        if tile not in self.tiles:
            self.tiles[tile] = self.grid.profile()
        return self.tiles[tile]

    def of_port(self, port: str, written: bool) -> Profile:
        """The profile of the bits in one direction."""
        if (port, written) not in self.bits:
            self.bits[port, written] = self.grid.profile()
        return self.bits[port, written]


@dataclass(slots=True)
class Recorder:
    """Tracks of units, memories and links, and what each part of the schedule used."""

    architecture: Architecture
    tracks: Tracks = field(default_factory=Tracks)
    grid: Grid = field(default_factory=Grid)
    usages: dict[int, Usage] = field(default_factory=dict)
    _rows: dict[str, Track] = field(default_factory=dict)
    _executions: int = 0

    def __post_init__(self) -> None:
        machine = self.architecture
        stages = [f"{name} {stage}" for name, unit in machine.compute.items() for stage in _stages(unit)]
        ports = [port for link in machine.links for port in machine.link_ports(link)]
        for group, names in (("units", stages), ("memories", machine.memories), ("links", ports)):
            self._rows.update((name, self.tracks.open(group, name)) for name in names)

    def scribe(self, index: int, part: Part) -> Scribe:
        """Who writes down one execution of the part with that index."""
        self._executions += 1
        usage = self.usages.setdefault(index, Usage(self.grid))
        memory = self.architecture.compute[part.unit].memory
        return Scribe(part, memory, usage, self.tracks, self._rows, self._executions)


def _stages(unit: ComputeUnit) -> tuple[str, ...]:
    return STAGES if unit.overlaps_activations else (PREFETCH, *STAGES)


@dataclass(slots=True)
class Scribe:
    """Writes down one execution of a part; ``memory`` is that of its unit."""

    part: Part
    memory: str
    usage: Usage
    tracks: Tracks
    rows: dict[str, Track]
    execution: int
    _labels: dict[tuple[str, str], Label] = field(default_factory=dict)
    _bookings: dict[tuple[str, str], Booked] = field(default_factory=dict)

    def did(self, stage: str, tile: str, start_ps: int, end_ps: int) -> None:
        """The unit was in a stage of a tile."""
        if end_ps > start_ps:
            row = self.rows[f"{self.part.unit} {stage}"]
            self.tracks.add(row, self._label(tile, ""), start_ps, end_ps)

    def computed(self, tile: Tile, start_ps: int, end_ps: int) -> None:
        """The unit computed a tile."""
        self.did("compute", tile.label, start_ps, end_ps)
        self.usage.of_tile(tile).add(start_ps, end_ps, ONE_TILE)

    def decoded(self, transfer: Transfer, start_ps: int, end_ps: int) -> None:
        """The unit's memory held what coding kept off the way of a transfer."""
        written = transfer.source != self.memory
        self.usage.of_port(self.memory, written).add(start_ps, end_ps, transfer.saved_bits)

    def booking(self, stage: str, tile: str) -> Booked:
        """What writes down the quanta of a transfer."""
        key = (stage, tile)
        if key not in self._bookings:
            self._bookings[key] = self._booking(self._label(tile, f"{self.part.unit} {stage}"))
        return self._bookings[key]

    def _booking(self, label: Label) -> Booked:
        def booked(path: Path, bits: int, start_ps: int) -> None:
            for one in path.stages:
                self.usage.of_port(one.port.name, one.written).add(start_ps, one.port.free_at_ps, bits)
            # A memory on the way has two stages, which are one slice.
            for name, end_ps in {one.port.name: one.port.free_at_ps for one in path.stages}.items():
                self.tracks.add(self.rows[name], label, start_ps, end_ps)

        return booked

    def _label(self, tile: str, client: str) -> Label:
        key = (tile, client)
        if key not in self._labels:
            self._labels[key] = Label(self.part.layer.name, tile, client, self.execution)
        return self._labels[key]
