"""The ledger: what each part of the network did, as integer counts of sourced actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from archsim.hardware.architecture import Architecture
from archsim.hardware.cost import Sourced, Work, total_work
from archsim.hardware.memories.base import Memory
from archsim.hardware.sequencer import launch_energy
from archsim.mapping.schedule import Part
from archsim.simulation.clock import PS_PER_S
from archsim.simulation.dram_port import DramActivity
from archsim.simulation.engine import Execution
from archsim.simulation.pipeline import Moved, Record
from archsim.workload.layer import Layer


@dataclass(frozen=True, slots=True)
class Entry:
    """A count of one action at its energy.

    Attributes
    ----------
    static
        The action books power that flows all the time; ``count`` is in picoseconds.
    """

    component: str
    action: str
    count: int
    energy: Sourced
    static: bool = False

    @property
    def energy_j(self) -> float:
        """Count times energy per action, in joules."""
        return self.count * self.energy.value


@dataclass(slots=True)
class MemoryBits:
    """Bits of one memory: all that it read and wrote, and what came from or went to it as a home."""

    read: int = 0
    written: int = 0
    as_home: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Controlled:
    """Bits that a memory's controller served, and the commands that it issued for them."""

    read: int
    written: int
    commands: Mapping[str, int]


@dataclass(slots=True)
class Account:
    """Everything that one row of the report is made of.

    Attributes
    ----------
    share_ps
        Part of the run's time that is apportioned to the row, for leakage.
    intervals
        Executions, in picoseconds.
    links
        Bits by link, and by the two nodes between which it moved them.
    resource_ps
        Time that each port or the unit itself needed for the row's work.
    commands
        Of memories with a controller; only what went past it is counted from bits.
    """

    layer: Layer
    unit: str
    work: Work = field(default_factory=Work)
    cycles: int = 0
    busy_cycles: int = 0
    share_ps: int = 0
    intervals: list[tuple[int, int]] = field(default_factory=list)
    memories: dict[str, MemoryBits] = field(default_factory=dict)
    links: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    resource_ps: dict[str, Fraction] = field(default_factory=dict)
    compulsory: Mapping[tuple[str, str], int] = field(default_factory=dict)
    commands: dict[str, Controlled] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)


def accounts(architecture: Architecture, execution: Execution) -> list[Account]:
    """One account per part and per fused layer, in network order."""
    found: list[Account] = []
    repeats = execution.schedule.repeats
    parts = zip(execution.schedule.parts, execution.records, strict=True)
    for index, (part, record) in enumerate(parts):
        drams = {name: dram.commands(index) for name, dram in execution.drams.items()}
        account = _account(architecture, part, record, repeats, drams)
        found.append(account)
        found.extend(_fused(architecture, account, layer, part.images * repeats) for layer in part.fused)
    return found


def _account(
    architecture: Architecture,
    part: Part,
    record: Record,
    repeats: int,
    drams: Mapping[str, Mapping[str, int]],
) -> Account:
    account = Account(
        layer=part.layer,
        unit=part.unit,
        work=total_work((tile.work, count) for tile, count in record.tiles.items()),
        cycles=record.cycles,
        busy_cycles=record.busy_cycles,
        intervals=record.intervals,
        compulsory={key: bits * repeats for key, bits in part.compulsory_bits.items()},
    )
    unit = architecture.compute[part.unit]
    account.resource_ps["compute"] = Fraction(record.busy_cycles * PS_PER_S, unit.clock_hz)
    book_transfers(architecture, account, record.moved)
    for name, commands in drams.items():
        if name in account.memories:
            bits = account.memories[name]
            account.commands[name] = Controlled(bits.read, bits.written, commands)
    _book_saved(account, unit.memory, record.saved)
    _book_port(architecture, account, record)
    account.entries.extend(unit_entries(architecture, part.unit, part.layer, account.work))
    account.entries.append(launch_entry(architecture, part.unit, sum(record.tiles.values())))
    account.entries.extend(traffic_entries(architecture, account))
    return account


def launch_entry(architecture: Architecture, unit: str, tiles: int) -> Entry:
    """The program of a unit's tiles: the same number of instructions for each."""
    instructions = tiles * architecture.compute[unit].launch_instructions
    return Entry(f"{unit}.sequencer", "instruction", instructions, launch_energy(architecture.technology))


def _fused(architecture: Architecture, producer: Account, layer: Layer, images: int) -> Account:
    """Account of an activation in the output stage: it takes no time and ends with its producer."""
    work = Work(elements=producer.layer.output_elements * images)
    entries = list(unit_entries(architecture, producer.unit, layer, work))
    ends = [(end, end) for _, end in producer.intervals]
    return Account(layer=layer, unit=producer.unit, work=work, intervals=ends, entries=entries)


def book_transfers(architecture: Architecture, account: Account, moved: Moved) -> None:
    """Add what every memory and link on the way of the transfers moved."""
    for (tensor, source, destination), bits in moved.items():
        for crossing in architecture.crossings(source, destination):
            ends = crossing.source, crossing.destination
            account.links.setdefault(crossing.name, Counter())[ends] += bits
            for use in (*crossing.ports, *crossing.memories):
                _need(account, use.port, bits / use.bits_per_ps)
            for use in crossing.memories:
                memory = account.memories.setdefault(use.port, MemoryBits())
                memory.written += bits if use.written else 0
                memory.read += 0 if use.written else bits
        home = _home(architecture, account.unit, (tensor, source, destination))
        if home in architecture.memories:
            account.memories[home].as_home[tensor] += bits


