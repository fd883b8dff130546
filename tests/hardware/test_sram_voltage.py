"""Errors and energy of SRAM below its safe supply, against the digitised curve."""

from __future__ import annotations

from math import log10, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archsim.arithmetic.cells import CellErrors, CellMap
from archsim.arithmetic.faults import Extent, StoredTensor
from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.hardware.memories.sram import Sram
from archsim.hardware.sram_voltage import access_energy, bit_error_rate
from archsim.hardware.technology import Technology

# Stutz et al., MLSys 2021, poster: supply over Vmin, bit error rate, and energy where it is printed.
CURVE = {
    0.757: 0.20,
    0.804: 0.058,
    0.848: 0.0116,
    0.890: 0.00134,
    0.907: 0.00043,
    0.949: 1.6e-5,
    0.969: 2e-6,
}
ENERGY = {0.757: 0.563, 0.804: 0.627, 0.848: 0.695, 0.890: 0.766, 1.0: 1.0}
SUPPLIES = st.floats(0.757, 1.0)
TECHNOLOGY = Technology(node=45, voltage=0.9)


def sram(**fields: object) -> Sram:
    return Sram(**{"capacity": "64 KiB", "width": "64 b"} | fields)


@pytest.mark.parametrize(("supply", "rate"), CURVE.items())
def test_the_law_is_within_a_tenth_of_a_decade_of_the_curve(supply, rate):
    assert abs(log10(bit_error_rate(supply) / rate)) <= 0.1


@pytest.mark.parametrize(("supply", "energy"), ENERGY.items())
def test_the_energy_goes_through_the_measured_points(supply, energy):
    assert access_energy(supply).value == pytest.approx(energy, rel=1e-12)


@given(SUPPLIES, SUPPLIES)
def test_less_supply_never_means_fewer_errors_or_more_energy(first, second):
    low, high = sorted((first, second))
    assume(high - low > 1e-9)  # nearer ones differ by less than the polynomial's rounding
    assert bit_error_rate(low) >= bit_error_rate(high)
    assert access_energy(low).value <= access_energy(high).value


@given(SUPPLIES.filter(lambda supply: supply < 0.999))
def test_the_energy_falls_a_little_faster_than_the_square_of_the_supply(supply):
    exponent = np.log(access_energy(supply).value) / np.log(supply)
    assert 2.04 < exponent < 2.3


def test_no_cell_fails_at_the_safe_supply_and_hardly_any_just_below():
    assert bit_error_rate(1.0) == 0
    assert 0 < bit_error_rate(0.9999) < 1.1e-7
    for supply in (None, 1.0):
        assert sram(supply=supply).faults(TECHNOLOGY) is None


@pytest.mark.parametrize("supply", [0.757, 0.804, 0.848, 0.890, 0.907])
def test_sampled_errors_agree_with_the_law(supply):
    faults = sram(supply=supply).faults(TECHNOLOGY)
    assert faults is not None
    codes = np.random.default_rng(1).integers(-128, 128, (1, 200_000, 1, 1)).astype(np.int8)
    place = StoredTensor.of(CellMap("buffer", 0), Extent(0, 200_000, 8), faults.errors(0.0))
    wrong = place.read(codes)[1].wrong_bits
    assert binomial_p(wrong, 1_600_000, bit_error_rate(supply)) > 1e-3


def binomial_p(found: int, trials: int, share: float) -> float:
    """Two-sided, by the normal distribution: at least several hundred are expected."""
    assert trials * share > 500
    away = abs(found - trials * share) / sqrt(trials * share * (1 - share))
    return 2 * NormalDist().cdf(-away)


@given(supplies=st.tuples(SUPPLIES, SUPPLIES), seed=st.integers(0, 100))
def test_errors_at_one_supply_are_a_subset_of_those_at_a_lower_one(supplies, seed):
    codes = np.random.default_rng(seed).integers(-128, 128, (1, 600, 1, 1)).astype(np.int8)
    wrong = []
    for supply in sorted(supplies):
        errors = CellErrors(flips=bit_error_rate(supply))
        wrong.append(
            StoredTensor.of(CellMap("buffer", seed), Extent(0, 600, 8), errors).read(codes)[0] ^ codes
        )
    assert not np.any(wrong[1] & ~wrong[0])


def test_accesses_take_the_energy_of_the_supply_and_leakage_stays():
    nominal, lowered = sram(), sram(supply=0.848)
    for action, energy in nominal.energies(TECHNOLOGY).items():
        assert lowered.energies(TECHNOLOGY)[action].value == pytest.approx(0.695 * energy.value)
        assert "Stutz" in lowered.energies(TECHNOLOGY)[action].source
    assert lowered.static_power(TECHNOLOGY) == nominal.static_power(TECHNOLOGY)


def test_the_critical_region_takes_its_share_at_the_nominal_energy():
    critical = {"share": 0.25, "data": [{"tensors": "weights", "high_bits": 2}]}
    memory = sram(supply=0.848, critical=critical)
    nominal = sram().energies(TECHNOLOGY)["read"].value
    assert memory.energies(TECHNOLOGY)["read"].value == pytest.approx((0.25 + 0.75 * 0.695) * nominal)
    faults = memory.faults(TECHNOLOGY)
    assert faults is not None
    assert faults.reliable_bits("weights", "conv1", 8) == 2
    assert faults.reliable_bits("activations", "conv1", 8) == 0


@pytest.mark.parametrize("supply", [0.0, 0.7569, 1.0001, -1.0])
def test_a_supply_outside_the_curve_is_refused_with_its_place(supply):
    with pytest.raises(InputError, match=r"outside the measured curve, 0\.757 to 1") as caught:
        Architecture.load("von_neumann", [f"memories.buffer.supply={supply}"])
    assert caught.value.field == "memories.buffer.supply"
