"""Multiplier and adder of a PE: cost relative to the exact ones, refusals, the clock that follows."""

from __future__ import annotations

import pytest
from array_parts import BLOCK, CONV
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.hardware.compute.pe_array import PeArray
from archsim.hardware.technology import Technology

TECHNOLOGY = Technology(node=45, voltage=0.9)
SOURCE = "made up for this test"
CDM16 = {"kind": "cdm16"} | dict.fromkeys(("low_low", "high_low", "low_high", "high_high"), "exact")
ORGANISATIONS = (
    {"dataflow": "weight_stationary"},
    {"dataflow": "output_stationary", "number_format": "int16", "accumulator": "int48"},
    {"dataflow": "row_stationary", "row_stationary": BLOCK},
)


def array(**fields: object) -> PeArray:
    defaults = {"rows": 8, "columns": 4, "clock": "500 MHz", "memory": "buffer"}
    return PeArray(**defaults | {"dataflow": "weight_stationary"} | fields)


def costing(energy: float, **others: object) -> dict[str, object]:
    return {"kind": "exact", "cost": {"energy": energy, "source": SOURCE, **others}}


@pytest.mark.parametrize("organisation", ORGANISATIONS)
@settings(deadline=None)
@given(st.floats(0.01, 3), st.sampled_from([22, 32, 45, 65]), st.sampled_from([0.8, 0.9, 1.0]))
def test_a_multiplication_costs_the_exact_one_times_the_ratio(organisation, ratio, node, voltage):
    technology = Technology(node=node, voltage=voltage)
    exact = array(**organisation).energies(technology, CONV)
    other = array(**organisation, multiplier=costing(ratio)).energies(technology, CONV)
    assert other["mac.multiply"].value == pytest.approx(ratio * exact["mac.multiply"].value, rel=1e-12)
    assert {name: each for name, each in other.items() if name != "mac.multiply"} == {
        name: each for name, each in exact.items() if name != "mac.multiply"
    }


def test_the_source_names_the_design_its_width_and_its_figures():
    energies = array(number_format="int6", multiplier=costing(0.7)).energies(TECHNOLOGY, CONV)
    source = energies["mac.multiply"].source
    assert source.startswith("assumption: 6 b from 8 b of Horowitz")
    assert source.endswith(f"; x 0.7, exact (signed 6-bit): {SOURCE}")


def test_a_stated_ratio_of_one_is_told_too():
    assert SOURCE in array(multiplier=costing(1, delay=0.9)).energies(TECHNOLOGY, CONV)["mac.multiply"].source


def test_exact_designs_change_nothing_and_are_not_named():
    plain, told = array(), array(multiplier={"kind": "exact"}, accumulator_adder={"kind": "exact"})
    assert plain.energies(TECHNOLOGY, CONV) == told.energies(TECHNOLOGY, CONV)
    assert "exact" not in plain.energies(TECHNOLOGY, CONV)["mac.multiply"].source
    assert all(design.is_exact for design in plain.designs().values())


@pytest.mark.parametrize("organisation", ORGANISATIONS)
def test_leakage_follows_the_area_of_the_multipliers(organisation):
    exact, other = array(**organisation), array(**organisation, multiplier=costing(0.7, area=0.6))
    for figures in ("area", "static_power"):
        before, after = (getattr(unit, figures)(TECHNOLOGY) for unit in (exact, other))
        assert after["multipliers"].value == pytest.approx(0.6 * before["multipliers"].value, rel=1e-12)
        assert {part: each for part, each in after.items() if part != "multipliers"} == {
            part: each for part, each in before.items() if part != "multipliers"
        }
    assert SOURCE in other.area(TECHNOLOGY)["multipliers"].source


def test_an_area_that_the_source_does_not_print_is_that_of_the_exact_design_and_told():
    area = array(multiplier=costing(0.7)).area(TECHNOLOGY)["multipliers"]
    assert area.value == array().area(TECHNOLOGY)["multipliers"].value
    assert "assumption: the area of the exact one for exact (signed 8-bit)" in area.source
    assert SOURCE in area.source


def test_an_exact_multiplier_may_be_wider_than_multipliers_are_computed():
    unit = array(number_format="int32", accumulator="int64")
    # Horowitz, 45 nm: 3.1 pJ for 32 b [pub].
    assert unit.energies(TECHNOLOGY, CONV)["mac.multiply"].value == pytest.approx(3.1e-12)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"multiplier": {"kind": "exact", "width": 7}},
            "7 does not fit the unit's number format: expected 8",
        ),
        (
            {"multiplier": {"kind": "exact", "width": 8}, "number_format": "int32", "accumulator": "int64"},
            "8 does not fit the unit's number format: expected 32",
        ),
        ({"multiplier": {"kind": "exact", "signed": False}}, "False does not fit .* expected True"),
        (
            {"multiplier": CDM16},
            "cdm16 is defined for 16 bits, the unit's operands are signed 8-bit",
        ),
        (
            {"multiplier": {"kind": "cdm8", "low": 7, "high": 3}, "number_format": "int4"},
            "defined for 8 bits",
        ),
        ({"multiplier": {"kind": "truncated", "columns": 16}}, "columns"),
        ({"accumulator_adder": {"kind": "loa", "low_bits": 33}}, "33 of 32 bits cannot be approximate"),
        ({"multiplier": costing(0)}, "greater than 0"),
        ({"multiplier": costing(0.5, source="")}, "at least 1 character"),
        ({"multiplier_share_of_cycle": 0.5}, "belong together"),
        ({"clock_follows_multiplier": True}, "belong together"),
        ({"clock_follows_multiplier": True, "multiplier_share_of_cycle": 0}, "greater than 0"),
        ({"clock_follows_multiplier": True, "multiplier_share_of_cycle": 1.1}, "less than or equal to 1"),
        (
            {"clock_follows_multiplier": True, "multiplier_share_of_cycle": 0.5, "multiplier": costing(0.7)},
            "no figures for the delay of exact .* state cost: .energy: ..., delay",
        ),
    ],
)
def test_what_cannot_be_priced_is_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        array(**fields)


