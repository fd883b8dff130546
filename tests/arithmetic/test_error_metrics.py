"""Error metrics: printed figures of known designs, a plain loop over pairs, and what must hold for any."""

from __future__ import annotations

from fractions import Fraction
from math import log2, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.arithmetic.error_metrics import (
    ErrorMetrics,
    error_distribution,
    error_map,
    measure,
    measure_results,
)
from archsim.arithmetic.multipliers.base import Multiplier, SplittingMultiplier
from archsim.arithmetic.multipliers.exact import Exact
from archsim.arithmetic.operand_weights import histogram
from archsim.errors import InputError


class DropColumns(Multiplier):
    """Drops the partial products a[i] b[j] with i + j < low: `trunc k` of reference/arithmetic.md §10."""

    low: int = 4

    def _products(self, a, b):
        dropped = sum(
            ((a >> i & 1) & (b >> j & 1)) << (i + j)
            for i in range(self.low)
            for j in range(self.low)
            if i + j < self.low
        )
        return a * b - dropped


class CarryDisregard(Multiplier):
    """CDM8_73 from its closed form: reference/arithmetic.md §4."""

    def _products(self, a, b):
        return _half(7, a, b & 15) + 16 * _half(3, a, b >> 4)


class LowWeightBits(SplittingMultiplier):
    """Clears the lowest bit of b."""

    def _products(self, a, b):
        return a * (b & ~1)


def _half(columns, a, nibble):
    total = 0
    for j in range(11):
        column = sum((a >> (j - i) & 1) & (nibble >> i & 1) for i in range(4) if 0 <= j - i < 8)
        total = total + ((column % 2 if j < columns else column) << j)
    return total


def test_the_exact_multiplier_has_no_error():
    for signed in (True, False):
        found = measure(Exact(width=8, signed=signed))
        assert found == ErrorMetrics(65536, False, 0, 0, 0, 0, 0, 0, 0, 0, effective_bits=16)


@pytest.mark.parametrize(
    ("low", "med", "wce", "mred", "er"),
    [
        (1, "0.25", 1, "0.0002", "25.0"),
        (2, "1.25", 5, "0.0008", "50.0"),
        (4, "12.25", 49, "0.0056", "81.2"),
        (6, "80.25", 321, "0.0264", "93.8"),
        (8, "448.25", 1793, "0.0978", "98.0"),
    ],
)
def test_truncation_has_the_metrics_of_the_table(low, med, wce, mred, er):
    """reference/arithmetic.md §10, which prints MRED over P != 0."""
    found = measure(DropColumns(low=low))
    assert f"{found.mean_error_distance:.2f}" == med
    assert found.worst_case_error == wce
    assert f"{found.mean_relative_error_distance_nonzero:.4f}" == mred
    assert f"{100 * found.error_rate:.1f}" == er
    assert found.bias == -found.mean_error_distance


def test_cdm8_73_has_both_printed_mreds_and_the_printed_noeb():
    """reference/arithmetic.md §3 and §4: MRED 0.01624 over all pairs, 0.01637 over P != 0."""
    found = measure(CarryDisregard())
    assert f"{found.mean_relative_error_distance_all:.5f}" == "0.01624"
    assert f"{found.mean_relative_error_distance_nonzero:.5f}" == "0.01637"
    assert f"{found.effective_bits:.4f}" == "8.8668"
    assert f"{found.normalized_mean_error_distance:.5f}" == "0.00137"
    assert (found.mean_error_distance, found.bias, found.worst_case_error) == (89.25, -89.25, 684)
    assert f"{100 * (1 - found.error_rate):.2f}" == "42.52"


def test_signed_errors_are_normalised_by_the_square_of_the_lowest():
    found = measure(LowWeightBits(width=8, signed=True))
    assert found.normalized_mean_error_distance == found.mean_error_distance / 2**14


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_weighted_metrics_equal_a_plain_loop_over_pairs(data):
    signed = data.draw(st.booleans())
    design = LowWeightBits(width=3, signed=signed)
    counts = st.lists(st.integers(0, 9), min_size=8, max_size=8).filter(any)
    left, right = data.draw(counts), data.draw(counts)
    found = measure(design, activations=left, weights=right)
    values = [int(value) for value in design.operand_values()]
    pairs = [
        (a * (b & ~1) - a * b, a * b, m * n)
        for a, m in zip(values, left, strict=True)
        for b, n in zip(values, right, strict=True)
        if m * n
    ]
    whole = sum(n for *_, n in pairs)
    nonzero = sum(n for _, p, n in pairs if p)
    relative = sum((Fraction(abs(e), abs(p)) * n for e, p, n in pairs if p), Fraction(0))
    square = Fraction(sum(e * e * n for e, _, n in pairs), whole)
    assert found.error_rate == float(Fraction(sum(n for e, _, n in pairs if e), whole))
    assert found.mean_error_distance == float(Fraction(sum(abs(e) * n for e, _, n in pairs), whole))
    assert found.bias == float(Fraction(sum(e * n for e, _, n in pairs), whole))
    assert found.mean_squared_error == float(square)
    assert found.effective_bits == 6 - log2(1 + sqrt(square))
    assert found.worst_case_error == max(abs(e) for e, *_ in pairs)
    assert found.mean_relative_error_distance_all == pytest.approx(float(relative / whole), rel=1e-12)
    assert found.mean_relative_error_distance_nonzero == pytest.approx(
        float(relative / nonzero) if nonzero else 0, rel=1e-12
    )


