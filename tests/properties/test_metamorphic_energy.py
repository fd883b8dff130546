"""Energies: tables times k, hungrier parts, operands with more zeros."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from random_networks import mac_networks
from random_systems import (
    BLIND,
    ROWS,
    System,
    architectures,
    dynamic,
    many_pairs,
    pairs,
    simulated,
    systems,
)

from archsim.hardware.compute.core import Core
from archsim.hardware.compute.pe_array import PeArray
from archsim.hardware.compute.pim_3d import Pim3d
from archsim.hardware.cost import Sourced
from archsim.hardware.links.bus import Bus
from archsim.hardware.memories.dram import Dram
from archsim.hardware.memories.sram import Sram
from archsim.results.report import is_static
from archsim.simulation import ledger

# Energies times k: dynamic energy times k.


@contextmanager
def energies_times(factor: float, *parts: type) -> Iterator[None]:
    """Scale every sourced energy per action of the parts."""
    patches = [patch.object(part, "energies", _scaled(part.energies, factor)) for part in parts]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def _scaled(energies: Callable[..., Mapping[str, Sourced]], factor: float) -> Callable[..., Any]:
    def scaled(self: Any, *arguments: Any) -> dict[str, Sourced]:
        return {
            name: Sourced(figure.value * factor, figure.source)
            for name, figure in energies(self, *arguments).items()
        }

    return scaled


def _times(factor: float) -> Callable[..., Sourced]:
    launch_energy = ledger.launch_energy

    def scaled(*arguments: Any) -> Sourced:
        figure = launch_energy(*arguments)
        return Sourced(figure.value * factor, figure.source)

    return scaled


def check_energy_scale(system: System, factor: int) -> None:
    before = simulated(system)
    with (
        energies_times(factor, Dram, Sram, Bus, PeArray, Core, Pim3d),
        patch.object(ledger, "launch_energy", _times(factor)),
    ):
        after = simulated(system)
    assert dynamic(after) == dynamic(before)
    # Powers of two scale floating-point numbers exactly.
    assert after.totals.dynamic_energy_j == factor * before.totals.dynamic_energy_j
    assert after.totals.leakage_energy_j == before.totals.leakage_energy_j
    assert after.setup.energy_j == factor * before.setup.energy_j
    for old, new in zip(before.layers, after.layers, strict=True):
        assert new.dynamic_energy_j == factor * old.dynamic_energy_j


@pairs
@given(systems(architectures(objectives=BLIND)), st.sampled_from([2, 4, 64]))
def test_dynamic_energy_scales_with_the_tables(system, factor):
    check_energy_scale(system, factor)


@pairs
@given(systems(architectures(ROWS, BLIND)), st.sampled_from([2, 4, 64]))
def test_dynamic_energy_of_row_stationary_arrays_scales_with_the_tables(system, factor):
    check_energy_scale(system, factor)


@pytest.mark.slow
@many_pairs
@given(systems(architectures(objectives=BLIND)), st.sampled_from([2, 4, 64]))
def test_dynamic_energy_scales_with_the_tables_in_500_pairs(system, factor):
    check_energy_scale(system, factor)


@pairs
@given(systems(architectures(objectives=BLIND)), st.sampled_from([Dram, Sram, PeArray, Core, Pim3d]))
def test_a_part_twice_as_hungry_doubles_its_own_energy_only(system, part):
    before = simulated(system)
    with energies_times(2, part):
        after = simulated(system)
    machine = system.architecture
    hungry = {name for name, one in (machine.memories | machine.compute).items() if isinstance(one, part)}
    for old, new in zip(before.actions, after.actions, strict=True):
        owner = old.component.partition(".")[0]
        launched = old.component.endswith(".sequencer")
        doubled = owner in hungry and not is_static(old.action) and not launched
        assert new.energy_j == old.energy_j * (2 if doubled else 1)


@pairs
@given(systems(architectures(objectives=BLIND)))
def test_a_bus_of_twice_the_energy_doubles_the_bus(system):
    before = simulated(system.changed("links.bus", energy="0.125 pJ/b"))
    after = simulated(system.changed("links.bus", energy="0.25 pJ/b"))
    others = set(before.energy_by_component_j) - {"bus"}
    assert after.energy_by_component_j.get("bus", 0.0) == 2 * before.energy_by_component_j.get("bus", 0.0)
    assert all(after.energy_by_component_j[name] == before.energy_by_component_j[name] for name in others)
    assert after.totals.latency_s == before.totals.latency_s


# Zeros.


SHARES = st.floats(0.0, 0.95)


def with_zeros(system: System, which: str, share: float) -> System:
    network = system.network
    layers = tuple(replace(layer, **{which: share}) if layer.is_mac else layer for layer in network.layers)
    return replace(system, network=replace(network, layers=layers))


def check_sparsity(system: System, which: str, share: float, more: float) -> None:
    dense = simulated(with_zeros(system, which, share))
    sparse = simulated(with_zeros(system, which, more))
    # The same work, at the same time: zeros lower what a discharge costs, and nothing else.
    assert dynamic(sparse) == dynamic(dense)
    assert sparse.totals.latency_s == dense.totals.latency_s
    for name, joules in dense.energy_by_component_j.items():
        if name == "pim.array":
            assert sparse.energy_by_component_j[name] < joules
        else:
            assert sparse.energy_by_component_j[name] == joules


PIM_SYSTEMS = systems(architectures(("pim",), BLIND), mac_networks())
WHICH = st.sampled_from(["weight_sparsity", "activation_sparsity"])


@pairs
@given(PIM_SYSTEMS, WHICH, SHARES, SHARES)
def test_more_zeros_cost_less_in_memory(system, which, share, more):
    share, more = sorted((share, more))
    assume(more - share > 0.01)
    check_sparsity(system, which, share, more)


@pytest.mark.slow
@many_pairs
@given(PIM_SYSTEMS, WHICH, SHARES, SHARES)
def test_more_zeros_cost_less_in_memory_in_500_pairs(system, which, share, more):
    share, more = sorted((share, more))
    assume(more - share > 0.01)
    check_sparsity(system, which, share, more)


@pairs
@given(systems(architectures(("npu",), BLIND), mac_networks()), SHARES, SHARES)
def test_more_zeros_gate_more_multiplies(system, share, more):
    share, more = sorted((share, more))
    gated = system.changed("compute.npu", zero_gating=True)
    dense, sparse = (simulated(with_zeros(gated, "activation_sparsity", zeros)) for zeros in (share, more))
    assert dynamic(sparse)["npu.mac", "multiply"] <= dynamic(dense)["npu.mac", "multiply"]
    assert sparse.totals.latency_s == dense.totals.latency_s
    plain = system.changed("compute.npu", zero_gating=False)
    assert simulated(with_zeros(plain, "activation_sparsity", more)) == simulated(
        with_zeros(plain, "activation_sparsity", share)
    )
