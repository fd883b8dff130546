"""Quantities: exact values, exact round trips, errors that name what fits."""

from __future__ import annotations

import contextlib
import re
import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from archsim.errors import InputError
from archsim.units import (
    FROM_TEXT,
    Bandwidth,
    Capacity,
    EnergyPerBit,
    Frequency,
    Temperature,
    Time,
    Width,
    format_quantity,
    parse_quantity,
)

WHOLE = ["capacity", "width", "frequency"]
REAL = ["voltage", "length", "time", "energy", "power", "area", "bandwidth", "energy_per_bit"]


class Part(BaseModel):
    capacity: Capacity
    width: Width = 64
    clock: Frequency = 10**9
    latency: Time = 1e-9
    at: Temperature = 25.0
    rate: Bandwidth = 1e9
    cost: EnergyPerBit = 1e-12


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("512 KiB", "capacity", 512 * 1024),
        ("1 kB", "capacity", 1000),
        ("8 Gb", "capacity", 10**9),
        ("8Gib", "capacity", 2**30),
        ("1.5 GHz", "frequency", 1_500_000_000),
        ("0.9 V", "voltage", Fraction(9, 10)),
        ("128 b", "width", 128),
        ("16 B", "width", 128),
        ("45 nm", "length", 45),
        ("0.045 um", "length", 45),
        ("-40 C", "temperature", -40),
        ("10 ns", "time", Fraction(1, 10**8)),
        ("1.5 pJ", "energy", Fraction(3, 2 * 10**12)),
        ("3 mW", "power", Fraction(3, 1000)),
        ("2.5 mm2", "area", Fraction(5, 2)),
        ("1 um2", "area", Fraction(1, 10**6)),
        ("12.8 GB/s", "bandwidth", 12_800_000_000),
        ("8 Gb/s", "bandwidth", 10**9),
        ("0.1 pJ/b", "energy_per_bit", Fraction(1, 10**13)),
        ("1e3 ps", "time", Fraction(1, 10**9)),
        (" +.5  V ", "voltage", Fraction(1, 2)),
    ],
)
def test_a_text_has_its_exact_value(text: str, dimension: str, value: Fraction) -> None:
    assert parse_quantity(text, dimension) == value


@pytest.mark.parametrize(
    ("value", "dimension", "text"),
    [
        (524288, "capacity", "512 KiB"),
        (1000, "capacity", "1 kB"),
        (0, "capacity", "0 B"),
        (500_000_000, "frequency", "500 MHz"),
        (1_500_000_000, "frequency", "1.5 GHz"),
        (0.9, "voltage", "0.9 V"),
        (1e-8, "time", "10 ns"),
        (-12.5, "temperature", "-12.5 C"),
        (45.0, "length", "45 nm"),
    ],
)
def test_values_are_written_as_people_write_them(value: float, dimension: str, text: str) -> None:
    assert format_quantity(value, dimension) == text


@given(st.sampled_from(WHOLE), st.integers(0, 10**25))
@settings(deadline=None)
def test_whole_values_round_trip(dimension: str, value: int) -> None:
    assert parse_quantity(format_quantity(value, dimension), dimension) == value


@given(st.sampled_from(REAL), st.floats(0, 1e20) | st.floats(1e-30, 1e-3))
@settings(deadline=None)
def test_real_values_round_trip_bit_for_bit(dimension: str, value: float) -> None:
    assert float(parse_quantity(format_quantity(value, dimension), dimension)) == value


@given(st.floats(-273, 10**4))
@settings(deadline=None)
def test_temperatures_round_trip(value: float) -> None:
    assert float(parse_quantity(format_quantity(value, "temperature"), "temperature")) == value


@given(st.decimals(0, 10**6, places=6), st.sampled_from(["s", "ms", "us", "ns", "ps", "fs"]))
@settings(deadline=None)
def test_a_prefix_is_a_power_of_ten(number: Decimal, unit: str) -> None:
    exponent = {"s": 0, "ms": 3, "us": 6, "ns": 9, "ps": 12, "fs": 15}[unit]
    assert parse_quantity(f"{number:f} {unit}", "time") * 10**exponent == Fraction(number)