def test_a_stated_energy_may_replace_that_of_an_exact_design_alone():
    stated = {"mac.multiply": {"value": "0.04 pJ", "source": SOURCE}}
    assert array(action_energies=stated).energies(TECHNOLOGY, CONV)["mac.multiply"].value == 4e-14
    with pytest.raises(ValidationError, match="takes the place of the figures of exact"):
        array(action_energies=stated, multiplier=costing(0.7))


# First-order estimate of Liang et al. 2013 [pub]: a low bit of LOA takes 0.2 of a full adder's power.
@pytest.mark.parametrize("organisation", ORGANISATIONS[:2])
@pytest.mark.parametrize("low_bits", [0, 4, 16])
def test_every_addition_to_a_partial_sum_costs_what_the_adder_does(organisation, low_bits):
    adder = {"kind": "loa", "low_bits": low_bits}
    unit, plain = array(**organisation, accumulator_adder=adder), array(**organisation)
    exact, other = plain.energies(TECHNOLOGY, CONV), unit.energies(TECHNOLOGY, CONV)
    bits = unit.operands(CONV).accumulator_bits
    moved = {name for name, each in other.items() if each != exact[name]}
    assert moved == {"mac.add", "accumulator.add"}
    for name in moved:
        ratio = (bits - low_bits + 0.2 * low_bits) / bits
        assert other[name].value == pytest.approx(ratio * exact[name].value, rel=1e-12)
        assert f"loa (low_bits {low_bits}) of {bits} b: Liang" in other[name].source
    assert "assumption: the area of the exact one for loa" in unit.area(TECHNOLOGY)["adders"].source


# At 8 b a stream of the low-discrepancy counter is as long as the weight: 128 cycles for -128.
@pytest.mark.parametrize("dataflow", ["weight_stationary", "output_stationary", "input_stationary"])
def test_a_multiplier_of_several_cycles_makes_every_step_as_long(dataflow):
    stream = {"kind": "stochastic", "cost": {"energy": 2, "source": SOURCE}}
    one = array(dataflow=dataflow).array(CONV, resident=False)
    many = array(dataflow=dataflow, multiplier=stream).array(CONV, resident=False)
    for cycles in ("step_cycles", "overhead_cycles", "uncounted_cycles"):
        assert getattr(many, cycles) == 128 * getattr(one, cycles)
    with pytest.raises(ValidationError, match="takes 128 cycles; a row-stationary array takes one"):
        array(**ORGANISATIONS[2], multiplier=stream)


def test_a_stated_addition_replaces_that_of_an_exact_adder_alone():
    stated = {"accumulator.add": {"value": "0 pJ", "source": SOURCE}}
    assert array(action_energies=stated).energies(TECHNOLOGY, CONV)["accumulator.add"].value == 0
    with pytest.raises(
        ValidationError, match=r"takes the place of the figures of loa \(low_bits 4\) of 32 b"
    ):
        array(action_energies=stated, accumulator_adder={"kind": "loa", "low_bits": 4})


# The multiplier takes a share s of the cycle, and d times the exact one's time: the cycle is 1 - s + s d.
@settings(deadline=None)
@given(st.floats(0.01, 1), st.floats(0.1, 2))
def test_the_clock_follows_the_share_that_the_multiplier_has_of_the_cycle(share, delay):
    unit = array(
        multiplier=costing(0.7, delay=delay), clock_follows_multiplier=True, multiplier_share_of_cycle=share
    )
    assert unit.clock == 500_000_000
    assert unit.clock_hz == pytest.approx(5e8 / (1 - share + share * delay), abs=1.5)


def test_the_clock_stays_where_it_is_not_told_to_follow():
    assert array(multiplier=costing(0.7, delay=0.5)).clock_hz == 500_000_000


@pytest.mark.parametrize("share", [0.1, 0.3, 0.7, 1.0])
def test_the_clock_of_exact_multipliers_is_the_stated_one(share):
    assert array(clock_follows_multiplier=True, multiplier_share_of_cycle=share).clock_hz == 500_000_000


def test_a_copy_with_another_multiplier_costs_what_that_one_does():
    unit = array()
    before = unit.energies(TECHNOLOGY, CONV)["mac.multiply"].value
    other = unit.model_copy(update={"multiplier": array(multiplier=costing(0.25)).multiplier})
    assert other.energies(TECHNOLOGY, CONV)["mac.multiply"].value == pytest.approx(0.25 * before)
    assert unit.energies(TECHNOLOGY, CONV)["mac.multiply"].value == before
    assert array() == unit
