"""Multipliers by layer and by column of a PE array: function, exact counts, energies, area, refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim import Architecture, load_network, simulate
from archsim.arithmetic.kernels import Window, conv2d
from archsim.arithmetic.macs import DigitalMacs
from archsim.arithmetic.multipliers.exact import Exact
from archsim.arithmetic.multipliers.scdm8 import Scdm8
from archsim.hardware.compute.core import Core
from archsim.hardware.compute.pe_array import PeArray
from archsim.hardware.cost import Work
from archsim.hardware.technology import Technology
from archsim.workload.layer import Layer, Op, TensorShape

TECHNOLOGY = Technology(node=45, voltage=0.9)
SEED = np.random.SeedSequence(0)
CONV = Layer(
    name="conv1",
    op=Op.CONV2D,
    inputs=("input",),
    input_shapes=(TensorShape(16, 6, 6),),
    output_shape=TensorShape(37, 4, 4),
    kernel=(3, 3),
)
LINEAR = Layer("fc", Op.LINEAR, ("conv1",), (TensorShape(8, 1, 1),), TensorShape(10, 1, 1))
DEPTHWISE = replace(CONV, name="depthwise", groups=16, output_shape=TensorShape(16, 4, 4))
SCDM = {"kind": "scdm8", "low": 7, "high": 3}
EXACT = {"kind": "exact"}


def array(**fields: Any) -> PeArray:
    sizes = {"rows": 8, "columns": 32, "clock": "500 MHz", "memory": "buffer"}
    return PeArray(**sizes | {"dataflow": "weight_stationary"} | fields)


def by_layer(*rules: dict[str, Any], **fields: Any) -> PeArray:
    return array(layer_multipliers=rules, **fields)


def halves(
    first: Any = EXACT, second: Any = SCDM, counts: tuple[int, int] = (16, 16), **fields: Any
) -> PeArray:
    classes = zip(counts, (first, second), strict=True)
    return array(column_multipliers=[{"columns": n, "multiplier": one} for n, one in classes], **fields)


def sums(unit: Any, layer: Layer) -> tuple[Any, Any, Any]:
    """Sums of a unit, of exact multipliers and of approximate ones for the same operands."""
    rng, shape = np.random.default_rng(1), layer.input_shapes[0]
    outputs, channels = layer.output_shape.channels, shape.channels // layer.groups
    weights = rng.integers(-128, 128, (outputs, channels, *layer.kernel))
    inputs = rng.integers(-128, 128, (2, shape.channels, shape.rows, shape.columns))
    window = Window(groups=layer.groups)
    macs = unit.mac_function(layer, SEED)
    found = macs.convolver(weights, window, np.zeros(outputs, np.int64), -128)(inputs)
    designs = Exact(width=8, signed=True), Scdm8(low=7, high=3).fitted(8, signed=True)
    return (found, *(conv2d(inputs, weights, design, window) for design in designs))


def test_an_array_computes_with_its_multiplier_adder_and_width():
    unit = array(multiplier=SCDM, accumulator="int24", accumulator_adder={"kind": "loa", "low_bits": 4})
    macs = unit.mac_function(CONV, SEED)
    assert isinstance(macs, DigitalMacs)
    multiplier, adder, bits = macs.arithmetic.parts
    assert (multiplier.kind, multiplier.bits, multiplier.is_signed) == ("scdm8", 8, True)
    assert (adder, bits) == (unit.accumulator_adder, 24)


def test_a_core_computes_exactly_at_the_layers_format():
    core = Core(clock="500 MHz", memory="buffer", number_format="int16")
    macs = core.mac_function(replace(CONV, number_format="int4"), SEED)
    assert isinstance(macs, DigitalMacs)
    assert (macs.lowest, macs.highest, macs.arithmetic.accumulator_bits) == (-8, 7, 32)
    found, exact, _ = sums(Core(clock="500 MHz", memory="buffer"), CONV)
    assert np.array_equal(found, exact)


def test_the_first_rule_that_matches_a_layer_chooses_its_multiplier():
    unit = by_layer(
        {"layer": "conv2", "multiplier": EXACT},
        {"layer": "conv*", "multiplier": SCDM},
        {"op": "linear", "multiplier": {"kind": "drum", "k": 4}},
    )
    for layer, kind in ((CONV, "scdm8"), (replace(CONV, name="conv2"), "exact"), (LINEAR, "drum")):
        macs = unit.mac_function(layer, SEED)
        assert isinstance(macs, DigitalMacs)
        assert macs.arithmetic.multiplier.kind == kind
        expected = array(multiplier=macs.arithmetic.multiplier).energies(TECHNOLOGY, layer)
        assert unit.energies(TECHNOLOGY, layer) == expected
    assert set(unit.designs()) == {
        "multiplier",
        "accumulator_adder",
        *(f"layer_multipliers.{i}.multiplier" for i in range(3)),
    }


def test_a_pe_holds_a_multiplier_of_each_design_for_layers():
    unit, own = by_layer({"op": "linear", "multiplier": SCDM}), array().area(TECHNOLOGY)
    approximate = array(multiplier=SCDM).area(TECHNOLOGY)
    areas = unit.area(TECHNOLOGY)
    assert areas["multipliers"].value == pytest.approx(
        own["multipliers"].value + approximate["multipliers"].value, rel=1e-12
    )
    assert areas["adders"] == own["adders"]
    leakage = [sum(one.value for one in some.static_power(TECHNOLOGY).values()) for some in (unit, array())]
    assert leakage[0] > leakage[1]


@given(st.integers(1, 200), st.integers(1, 31), st.integers(1, 3))
def test_columns_share_the_macs_as_their_outputs(filters, exact_columns, images):
    unit = halves(counts=(exact_columns, 32 - exact_columns))
    layer = replace(CONV, output_shape=TensorShape(filters, 4, 4))
    counts = unit.counts(layer, Work(macs=layer.macs * images))
    per_output = layer.macs // filters * images
    first = sum(m % 32 < exact_columns for m in range(filters))
    names = (f"mac.multiply_columns_0_{exact_columns - 1}", f"mac.multiply_columns_{exact_columns}_31")
    assert [counts[name] for name in names] == [first * per_output, (filters - first) * per_output]
    assert counts["mac.add"] == layer.macs * images
    assert "mac.multiply" not in counts


def test_each_output_comes_from_its_column():
    found, exact, approximate = sums(halves(), CONV)
    columns = np.arange(37) % 32 < 16
    assert np.array_equal(found[:, columns], exact[:, columns])
    assert np.array_equal(found[:, ~columns], approximate[:, ~columns])
    assert not np.array_equal(exact, approximate)


@pytest.mark.parametrize(("packing", "approximate_outputs"), [(True, 8), (False, 0)])
def test_depthwise_groups_lie_across_columns_only_where_packed(packing, approximate_outputs):
    unit = halves(counts=(8, 24), depthwise_packing=packing)
    found, exact, _ = sums(unit, DEPTHWISE)
    assert np.array_equal(found[:, :8], exact[:, :8])
    changed = sum(not np.array_equal(found[:, m], exact[:, m]) for m in range(16))
    assert changed == approximate_outputs
    counts = unit.counts(DEPTHWISE, Work(macs=DEPTHWISE.macs))
    assert counts["mac.multiply_columns_8_31"] == DEPTHWISE.macs * approximate_outputs // 16


def test_columns_cost_what_their_designs_cost():
    energies, other = halves().energies(TECHNOLOGY, CONV), array(multiplier=SCDM).energies(TECHNOLOGY, CONV)
    own = array().energies(TECHNOLOGY, CONV)
    assert energies["mac.multiply_columns_0_15"] == own["mac.multiply"]
    assert energies["mac.multiply_columns_16_31"] == other["mac.multiply"]
    areas = [array(**fields).area(TECHNOLOGY)["multipliers"].value for fields in ({}, {"multiplier": SCDM})]
    assert halves().area(TECHNOLOGY)["multipliers"].value == pytest.approx(sum(areas) / 2, rel=1e-12)


def test_equal_columns_are_an_array_of_one_design():
    mixed, plain = halves(SCDM, SCDM), array(multiplier=SCDM)
    work = Work(macs=CONV.macs, outputs=CONV.output_elements)
    counts, energies = mixed.counts(CONV, work), mixed.energies(TECHNOLOGY, CONV)
    multiplies = [name for name in counts if name.startswith("mac.multiply")]
    assert sum(counts[name] for name in multiplies) == plain.counts(CONV, work)["mac.multiply"]
    expected = plain.energies(TECHNOLOGY, CONV)["mac.multiply"].value
    assert {energies[name].value for name in multiplies} == {expected}
    assert np.array_equal(sums(mixed, CONV)[0], sums(plain, CONV)[0])


def test_columns_wait_for_the_slowest_and_the_clock_follows_it():
    slow = {"kind": "exact", "cost": {"energy": 1, "delay": 1.5, "source": "made up for this test"}}
    follows = {"clock_follows_multiplier": True, "multiplier_share_of_cycle": 0.5}
    assert halves(EXACT, slow, **follows).clock_hz == 400_000_000
    assert by_layer({"op": "linear", "multiplier": slow}, **follows).clock_hz == 400_000_000


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"columns": 31}, "column_multipliers", "names 32 columns, the array has 31"),
        ({"dataflow": "input_stationary"}, "column_multipliers", "output channels across the columns"),
        ({"multiplier": SCDM}, "column_multipliers", "takes the place of multiplier"),
        (
            {"layer_multipliers": [{"multiplier": SCDM}]},
            "column_multipliers",
            "does not go with layer_multipliers",
        ),
        ({"number_format": "int4"}, "column_multipliers.1.multiplier", "defined for 8 bits"),
        (
            {
                "action_energies": {
                    "mac.multiply_columns_16_31": {"value": "1 pJ", "source": "assumption: a test"}
                }
            },
            "action_energies.mac.multiply_columns_16_31",
            "takes the place of the figures of scdm8",
        ),
    ],
)
def test_columns_that_do_not_fit_are_refused(fields, field, message):
    with pytest.raises(ValidationError) as caught:
        halves(**fields)
    error = caught.value.errors()[0]["ctx"]["error"]
    assert error.field.startswith(field)
    assert message in str(error)


def test_an_unknown_operation_of_a_rule_is_refused():
    with pytest.raises(ValidationError, match="unknown operation 'conv3d'"):
        by_layer({"op": "conv3d", "multiplier": SCDM})


@pytest.mark.parametrize(
    "mixing",
    [
        "layer_multipliers=[{layer: conv2*, multiplier: %s}]",
        "column_multipliers=[{columns: 8, multiplier: {kind: exact}}, {columns: 24, multiplier: %s}]",
    ],
)
def test_reports_name_all_designs_and_charge_each_layer_its_own(mixing):
    scdm = "{kind: scdm8, low: 7, high: 3}"
    plain = Architecture.load("von_neumann")
    mixed = Architecture.load("von_neumann", ["compute.npu." + mixing % scdm])
    network = load_network("lenet5")
    before, after = simulate(plain, network), simulate(mixed, network)
    assert [row.design for row in after.arithmetic.values()] == [
        Scdm8(low=7, high=3).fitted(8, signed=True).described()
    ]
    cheaper = [
        now.dynamic_energy_j < then.dynamic_energy_j
        for then, now in zip(before.layers, after.layers, strict=True)
        if now.unit == "npu" and now.macs
    ]
    names = [row.name for row in after.layers if row.unit == "npu" and row.macs]
    # The six filters of conv1 find room in the exact columns.
    expected = [name == "conv2" if "layer_" in mixing else name != "conv1" for name in names]
    assert cheaper == expected
    multiplies = [
        row for row in after.actions if row.component == "npu.mac" and row.action.startswith("multiply")
    ]
    assert sum(row.count for row in multiplies) == after.totals.macs
    assert Architecture.from_dict(mixed.model_dump(mode="json")).compute["npu"] == mixed.compute["npu"]
