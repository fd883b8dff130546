"""Number formats and the exact multiplier."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.arithmetic.multipliers.exact import Exact
from archsim.arithmetic.number_format import number_format
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


@given(st.integers(-(2**15), 2**15 - 1), st.integers(-(2**15), 2**15 - 1))
def test_exact_products_agree_with_repeated_halving(a, b):
    product, doubled, rest = 0, a, abs(b)
    while rest:
        product += doubled * (rest & 1)
        doubled, rest = doubled << 1, rest >> 1
    assert Exact(width=16).product(a, b) == (product if b >= 0 else -product)
    assert Exact().relative_cost().energy == 1
