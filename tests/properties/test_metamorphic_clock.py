"""Clocks times two: what computes takes half as long, what waits does not get longer."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_networks import mac_networks
from random_systems import (
    PS,
    System,
    architectures,
    executed,
    many_pairs,
    mapped,
    pairs,
    simulated,
)

from archsim.hardware.architecture import Architecture
from archsim.simulation.clock import Clock
from archsim.workload import Conv2d, Linear, build_network

# Clocks times two.


CLOCKS = {"100 MHz": "200 MHz", "166.667 MHz": "333.334 MHz", "250 MHz": "500 MHz"}


@st.composite
def slow_arrays(draw: st.DrawFn) -> System:
    """One array whose clock can double."""
    data = draw(architectures(("npu",)))
    system = System(data, draw(mac_networks()), 1)
    return system.changed("compute.npu", clock=draw(st.sampled_from(list(CLOCKS))))


def check_clock(system: System) -> None:
    """Time that a unit computes halves to the picosecond; all that does not compute gets no longer."""
    clock = CLOCKS[system.data["compute"]["npu"]["clock"]]
    architecture = system.architecture
    slow = executed(system, architecture)
    fast = executed(system, architecture, system.changed("compute.npu", clock=clock).architecture)
    busy = [record.busy_cycles for record in slow.records]
    assert busy == [record.busy_cycles for record in fast.records]
    before, after = architecture.compute["npu"].clock, 2 * architecture.compute["npu"].clock
    computing = sum(busy)
    assert abs(Clock(before).edge_ps(computing) - 2 * Clock(after).edge_ps(computing)) <= 1
    # Waiting for the next edge costs up to a cycle per tile and two per layer, before or after.
    tiles = sum(count for record in slow.records for count in record.tiles.values())
    edges = (tiles + 2 * len(slow.records)) * (PS // before + 1)
    assert 2 * fast.makespan_ps >= slow.makespan_ps - 2 * edges
    assert fast.makespan_ps <= slow.makespan_ps + edges
    # Without double buffering, and where the private port keeps up, all that is saved is half of the
    # computing.
    if (
        not any(port_bound(system, architecture, after))
        and system.data["compute"]["npu"]["double_buffering"] is False
    ):
        saved = slow.makespan_ps - fast.makespan_ps
        assert saved >= computing * PS // after - 2 * edges


def port_bound(system: System, architecture: Architecture, clock_hz: int) -> Iterator[bool]:
    """Whether the operands of each class of tiles take longer than its computing at a clock."""
    rate = architecture.memories["buffer"].bits_per_ps(clock_hz) * Fraction(PS, clock_hz)
    for part in mapped(system, architecture).parts:
        for run in part.runs:
            yield run.tile.port_read_bits + run.tile.port_write_bits > rate * run.tile.work.cycles


@pairs
@given(slow_arrays())
def test_twice_the_clock_halves_the_computing(system):
    check_clock(system)


@pytest.mark.slow
@many_pairs
@given(slow_arrays())
def test_twice_the_clock_halves_the_computing_in_500_pairs(system):
    check_clock(system)


# A 2 x 2 array computes 100 times longer than it waits: twice the clock, half the seconds within 2 %.
@pytest.mark.parametrize("dataflow", ["weight_stationary", "output_stationary", "input_stationary"])
@pytest.mark.parametrize("clock", list(CLOCKS))
def test_compute_bound_seconds_halve(dataflow, clock):
    network = build_network(
        "dense",
        (16, 12, 12),
        [Conv2d(name="conv", out_channels=32, kernel=3, padding=1), Linear(name="fc", out_channels=10)],
    )
    array = {"rows": 2, "columns": 2, "dataflow": dataflow, "accumulator_capacity": "16 KiB"}
    data = {
        "archsim": 1,
        "name": "dense",
        "technology": {"node": "45 nm", "voltage": "0.9 V"},
        "memories": {
            # How often a controller opens rows depends on when requests come.
            "dram": {"kind": "dram", "part": "DDR4-2400-x8-8Gb", "channels": 2, "model": "streaming"},
            "buffer": {
                "kind": "sram",
                "capacity": "64 KiB",
                "width": "128 b",
                "banks": 2,
                "backed_by": "dram",
            },
        },
        "links": {
            "bus": {"kind": "bus", "width": "512 b", "clock": "500 MHz", "connects": ["dram", "buffer"]}
        },
        "compute": {"npu": {"kind": "pe_array", "memory": "buffer", "clock": clock, **array}},
        "placement": [{"unit": "npu"}],
        "mapping": [{"layer": "*"}],
    }
    slow = simulated(System(data, network, 1))
    fast = simulated(System(data, network, 1).changed("compute.npu", clock=CLOCKS[clock]))
    assert slow.layers[0].bound_by == "compute"
    assert slow.layers[0].stall_cycles < 0.01 * slow.layers[0].cycles
    assert fast.layers[0].latency_s == pytest.approx(slow.layers[0].latency_s / 2, rel=0.02)
    assert fast.totals.dynamic_energy_j == slow.totals.dynamic_energy_j
