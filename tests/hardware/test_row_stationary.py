"""The PEs of a row-stationary array: counts and energies of their parts, gating, coding, refusals."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import fields, replace
from fractions import Fraction

import pytest
from array_parts import BLOCK, CONV
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.hardware.cacti import BankShape, sram_bank
from archsim.hardware.compute.pe_array import PeArray
from archsim.hardware.cost import Work
from archsim.hardware.row_stationary import coded_bits
from archsim.hardware.technology import Technology
from archsim.mapping.mapper import map_network
from archsim.workload import Conv2d, build_network

TECHNOLOGY = Technology(node=45, voltage=0.9, temperature=76.85)


def array(block: dict[str, object] | None = None, **changes: object) -> PeArray:
    defaults: dict[str, object] = {
        "rows": 12,
        "columns": 14,
        "clock": "200 MHz",
        "memory": "glb",
        "dataflow": "row_stationary",
        "number_format": "int16",
        "accumulator": "int16",
        "row_stationary": BLOCK | (block or {}),
    }
    return PeArray(**defaults | changes)


def test_every_count_has_an_energy_with_a_source() -> None:
    unit = array()
    counts = unit.counts(CONV, Work(**{entry.name: 1 for entry in fields(Work)}))
    energies = unit.energies(TECHNOLOGY, CONV)
    assert set(counts) == set(energies)
    assert all(each.value > 0 and each.source for each in energies.values())
    for part in (unit.area(TECHNOLOGY), unit.static_power(TECHNOLOGY)):
        assert all(each.value > 0 and each.source for each in part.values())
        assert {"multipliers", "adders", "registers", "filter_spad", "filter_buffer"} <= set(part)


# 100 MACs, and 20 sums that enter a PE: 100 + 20 additions, each with a sum read; sums are written per MAC.
def test_counts_by_hand() -> None:
    work = Work(
        macs=100,
        input_reads=7,
        weight_reads=30,
        weight_writes=25,
        output_passes=5,
        accumulator_reads=5,
        weight_copies=40,
        input_copies=50,
        sum_hops=20,
        pe_cycles=999,
    )
    assert {name: count for name, count in array().counts(CONV, work).items() if count} == {
        "mac.multiply": 100,
        "mac.add": 120,
        "filter_spad.read": 100,
        "filter_spad.write": 40,
        "input_spad.read": 100,
        "input_spad.write": 50,
        "sum_spad.read": 120,
        "sum_spad.write": 100,
        "filter_buffer.read": 30,
        "filter_buffer.write": 25,
        "array_bus.transfer": 40 + 50 + 20 + 5,
        "clock.cycle": 999,
    }


# A zero input is read, to know that it is one; its filter, multiplier, adder and sum are left alone.
@given(st.integers(0, 10**9), st.integers(0, 999))
def test_gating_saves_exactly_the_gated_share(macs: int, per_mille: int) -> None:
    layer = replace(CONV, activation_sparsity=per_mille / 1000)
    work = Work(macs=macs, sum_hops=17)
    plain, gated = (array(zero_gating=on).counts(layer, work) for on in (False, True))
    skipped = macs * per_mille // 1000
    gates = {"mac.multiply", "mac.add", "filter_spad.read", "sum_spad.read", "sum_spad.write"}
    assert {name: plain[name] - gated[name] for name in plain} == {
        name: skipped if name in gates else 0 for name in plain
    }


def test_energies_are_those_of_the_parts() -> None:
    unit, at = array(), TECHNOLOGY
    energies = unit.energies(at, CONV)
    spad, buffer = sram_bank(at, BankShape(448, 16)), sram_bank(at, BankShape(8192, 64))
    assert energies["filter_spad.read"].value == spad.read_j
    assert energies["filter_spad.write"].value == spad.write_j
    assert energies["filter_buffer.read"].value == pytest.approx(buffer.read_j / 4)
    assert energies["filter_buffer.write"].value == pytest.approx(buffer.write_j / 4)
    # The 24 B and 48 B are registers: a word of 16 b costs 16 register accesses, the same in both.
    register = energies["input_spad.read"].value / 16
    assert {
        energies[f"{name}_spad.{way}"].value for name in ("input", "sum") for way in ("read", "write")
    } == {16 * register}
    mac = energies["mac.multiply"].value + energies["mac.add"].value
    assert energies["array_bus.transfer"].value == pytest.approx(2 * mac)
    # Clocked bits of a PE: 24 B + 48 B, two operands, a product of 32 b and a sum of 16 b.
    assert energies["clock.cycle"].value == pytest.approx((8 * 72 + 32 + 32 + 16) * register)
    assert energies["clock.cycle"].source.startswith("assumption:")


def test_a_scratchpad_as_large_as_the_smallest_sram_is_one() -> None:
    small, large = array({"sum_spad": "255 B"}), array({"sum_spad": "256 B"})
    assert "sum_spad" not in small.area(TECHNOLOGY)
    assert large.area(TECHNOLOGY)["sum_spad"].value == pytest.approx(
        168 * sram_bank(TECHNOLOGY, BankShape(256, 16)).area_mm2
    )
    clocks = [unit.energies(TECHNOLOGY, CONV)["clock.cycle"].value for unit in (small, large)]
    assert clocks[0] == pytest.approx(clocks[1] * (8 * (24 + 255) + 80) / (8 * 24 + 80))


def encoded_words(values: list[int]) -> int:
    """Code words of 64 b: three symbols, each a run of at most 31 zeros (5 b) and a level of 16 b."""
    symbols: list[tuple[int, int]] = []
    run = 0
    for value in values:
        if value == 0 and run < 31:
            run += 1
        else:
            symbols.append((run, value))
            run = 0
    if run:
        symbols.append((run - 1, 0))
    assert list(decoded(symbols)) == values
    return -(-len(symbols) // 3)


def decoded(symbols: list[tuple[int, int]]) -> Iterator[int]:
    for run, level in symbols:
        yield from [0] * run
        yield level


@pytest.mark.parametrize("zeros", [0.0, 0.1, 0.387, 0.725, 0.793, 0.95, 0.99])
def test_coded_bits_are_those_of_an_encoder(zeros: float) -> None:
    rng = random.Random(7)
    count = 200_000 if zeros < 0.9 else 1_000_000
    values = [0 if rng.random() < zeros else 1 for _ in range(count)]
    assert 64 * encoded_words(values) / count == pytest.approx(float(coded_bits(16, zeros)), rel=0.01)


# (64 - 1) // (8 + 5) = 4 symbols of 8 b in a word.
def test_narrow_values_share_a_word_by_four() -> None:
    assert coded_bits(8, 0.0) == 16
    assert coded_bits(16, 0.0) == Fraction(64, 3)
    assert coded_bits(16, 0.5) == Fraction(64, 3) / 2 / (1 - Fraction(1, 2**32))


def geometry(zeros: float | None, output_zeros: float | None = None, **changes: object):
    layer = replace(CONV, activation_sparsity=zeros, number_format=changes.pop("layer_format", None))
    found = array({"run_length_coding": True}, **changes).passes(layer, output_zeros)
    assert found is not None
    return found


def test_coding_never_expands() -> None:
    assert geometry(0.0).coded_bits == (16, None)
    assert geometry(0.3, 0.2).coded_bits == (coded_bits(16, 0.3), 16)
    assert geometry(None, 0.9).coded_bits == (None, coded_bits(16, 0.9))
    for per_mille in range(0, 1000, 37):
        assert geometry(per_mille / 1000).coded_bits[0] <= 16


def test_values_are_coded_in_the_format_of_the_layer() -> None:
    assert geometry(0.0, layer_format="int8").coded_bits[0] == 8
    assert geometry(0.9, layer_format="int8").coded_bits[0] == coded_bits(8, 0.9)


def test_a_symbol_that_fits_no_word_is_not_coded() -> None:
    block = {"number_format": "int64", "accumulator": "int64"}
    assert geometry(0.9, 0.9, **block).coded_bits == (None, None)


def test_nothing_is_coded_unasked() -> None:
    found = array().passes(replace(CONV, activation_sparsity=0.9), 0.9)
    assert found is not None
    assert found.coded_bits == (None, None)


def test_geometry_counts_words() -> None:
    found = array().passes(CONV)
    assert found is not None
    assert (found.filter_words, found.input_words, found.sum_words) == (224, 12, 24)
    assert (found.filter_buffer_bits, found.filter_bus_bits) == (8 * 8192, 64)
    assert array(dataflow="weight_stationary", row_stationary=None, accumulator="int32").passes(CONV) is None


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"row_stationary": None}, "dataflow", "needs the block row_stationary"),
        ({"dataflow": "weight_stationary"}, "row_stationary", "has no use for the block row_stationary"),
        ({"accumulator_capacity": "4 KiB"}, "accumulator_capacity", "a row-stationary array has none"),
        ({"depthwise_packing": True}, "depthwise_packing", "a row-stationary array has none"),
        (
            {"row_stationary": BLOCK | {"filter_spad": "1 B"}},
            "row_stationary.filter_spad",
            "one word of 16 b",
        ),
        ({"row_stationary": BLOCK | {"input_spad": "1 B"}}, "row_stationary.input_spad", "one word of 16 b"),
        ({"row_stationary": BLOCK | {"sum_spad": "1 B"}}, "row_stationary.sum_spad", "one word of 16 b"),
        ({"row_stationary": BLOCK | {"filter_buffer": "9 B"}}, "filter_buffer", "outside the SRAM table"),
    ],
)
def test_impossible_blocks_are_refused_with_their_field(
    changes: dict[str, object], field: str, message: str
) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        array(**changes)
    (error,) = caught.value.errors()
    cause = error["ctx"]["error"]
    assert isinstance(cause, InputError)
    assert cause.field == field


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (["compute.pes.rows=2"], "its filters have 3 rows, the array has 2"),
        (["compute.pes.row_stationary.input_spad=4 B"], "does not fit the scratchpads of a PE"),
        (["compute.pes.row_stationary.filter_spad=4 B"], "does not fit the scratchpads of a PE"),
    ],
)
def test_a_layer_that_no_pass_can_hold_names_the_part(changes: list[str], why: str) -> None:
    network = build_network("one", (2, 6, 6), [Conv2d(name="conv", out_channels=2, kernel=3)])
    with pytest.raises(InputError, match=why) as caught:
        map_network(network, Architecture.load("eyeriss", changes), 1)
    assert caught.value.field == "placement.0.unit"
    assert "cannot execute layer 'conv'" in caught.value.message
