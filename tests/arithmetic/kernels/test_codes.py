"""Compiled loops over codes against the definitions in NumPy, bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.arithmetic.kernels.codes import (
    Limits,
    added,
    difference_squares,
    requantized,
    signal_and_noise,
)

KINDS = [np.int8, np.uint8, np.int16, np.uint16]
SHAPE = (3, 5, 4, 7)


def codes(kind, seed, shape=SHAPE):
    limits = np.iinfo(kind)
    return np.random.default_rng(seed).integers(limits.min, limits.max, shape, kind, endpoint=True)


def channels_last(values):
    return np.ascontiguousarray(values.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def saturated(scaled, limits, kind):
    return np.clip(np.rint(scaled) + np.float32(limits.zero), limits.lowest, limits.highest).astype(kind)


@given(
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**32 - 1),
    scale=st.floats(1e-9, 4),
    channels=st.sampled_from([1, 5]),
    ends=st.tuples(*[st.floats(0, 1)] * 3),
)
def test_requantized_sums_are_those_of_numpy(kind, seed, scale, channels, ends):
    random = np.random.default_rng(seed)
    least, most = np.iinfo(kind).min, np.iinfo(kind).max
    lowest, zero, highest = (int(least + place * (most - least)) for place in sorted(ends))
    limits = Limits(zero, lowest, highest)
    # Products of all magnitudes: up to the ends of 32 bits and down to less than one step.
    sums = (random.integers(-(2**31), 2**31, SHAPE) >> random.integers(0, 31, SHAPE)).astype(np.int32)
    ratio = (random.random(channels) * scale).astype(np.float32)
    expected = saturated(sums.astype(np.float32) * ratio.reshape(1, -1, 1, 1), limits, kind)
    for layout in (sums, channels_last(sums)):
        found = requantized(layout, ratio, limits, kind)
        assert found.dtype == kind
        np.testing.assert_array_equal(found, expected)


def test_ties_go_to_even_and_ends_saturate():
    sums = np.array([-7, -5, -3, -1, 1, 3, 5, 7, 300, -300, 2**31 - 1, -(2**31)], dtype=np.int32)
    found = requantized(sums.reshape(1, 1, 1, -1), np.float32([0.5]), Limits(0, -128, 127), np.int8)
    assert found.ravel().tolist() == [-4, -2, -2, 0, 0, 2, 2, 4, 127, -128, 127, -128]


@given(
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**32 - 1),
    factors=st.tuples(*[st.floats(-8, 8, width=32)] * 3),
)
def test_added_codes_are_those_of_numpy(kind, seed, factors):
    first, second = codes(kind, seed), codes(kind, seed + 1)
    limits = Limits(0, np.iinfo(kind).min, np.iinfo(kind).max)
    one, start, other = (np.float32(factor) for factor in factors)
    total = first.astype(np.float32) * one
    total += start
    total += second.astype(np.float32) * other
    for layout in (first, channels_last(first)):
        found = added(layout, second, factors, limits)
        assert found.dtype == kind
        np.testing.assert_array_equal(found, saturated(total, limits, kind))


@pytest.mark.parametrize("kind", KINDS)
def test_squares_of_differences_are_exact(kind):
    first, second = codes(kind, 0), codes(kind, 1)
    wanted = [((a.astype(object) - b.astype(object)) ** 2).sum() for a, b in zip(first, second, strict=True)]
    assert difference_squares(first, channels_last(second)).tolist() == wanted
    least = int(np.iinfo(kind).min)
    from_one = [((a.astype(object) - least) ** 2).sum() for a in first]
    assert difference_squares(first, least).tolist() == from_one


@pytest.mark.parametrize("kind", KINDS)
def test_squares_of_the_largest_differences_do_not_overflow(kind):
    lowest, highest = np.iinfo(kind).min, np.iinfo(kind).max
    first = np.full((1, 1, 300, 333), lowest, dtype=kind)
    expected = 300 * 333 * (int(highest) - int(lowest)) ** 2
    assert difference_squares(first, int(highest)).tolist() == [expected]


@pytest.mark.parametrize("kind", KINDS)
def test_signal_and_noise_are_those_of_decoded_values(kind):
    found, zero, scale = codes(kind, 2), 3, np.float32(0.013)
    wanted = np.random.default_rng(3).normal(size=SHAPE).astype(np.float32)
    decoded = (found.astype(np.float32) - np.float32(zero)) * scale
    signal, noise = signal_and_noise(wanted, found, zero, float(scale))
    np.testing.assert_allclose(signal, (wanted.astype(np.float64) ** 2).sum(axis=(1, 2, 3)), rtol=1e-14)
    errors = (wanted - decoded).astype(np.float64)
    np.testing.assert_allclose(noise, (errors**2).sum(axis=(1, 2, 3)), rtol=1e-14)
    alike = signal_and_noise(wanted, decoded)
    np.testing.assert_array_equal(alike[0], signal)
    np.testing.assert_array_equal(alike[1], noise)


def test_sums_of_squares_depend_on_no_batch_and_no_layout():
    wanted, found = np.random.default_rng(4).normal(size=(2, *SHAPE)).astype(np.float32)
    together = np.array(signal_and_noise(wanted, channels_last(found)))
    alone = [np.array(signal_and_noise(wanted[i : i + 1], found[i : i + 1])) for i in range(len(wanted))]
    np.testing.assert_array_equal(together, np.concatenate(alone, axis=1))


def test_empty_tensors_have_no_squares():
    nothing = np.zeros((2, 0, 3, 3), dtype=np.int8)
    assert difference_squares(nothing, nothing).tolist() == [0, 0]
    assert requantized(nothing.astype(np.int32), np.float32([1]), Limits(0, 0, 1), np.int8).size == 0
