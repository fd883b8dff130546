"""The 3D-PIM bank group: conservation, geometry, monotonicity, and the published sanity arithmetic."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.errors import InputError
from archsim.hardware.compute.pim_3d import Pim3d
from archsim.hardware.cost import Work
from archsim.hardware.technology import Technology
from archsim.workload.layer import Layer, Op, TensorShape

PAGE = Path(__file__).resolve().parents[2] / "docs" / "models" / "pim_3d.md"
AT_65NM = Technology(node=65, voltage=1.0)
AT_45NM = Technology(node=45, voltage=0.9)


def bank_group(**fields: Any) -> Pim3d:
    return Pim3d(**({"memory": "buffer", "banks": 64} | fields))


def convolution(channels: int = 256, filters: int = 256, pixels: int = 56, **fields: Any) -> Layer:
    shapes = (TensorShape(channels, pixels, pixels),), TensorShape(filters, pixels, pixels)
    layer = Layer("conv", Op.CONV2D, ("input",), *shapes, kernel=(3, 3), padding=(1, 1, 1, 1))
    return replace(layer, **fields)


def whole_layer(unit: Pim3d, layer: Layer) -> Work:
    """Work of a layer in one tile, from the array's geometry."""
    product, array = layer.gemm, unit.array(layer, resident=True)
    return Work(
        macs=product.macs,
        input_reads=product.pixels * product.depth * -(-product.filters // array.columns),
        output_passes=product.pixels * product.filters * -(-product.depth // array.rows),
        outputs=product.pixels * product.filters,
    )


def femtojoules_per_mac(unit: Pim3d, layer: Layer, technology: Technology = AT_65NM) -> dict[str, float]:
    counts, energies = unit.counts(layer, whole_layer(unit, layer)), unit.energies(technology, layer)
    assert counts.keys() == energies.keys()
    return {name: count * energies[name].value / layer.macs * 1e15 for name, count in counts.items() if count}


@pytest.mark.parametrize("number_format", ["int4", "int8"])
@pytest.mark.parametrize("signed_inputs", [False, True])
def test_every_partial_product_is_discharged_and_converted_once(number_format, signed_inputs):
    unit = bank_group(number_format=number_format, signed_inputs=signed_inputs)
    layer = convolution(channels=3, filters=10, pixels=4)
    readouts = layer.gemm.pixels * 10 * -(-27 // 8)
    nibbles = 1 if number_format == "int4" else 2
    pulses = nibbles + signed_inputs
    counts = unit.counts(layer, whole_layer(unit, layer))
    assert counts["array.discharge"] == readouts * 4 * nibbles * pulses
    assert counts["converter.convert"] == readouts * (nibbles + 1) * pulses
    assert counts["digital.accumulate"] == counts["converter.convert"]
    assert counts["dtc.convert"] == layer.gemm.pixels * 27 * pulses
    assert counts["digital.merge"] == 0


@pytest.mark.parametrize("pulse_bits", [1, 2, 4])
def test_statistics_and_pulses_split_signed_inputs_alike(pulse_bits):
    unit = bank_group(signed_inputs=True, pulse_bits=pulse_bits, operand_statistics="uniform")
    slicing = unit.slicing(None)
    lines = slicing.statistics("uniform", None, None).lines
    assert len(lines) == 4 * slicing.passes == 4 * len(slicing.pulses)
    seen = sorted([value for value, share in enumerate(shares) if share] for shares, _ in lines[::4])
    assert seen == sorted(
        sorted({value >> pulse.shift & pulse.mask for value in range(16)}) for pulse in slicing.pulses
    )


def test_counts_add_over_tiles():
    unit, layer = bank_group(), convolution()
    work = whole_layer(unit, layer)
    part = Work(output_passes=1000, input_reads=77, outputs=10, weight_writes=3, elements=5)
    rest = Work(
        output_passes=work.output_passes - 1000,
        input_reads=work.input_reads - 77,
        outputs=work.outputs - 10,
    )
    whole = unit.counts(layer, replace(work, weight_writes=3, elements=5))
    parts = unit.counts(layer, part), unit.counts(layer, rest)
    assert whole == {name: parts[0][name] + parts[1][name] for name in whole}


def test_weights_are_written_cell_by_cell_and_sums_merged_once():
    unit, layer = bank_group(number_format="int8"), convolution(channels=64)
    counts = unit.counts(layer, Work(weight_writes=layer.weight_elements, outputs=layer.output_elements))
    assert counts["array.write"] == 8 * layer.weight_elements
    assert counts["digital.merge"] == layer.output_elements * (-(-576 // 256) - 1)


def test_geometry_of_a_fold():
    layer = convolution(channels=64, filters=128)
    native = bank_group().array(layer, resident=True)
    assert (native.rows, native.columns, native.across_rows, native.streamed) == (8, 64, "depth", "pixels")
    # 64 signed words give 128 codes, 8 converters take 16 cycles.
    assert native.step_cycles == 16
    assert native.parallel_folds == -(-576 // 256) * 2
    assert native.sums_in_place
    wide = bank_group(number_format="int8").array(layer, resident=True)
    assert (wide.columns, wide.step_cycles) == (32, 2 * 32 * 3 // 8)
    spread = bank_group(layout="interleaved").array(layer, resident=True)
    assert spread.parallel_folds == 64
    assert bank_group(banks=1000, layout="interleaved").array(layer, resident=True).parallel_folds == 72 * 2


def test_half_of_the_banks_are_rewritten_while_the_others_compute():
    layer = convolution()
    assert bank_group().array(layer, resident=False).parallel_folds == 32
    assert bank_group(double_buffering=False).array(layer, resident=False).parallel_folds == 64
    assert bank_group(banks=1).array(layer, resident=False).parallel_folds == 1


GROUPS = st.fixed_dictionaries(
    {
        "rows_per_readout": st.sampled_from([4, 8, 16]),
        "words": st.sampled_from([16, 32, 64]),
        "words_per_converter": st.sampled_from([1, 4, 16]),
        "number_format": st.sampled_from(["int4", "int8"]),
        "layout": st.sampled_from(["packed", "interleaved"]),
    }
)


@given(fields=GROUPS, channels=st.integers(1, 300), filters=st.integers(1, 300))
def test_a_layer_never_beats_the_peak(fields, channels, filters):
    unit = bank_group(**fields)
    layer = convolution(channels, filters, pixels=3)
    array = unit.array(layer, resident=True)
    folds = -(-layer.gemm.depth // array.rows) * -(-filters // array.columns)
    steps = -(-folds // array.parallel_folds) * array.step_cycles * layer.gemm.pixels
    assert layer.macs <= unit.multipliers * steps


def test_capacity_is_the_cells():
    assert bank_group(banks=10).weight_capacity_bits == 10 * 256 * 64 * 4
    assert bank_group(accumulator_capacity="4 KiB").accumulator_capacity_bits == 4096 * 8


def test_a_wider_layer_takes_slices_and_a_narrower_one_is_widened():
    wide, narrow = convolution(number_format="int8"), convolution(number_format="int4")
    assert bank_group().operands(wide).weight_bits == 8
    assert bank_group(number_format="int8").operands(narrow).weight_bits == 8
    assert bank_group().operands(narrow).output_bits == 4
    assert bank_group().operands(narrow).accumulator_bits == 32


def test_only_matrix_products_are_executed_and_relu_is_fused():
    unit, shape = bank_group(), TensorShape(8, 4, 4)
    relu = Layer("relu", Op.ACTIVATION, ("conv",), (shape,), shape, function="relu")
    assert unit.refusal(convolution()) is None
    assert unit.refusal(convolution(number_format="int16")) is not None
    assert unit.refusal(relu) is None
    assert unit.fuses(relu)
    sigmoid, pool = replace(relu, function="sigmoid"), replace(relu, op=Op.MAX_POOL, function=None)
    assert not unit.fuses(sigmoid)
    assert "not activation sigmoid" in str(unit.refusal(sigmoid))
    assert "not max_pool" in str(unit.refusal(pool))
    assert unit.counts(relu, Work(elements=9)) == {"output.compare": 9}
    assert unit.counts(replace(relu, function="relu6"), Work(elements=9)) == {"output.compare": 18}
    assert unit.energies(AT_65NM, relu).keys() == {"output.compare"}
    assert unit.streaming_cycles(relu, 64 * 8 + 1) == 2


def test_weights_stay_where_every_fold_has_its_own_rows():
    # 2304 deep, 256 filters: 288 x 4 groups of 8 rows; a bank holds 32 of them.
    layers = [convolution(), convolution()]
    assert bank_group(banks=72).keeps_resident(layers)
    assert not bank_group(banks=71).keeps_resident(layers)
    assert not bank_group(banks=72, weights="reload").keeps_resident(layers)
    assert bank_group(banks=72).weight_capacity_bits == sum(4 * layer.weight_elements for layer in layers)
    with pytest.raises(InputError, match="resident weights need 72 banks"):
        bank_group(banks=71, weights="resident").keeps_resident(layers)


@settings(max_examples=40)
@given(
    st.floats(0, 0.9),
    st.floats(0.01, 0.09),
    st.sampled_from(["weight_sparsity", "activation_sparsity"]),
    st.sampled_from(["int4", "int8"]),
    st.booleans(),
)
def test_sparser_operands_cost_less(zeros, step, field, number_format, signed_inputs):
    unit = bank_group(number_format=number_format, signed_inputs=signed_inputs)
    dense, sparse = (convolution(**{field: share}) for share in (zeros, zeros + step))
    energies = [unit.energies(AT_65NM, layer)["array.discharge"].value for layer in (dense, sparse)]
    assert energies[1] < energies[0]


def test_zero_operands_pay_only_the_constant_part_of_the_bit_line():
    zeros = convolution(activation_sparsity=0.0), convolution(activation_sparsity=1 - 1e-12)
    unit = bank_group()
    constant = float(unit.shared_line.line.discharge_energy_j(0.0))
    dense, empty = (unit.energies(AT_65NM, layer)["array.discharge"].value for layer in zeros)
    assert empty == pytest.approx(constant, rel=1e-6)
    assert dense > 5 * constant


# T0 = 1.5 ns / (15 N): at N = 32 it is 3.1 ps, below the 4.9 ps that -b0 / b1 of the fit gives.
def test_pulses_below_the_dead_time_of_the_bit_line_are_refused():
    with pytest.raises(ValidationError, match=r"rows_per_readout.*3\.12 ps.*4\.94 ps"):
        bank_group(rows_per_readout=32)
    with pytest.raises(ValidationError, match=r"unit_time.*4 ps"):
        bank_group(unit_time="4 ps")
    assert bank_group(rows_per_readout=20).shared_line.unit_time_s == pytest.approx(5e-12)


@pytest.mark.parametrize("statistics", ["measured", "uniform"])
def test_more_rows_per_readout_cost_less_per_mac(statistics):
    layer = convolution()
    totals = [
        sum(
            femtojoules_per_mac(bank_group(rows_per_readout=n, operand_statistics=statistics), layer).values()
        )
        for n in (1, 2, 4, 8, 16, 20)
    ]
    assert totals == sorted(totals, reverse=True)


def test_higher_voltages_cost_more():
    layer = convolution()
    for field in ("word_line_voltage", "array_voltage"):
        low, high = (
            bank_group(**{field: f"{volts} V"}).energies(AT_65NM, layer)["array.discharge"].value
            for volts in (0.9, 1.0)
        )
        assert low < high


def test_measured_operands_cost_less_than_uniform_ones():
    layer = convolution()
    measured, uniform = (
        femtojoules_per_mac(bank_group(operand_statistics=kind), layer)["array.discharge"]
        for kind in ("measured", "uniform")
    )
    assert measured < uniform


def test_the_published_sanity_arithmetic():
    """Reference/pim.md §1: DTC and 8 b ADC shared by 8 MACs, every product with its own pulse generator."""
    unit = bank_group(
        rows_per_readout=8, converter={"kind": "adc"}, signed_weights=False, operand_statistics="uniform"
    )
    parts = femtojoules_per_mac(unit, convolution())
    # (0.0375 + 0.804) pJ / 8 = 105.2 fJ; here the pulse generator serves 64 words instead of 8 MACs.
    assert parts["converter.convert"] == pytest.approx(804 / 8, rel=1e-3)
    assert parts["dtc.convert"] == pytest.approx(37.5 / 64, rel=1e-9)
    # The 53 fJ of the array are for amplitude-coded inputs at full swing per product; N rows share a swing.
    alone = bank_group(rows_per_readout=1, operand_statistics="uniform")
    per_product = femtojoules_per_mac(alone, convolution())["array.discharge"]
    assert per_product == pytest.approx(4 * (54.8 * 15 + 1.13) / 16 / 2 + 4 * 1.13 / 2, rel=5e-3)
    assert parts["array.discharge"] < 53
    # Array, DTC and ADC, whichever coding, stay within the reference's 0.158 pJ and its converter's share.
    assert 105 < parts["array.discharge"] + parts["dtc.convert"] + parts["converter.convert"] < 158


def test_the_tdc_includes_its_comparator():
    energy = bank_group().energies(AT_65NM, convolution())["converter.convert"]
    assert energy.value == pytest.approx((0.145 + 0.0417) * 1e-12)


def test_digital_blocks_scale_with_the_node_and_the_array_does_not():
    layer, unit = convolution(), bank_group()
    old, new = unit.energies(AT_65NM, layer), unit.energies(AT_45NM, layer)
    assert new["converter.convert"].value < old["converter.convert"].value
    assert new["digital.accumulate"].value < old["digital.accumulate"].value
    assert new["array.discharge"].value == old["array.discharge"].value
    assert all(figure.source for figure in new.values())


def test_adder_sources_differ_and_both_grow_with_the_sum():
    shallow, deep = convolution(channels=1), convolution(channels=256)
    for adder in ("optima", "standard_cell"):
        unit = bank_group(adder=adder)
        widths = [unit.energies(AT_65NM, layer)["digital.accumulate"].value for layer in (shallow, deep)]
        assert widths[0] < widths[1]
    # E_adder(14 b): an 8 b code, 32 readouts of 8 rows in a bank, the sign. Horowitz's adder is far cheaper.
    optima = bank_group().energies(AT_65NM, deep)["digital.accumulate"].value
    assert optima == pytest.approx((0.00045606 * 14**2 + 0.04853065 * 14 + 0.04391967) * 1e-12)
    assert bank_group(adder="standard_cell").energies(AT_65NM, deep)["digital.accumulate"].value < optima


def documented() -> list[tuple[int, str, str, list[float]]]:
    rows = re.findall(
        r"^\| (\d+) \| (tdc|adc) \| (measured|uniform) \|(.*)\|$", PAGE.read_text("utf-8"), re.M
    )
    return [(int(n), kind, data, [float(cell) for cell in cells.split("|")]) for n, kind, data, cells in rows]


@pytest.mark.parametrize(("rows", "converter", "statistics", "printed"), documented())
def test_the_table_in_the_docs_is_the_models(rows, converter, statistics, printed):
    unit = bank_group(rows_per_readout=rows, converter={"kind": converter}, operand_statistics=statistics)
    parts = femtojoules_per_mac(unit, convolution())
    additions = parts["digital.accumulate"] + parts["digital.merge"]
    found = [parts["array.discharge"], parts["dtc.convert"], parts["converter.convert"], additions]
    assert [*found, sum(found)] == pytest.approx(printed, abs=0.051)


def test_the_docs_have_the_whole_table():
    assert len(documented()) == 8


def test_the_additions_quoted_in_the_docs_are_the_models():
    parts = femtojoules_per_mac(bank_group(adder="standard_cell"), convolution())
    additions = parts["digital.accumulate"] + parts["digital.merge"]
    assert f"the additions of the first row are {additions:.1f} fJ" in PAGE.read_text("utf-8")
