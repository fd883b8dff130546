"""What units compute: exact integers by default, and columns of different multipliers side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.arithmetic.kernels import Arithmetic, Window, conv2d
from archsim.arithmetic.macs import DigitalMacs, exact_macs
from archsim.arithmetic.mixed_macs import MixedMacs
from archsim.arithmetic.multipliers.drum import Drum
from archsim.arithmetic.multipliers.exact import Exact
from archsim.arithmetic.multipliers.scdm8 import Scdm8
from archsim.errors import InputError

DESIGNS = (
    Exact(width=8, signed=True),
    Scdm8(low=7, high=3).fitted(8, signed=True),
    Drum(k=3).fitted(8, signed=True),
)


def digital(design: Any, accumulator_bits: int = 32) -> DigitalMacs:
    return DigitalMacs(Arithmetic(design, accumulator_bits=accumulator_bits))


@pytest.mark.parametrize(("bits", "accumulator_bits"), [(4, 32), (8, 20), (16, 48)])
def test_exact_macs_wrap_at_the_accumulators_width(bits, accumulator_bits):
    macs, rng = exact_macs(bits, accumulator_bits), np.random.default_rng(bits)
    assert (macs.lowest, macs.highest) == (-(1 << bits - 1), (1 << bits - 1) - 1)
    inputs, weights = (rng.integers(macs.lowest, macs.highest + 1, (1, 90, 1, n)) for n in (5, 1))
    sums = macs.convolver(weights, Window(), np.array([3]), macs.lowest)(inputs)
    whole = (inputs * weights).sum(axis=(0, 1, 2)) + 3
    span = 1 << accumulator_bits
    assert sums.ravel().tolist() == ((whole + span // 2) % span - span // 2).tolist()


@pytest.mark.parametrize("bits", [1, 17])
def test_operands_without_a_function_are_refused(bits):
    with pytest.raises(InputError, match="expected 2 to 16 b"):
        exact_macs(bits, 64)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(DESIGNS), st.integers(1, 4)), min_size=1, max_size=4),
    st.integers(1, 9),
    st.sampled_from([1, 3]),
    st.integers(0, 2**32 - 1),
)
def test_output_m_of_a_group_is_that_of_column_m_modulo_the_columns(parts, filters, groups, seed):
    rng, columns = np.random.default_rng(seed), [one for one, count in parts for _ in range(count)]
    inputs = rng.integers(-128, 128, (2, 2 * groups, 5, 4))
    weights = rng.integers(-128, 128, (filters * groups, 2, 3, 2))
    window, bias = Window(padding=1, groups=groups), rng.integers(-99, 99, filters * groups)
    mixed = MixedMacs(tuple((digital(one), count) for one, count in parts))
    sums = mixed.convolver(weights, window, bias, -128)(inputs)
    whole = {one: conv2d(inputs, weights, one, window, bias=bias) for one, _ in parts}
    for output in range(filters * groups):
        design = columns[output % filters % len(columns)]
        assert np.array_equal(sums[:, output], whole[design][:, output])
    assert (mixed.lowest, mixed.highest) == (-128, 127)


def test_packed_groups_lie_across_the_columns():
    rng, exact, other = np.random.default_rng(0), *DESIGNS[:2]
    inputs, weights = rng.integers(-128, 128, (2, 11, 5, 5)), rng.integers(-128, 128, (11, 1, 3, 3))
    window, bias = Window(groups=11, stride=2), np.arange(11)
    mixed = MixedMacs(((digital(exact), 3), (digital(other), 1)), by_groups=True)
    sums = mixed.convolver(weights, window, bias, -128)(inputs)
    for group in range(11):
        design = other if group % 4 == 3 else exact
        expected = conv2d(inputs, weights, design, window, bias=bias)
        assert np.array_equal(sums[:, group], expected[:, group])
    # Unpacked, each group has the first column to itself.
    alone = MixedMacs(mixed.parts).convolver(weights, window, bias, -128)(inputs)
    assert np.array_equal(alone, conv2d(inputs, weights, exact, window, bias=bias))
