"""simulate: one architecture executes one network; the report of what it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import fsum

import archsim
from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.hardware.cost import Work
from archsim.mapping.mapper import map_network
from archsim.mapping.schedule import Schedule
from archsim.results.closure import check_closure
from archsim.results.report import (
    ActionRow,
    Bytes,
    LayerRow,
    Report,
    Setup,
    Totals,
    Traffic,
    throughput_gops,
)
from archsim.results.timeline import Timeline
from archsim.simulation.clock import PS_PER_S, Clock
from archsim.simulation.counters import fill
from archsim.simulation.designs import areas, inexact_designs
from archsim.simulation.engine import Engine, Execution, Progress
from archsim.simulation.invariants import check
from archsim.simulation.ledger import (
    Account,
    Entry,
    MemoryBits,
    accounts,
    apportion,
    book_transfers,
    static_entries,
    traffic_entries,
    unit_entries,
)
from archsim.simulation.pipeline import Moved
from archsim.simulation.recorder import Recorder
from archsim.workload.network import Network

IDLE = "(idle)"
"""Row of the time, and of the leakage, during which no layer was active."""


def simulate(  # noqa: PLR0913
    architecture: Architecture,
    network: Network,
    batch: int = 1,
    seed: int = 0,
    *,
    progress: Progress | None = None,
    trace: Timeline | None = None,
) -> Report:
    """Execute a network on an architecture.

    Parameters
    ----------
    batch
        Images.
    seed
        Seed of everything random; a run without random parts gives the same report for every seed but for
        this field.
    progress
        Called after each layer with executions done, executions in all and the layer's name.
    trace
        An empty timeline, which is filled; recording takes time.

    Raises
    ------
    InputError
        If the network cannot be mapped onto the architecture.
    DeadlockError, InvariantError
        If the run does not come to an end, or its sums do not agree.
    """
    if batch < 1:
        raise InputError(f"expected at least 1 image, got {batch}", field="batch")
    schedule = map_network(network, architecture, batch)
    return execute(architecture, network, schedule, (batch, seed), progress=progress, trace=trace)


def execute(  # noqa: PLR0913
    architecture: Architecture,
    network: Network,
    schedule: Schedule,
    batch_and_seed: tuple[int, int],
    *,
    progress: Progress | None = None,
    trace: Timeline | None = None,
) -> Report:
    """Execute a network that is mapped already; see `simulate`.

    Raises
    ------
    DeadlockError, InvariantError
        If the run does not come to an end, or its sums do not agree.
    """
    recorder = None if trace is None else Recorder(architecture)
    execution = Engine(architecture, schedule, progress, recorder).run()
    rows = accounts(architecture, execution)
    check(architecture, execution, rows)
    report = _report(architecture, network, execution, rows, batch_and_seed)
    check_closure(report)
    if trace is not None and recorder is not None:
        fill(trace, recorder, execution, rows)
    return report


def _report(
    architecture: Architecture,
    network: Network,
    execution: Execution,
    rows: list[Account],
    batch_and_seed: tuple[int, int],
) -> Report:
    idle_ps = apportion(rows, execution.makespan_ps)
    for row in rows:
        row.entries.extend(static_entries(architecture, execution.drams, row.share_ps))
    idle = list(static_entries(architecture, execution.drams, idle_ps))
    entries = [*(entry for row in rows for entry in row.entries), *idle]
    layers = [_layer_row(architecture, row) for row in rows]
    if idle_ps:
        layers.append(_idle_row(idle, idle_ps))
    return Report(
        architecture=architecture.name,
        network=network.name,
        batch=batch_and_seed[0],
        seed=batch_and_seed[1],
        version=archsim.__version__,
        totals=_totals(architecture, execution, rows, entries),
        energy_by_component_j=_by_component(entries),
        actions=_actions(entries),
        layers=tuple(layers),
        setup=_setup(architecture, execution.schedule),
        area_mm2=areas(architecture),
        arithmetic=inexact_designs(architecture),
    )


def _totals(
    architecture: Architecture, execution: Execution, rows: Sequence[Account], entries: Sequence[Entry]
) -> Totals:
    by_unit: Counter[str] = Counter()
    for row in rows:
        by_unit[row.unit] += row.work.macs
    busiest = max(architecture.compute, key=lambda name: by_unit[name])
    latency_s = execution.makespan_ps / PS_PER_S
    dynamic_j = fsum(row.energy_j for row in _actions(e for e in entries if not e.static))
    static_j = fsum(row.energy_j for row in _actions(e for e in entries if e.static))
    energy_j = dynamic_j + static_j
    macs = sum(by_unit.values())
    return Totals(
        latency_s=latency_s,
        cycles=Clock(architecture.compute[busiest].clock_hz).cycle_at(execution.makespan_ps),
        energy_j=energy_j,
        dynamic_energy_j=dynamic_j,
        leakage_energy_j=static_j,
        average_power_w=energy_j / latency_s if latency_s else 0.0,
        macs=macs,
        throughput_gops=throughput_gops(macs, latency_s),
        edp_js=energy_j * latency_s,
    )


def _by_component(entries: Iterable[Entry]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for row in _actions(entries):
        found.setdefault(row.component, []).append(row.energy_j)
    return {name: fsum(energies) for name, energies in found.items()}


def _actions(entries: Iterable[Entry]) -> tuple[ActionRow, ...]:
    """Counts summed per component, action and energy, in this order; multiplied once."""
    counts: Counter[tuple[str, str, float, str]] = Counter()
    for entry in entries:
        counts[entry.component, entry.action, entry.energy.value, entry.energy.source] += entry.count
    return tuple(
        ActionRow(
            component=component,
            action=action,
            count=count,
            energy_per_action_j=energy_j,
            energy_j=count * energy_j,
            source=source,
        )
        for (component, action, energy_j, source), count in sorted(counts.items(), key=_place_of_row)
        if count
    )


def _place_of_row(item: tuple[tuple[str, str, float, str], int]) -> tuple[str, str, float, str, int]:
    # Energies that only rounding sets apart must not decide: their last bits are the processor's.
    (component, action, energy_j, source), count = item
    return component, action, float(f"{energy_j:.12g}"), source, count


def _layer_row(architecture: Architecture, row: Account) -> LayerRow:
    unit = architecture.compute[row.unit]
    occupied_ps = sum(end - start for start, end in row.intervals)
    energy_j = fsum(entry.energy_j for entry in row.entries)
    slots = unit.multipliers * row.cycles
    return LayerRow(
        name=row.layer.name,
        op=row.layer.op.value,
        unit=row.unit,
        macs=row.work.macs,
        start_s=min((start for start, _ in row.intervals), default=0) / PS_PER_S,
        end_s=max((end for _, end in row.intervals), default=0) / PS_PER_S,
        latency_s=occupied_ps / PS_PER_S,
        cycles=row.cycles,
        compute_cycles=row.busy_cycles,
        stall_cycles=row.cycles - row.busy_cycles,
        utilization=row.work.macs / slots if slots else 0.0,
        bytes={name: _bytes(bits) for name, bits in row.memories.items()},
        traffic={name: _traffic(row, name) for name, bits in row.memories.items() if bits.as_home},
        energy_j=energy_j,
        dynamic_energy_j=fsum(entry.energy_j for entry in row.entries if not entry.static),
        energy_by_component_j=_by_component(row.entries),
        average_power_w=energy_j * PS_PER_S / occupied_ps if occupied_ps else 0.0,
        bound_by=max(row.resource_ps, key=lambda name: row.resource_ps[name]) if row.resource_ps else None,
    )


def _idle_row(entries: Sequence[Entry], idle_ps: int) -> LayerRow:
    energy_j = fsum(entry.energy_j for entry in entries)
    return LayerRow(
        name=IDLE,
        op="idle",
        unit="",
        macs=0,
        start_s=0.0,
        end_s=0.0,
        latency_s=idle_ps / PS_PER_S,
        cycles=0,
        compute_cycles=0,
        stall_cycles=0,
        utilization=0.0,
        bytes={},
        energy_j=energy_j,
        dynamic_energy_j=0.0,
        energy_by_component_j=_by_component(entries),
        average_power_w=energy_j * PS_PER_S / idle_ps,
    )


def _bytes(bits: MemoryBits) -> Bytes:
    return Bytes(read=-(-bits.read // 8), write=-(-bits.written // 8))


def _traffic(row: Account, memory: str) -> Traffic:
    """Bytes by cause; what is neither needed once nor a partial sum was fetched again."""
    total = _bytes(row.memories[memory]).total
    spill = row.memories[memory].as_home["partial_sums"] // 8
    needed = sum(bits for (_, home), bits in row.compulsory.items() if home == memory)
    moved = sum(row.memories[memory].as_home.values()) - row.memories[memory].as_home["partial_sums"]
    compulsory = total - spill if moved == needed else min(total - spill, -(-needed // 8))
    return Traffic(compulsory=compulsory, refetch=total - spill - compulsory, spill=spill)


def _setup(architecture: Architecture, schedule: Schedule) -> Setup:
    """Loading resident weights, one layer after the other at the rate of the slowest port."""
    entries: list[Entry] = []
    memories: dict[str, MemoryBits] = {}
    time_ps = Fraction(0)
    for unit, layer, transfer in schedule.setup:
        account = Account(layer=layer, unit=unit)
        moved: Moved = Counter({(transfer.tensor, transfer.source, transfer.destination): transfer.bits})
        book_transfers(architecture, account, moved)
        work = Work(weight_writes=layer.weight_elements)
        entries.extend(unit_entries(architecture, unit, layer, work))
        entries.extend(traffic_entries(architecture, account))
        time_ps += max(account.resource_ps.values())
        for name, bits in account.memories.items():
            total = memories.setdefault(name, MemoryBits())
            total.read, total.written = total.read + bits.read, total.written + bits.written
    actions = _actions(entries)
    return Setup(
        energy_j=fsum(action.energy_j for action in actions),
        latency_s=-(-time_ps.numerator // time_ps.denominator) / PS_PER_S,
        bytes={name: _bytes(bits) for name, bits in memories.items()},
        actions=actions,
    )