def _book_saved(account: Account, memory: str, saved: Moved) -> None:
    """Add what the unit's memory holds of coded transfers beyond what was on the way."""
    for (_, source, _), bits in saved.items():
        held = account.memories.setdefault(memory, MemoryBits())
        held.read += bits if source == memory else 0
        held.written += 0 if source == memory else bits


def _home(architecture: Architecture, unit: str, moved: tuple[str, str, str]) -> str:
    """The end of a transfer at which the tensor lives; partial sums come and go, past the unit's memory."""
    tensor, source, destination = moved
    if tensor == "partial_sums":
        return destination if source == architecture.compute[unit].memory else source
    return source if tensor in ("weights", "inputs") else destination


def _book_port(architecture: Architecture, account: Account, record: Record) -> None:
    unit = architecture.compute[account.unit]
    read = sum(tile.port_read_bits * count for tile, count in record.tiles.items())
    written = sum(tile.port_write_bits * count for tile, count in record.tiles.items())
    if read or written:
        memory = account.memories.setdefault(unit.memory, MemoryBits())
        memory.read += read
        memory.written += written
        rate = architecture.memories[unit.memory].bits_per_ps(unit.clock_hz)
        _need(account, f"{unit.memory} port", (read + written) / rate)
    fed = sum(tile.feed_cycles * count for tile, count in record.tiles.items())
    if fed > record.busy_cycles:
        _need(account, f"{account.unit} networks", Fraction(fed * PS_PER_S, unit.clock_hz))


def _need(account: Account, resource: str, time_ps: Fraction) -> None:
    account.resource_ps[resource] = account.resource_ps.get(resource, Fraction(0)) + time_ps


def unit_entries(architecture: Architecture, unit: str, layer: Layer, work: Work) -> Iterator[Entry]:
    """Actions of a unit; ``part.action`` becomes component ``unit.part`` and action ``action``."""
    part = architecture.compute[unit]
    counts = part.counts(layer, work)
    if any(counts.values()):
        energies = part.energies(architecture.technology, layer)
        for name, count in counts.items():
            if count:
                component, _, action = name.rpartition(".")
                yield Entry(f"{unit}.{component}", action, count, energies[name])


def traffic_entries(architecture: Architecture, account: Account) -> Iterator[Entry]:
    """Actions of the memories and links that an account used."""
    technology = architecture.technology
    for name, bits in account.memories.items():
        memory = architecture.memories[name]
        made = _memory_counts(memory, bits, account.commands.get(name))
        yield from _entries(name, made, memory.energies(technology))
    for name, moved in account.links.items():
        link = architecture.links[name]
        counts: Counter[str] = Counter()
        for ends, crossed in moved.items():
            counts.update(link.counts(crossed, *ends))
        yield from _entries(name, counts, link.energies(technology))


def _memory_counts(memory: Memory, bits: MemoryBits, served: Controlled | None) -> Mapping[str, int]:
    """Actions of a memory; the commands of its controller, and the rest from bits."""
    if served is None:
        return memory.counts(bits.read, bits.written)
    counts = Counter(memory.counts(bits.read - served.read, bits.written - served.written))
    counts.update(served.commands)
    return counts


def _entries(name: str, counts: Mapping[str, int], energies: Mapping[str, Sourced]) -> Iterator[Entry]:
    for action, count in counts.items():
        if count:
            yield Entry(name, action, count, energies[action])


def static_entries(
    architecture: Architecture, drams: Mapping[str, DramActivity], time_ps: int
) -> Iterator[Entry]:
    """Power that flows all the time, as picoseconds at joules per picosecond.

    That of a memory with a controller is its average over the run.
    """
    technology = architecture.technology
    for name, part in (architecture.memories | architecture.links).items():
        powers = drams[name].static_power if name in drams else part.static_power(technology)
        for cause, power in powers.items():
            yield _static(name, cause, power, time_ps)
    for name, unit in architecture.compute.items():
        for part_name, power in unit.static_power(technology).items():
            yield _static(f"{name}.{part_name}", "leakage", power, time_ps)


def _static(component: str, cause: str, power: Sourced, time_ps: int) -> Entry:
    per_ps = Sourced(power.value / PS_PER_S, power.source)
    return Entry(component, cause, time_ps, per_ps, static=True)


def apportion(rows: list[Account], makespan_ps: int) -> int:
    """Divide the run's time among the rows that were active, in whole picoseconds; return the idle time.

    Rows that are active at the same time share it evenly; what does not divide goes to the first of them.
    """
    changes: list[tuple[int, int, int]] = []
    for i, row in enumerate(rows):
        for start, end in row.intervals:
            if end > start:
                changes += [(start, 1, i), (end, 0, i)]
    active: Counter[int] = Counter()
    shared, before = 0, 0
    for at_ps, begins, i in sorted(changes):
        shared += _divide(rows, sorted(active), at_ps - before)
        before = at_ps
        active[i] += 1 if begins else -1
        if not active[i]:
            del active[i]
    return makespan_ps - shared


def _divide(rows: list[Account], active: list[int], span_ps: int) -> int:
    if not active or not span_ps:
        return 0
    each, rest = divmod(span_ps, len(active))
    for position, i in enumerate(active):
        rows[i].share_ps += each + (position < rest)
    return span_ps
