"""No random run is faster than its rooflines or slower than doing one thing at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from random_systems import ROWS, System, architectures, mapped, simulated, systems

from archsim.hardware.architecture import Architecture
from archsim.mapping.schedule import Part, Schedule, Tile, Transfer
from archsim.simulation.engine import Engine
from archsim.simulation.ports import QUANTUM_BITS

PS = 10**12


def stages(architecture: Architecture, source: str, destination: str) -> Iterator[tuple[str, Fraction]]:
    """Ports on the way and their rates in bits per picosecond, worked out from the architecture alone."""
    node = source
    for hop in architecture.route(source, destination):
        link = architecture.links[hop.link]
        yield hop.link, Fraction(link.width * link.clock, PS)
        for end in (node, hop.node):
            if end in architecture.memories:
                yield end, architecture.memories[end].bits_per_ps(link.clock)
        node = hop.node


def tiles(schedule: Schedule) -> Iterator[tuple[Part, Tile, int]]:
    for part in schedule.parts:
        for run in part.runs:
            yield part, run.tile, run.count * schedule.repeats


def port_needs(architecture: Architecture, schedule: Schedule) -> dict[str, Fraction]:
    """Picoseconds that each port needs for all transfers of the schedule, without any waiting."""
    needs: Counter[str] = Counter()
    for _, tile, count in tiles(schedule):
        for transfer in (*tile.loads, *tile.stores):
            for name, rate in stages(architecture, transfer.source, transfer.destination):
                needs[name] += count * Fraction(transfer.bits) / rate
    for part, tile, count in tiles(schedule):
        unit = architecture.compute[part.unit]
        rate = architecture.memories[unit.memory].bits_per_ps(unit.clock)
        bits = tile.port_read_bits + tile.port_write_bits
        needs[f"port of {part.unit}"] += count * Fraction(bits) / rate
    return dict(needs)


def moving_ps(architecture: Architecture, transfers: tuple[Transfer, ...]) -> int:
    """Time of one tile's loads or stores when nobody else uses the ports."""
    together: Counter[tuple[str, str]] = Counter()
    for transfer in transfers:
        together[transfer.source, transfer.destination] += transfer.bits
    total = 0
    for (source, destination), bits in together.items():
        slowest = min(rate for _, rate in stages(architecture, source, destination))
        whole, rest = divmod(bits, QUANTUM_BITS)
        total += whole * ceil(QUANTUM_BITS / slowest) + ceil(rest / slowest)
        node = source
        for hop in architecture.route(source, destination):
            if node in architecture.memories:
                total += architecture.memories[node].latency_ps(architecture.technology)
            node = hop.node
    return total


def serial_ps(architecture: Architecture, schedule: Schedule) -> int:
    """Time of one thing after the other: load, next edge, compute, store; an edge before and after a part."""
    total = 0
    for part, tile, count in tiles(schedule):
        unit = architecture.compute[part.unit]
        rate = architecture.memories[unit.memory].bits_per_ps(unit.clock) * Fraction(PS, unit.clock)
        port = ceil((tile.port_read_bits + tile.port_write_bits) / rate)
        cycles = max(tile.work.cycles, tile.feed_cycles, port)
        each = moving_ps(architecture, tile.loads) + moving_ps(architecture, tile.stores)
        # One cycle more until the next edge, one picosecond for the floor of each edge.
        total += count * (each + ceil(Fraction((cycles + 1) * PS, unit.clock)) + 1)
    for part in schedule.parts:
        total += schedule.repeats * 2 * (PS // architecture.compute[part.unit].clock + 1)
    return total


def check_bounds(system: System) -> None:
    architecture = system.architecture
    schedule = mapped(system, architecture)
    done = Engine(architecture, schedule).run()
    needs = port_needs(architecture, schedule)
    for name, needed in needs.items():
        # The private port serves whole cycles; all others round each request up.
        assert needed <= done.makespan_ps + 1, name
    for unit, macs in unit_macs(schedule).items():
        part = architecture.compute[unit]
        assert macs * PS <= part.multipliers * part.clock * (done.makespan_ps + 1), unit
    assert done.makespan_ps <= serial_ps(architecture, schedule)


def unit_macs(schedule: Schedule) -> Counter[str]:
    macs: Counter[str] = Counter()
    for part in schedule.parts:
        macs[part.unit] += part.layer.macs * part.images * schedule.repeats
    return macs


@settings(max_examples=250, deadline=None, derandomize=True)
@given(systems())
def test_between_the_rooflines_and_serial_execution(system):
    check_bounds(system)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(systems(architectures(ROWS)))
def test_row_stationary_arrays_lie_between_too(system):
    check_bounds(system)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, derandomize=True)
@given(systems())
def test_between_the_rooflines_and_serial_execution_of_thousands(system):
    check_bounds(system)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(systems())
def test_utilization_is_a_fraction_and_cycles_fit_the_run(system):
    architecture = system.architecture
    report = simulated(system, architecture)
    makespan = round(report.totals.latency_s * PS)
    for row in report.layers:
        assert 0 <= row.utilization <= 1
        assert row.stall_cycles >= 0
        if row.macs:
            assert row.compute_cycles * architecture.compute[row.unit].multipliers >= row.macs
        assert 0 <= row.start_s <= row.end_s <= report.totals.latency_s
    for name, unit in architecture.compute.items():
        cycles = sum(row.cycles for row in report.layers if row.unit == name)
        assert cycles * PS // unit.clock <= makespan
    # Links move what the counts say, in no less than the time at their rate.
    moved = sum(row.count for row in report.actions if (row.component, row.action) == ("bus", "transfer"))
    assert Fraction(moved) / architecture.links["bus"].bits_per_ps() <= makespan + 1
