"""A macro with measured figures: its laws, what they read of data, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from archsim.hardware.compute.pim_3d import Pim3d
from archsim.hardware.measured_macro import MeasuredMacro
from archsim.hardware.operand_statistics import operand_shares, pulse_shares
from archsim.hardware.slicing import LineStatistics, Slicing
from archsim.hardware.technology import Technology
from archsim.workload.layer import Layer, Op, TensorShape

FIGURES: dict[str, Any] = {"source": "a paper", "at": 0.8, "cycle": 5e-9, "full_energy": 8e-12}


def macro(**fields: Any) -> MeasuredMacro:
    return MeasuredMacro(**(FIGURES | fields))


def bank(measured: dict[str, Any] | None = None, **fields: Any) -> Pim3d:
    shape = {"banks": 1, "rows": 64, "rows_per_readout": 64, "words": 16, "words_per_converter": 1}
    return Pim3d(**({"memory": "buffer", "measured": FIGURES | (measured or {})} | shape | fields))


def test_the_cycle_follows_the_supply():
    law = macro(supply=1.0, cycle_exponent=2.0, fixed_cycle_fraction=0.25)
    assert law.cycle_s == pytest.approx(5e-9 * (0.25 + 0.75 * 0.64))
    assert macro(cycle_exponent=2.0).cycle_s == 5e-9
    assert bank().clock == 200_000_000
    assert bank({"supply": 1.0, "cycle_exponent": 1.0}).clock == pytest.approx(250e6, abs=1)


def test_energies_follow_the_supply():
    assert macro(supply=1.6, conversion_energy=1e-12).conversion().value == pytest.approx(4e-12)
    assert macro(supply=1.6, energy_exponent=1, conversion_energy=1e-12).conversion().value == pytest.approx(
        2e-12
    )


@pytest.mark.parametrize(
    ("share", "depth", "expected"), [(0.0, 64, 2), (1.0, 64, 8), (0.5, 64, 5), (1.0, 96, 6.5)]
)
def test_a_line_pays_for_its_mean_discharge(share, depth, expected):
    seen = LineStatistics((((1 - share, share), 1.0),), "data")
    found = macro(idle_energy=2e-12).line_energy(seen, 64, depth, 4)
    assert found.value == pytest.approx(expected * 1e-12 / 4)


def test_the_mean_discharge_is_that_of_independent_bits_and_pulses():
    uniform = Slicing(4, 4, False, False).statistics("uniform", None, None)
    assert uniform.mean_discharge == pytest.approx(0.5 * 0.5)
    ones = Slicing(4, 4, False, False).statistics("ones", 0.25, 0.5)
    assert ones.mean_discharge == pytest.approx(0.75 * 0.5)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_pulses_of_fewer_bits_are_marginals(bits):
    shares = operand_shares("measured", "inputs", 4, signed=False).slices()[0]
    parts = pulse_shares(shares, bits)
    assert len(parts) == 4 // bits
    means = [sum(value * share for value, share in enumerate(part)) for part in parts]
    whole = sum(value * share for value, share in enumerate(shares))
    assert sum(mean * 2 ** (bits * at) for at, mean in enumerate(means)) == pytest.approx(whole)


@pytest.mark.parametrize(("weight_bits", "input_bits"), [(1, 1), (1, 8), (4, 2), (8, 8)])
def test_planes_of_one_bit(weight_bits, input_bits):
    slicing = Slicing(weight_bits, input_bits, True, True, 1, 1)
    assert (slicing.words, slicing.passes) == (weight_bits, input_bits)
    assert slicing.conversions == slicing.discharges == weight_bits * input_bits
    assert len(slicing.statistics("uniform", None, None).lines) == slicing.discharges


def test_measured_figures_replace_the_modelled_ones():
    unit = bank({"conversion_energy": 1e-12, "accumulation_energy": 3e-12, "array_area": 2.0})
    shape = TensorShape(64, 8, 8)
    layer = Layer("c", Op.CONV2D, ("input",), (shape,), TensorShape(16, 8, 8), kernel=(1, 1))
    found = unit.energies(Technology(node=22, voltage=0.8), layer)
    assert set(found) == set(bank(measured=None).energies(Technology(node=22, voltage=0.8), layer))
    assert found["array.discharge"].value == pytest.approx(2e-12)
    assert (found["converter.convert"].value, found["digital.accumulate"].value) == (1e-12, 3e-12)
    assert unit.static_power(Technology(node=7, voltage=0.8)) == {}
    assert {name: area.value for name, area in unit.area(Technology(node=7, voltage=0.8)).items()} == {
        "array": 2.0
    }


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"clock": "250 MHz"}, "a readout takes 5 ns, a cycle 4 ns"),
        ({"measured": FIGURES | {"cycle": "5 V"}}, "measured.cycle"),
        ({"weight_bits": 2, "operand_statistics": "ones"}, "no whole words"),
        ({"input_bits": 2, "operand_statistics": "ones"}, "no whole pulses"),
        ({"input_bits": 1, "pulse_bits": 1}, "were not measured"),
    ],
)
def test_what_does_not_fit_is_refused(fields, message):
    with pytest.raises(ValidationError) as caught:
        bank(**fields)
    assert message in str(caught.value)
