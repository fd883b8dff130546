"""What must not get worse, what must double, what must stay: pairs of runs that differ in one thing."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_networks import mac_networks, networks
from random_systems import (
    BLIND,
    System,
    architectures,
    dynamic,
    executed,
    many_pairs,
    pairs,
    simulated,
    systems,
    traffic,
)

# Traffic never rises with the capacity of the buffer.


def check_capacity(system: System, factor: int) -> None:
    capacity = system.data["memories"]["buffer"]["capacity"]
    larger = system.changed("memories.buffer", capacity=f"{int(capacity.split()[0]) * factor} KiB")
    assert traffic(simulated(larger)) <= traffic(simulated(system))


CAPACITY = systems(architectures(objectives=("traffic",)))


@pairs
@given(CAPACITY, st.sampled_from([2, 4]))
def test_traffic_never_rises_with_buffer_capacity(system, factor):
    check_capacity(system, factor)


ROW_CAPACITY = systems(architectures(("rows",), ("traffic",), st.just(value=False)))


@pairs
@given(ROW_CAPACITY, st.sampled_from([2, 4]))
def test_traffic_of_row_stationary_arrays_never_rises_with_buffer_capacity(system, factor):
    check_capacity(system, factor)


@pytest.mark.slow
@many_pairs
@given(systems(architectures(("npu", "pim"), objectives=("traffic",)), networks(8)), st.sampled_from([2, 4]))
def test_traffic_never_rises_with_buffer_capacity_in_500_pairs(system, factor):
    check_capacity(system, factor)


# One stream is never slower with more bandwidth; several clients are within 1 %.


def check_bandwidth(system: System, slack: Fraction) -> None:
    """The same schedule on a bus of twice the width ends no later, but for the slack."""
    width = int(system.data["links"]["bus"]["width"].split()[0])
    wider = system.changed("links.bus", width=f"{2 * width} b")
    architecture = system.architecture
    narrow = executed(system, architecture)
    wide = executed(system, architecture, wider.architecture)
    assert wide.makespan_ps <= narrow.makespan_ps * (1 + slack)


SINGLE = systems(architectures(("npu", "pim")), mac_networks()).map(lambda one: replace(one, batch=1))


@pairs
@given(SINGLE)
def test_a_single_unit_is_never_slower_with_more_bandwidth(system):
    check_bandwidth(system, Fraction(0))


@pytest.mark.slow
@many_pairs
@given(SINGLE)
def test_a_single_unit_is_never_slower_with_more_bandwidth_in_500_pairs(system):
    check_bandwidth(system, Fraction(0))


@pairs
@given(systems())
def test_several_clients_are_at_most_a_hundredth_slower_with_more_bandwidth(system):
    check_bandwidth(system, Fraction(1, 100))


@pytest.mark.slow
@many_pairs
@given(systems())
def test_several_clients_with_more_bandwidth_in_500_pairs(system):
    check_bandwidth(system, Fraction(1, 100))


# A component that nobody uses.


def check_unused(system: System) -> None:
    data = system.data
    spare = {
        "kind": "pe_array",
        "rows": 8,
        "columns": 8,
        "clock": "250 MHz",
        "dataflow": "weight_stationary",
        "memory": "spare_buffer",
        "accumulator_capacity": "4 KiB",
    }
    buffer = {"kind": "sram", "capacity": "16 KiB", "width": "64 b", "backed_by": "dram", "clock": "250 MHz"}
    link = {"kind": "bus", "width": "32 b", "clock": "250 MHz", "connects": ["dram", "spare_buffer", "spare"]}
    more = data | {
        "memories": data["memories"] | {"spare_buffer": buffer},
        "links": data["links"] | {"spare_bus": link},
        "compute": data["compute"] | {"spare": spare},
    }
    before, after = simulated(system), simulated(replace(system, data=more))
    assert dynamic(after) == dynamic(before)
    assert after.totals.latency_s == before.totals.latency_s
    assert after.totals.dynamic_energy_j == before.totals.dynamic_energy_j
    grown = {name for name in after.energy_by_component_j if name not in before.energy_by_component_j}
    assert {name.partition(".")[0] for name in grown} == {"spare", "spare_buffer"}
    for name, joules in before.energy_by_component_j.items():
        assert after.energy_by_component_j[name] == joules
    added = sum(after.energy_by_component_j[name] for name in grown)
    assert added > 0
    assert after.totals.leakage_energy_j == pytest.approx(before.totals.leakage_energy_j + added, rel=1e-12)


@pairs
@given(systems(architectures(objectives=BLIND)))
def test_an_unused_component_changes_leakage_only(system):
    check_unused(system)


@pytest.mark.slow
@many_pairs
@given(systems(architectures(objectives=BLIND)))
def test_an_unused_component_changes_leakage_only_in_500_pairs(system):
    check_unused(system)


# Batches.


def check_batch(system: System, images: int) -> None:
    """More images: more of everything that is counted, MACs in proportion, nothing for nothing."""
    few, many = simulated(replace(system, batch=images)), simulated(replace(system, batch=images + 1))
    assert many.totals.macs * images == few.totals.macs * (images + 1)
    assert traffic(many) >= traffic(few)
    assert many.totals.dynamic_energy_j >= few.totals.dynamic_energy_j
    assert many.setup == few.setup


@pairs
@given(systems(architectures(objectives=("traffic",))), st.integers(1, 4))
def test_more_images_never_take_less(system, images):
    check_batch(system, images)


@pairs
@given(systems(), st.integers(1, 4))
def test_one_image_after_the_other_takes_a_multiple(system, images):
    """Image by image without overlap: every count and the time of one image, times the images."""
    alone = system.changed("schedule", batch_order="image_major", images_in_flight=1)
    one, many = (simulated(replace(alone, batch=count)) for count in (1, images))
    assert traffic(many) == images * traffic(one)
    # Words, bursts and gated multiplies are rounded once per layer, these are not.
    exact = {"registers.access", "core.instruction_fetch", "array.discharge", "sequencer.instruction"}
    for (component, action), count in dynamic(one).items():
        if f"{component.partition('.')[2]}.{action}" in exact:
            assert dynamic(many)[component, action] == images * count
