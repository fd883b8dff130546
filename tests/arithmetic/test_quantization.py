"""Quantizers: the affine rule, ties to even, saturation; floating-point rounding against exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from archsim.arithmetic.number_format import BF16, FP16, FP32, NumberFormat, number_format
from archsim.arithmetic.quantization import Quantizer, asymmetric, binary, rounded, symmetric
from archsim.errors import InputError

INT8 = number_format("int8")
UINT8 = NumberFormat("uint8", 8, signed=False)
TENSORS = arrays(np.float32, (3, 7), elements=st.floats(-1000, 1000, width=32))


def unit(form: NumberFormat = INT8) -> Quantizer:
    return Quantizer(form, np.float32(1).reshape(1), np.zeros(1, dtype=np.int64))


def test_ties_go_to_the_even_code_and_the_rest_to_the_nearest():
    assert unit().quantize([0.5, 1.5, 2.5, -0.5, -1.5, 2.49, 2.51]).tolist() == [0, 2, 2, 0, -2, 2, 3]


def test_values_out_of_range_saturate():
    assert unit().quantize([127.4, 127.6, 1e30, -128.4, -129, -1e30]).tolist() == [
        127, 127, 127, -128, -128, -128,
    ]  # fmt: skip


@given(TENSORS, st.sampled_from(["int2", "int4", "int8", "int16"]), st.sampled_from([None, 0, 1, -1]))
@example(np.array([[8.58825e-39] + 6 * [0]] * 3, dtype=np.float32), "int16", None)
def test_symmetric_values_come_back_within_half_a_step(values, name, axis):
    quantizer = symmetric(values, number_format(name), axis)
    codes = quantizer.quantize(values)
    error = np.abs(quantizer.dequantize(codes) - values)
    assert (error <= quantizer.scale.astype(np.float64) * (0.5 + 1e-3)).all()
    assert np.abs(codes).max() <= number_format(name).highest
    assert (quantizer.zero_point == 0).all()


@given(TENSORS, st.sampled_from([INT8, UINT8, number_format("int4")]), st.sampled_from([None, 0, 1]))
def test_asymmetric_values_come_back_within_one_step_and_zero_exactly(values, form, axis):
    """The zero point is rounded, so a value at the end of the range may saturate half a step early."""
    quantizer = asymmetric(values, form, axis)
    error = np.abs(quantizer.dequantize(quantizer.quantize(values)) - values)
    assert (error <= quantizer.scale.astype(np.float64) * (1 + 1e-3)).all()
    zeros = np.zeros_like(values)
    assert (quantizer.dequantize(quantizer.quantize(zeros)) == 0).all()


def test_asymmetric_uses_the_whole_range_and_symmetric_half_of_it_after_relu():
    values = np.linspace(0, 10, 1001)
    assert np.ptp(asymmetric(values, INT8).quantize(values)) == 255
    assert np.ptp(symmetric(values, INT8).quantize(values)) == 127


def test_a_scale_per_channel_keeps_small_channels():
    weights = np.array([[1000.0, -250.0], [0.1, 0.025]])
    whole, channels = symmetric(weights, INT8), symmetric(weights, INT8, axis=0)
    assert whole.scale.shape == (1, 1)
    assert channels.scale.shape == (2, 1)
    assert (whole.quantize(weights)[1] == 0).all()
    assert channels.quantize(weights).tolist() == [[127, -32], [127, 32]]


@given(TENSORS)
def test_the_scale_of_binary_has_the_least_square_error(values):
    quantizer = binary(values)
    codes = quantizer.quantize(values)
    assert set(np.unique(codes)) <= {-1, 1}
    assume(np.abs(values).max() > 1e-30)
    reals, scale = values.astype(np.float64), float(quantizer.scale.item())
    least = ((reals - scale * codes) ** 2).sum()
    for other in (0.9 * scale, 1.1 * scale):
        assert ((reals - other * codes) ** 2).sum() >= least * (1 - 1e-6)


@pytest.mark.parametrize("make", [lambda x: symmetric(x, INT8), lambda x: asymmetric(x, INT8), binary])
def test_all_zero_tensors_and_refused_ones(make):
    zeros = np.zeros((2, 3))
    quantizer = make(zeros)
    assert (quantizer.scale == 1).all()
    with pytest.raises(InputError, match="not finite"):
        make(np.array([1.0, np.nan]))
    with pytest.raises(InputError, match="no values"):
        make(np.array([]))


def _nearest(value: Fraction, fraction_bits: int, lowest_exponent: int) -> Fraction:
    """Return the nearest multiple of the last place, ties to even: `round` of a Fraction does just that."""
    exponent = lowest_exponent
    while abs(value) >= Fraction(2) ** (exponent + 1):
        exponent += 1
    step = Fraction(2) ** (exponent - fraction_bits)
    return round(value / step) * step


@given(st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-(2.0**126), max_value=2.0**126))
def test_bf16_is_the_nearest_value_ties_to_even(value):
    assert Fraction(float(rounded(value, BF16))) == _nearest(Fraction(value), 7, -126)


@given(st.floats(width=32, min_value=-65000, max_value=65000))
def test_fp16_is_the_nearest_value_ties_to_even(value):
    assert Fraction(float(rounded(value, FP16))) == _nearest(Fraction(value), 10, -14)


@given(arrays(np.uint32, 20))
def test_every_bf16_value_stays_as_it_is(words):
    values = (words & np.uint32(0xFFFF0000)).view(np.float32)
    assert np.array_equal(rounded(values, BF16), values, equal_nan=True)


def test_what_lies_between_follows_the_standard():
    assert rounded([1 + 2**-8, 1 + 3 * 2**-8], BF16).tolist() == [1, 1 + 4 * 2**-8]
    assert rounded([BF16.highest, 3.4e38, -3.4e38, 65519, 65520], BF16)[:3].tolist() == [
        BF16.highest, np.inf, -np.inf,
    ]  # fmt: skip
    assert rounded([65519.0, 65520.0], FP16).tolist() == [65504.0, np.inf]
    for form in (BF16, FP16, FP32):
        special = rounded([np.nan, np.inf, -np.inf, -0.0], form)
        assert np.isnan(special[0])
        assert special[1:3].tolist() == [np.inf, -np.inf]
        assert np.signbit(special[3])
    assert np.isnan(rounded(np.uint32(0x7F800001).view(np.float32), BF16))
    assert rounded([1.2345678], FP32).dtype == np.float32
