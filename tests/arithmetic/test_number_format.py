"""Number formats and the exact multiplier."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.arithmetic.multipliers.exact import Exact
from archsim.arithmetic.number_format import BF16, BINARY, FP16, FP32, number_format, storage_format
from archsim.errors import InputError


def test_int8_is_twos_complement():
    int8 = number_format("int8")
    assert (int8.bits, int8.signed, int8.lowest, int8.highest) == (8, True, -128, 127)


@pytest.mark.parametrize("bits", [*range(2, 17), 20, 24, 32, 48, 64])
def test_a_format_holds_two_to_the_bits_values(bits):
    found = number_format(f"int{bits}")
    assert found.highest - found.lowest + 1 == 2**bits


@pytest.mark.parametrize(
    ("name", "meant"), [("i8", "int8"), ("INT8", "int8"), ("int 16", "int16"), ("s4", "int4")]
)
def test_unknown_formats_are_told_with_the_nearest(name, meant):
    with pytest.raises(InputError, match="unknown number format") as caught:
        number_format(name)
    assert caught.value.suggestion == meant


@pytest.mark.parametrize("name", ["fp32", "fp16", "bf16", "binary"])
def test_compute_units_take_integers_alone(name):
    with pytest.raises(InputError, match=f"'{name}' is no integer format, and compute units take no other"):
        number_format(name)
    assert storage_format(name).name == name


def test_storage_formats_include_the_integers():
    assert storage_format("int8") == number_format("int8")
    assert (BINARY.bits, BINARY.lowest, BINARY.highest) == (1, -1, 1)


@pytest.mark.parametrize(
    ("found", "bits", "highest", "smallest"),
    [
        (FP32, 32, float(np.finfo(np.float32).max), float(np.finfo(np.float32).smallest_normal)),
        (FP16, 16, 65504.0, 2.0**-14),
        (BF16, 16, float(np.uint32(0x7F7F0000).view(np.float32)), 2.0**-126),
    ],
)
def test_floating_point_formats_have_the_range_of_the_standard(found, bits, highest, smallest):
    assert (found.bits, found.highest, found.smallest_normal) == (bits, highest, smallest)


@pytest.mark.parametrize(
    ("name", "meant"), [("float16", "fp16"), ("bfloat16", "bf16"), ("FP32", "fp32"), ("i4", "int4")]
)
def test_unknown_storage_formats_are_told_with_the_nearest(name, meant):
    with pytest.raises(InputError, match=r"unknown number format .* fp32, fp16, bf16, binary") as caught:
        storage_format(name)
    assert caught.value.suggestion == meant


@given(st.integers(-(2**15), 2**15 - 1), st.integers(-(2**15), 2**15 - 1))
def test_exact_products_agree_with_repeated_halving(a, b):
    product, doubled, rest = 0, a, abs(b)
    while rest:
        product += doubled * (rest & 1)
        doubled, rest = doubled << 1, rest >> 1
    assert Exact(width=16).product(a, b) == (product if b >= 0 else -product)
    assert Exact().relative_cost().energy == 1