@pytest.mark.parametrize(
    ("text", "dimension", "fragments"),
    [
        ("512", "capacity", ["no unit", "KiB"]),
        (512, "capacity", ["512 has no unit", "KiB"]),
        (0.9, "voltage", ["no unit", "V, mV"]),
        ("1 V", "frequency", ["V is a unit of voltage", "MHz"]),
        ("1 KiB", "width", ["KiB is a unit of capacity", "a width needs b"]),
        ("512 KIB", "capacity", ["did you mean '512 KiB'?"]),
        ("512 kib", "capacity", ["did you mean '512 KiB'?"]),
        ("1 Ghz", "frequency", ["did you mean '1 GHz'?"]),
        ("1 mhz", "frequency", ["did you mean '1 MHz'?"]),
        ("45 n", "length", ["did you mean '45 nm'?"]),
        ("-1 KiB", "capacity", ["cannot be negative"]),
        ("3 b", "capacity", ["not a whole number of bytes"]),
        ("0.5 Hz", "frequency", ["not a whole number of hertz"]),
        ("nan V", "voltage", ["expected a voltage"]),
        ("inf V", "voltage", ["expected a voltage"]),
        ("1e40 V", "voltage", ["out of range"]),
        ("1e-390 V", "voltage", ["out of range"]),
        ("", "energy", ["expected an energy", "1.5 pJ"]),
        ("V", "voltage", ["expected a voltage"]),
        ("1_000 V", "voltage", ["unknown unit '_000 V'"]),
        ("٣ V", "voltage", ["expected a voltage"]),
        (None, "time", ["expected a time"]),
        (True, "time", ["expected a time"]),
        (["1 s"], "time", ["expected a time"]),
    ],
)
def test_what_is_wrong_is_said(text: object, dimension: str, fragments: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        parse_quantity(text, dimension)
    assert all(fragment in str(caught.value) for fragment in fragments), str(caught.value)


@pytest.mark.parametrize("number", ["1e999999", "1e-999999999999", "1e" + "9" * 80, "9" * 10**6])
def test_absurd_numbers_are_refused_at_once(number: str) -> None:
    start = time.process_time()
    with pytest.raises(InputError):
        parse_quantity(f"{number} V", "voltage")
    assert time.process_time() - start < 1


@given(st.text(max_size=30), st.sampled_from(WHOLE + REAL))
@settings(deadline=None)
def test_any_text_is_a_value_or_an_input_error(text: str, dimension: str) -> None:
    with contextlib.suppress(InputError):
        assert parse_quantity(text, dimension) >= 0


def test_a_model_reads_text_and_writes_text() -> None:
    part = Part(capacity="512 KiB", latency="10 ns", cost="0.1 pJ/b")
    assert (part.capacity, part.latency, part.cost) == (524288, 1e-8, 1e-13)
    dumped = part.model_dump(mode="json")
    assert (dumped["capacity"], dumped["width"], dumped["clock"]) == ("512 KiB", "64 b", "1 GHz")
    assert Part.model_validate(dumped) == part
    assert Part.model_validate(part.model_dump()) == part


def test_a_model_takes_numbers_in_base_units_from_python() -> None:
    part = Part(capacity=1024, latency=2.5e-9)
    assert part.model_copy(update={"width": 32}).width == 32
    assert part.model_dump(mode="json")["latency"] == "2.5 ns"


@pytest.mark.parametrize("bad", [-1, 1.5, float("nan"), True])
def test_a_model_refuses_impossible_numbers_from_python(bad: Any) -> None:
    with pytest.raises(ValidationError):
        Part(capacity=bad)


def test_numbers_from_documents_need_their_unit() -> None:
    with pytest.raises(ValidationError, match="512 has no unit"):
        Part.model_validate({"capacity": 512}, context=dict(FROM_TEXT))


@given(st.integers(0, 10**15))
@settings(deadline=None)
def test_the_json_schema_accepts_what_is_written_and_no_bare_number(value: int) -> None:
    schema = Part.model_json_schema()["properties"]["capacity"]
    assert schema["type"] == "string"
    assert re.search(schema["pattern"], format_quantity(value, "capacity"))
    assert not re.search(schema["pattern"], str(value))
    assert all(re.search(schema["pattern"], example) for example in schema["examples"])


PINT = [
    ("512 KiB", "capacity", "byte"),
    ("1.5 GHz", "frequency", "hertz"),
    ("10 ns", "time", "second"),
    ("1.5 pJ", "energy", "joule"),
    ("2.5 um2", "area", "millimeter**2"),
    ("12.8 GB/s", "bandwidth", "byte/second"),
]


@pytest.mark.parametrize(("text", "dimension", "unit"), PINT)
def test_against_pint(text: str, dimension: str, unit: str) -> None:
    pint = pytest.importorskip("pint")
    theirs = pint.UnitRegistry()(text.replace("um2", "um**2")).to(unit).magnitude
    assert float(parse_quantity(text, dimension)) == pytest.approx(theirs, rel=1e-12)
