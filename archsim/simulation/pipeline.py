"""One execution of a part: load, compute and store overlap as far as the buffers allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import repeat

import simpy

from archsim.mapping.patterns import Addresses, Pattern
from archsim.mapping.schedule import Part, Tile, Transfer
from archsim.simulation.banks import Banks
from archsim.simulation.clock import PS_PER_S, Clock
from archsim.simulation.port import Events
from archsim.simulation.ports import Fabric, Requests
from archsim.simulation.recorder import Scribe

Moved = Counter[tuple[str, str, str]]
"""Bits by (tensor, source, destination)."""

Placed = Sequence[tuple[Transfer, Pattern | None]]
"""Transfers, and where they go in the memory where their tensor lives (None: nobody asks)."""

_Chooser = Callable[[Placed], Placed]
_STAGES = ("prefetch", "load", "compute", "store")


def _all(loads: Placed) -> Placed:
    return loads


def _weights(loads: Placed) -> Placed:
    return [placed for placed in loads if placed[0].tensor == "weights"]


def _activations(loads: Placed) -> Placed:
    return [placed for placed in loads if placed[0].tensor != "weights"]


@dataclass(slots=True)
class Record:
    """What the executions of one part did: counted while it happened.

    Attributes
    ----------
    tiles
        Executed tiles by class.
    intervals
        First and last clock edge of each execution, in picoseconds.
    busy_cycles
        Cycles during which the unit computed, without waiting.
    saved
        Bits that coding kept off the way, by tensor and ends as ``moved``.
    """

    tiles: Counter[Tile] = field(default_factory=Counter)
    moved: Moved = field(default_factory=Counter)
    saved: Moved = field(default_factory=Counter)
    intervals: list[tuple[int, int]] = field(default_factory=list)
    cycles: int = 0
    busy_cycles: int = 0


@dataclass(frozen=True, slots=True)
class Sites:
    """Where one execution of a part reads and writes; its requests belong to the part."""

    addresses: Addresses
    part: Part
    index: int
    image: int

    def of_loads(self) -> Iterator[list[Pattern]]:
        """Patterns of the loads of every tile."""
        return self.addresses.of_loads(self.part, self.image)

    def of_stores(self) -> Iterator[list[Pattern]]:
        """Patterns of the stores of every tile."""
        return self.addresses.of_stores(self.part, self.image)

    def requests(self, group: Placed) -> Requests:
        """Return the requests of transfers with the same ends."""
        source, destination = group[0][0].source, group[0][0].destination
        bits = sum(transfer.bits for transfer, _ in group)
        known = [pattern for _, pattern in group if pattern is not None]

        def patterns(memory: str) -> Sequence[Pattern]:
            return known if memory in (source, destination) else [self.addresses.passing(memory, bits)]

        return Requests(self.index, patterns)


@dataclass(slots=True)
class Pipeline:
    """Load -> compute -> store of one part on one unit.

    With double buffering tile i is loaded once tile i - 2 has been computed, and computed once tile i - 2
    has been stored; without, each tile is loaded, computed and stored before the next. Where
    ``overlaps_activations`` is False, double buffering is for weights alone: those of tile i are loaded while
    tile i - 1 is computed, and all else as without.
    """

    env: simpy.Environment
    fabric: Fabric
    clock: Clock
    part: Part
    record: Record
    double_buffering: bool
    overlaps_activations: bool
    port_bits_per_ps: Fraction
    banks: Banks | None
    scribe: Scribe | None
    places: Sites | None = None
    _done: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_STAGES, 0))
    _waiting: dict[str, list[simpy.Event]] = field(default_factory=lambda: {stage: [] for stage in _STAGES})

    def run(self) -> Events:
        """Execute all tiles; ends when the last result is stored."""
        doubled = self.double_buffering and self.overlaps_activations
        apart = self.double_buffering and not self.overlaps_activations
        if apart:
            self.env.process(self._load("prefetch", after=("load", 0), chosen=_weights))
        after = ("compute", 1) if doubled else ("store", 0)
        self.env.process(self._load("load", after=after, chosen=_activations if apart else _all))
        storing = self.env.process(self._store())
        depth = 2 if doubled else 1
        for i, tile in enumerate(self._tiles()):
            yield from self._until("load", i + 1)
            if apart:
                yield from self._until("prefetch", i + 1)
            yield from self._until("store", i + 1 - depth)
            yield from self._compute(tile)
            self._advance("compute")
        yield storing

    def _tiles(self) -> Iterator[Tile]:
        for run in self.part.runs:
            for _ in range(run.count):
                yield run.tile

    def _load(self, stage: str, *, after: tuple[str, int], chosen: _Chooser) -> Events:
        """Load tile after tile, each once another stage has done all tiles but the last few before it."""
        patterns = self._unknown() if self.places is None else self.places.of_loads()
        for i, (tile, where) in enumerate(zip(self._tiles(), patterns, strict=False)):
            yield from self._until(after[0], i - after[1])
            loads = list(zip(tile.loads, where or repeat(None), strict=False))
            yield from self._move(chosen(loads), stage, tile.label)
            self._advance(stage)

    def _store(self) -> Events:
        patterns = self._unknown() if self.places is None else self.places.of_stores()
        for i, (tile, where) in enumerate(zip(self._tiles(), patterns, strict=False)):
            yield from self._until("compute", i + 1)
            stores = list(zip(tile.stores, where or repeat(None), strict=False))
            yield from self._move(stores, "store", tile.label)
            self._advance("store")

    @staticmethod
    def _unknown() -> Iterator[None]:
        return repeat(None)

    def _compute(self, tile: Tile) -> Events:
        start = self.clock.cycle_at(int(self.env.now))
        port_bits = tile.port_read_bits + tile.port_write_bits
        cycles = max(tile.work.cycles, tile.feed_cycles, self._port_cycles(port_bits))
        if self.banks is None or not port_bits:
            yield from self._until_edge(start + cycles)
        else:
            yield from self._take_turns(self.banks, port_bits, start, cycles)
        self.record.tiles[tile] += 1
        self.record.busy_cycles += tile.work.cycles
        if self.scribe is not None:
            self.scribe.computed(tile, self.clock.edge_ps(start), int(self.env.now))

    def _until_edge(self, edge: int) -> Events:
        end_ps = self.clock.edge_ps(edge)
        if end_ps > self.env.now:
            yield self.env.timeout(end_ps - int(self.env.now))

    def _take_turns(self, banks: Banks, port_bits: int, start: int, cycles: int) -> Events:
        """Compute for as many cycles, and until the private port has moved its bits past those before it."""
        window = banks.enter(self.clock.edge_ps(start), self.clock.edge_ps(start + cycles), port_bits)
        reached, needed = 0, cycles
        while needed > reached:
            reached = needed
            yield from self._until_edge(start + reached)
            blocked = banks.blocked_bits(window, int(self.env.now))
            needed = self._port_cycles(port_bits + blocked)
        banks.leave(window)

    def _port_cycles(self, bits: int) -> int:
        """Unit cycles that the private port needs for the operands of a tile."""
        per_cycle = self.port_bits_per_ps * Fraction(PS_PER_S, self.clock.frequency_hz)
        return -(-bits * per_cycle.denominator // per_cycle.numerator)

    def _move(self, placed: Placed, stage: str, label: str) -> Events:
        begin_ps = int(self.env.now)
        together: dict[tuple[str, str], list[tuple[Transfer, Pattern | None]]] = {}
        for one in placed:
            together.setdefault((one[0].source, one[0].destination), []).append(one)
        for (source, destination), group in together.items():
            start_ps = int(self.env.now)
            booked = None if self.scribe is None else self.scribe.booking(stage, label)
            path, bits = self.fabric.path(source, destination), sum(transfer.bits for transfer, _ in group)
            requests = self.places.requests(group) if self.places and path.controlled else None
            yield from self.fabric.move(self.env, path, bits, booked, requests)
            if self.scribe is not None:
                self.scribe.did(stage, label, start_ps, int(self.env.now))
        for transfer, _ in placed:
            key = (transfer.tensor, transfer.source, transfer.destination)
            self.record.moved[key] += transfer.bits
            if transfer.saved_bits:
                self.record.saved[key] += transfer.saved_bits
                if self.scribe is not None:
                    self.scribe.decoded(transfer, begin_ps, int(self.env.now))

    def _until(self, stage: str, count: int) -> Events:
        while self._done[stage] < count:
            event = self.env.event()
            self._waiting[stage].append(event)
            yield event

    def _advance(self, stage: str) -> None:
        self._done[stage] += 1
        waiting, self._waiting[stage] = self._waiting[stage], []
        for event in waiting:
            event.succeed()
