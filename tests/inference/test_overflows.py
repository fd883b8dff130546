"""Sums that leave their accumulator: counted, and then wrapped or saturated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.arithmetic.kernels import Arithmetic, Window
from archsim.arithmetic.macs import DigitalMacs
from archsim.arithmetic.mixed_macs import MixedMacs
from archsim.errors import InputError
from archsim.inference.accumulators import Tally, accumulated, largest_sum
from archsim.inference.mac_layers import exact_alike
from archsim.inference.measuring import Question, measure
from archsim.inference.unit_functions import SplitMacs
from archsim.inputs import read_architecture
from archsim.registry import create
from archsim.workload import Linear, TensorShape, build_network, load_network

DESIGNS = [{"kind": "exact"}, {"kind": "scdm8", "low": 7, "high": 3}, {"kind": "exact", "width": 12}]


def digital(design, bits, **adder):
    kinds = {"adder": create("adders", adder)} if adder else {}
    return DigitalMacs(
        Arithmetic(create("multipliers", {"signed": True, **design}), **kinds, accumulator_bits=bits)
    )


def operands(macs, seed, depth=20):
    random = np.random.default_rng(seed)
    low, high = macs.lowest, macs.highest + 1
    weights = random.integers(low, high, (6, depth, 1, 1))
    return weights, random.integers(low, high, (5, depth, 2, 3)), random.integers(-99, 99, 6)


def whole_sums(macs, weights, codes, bias):
    """Sums of the unit's products in plain NumPy, as wide as they come."""
    multiplier = macs.arithmetic.multiplier
    products = multiplier.layer_products(codes[:, None].astype(np.int64), weights[None].astype(np.int64))
    return products.sum(axis=2) + bias[:, None, None]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("bits", [14, 18, 24, 32, 48])
def test_sums_outside_are_counted_and_then_wrap_or_saturate(design, bits):
    macs = digital(design, bits)
    weights, codes, bias = operands(macs, bits)
    whole, half = whole_sums(macs, weights, codes, bias), 1 << (bits - 1)
    outside = int(((whole < -half) | (whole >= half)).sum())
    for overflow, wanted in (
        ("wrap", (whole + half) % (2 * half) - half),
        ("saturate", np.clip(whole, -half, half - 1)),
    ):
        tally = Tally()
        convolve = accumulated(macs, overflow, tally).convolver(weights, Window(), bias, macs.lowest)
        np.testing.assert_array_equal(convolve(codes), wanted)
        assert (tally.sums, tally.outside) == (whole.size, outside)
    assert (outside > 0) == (bits <= 14 or (bits <= 24 and design.get("width") == 12))


def test_an_approximate_adder_is_counted_by_exact_sums_and_adds_as_before():
    macs = digital({"kind": "exact"}, 16, kind="loa", low_bits=4)
    weights, codes, bias = operands(macs, 3)
    whole, tally = whole_sums(macs, weights, codes, bias), Tally()
    convolve = accumulated(macs, "wrap", tally).convolver(weights, Window(), bias, macs.lowest)
    own = macs.convolver(weights, Window(), bias, macs.lowest)(codes)
    np.testing.assert_array_equal(convolve(codes), own)
    assert tally.outside == int(((whole < -(1 << 15)) | (whole >= 1 << 15)).sum()) > 0
    with pytest.raises(InputError, match="only sums of exact adders"):
        accumulated(macs, "saturate", tally)


@pytest.mark.parametrize("joint", [MixedMacs, SplitMacs])
def test_units_side_by_side_count_together(joint):
    narrow, wide = digital(DESIGNS[0], 16), digital(DESIGNS[1], 32)
    weights, codes, bias = operands(narrow, 5)
    both, tally = joint(((narrow, 2), (wide, 4))), Tally()
    found = accumulated(both, "wrap", tally).convolver(weights, Window(), bias, -128)(codes)
    np.testing.assert_array_equal(found, both.convolver(weights, Window(), bias, -128)(codes))
    outside = np.abs(whole_sums(narrow, weights, codes, bias)[:, :2] + 0.5) > 1 << 15
    assert (tally.sums, tally.outside) == (found.size, int(outside.sum()))
    assert tally.outside > 0


@given(st.sampled_from(DESIGNS), st.integers(0, 999), st.integers(1, 9))
def test_no_sum_is_larger_than_the_bound(design, seed, depth):
    macs = digital(design, 64)
    weights, codes, bias = operands(macs, seed, depth)
    largest = np.abs(whole_sums(macs, weights, codes, bias)).max()
    assert largest <= largest_sum(macs.arithmetic.multiplier, weights, bias)


@pytest.mark.parametrize(("bits", "depth", "width"), [(8, 4, 32), (8, 1 << 16, 64), (16, 4, 64), (12, 4, 32)])
def test_exact_arithmetic_never_overflows(bits, depth, width):
    network = build_network("one", TensorShape(depth, 1, 1), [Linear(name="fc", out_channels=2)])
    function = digital({"kind": "exact", "width": bits}, 16)
    exact = exact_alike(function, network.layer("fc"))
    assert exact.arithmetic.accumulator_bits == width
    lowest = -(1 << (bits - 1))
    sums = exact.convolver(np.full((2, depth, 1, 1), lowest), Window(), np.zeros(2, np.int64), lowest)
    assert set(sums(np.full((1, depth, 1, 1), lowest)).ravel().tolist()) == {depth * lowest**2}


def measured(*overrides, architecture="von_neumann", images=40, **question):
    network = load_network("digits_cnn")
    return measure(read_architecture(architecture, overrides)[0], network, Question(images, **question))


def test_wide_units_equal_the_exact_reference():
    found = measured("compute.npu.number_format=int16", "compute.npu.accumulator=int48", layer_by_layer=True)
    assert found.accuracy.top1 == found.accuracy.top1_exact
    assert all(one.against_exact == float("inf") for one in found.accuracy.layers.values())
    assert set(found.alone.values()) == {found.accuracy.top1_exact}


@pytest.mark.parametrize("scheme", ["integer", "manifest", "ace_cnn"])
def test_every_layer_says_which_share_of_its_sums_overflowed(scheme):
    options = "compute.npu.accumulator=int16", f"quantization.scheme={scheme}"
    wrapped, saturated = (
        measured(*options, f"quantization.overflow={overflow}").accuracy for overflow in ("wrap", "saturate")
    )
    assert list(wrapped.overflowed) == ["conv1", "conv2", "conv3", "fc"]
    assert 0 < max(wrapped.overflowed.values()) < 1
    assert wrapped.top1 < saturated.top1 <= saturated.top1_exact
    # The first layer has the same inputs either way.
    assert wrapped.overflowed["conv1"] == saturated.overflowed["conv1"]
    assert set(measured().accuracy.overflowed.values()) == {0.0}


def test_banks_have_no_digital_sums_that_overflow():
    assert measured(architecture="pim_3d", images=5).accuracy.overflowed == {}
