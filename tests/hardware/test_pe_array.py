"""The PE array: geometry of the dataflows, action counts per MAC, composition of its energies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from array_parts import CONV
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.hardware.cacti import BankShape, sram_bank
from archsim.hardware.compute.pe_array import PeArray
from archsim.hardware.cost import Operands, Work
from archsim.hardware.technology import Technology
from archsim.workload.layer import Layer, Op, TensorShape

TECHNOLOGY = Technology(node=45, voltage=0.9, temperature=76.85)
RELU = Layer(
    name="relu",
    op=Op.ACTIVATION,
    inputs=("conv",),
    input_shapes=(TensorShape(32, 14, 14),),
    output_shape=TensorShape(32, 14, 14),
    function="relu",
)
DATAFLOWS = ("weight_stationary", "output_stationary", "input_stationary")


def array(**fields: object) -> PeArray:
    defaults = {
        "rows": 32,
        "columns": 32,
        "clock": "500 MHz",
        "memory": "buffer",
        "dataflow": "weight_stationary",
        "accumulator_capacity": "32 KiB",
    }
    return PeArray(**defaults | fields)


# Fold overheads of SCALE-Sim's closed forms: R + C - 2 (OS), 2R + C - 2 (WS, IS); one cycle less per layer.
@pytest.mark.parametrize(
    ("dataflow", "dimensions", "overhead"),
    [
        ("weight_stationary", ("depth", "filters", "pixels"), 2 * 32 + 16 - 2),
        ("output_stationary", ("pixels", "filters", "depth"), 32 + 16 - 2),
        ("input_stationary", ("depth", "pixels", "filters"), 2 * 32 + 16 - 2),
    ],
)
def test_geometry_is_that_of_the_closed_forms(dataflow, dimensions, overhead):
    folds = array(dataflow=dataflow, columns=16).array(CONV, resident=False)
    assert (folds.across_rows, folds.across_columns, folds.streamed) == dimensions
    assert (folds.rows, folds.columns, folds.overhead_cycles) == (32, 16, overhead)
    assert (folds.step_cycles, folds.parallel_folds, folds.uncounted_cycles) == (1, 1, 1)


def test_only_depthwise_layers_are_packed_and_only_on_request():
    depthwise = replace(CONV, groups=16, output_shape=TensorShape(16, 14, 14))
    assert array(depthwise_packing=True).array(depthwise, resident=False).packs_groups
    assert not array(depthwise_packing=True).array(CONV, resident=False).packs_groups
    two_each = replace(depthwise, output_shape=TensorShape(32, 14, 14))
    assert not array(depthwise_packing=True).array(two_each, resident=False).packs_groups
    assert not array().array(depthwise, resident=False).packs_groups


# Bits through registers per MAC, int8 and int32: each of two operands (8 + 8) and the partial sum (32) once.
@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_every_register_is_accessed_once_per_mac(dataflow):
    assert array(dataflow=dataflow).counts(CONV, Work(macs=1000))["registers.access"] == 1000 * 48


@pytest.mark.parametrize(
    ("dataflow", "loaded"), [*zip(DATAFLOWS, ({"weight_reads"}, set(), {"input_reads"}), strict=True)]
)
def test_loading_writes_the_stationary_operand_once(dataflow, loaded):
    for operand in ("weight_reads", "input_reads"):
        bits = array(dataflow=dataflow).counts(CONV, Work(**{operand: 10}))["registers.access"]
        assert bits == (80 if operand in loaded else 0)


def test_partial_sums_are_accessed_and_added_as_the_work_says():
    counts = array().counts(CONV, Work(accumulator_reads=5, accumulator_writes=7))
    assert (counts["accumulator.read"], counts["accumulator.write"], counts["accumulator.add"]) == (5, 7, 5)


@given(st.integers(0, 10**12), st.floats(0, 0.99))
def test_gating_skips_exactly_the_zero_inputs(macs, sparsity):
    layer = replace(CONV, activation_sparsity=sparsity)
    gated = array(zero_gating=True).counts(layer, Work(macs=macs))
    plain = array().counts(layer, Work(macs=macs))
    assert plain["mac.multiply"] == plain["mac.add"] == macs
    assert gated["mac.multiply"] == gated["mac.add"]
    assert abs(gated["mac.multiply"] - macs * (1 - sparsity)) <= 1 + macs * 1e-15
    assert gated["registers.access"] == plain["registers.access"]


def test_gated_counts_use_the_sparsity_as_written():
    # 0.29 as a binary fraction times 100 floors to 28.
    layer = replace(CONV, activation_sparsity=0.29)
    assert array(zero_gating=True).counts(layer, Work(macs=100))["mac.multiply"] == 71


def test_a_mac_costs_horowitz_multiply_and_add():
    # Horowitz 45 nm 0.9 V: 8 b multiply 0.2 pJ, 32 b add 0.1 pJ [pub].
    energies = array().energies(TECHNOLOGY, CONV)
    assert energies["mac.multiply"].value == pytest.approx(0.2e-12)
    assert energies["mac.add"].value == pytest.approx(0.1e-12)


def test_partial_sums_cost_one_bank_per_column():
    # 32 KiB over 32 columns: 1 KiB banks with a 32 b port, a row of the CACTI table.
    bank = sram_bank(TECHNOLOGY, BankShape(1024, 32))
    unit = array()
    assert unit.energies(TECHNOLOGY, CONV)["accumulator.read"].value == bank.read_j
    assert unit.energies(TECHNOLOGY, CONV)["accumulator.write"].value == bank.write_j
    assert unit.static_power(TECHNOLOGY)["accumulator"].value == pytest.approx(32 * bank.leakage_w)
    assert unit.area(TECHNOLOGY)["accumulator"].value == pytest.approx(32 * bank.area_mm2)
    assert unit.accumulator_capacity_bits == 32 * 1024 * 8


def test_partial_sums_of_a_column_may_lie_in_several_banks():
    # 512 MiB over 32 columns and 4 banks each: 4 MiB, the largest bank with a 32 b port in the CACTI table.
    bank = sram_bank(TECHNOLOGY, BankShape(4 * 2**20, 32))
    unit = array(accumulator_capacity="512 MiB", accumulator_banks=4)
    assert unit.energies(TECHNOLOGY, CONV)["accumulator.read"].value == bank.read_j
    assert unit.static_power(TECHNOLOGY)["accumulator"].value == pytest.approx(128 * bank.leakage_w)
    assert unit.area(TECHNOLOGY)["accumulator"].value == pytest.approx(128 * bank.area_mm2)


def test_banks_below_the_table_cost_its_smallest():
    energies = array(columns=512).energies(TECHNOLOGY, CONV)
    assert energies["accumulator.read"].value == sram_bank(TECHNOLOGY, BankShape(256, 32)).read_j
    assert "256 B" in energies["accumulator.read"].source


def test_logic_areas_scale_with_the_number_of_pes():
    small, large = array(rows=16).area(TECHNOLOGY), array(rows=32).area(TECHNOLOGY)
    for part in ("multipliers", "adders", "registers"):
        assert large[part].value == pytest.approx(2 * small[part].value)
    # Horowitz 45 nm: 282 um2 per 8 b multiplier.
    assert large["multipliers"].value == pytest.approx(1024 * 282e-6)


def test_activation_is_compared_behind_the_columns():
    unit = array()
    assert unit.fuses(RELU)
    assert unit.refusal(RELU) is None
    assert unit.streaming_cycles(RELU, 65) == 3
    compares = {
        function: unit.counts(replace(RELU, function=function), Work(elements=10))
        for function in ("relu", "relu6")
    }
    assert compares["relu"]["activation.compare"] == 10
    assert compares["relu6"]["activation.compare"] == 20
    leaky = unit.counts(replace(RELU, function="leaky_relu"), Work(elements=10))
    assert (leaky["activation.compare"], leaky["activation.multiply"]) == (10, 10)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (replace(RELU, function="gelu"), "not activation gelu"),
        (replace(RELU, op=Op.MAX_POOL, function=None), "not max_pool"),
        (replace(CONV, number_format="int16"), "needs int16, the multipliers are int8"),
        (replace(CONV, number_format="binary"), "needs binary, the multipliers are int8"),
    ],
)
def test_what_it_cannot_do_is_refused_with_the_reason(layer, text):
    assert text in (array().refusal(layer) or "")


def test_operands_have_the_format_of_the_layer_else_of_the_array():
    assert array().operands(CONV) == Operands(8, 8, 8, 32)
    assert array().operands(replace(CONV, number_format="int4")) == Operands(4, 4, 4, 32)
    assert array(number_format="int16", accumulator="int48").operands(CONV) == Operands(16, 16, 16, 48)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dataflow": "wait_stationary"}, "did you mean 'weight_stationary'"),
        ({"number_format": "int88"}, "unknown number format 'int88'"),
        ({"number_format": "bf16"}, "'bf16' is no integer format, and compute units take no other"),
        ({"number_format": "int16", "accumulator": "int16"}, "cannot hold a product of two int16"),
        ({"accumulator_capacity": "0 B"}, "greater than 0"),
        ({"accumulator_capacity": "1 GiB"}, "a column: a bank of 32 MiB .* use more accumulator_banks"),
        ({"accumulator_banks": 0}, "greater than or equal to 1"),
        ({"multiplier": {"kind": "exactly"}}, "did you mean 'exact'"),
        ({"rows": 0}, "greater than or equal to 1"),
        ({"row": 3}, "Extra inputs"),
    ],
)
def test_impossible_arrays_are_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        array(**fields)
