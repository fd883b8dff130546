"""The 3D-PIM bank group as a circuit: leakage, area, the choice of times, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from archsim.hardware.compute.pim_3d import Pim3d
from archsim.hardware.technology import Technology

AT_65NM = Technology(node=65, voltage=1.0)
AT_45NM = Technology(node=45, voltage=0.9)


def bank_group(**fields: Any) -> Pim3d:
    return Pim3d(**({"memory": "buffer", "banks": 64} | fields))


def test_leakage_is_that_of_the_cells_and_gating_is_explicit():
    # 8 KiB, 256 b at 45 nm itrs-lop lies in the CACTI table; leakage is proportional to the banks.
    one, many = bank_group(banks=1).static_power(AT_45NM), bank_group(banks=50).static_power(AT_45NM)
    assert many["array"].value == pytest.approx(50 * one["array"].value)
    gated = bank_group(banks=50, power_gating=True, gated_leakage_fraction=0.25).static_power(AT_45NM)
    assert gated["array"].value == pytest.approx(many["array"].value / 4)
    assert gated["array"].source.startswith("assumption")
    assert gated["accumulator"] == many["accumulator"]


def test_area_counts_converters_and_pulse_generators():
    area = bank_group(banks=10).area(AT_65NM)
    assert area["dtc"].value == pytest.approx(10 * 256 * 240e-6)
    assert area["converter"].value == pytest.approx(10 * 8 * (310 + 40) * 1e-6)
    assert "converter" not in bank_group(converter={"kind": "adc", "bits": 12}).area(AT_65NM)


def test_time_unit_full_scale_and_rows_are_one_choice():
    unit = bank_group(rows_per_readout=16)
    assert unit.shared_line.unit_time_s == pytest.approx(1.5e-9 / 240)
    assert unit.shared_line.transfer([240] * 4) == 255
    # A longer unit uses the converter's range better for usual sums, and clips the largest.
    clipping = bank_group(rows_per_readout=16, unit_time="8 ps").shared_line
    assert clipping.transfer([60] * 4) > unit.shared_line.transfer([60] * 4)
    assert clipping.transfer([200] * 4) == 255


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"rows_per_readout": 512}, "rows_per_readout", "512 exceeds the bank's 256"),
        ({"words_per_converter": 65}, "words_per_converter", "65 exceeds the bank's 64"),
        (
            {"number_format": "int8", "words": 1, "words_per_converter": 1},
            "words",
            "one weight needs 2 words",
        ),
        ({"clock": "250 MHz", "converter": {"kind": "adc"}}, "clock", "a conversion takes 5 ns"),
        ({"clock": "1 GHz"}, "clock", "precharge and the longest pulse takes 3.1"),
        ({"full_scale_time": "2.5 ns"}, "full_scale_time", "the discharge model ends at 2 ns"),
        ({"unit_time": "30 ps"}, "unit_time", "sums last 3.6 ns"),
        ({"power_gating": True}, "power_gating", "no source gives one"),
        ({"rows": 8}, "rows", "outside the SRAM table"),
        ({"converter": {"kind": "tdc", "bits": 4}}, "bits", "no published tdc has 4 bits"),
        ({"number_format": "int3"}, "number_format", "int4"),
    ],
)
def test_impossible_groups_are_refused_by_field(fields, field, message):
    with pytest.raises(ValidationError) as caught:
        bank_group(**fields)
    text = str(caught.value)
    assert field in text
    assert message in text
