"""What must hold in every run; a broken one stops it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from archsim.errors import InvariantError
from archsim.hardware.architecture import Architecture
from archsim.mapping.schedule import Part
from archsim.simulation.clock import Clock
from archsim.simulation.engine import Execution
from archsim.simulation.ledger import Account
from archsim.simulation.pipeline import Record
from archsim.simulation.ports import Fabric


def check(architecture: Architecture, execution: Execution, rows: list[Account]) -> None:
    """Check conservation of operations, data and time.

    Raises
    ------
    InvariantError
        With every sum that does not agree.
    """
    broken = [
        *_parts(architecture, execution),
        *_traffic(rows),
        *_ports(architecture, execution),
        *_units(architecture, execution),
        *_drams(execution),
        *_bursts(architecture, execution),
    ]
    if broken:
        raise InvariantError("; ".join(broken))


def _differ(what: str, counted: int, expected: int) -> Iterator[str]:
    if counted != expected:
        yield f"{what}: counted {counted}, expected {expected}"


def _parts(architecture: Architecture, execution: Execution) -> Iterator[str]:
    repeats = execution.schedule.repeats
    for part, record in zip(execution.schedule.parts, execution.records, strict=True):
        images = part.images * repeats
        name = f"layer '{part.layer.name}' on '{part.unit}'"
        macs = sum(tile.work.macs * count for tile, count in record.tiles.items())
        yield from _differ(f"{name} MACs", macs, part.layer.macs * images)
        slots = record.busy_cycles * architecture.compute[part.unit].multipliers
        if slots < macs:
            yield f"{name}: {macs} MACs in {record.busy_cycles} cycles, fewer than its multipliers need"
        finished = sum(tile.finished_bits * count for tile, count in record.tiles.items())
        width = architecture.compute[part.unit].operands(part.layer).output_bits
        yield from _differ(f"{name} output bits", finished, part.layer.output_elements * images * width)
        stored = sum(record.moved[key] + record.saved[key] for key in record.moved if key[0] == "outputs")
        if stored:
            yield from _differ(f"{name} output bits written to their home", stored, finished)
        tiles = sum(record.tiles.values())
        yield from _differ(f"{name} tiles", tiles, part.tile_count * repeats)
        yield from _fills(part, record, name)


def _fills(part: Part, record: Record, name: str) -> Iterator[str]:
    """What the executed tiles ask for is what moved."""
    asked = sum(
        transfer.bits * count
        for tile, count in record.tiles.items()
        for transfer in (*tile.loads, *tile.stores)
    )
    yield from _differ(f"{name} bits moved", sum(record.moved.values()), asked)
    if part.resident:
        weights = sum(bits for (tensor, *_), bits in record.moved.items() if tensor == "weights")
        yield from _differ(f"{name} resident weight bits moved", weights, 0)


def _traffic(rows: list[Account]) -> Iterator[str]:
    """Traffic of a home is at least compulsory: nothing is read or written less than once."""
    for row in rows:
        for (tensor, memory), bits in row.compulsory.items():
            moved = row.memories[memory].as_home[tensor] if memory in row.memories else 0
            if moved < bits:
                yield f"layer '{row.layer.name}' {tensor} of '{memory}': {moved} bits moved, {bits} needed"


def _ports(architecture: Architecture, execution: Execution) -> Iterator[str]:
    """Every port moved what the records say, and was not busy longer than the run."""
    read: dict[str, int] = dict.fromkeys(execution.ports, 0)
    written: dict[str, int] = dict.fromkeys(execution.ports, 0)
    fabric = Fabric(architecture)
    for record in execution.records:
        for (_, source, destination), bits in record.moved.items():
            for stage in fabric.path(source, destination).stages:
                (written if stage.written else read)[stage.port.name] += bits
    for name, port in execution.ports.items():
        yield from _differ(f"port '{name}' bits read", port.read_bits, read[name])
        yield from _differ(f"port '{name}' bits written", port.written_bits, written[name])
        if port.busy_ps > execution.makespan_ps:
            yield f"port '{name}' was busy for {port.busy_ps} ps of {execution.makespan_ps} ps"


def _drams(execution: Execution) -> Iterator[str]:
    """Every request of a layer is served once, rows are opened as often as closed, queues end empty."""
    for name, dram in execution.drams.items():
        yield from _differ(f"'{name}' requests that were left", dram.left, 0)
        for part, row in zip(execution.schedule.parts, dram.counts.tolist(), strict=True):
            _, read, written, forwarded, requested = row
            served = read + written + forwarded
            yield from _differ(f"'{name}' bursts served for layer '{part.layer.name}'", served, requested)
        for cause, total in dram.totals.items():
            yield from _differ(f"'{name}' {cause} of all layers", int(dram.by_cause[cause]), total)
        yield from _differ(f"'{name}' rows opened and not closed", dram.opened - dram.closed, dram.open_rows)


def _bursts(architecture: Architecture, execution: Execution) -> Iterator[str]:
    """Bursts hold at least the bits that were asked for."""
    for name, dram in execution.drams.items():
        port = execution.ports[name]
        controlled = architecture.memories[name].controlled
        assert controlled is not None
        bits = int(dram.by_cause["requested"]) * controlled.part.burst_bits
        if bits < port.read_bits + port.written_bits:
            yield f"'{name}': {bits} bits in bursts, {port.read_bits + port.written_bits} asked for"


def _units(architecture: Architecture, execution: Execution) -> Iterator[str]:
    """Busy + stalled + idle = makespan, and no unit does two things at once."""
    for name, unit in architecture.compute.items():
        mine = [
            record
            for part, record in zip(execution.schedule.parts, execution.records, strict=True)
            if part.unit == name
        ]
        spans = sorted(span for record in mine for span in record.intervals)
        for (_, end), (start, _) in pairwise(spans):
            if start < end:
                yield f"unit '{name}' started a part at {start} ps before the last one ended at {end} ps"
        occupied = sum(end - start for start, end in spans)
        idle = execution.makespan_ps - occupied
        cycles, busy = sum(record.cycles for record in mine), sum(record.busy_cycles for record in mine)
        stalled = cycles - busy
        if idle < 0 or stalled < 0:
            yield f"unit '{name}': {busy} busy + {stalled} stalled cycles, {idle} ps idle"
        clock = Clock(unit.clock_hz)
        lasted = sum(clock.cycle_at(end) - clock.cycle_at(start) for start, end in spans)
        yield from _differ(f"unit '{name}' cycles", cycles, lasted)