def test_probabilities_and_counts_of_the_same_shares_agree():
    counts = np.arange(256) + 1
    shares = counts / counts.sum()
    first = measure(DropColumns(), activations=counts, weights=counts)
    second = measure(DropColumns(), activations=shares, weights=shares)
    for name in ErrorMetrics.__slots__:
        assert getattr(second, name) == pytest.approx(getattr(first, name), rel=1e-9)


def test_an_operand_that_never_occurs_has_no_part_in_the_worst_case():
    even = histogram(np.arange(0, 256, 2), DropColumns(low=1))
    assert measure(DropColumns(low=1), weights=even).worst_case_error == 0
    assert measure(DropColumns(low=1), weights=even).pairs == 65536


def test_weights_weigh_the_operand_that_the_layer_splits():
    odd = histogram(np.array([1, 3, 5]), LowWeightBits())
    by_weight = measure(LowWeightBits(split="weight"), weights=odd)
    by_activation = measure(LowWeightBits(split="activation"), weights=odd)
    assert by_weight.error_rate == 1 - 1 / 256
    assert by_activation.error_rate == 0.5
    assert measure(LowWeightBits(split="activation"), activations=odd) == by_weight


def test_the_error_map_is_the_table_minus_the_exact_products():
    design = CarryDisregard()
    errors = error_map(design)
    assert errors.shape == (256, 256)
    for a, b in ((3, 3), (255, 255), (170, 85), (127, 127), (100, 200)):
        assert errors[a, b] == design.product(a, b) - a * b
    assert errors[255, 255] == 64341 - 65025


def test_the_distribution_has_the_moments_of_the_metrics():
    counts = np.arange(256)[::-1]
    found = measure(CarryDisregard(), activations=counts)
    spread = error_distribution(CarryDisregard(), activations=counts)
    assert not spread.sampled
    assert (np.diff(spread.errors) > 0).all()
    assert spread.probabilities.sum() == pytest.approx(1, abs=1e-12)
    assert spread.probabilities @ spread.errors == pytest.approx(found.bias, rel=1e-12)
    assert spread.probabilities @ spread.errors**2 == pytest.approx(found.mean_squared_error, rel=1e-12)
    assert spread.probabilities[spread.errors == 0][0] == pytest.approx(1 - found.error_rate, rel=1e-12)


def test_wide_operands_are_sampled_and_agree_with_the_closed_form():
    """Truncation of columns below k: MED = sum over columns c < k of (c + 1) 2^c / 4, for any width."""
    design, samples = DropColumns(low=6, width=12), 1 << 18
    found = measure(design, samples=samples)
    exact = sum((c + 1) * 2**c / 4 for c in range(6))
    deviation = sqrt(found.mean_squared_error - found.mean_error_distance**2)
    assert (found.pairs, found.sampled) == (samples, True)
    assert found.mean_error_distance == pytest.approx(exact, abs=5 * deviation / sqrt(samples))
    assert found == measure(design, samples=samples)
    assert found != measure(design, samples=samples, seed=1)


def test_a_sample_follows_the_given_distribution():
    design = LowWeightBits(width=10)
    odd = np.arange(1024) % 2
    assert measure(design, weights=odd, samples=5000).error_rate > 0.99
    assert measure(design, weights=1 - odd, samples=5000).error_rate == 0


def test_draws_are_spread_as_the_weights_are():
    """Pairs of a design whose error is its first operand: the mean error is the mean operand."""

    class Echo(Multiplier):
        def _products(self, a, b):
            return a * b + a

    counts = np.arange(1024)
    mean = float(counts @ counts / counts.sum())
    deviation = sqrt(float(counts @ (counts - mean) ** 2 / counts.sum()))
    found = measure(Echo(width=10), activations=counts, samples=1 << 16)
    assert found.bias == pytest.approx(mean, abs=5 * deviation / sqrt(1 << 16))
    assert found.error_rate == 1, "0 has no weight"


def test_a_sample_is_the_same_on_every_version_of_numpy():
    """Words of PCG64, which NumPy keeps; worked out by hand from the first of them."""
    word = np.random.PCG64(0).random_raw(2)
    a, b = (int(one >> np.uint64(48)) for one in word)
    found = measure(DropColumns(low=6, width=16), samples=1)
    design = DropColumns(low=6, width=16)
    assert found.bias == design.product(a, b) - a * b


def test_squares_of_errors_of_32_bits_are_exact():
    errors = np.array([2**32 - 1, -(2**32) + 1, 3])
    found = measure_results(errors, np.zeros(3, dtype=np.int64), largest=1, bits=32)
    assert found.mean_squared_error == float(Fraction(2 * (2**32 - 1) ** 2 + 9, 3))
    assert found.mean_relative_error_distance_nonzero == 0


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2, 3], "expected 256 values"),
        (np.zeros(256, dtype=int), "not all zero"),
        (np.r_[-1, np.ones(255, dtype=int)], "none negative"),
        (np.full(256, 1 / 255), "add up to 1.00392"),
        (np.full(256, np.nan), "none negative"),
        (["a"] * 256, "expected counts or probabilities"),
    ],
)
def test_distributions_that_fit_no_operand_are_refused(weights, message):
    with pytest.raises(InputError, match=message) as caught:
        measure(DropColumns(), activations=weights)
    assert caught.value.field == "activations"


@pytest.mark.parametrize(
    ("samples", "message"),
    [([], "no samples"), ([0.5], "expected integers"), ([256], "outside 0 to 255")],
)
def test_samples_that_are_no_operands_are_refused(samples, message):
    with pytest.raises(InputError, match=message):
        histogram(np.array(samples), DropColumns())


def test_no_sample_at_all_is_refused():
    with pytest.raises(InputError, match="at least one sample"):
        measure(Exact(width=16), samples=0)
