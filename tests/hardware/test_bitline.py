"""Bit line, converters and shared readouts: OPTIMA's check values (reference/pim.md §2) and properties."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import InputError
from archsim.hardware.bitline import BitLine, integral_nonlinearity
from archsim.hardware.converters import Converter, adc_energy_j, adder_energy_j, block, dac_energy_j
from archsim.hardware.operand_statistics import (
    Shares,
    bit_probabilities,
    operand_shares,
    sign_and_magnitude,
)
from archsim.hardware.shared_line import SharedLine, sum_shares, term_shares
from archsim.hardware.slicing import Slicing

# One digit more than the table prints is allowed: its last digit is rounded.
TABLE = [
    (0.1, 30.5, 1.96, 8.6),
    (0.2, 62.3, 3.34, 16.3),
    (0.4, 125.3, 6.08, 30.8),
    (0.8, 248.3, 11.5, 57.0),
    (1.2, 367.5, 16.8, 79.4),
    (1.6, 482.8, 21.8, 98.4),
    (2.0, 594.3, 26.6, 114.2),
]
PRODUCTS = [
    (0, 15, 1.00000, 4.52),
    (15, 0, 0.99417, 10.52),
    (1, 15, 0.98497, 19.20),
    (15, 1, 0.98779, 17.04),
    (5, 10, 0.95309, 50.39),
    (10, 5, 0.96123, 43.59),
    (7, 12, 0.91833, 83.19),
    (15, 15, 0.77848, 197.80),
]
# Input k drives the word line with 0.3 V + 0.7 V (k + 1/2) / 16; bit i is sampled at 0.2 ns x 2^i.
AMPLITUDES_V = [0.3 + 0.7 * (code + 0.5) / 16 for code in range(16)]
SAMPLES_S = 0.2e-9 * 2.0 ** np.arange(4)
FULL_SCALE_S = 1.5e-9


def amplitude_coded(weight: int, code: int) -> tuple[float, float]:
    """Voltage after charge sharing and array energy of one OPTIMA multiplication."""
    line = BitLine(word_line_v=AMPLITUDES_V[code])
    drops = line.drop_v(SAMPLES_S) * np.array([weight >> bit & 1 for bit in range(4)])
    return 1.0 - float(drops.mean()), float(line.discharge_energy_j(drops).sum())


def shared(rows: int, bits: int = 8) -> SharedLine:
    return SharedLine(BitLine(), rows, FULL_SCALE_S / (15 * rows), FULL_SCALE_S, bits)


@pytest.mark.parametrize(("time_ns", "drop_mv", "sigma_mv", "energy_fj"), TABLE)
def test_bit_line_table(time_ns, drop_mv, sigma_mv, energy_fj):
    line = BitLine()
    drop = line.drop_v(time_ns * 1e-9)
    assert float(drop) * 1e3 == pytest.approx(drop_mv, abs=0.06)
    assert float(line.mismatch_v(time_ns * 1e-9)) * 1e3 == pytest.approx(sigma_mv, rel=5e-3)
    assert float(line.discharge_energy_j(drop)) * 1e15 == pytest.approx(energy_fj, abs=0.06)


@pytest.mark.parametrize(("weight", "code", "volts", "energy_fj"), PRODUCTS)
def test_products_table(weight, code, volts, energy_fj):
    found_v, found_j = amplitude_coded(weight, code)
    assert found_v == pytest.approx(volts, abs=6e-6)
    assert found_j * 1e15 == pytest.approx(energy_fj, abs=6e-3)


def test_word_line_amplitudes():
    assert [AMPLITUDES_V[code] for code in (0, 1, 15)] == pytest.approx([0.32188, 0.36563, 0.97813], abs=6e-6)


def test_mean_over_all_products():
    energies = [amplitude_coded(weight, code)[1] * 1e15 for weight, code in product(range(16), repeat=2)]
    assert np.mean(energies) == pytest.approx(52.96, abs=6e-3)
    assert min(energies) == pytest.approx(4.52, abs=6e-3)
    assert max(energies) == pytest.approx(197.8, abs=0.06)
    # Array, DAC and 8 b ADC together: 1.006 pJ, where the paper prints 1.05 pJ.
    total_pj = np.mean(energies) * 1e-3 + (dac_energy_j(4) + adc_energy_j(8)) * 1e12
    assert total_pj == pytest.approx(1.006, abs=6e-4)


def test_write_energy():
    assert BitLine().write_energy_j() * 1e15 == pytest.approx(251.5, abs=0.06)
    assert 4 * BitLine().write_energy_j() * 1e12 == pytest.approx(1.006, abs=6e-4)


def test_converter_and_adder_energies():
    found = [dac_energy_j(4), adc_energy_j(4), adc_energy_j(8), adder_energy_j(10), adder_energy_j(11)]
    assert [energy * 1e12 for energy in found] == pytest.approx([0.149, 0.252, 0.804, 0.575, 0.633], abs=6e-4)


def test_pulse_width_coding_at_full_word_line():
    line, times = BitLine(), np.arange(16) * 100e-12
    energies = line.discharge_energy_j(line.drop_v(times)) * 1e15
    assert float(line.drop_v(FULL_SCALE_S)) * 1e3 == pytest.approx(454.4, abs=0.06)
    assert float(line.mismatch_v(FULL_SCALE_S)) * 1e3 == pytest.approx(20.6, abs=0.06)
    lsb_v = float(line.drop_v(FULL_SCALE_S)) / 15
    assert float(line.mismatch_v(FULL_SCALE_S)) / lsb_v == pytest.approx(0.68, abs=6e-3)
    # The printed mean is over the fifteen inputs that pulse.
    assert energies[1:].mean() == pytest.approx(54.8, abs=0.06)
    assert energies.max() == pytest.approx(94.0, abs=0.06)


def test_pulses_are_more_linear_than_amplitudes():
    amplitudes = [float(BitLine(word_line_v=volts).drop_v(0.2e-9)) for volts in AMPLITUDES_V]
    assert integral_nonlinearity(amplitudes) == pytest.approx(0.0888, abs=6e-5)
    assert shared(rows=1).nonlinearity() == pytest.approx(0.0132, abs=6e-5)


def test_no_pulse_no_drop_and_only_the_constant_energy():
    line = BitLine()
    assert float(line.drop_v(0.0)) == 0.0
    assert float(line.discharge_energy_j(0.0)) * 4e15 == pytest.approx(4.52, abs=6e-3)
    assert float(BitLine(word_line_v=0.3).drop_v(1e-9)) < 1e-2


@given(st.floats(0.01e-9, 1.9e-9), st.floats(0.7, 1.0), st.floats(0.005, 0.1))
def test_longer_or_stronger_pulses_discharge_more(time_s, volts, step):
    line = BitLine(word_line_v=volts)
    longer = line.drop_v(time_s * (1 + step))
    assert longer > line.drop_v(time_s)
    assert line.discharge_energy_j(longer) > line.discharge_energy_j(line.drop_v(time_s))
    assert BitLine(word_line_v=volts + step).drop_v(time_s) > line.drop_v(time_s)


@given(st.floats(0.9, 1.1), st.floats(0.0, 0.5), st.floats(0.001, 0.05))
def test_a_higher_supply_costs_more_for_the_same_drop(supply_v, drop_v, step):
    low, high = BitLine(supply_v=supply_v), BitLine(supply_v=supply_v + step)
    assert high.discharge_energy_j(drop_v) > low.discharge_energy_j(drop_v)


def brute_force_mean_j(line: SharedLine, inputs: Shares, one: float, rows: int) -> float:
    cases = [(x, bit) for x, share in enumerate(inputs) if share for bit in (0, 1)]
    total = 0.0
    for chosen in product(cases, repeat=rows):
        probability = np.prod([inputs[x] * (one if bit else 1 - one) for x, bit in chosen])
        total += probability * float(line.discharge_energy_j(sum(x * bit for x, bit in chosen)))
    return float(total)


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("one", [0.0, 0.3, 1.0])
def test_expected_energy_equals_enumeration(rows, one):
    inputs = (0.4, 0.0, 0.3, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2)
    line = shared(rows=3)
    expected = brute_force_mean_j(line, inputs, one, rows)
    assert line.expected_energy_j(inputs, one, rows) == pytest.approx(expected, rel=1e-12)


def test_the_mean_energy_is_below_the_energy_of_the_mean():
    # E_dis(D(T)) is concave in T, so the variance of the data matters.
    inputs = operand_shares("uniform", "inputs", 4, signed=False).slices()[0]
    line = shared(rows=8)
    mean_sum = 8 * 0.5 * 7.5
    assert line.expected_energy_j(inputs, 0.5, 8) < float(line.discharge_energy_j(mean_sum)) * 0.99


@given(st.lists(st.floats(0.01, 1.0), min_size=16, max_size=16), st.floats(0, 1), st.integers(1, 40))
def test_sums_of_terms_are_distributions_with_the_right_mean(raw, one, rows):
    inputs = tuple(share / sum(raw) for share in raw)
    shares = sum_shares(term_shares(inputs, one), rows)
    assert shares.size == 15 * rows + 1
    assert shares.sum() == pytest.approx(1.0)
    mean = rows * one * sum(value * share for value, share in enumerate(inputs))
    assert shares @ np.arange(shares.size) == pytest.approx(mean)


def test_sums_of_terms_of_one_value_are_binomial():
    shares = sum_shares(term_shares((0.0, 1.0, *(0.0,) * 14), 0.5), 4)
    assert shares[:5] == pytest.approx(np.array([1, 4, 6, 4, 1]) / 16)


@pytest.mark.parametrize("depth", [3, 8, 11, 24])
def test_the_last_fold_pulses_what_is_left(depth):
    inputs, line = operand_shares("uniform", "inputs", 4, signed=False).slices()[0], shared(rows=8)
    folds = [min(8, depth - start) for start in range(0, depth, 8)]
    expected = np.mean([line.expected_energy_j(inputs, 0.5, rows) for rows in folds])
    assert line.mean_energy_j([(inputs, 0.5)], depth) == pytest.approx(expected, rel=1e-12)


def test_whole_folds_cost_the_same_to_the_last_bit_however_many():
    shares = operand_shares("measured", "inputs", 4, signed=False).slices()[0]
    lines, line = [(shares, one) for one in (0.49, 0.31, 0.27, 0.11)], shared(rows=8)
    assert len({line.mean_energy_j(lines, 8 * folds) for folds in range(1, 600)}) == 1
    assert line.mean_energy_j(lines, 5) != line.mean_energy_j(lines, 8)


def test_energies_do_not_depend_on_the_processors_order_of_summation():
    # A reference in exact fractions: the distribution is within its rounding, the mean rounded once.
    inputs, line = operand_shares("uniform", "inputs", 4, signed=False).slices()[0], shared(rows=4)
    term = [Fraction(share) for share in term_shares(inputs, 0.5)]
    exact = [Fraction(1)]
    for _ in range(4):
        sums = [Fraction(0)] * (len(exact) + 15)
        for (at, have), (value, share) in product(enumerate(exact), enumerate(term)):
            sums[at + value] += have * share
        exact = sums
    shares = sum_shares(term_shares(inputs, 0.5), 4)
    assert shares.tolist() == pytest.approx([float(share) for share in exact], rel=1e-15 * 16)
    weighed = [
        Fraction(float(term)) for term in shares * line.discharge_energy_j(np.arange(line.largest_sum + 1))
    ]
    assert line.expected_energy_j(inputs, 0.5, 4) == float(sum(weighed))


@pytest.mark.parametrize("rows", [1, 8, 16])
def test_transfer_covers_the_codes_monotonically_and_clips(rows):
    line = shared(rows)
    sums = np.repeat(np.arange(line.largest_sum + 1)[:, None], 4, axis=1)
    codes = line.transfer(sums)
    assert (np.diff(codes) >= 0).all()
    assert (codes[0], codes[-1]) == (0, 255)
    assert line.transfer([10 * line.largest_sum // 9] * 4) == 255


def test_capacitors_weigh_the_bit_lines():
    line = shared(rows=1)
    alone = [float(line.voltage(np.eye(4)[bit] * 15)) for bit in range(4)]
    assert [volts / alone[0] for volts in alone] == pytest.approx([1, 2, 4, 8])
    assert sum(alone) == pytest.approx(float(line.drop_v(15)))


def test_fewer_converter_bits_lose_small_sums():
    one = np.array([1, 0, 0, 0])
    assert shared(rows=1, bits=12).transfer(one) > 0
    assert shared(rows=8, bits=8).transfer(one) == 0


@pytest.mark.parametrize("kind", ["measured", "uniform"])
@pytest.mark.parametrize("role", ["inputs", "weights"])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("bits", [4, 8])
def test_statistics_are_distributions(kind, role, signed, bits):
    shares = operand_shares(kind, role, bits, signed=signed)
    assert len(shares.slices()) == bits // 4
    for part in shares.slices():
        assert sum(part) == pytest.approx(1.0)
        assert min(part) >= 0
    assert shares.with_sparsity(1.0).slices()[0] == pytest.approx((1.0, *(0.0,) * 15))


@pytest.mark.parametrize("bits", [4, 8])
def test_uniform_slices_are_uniform(bits):
    shares = operand_shares("uniform", "inputs", bits, signed=False)
    assert shares.zero_fraction == 2.0**-bits
    for part in shares.slices():
        assert part == pytest.approx([1 / 16] * 16)
        assert bit_probabilities(part) == pytest.approx([0.5] * 4)


def test_small_positive_numbers_are_the_most_frequent_measured_inputs():
    # ReLU outputs are sparse and skewed: this is why they cost less than uniform operands.
    nibble = operand_shares("measured", "inputs", 4, signed=False).slices()[0]
    assert nibble[0] > 0.2
    assert sum(value * share for value, share in enumerate(nibble)) < 7.5 / 2


def test_a_twos_complement_slice_splits_into_sign_and_magnitude():
    shares = tuple(value / 120 for value in range(16))
    sign, magnitude = sign_and_magnitude(shares)
    values = np.arange(16)
    signed_mean = np.dot(shares, np.where(values < 8, values, values - 16))
    assert np.dot(magnitude, values) - np.dot(sign, values) == pytest.approx(signed_mean)
    assert sum(sign) == pytest.approx(1.0)
    assert sum(magnitude) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("slicing", "words", "passes", "conversions", "discharges"),
    [
        (Slicing(4, 4, False, False), 1, 1, 1, 4),
        (Slicing(4, 4, True, False), 1, 1, 2, 4),
        (Slicing(8, 8, True, False), 2, 2, 6, 16),
        (Slicing(8, 8, True, True), 2, 3, 9, 24),
    ],
)
def test_slices_of_wide_operands(slicing, words, passes, conversions, discharges):
    assert (slicing.words, slicing.passes) == (words, passes)
    assert (slicing.conversions, slicing.discharges) == (conversions, discharges)
    assert len(slicing.statistics("uniform", None, None).lines) == discharges


@given(st.integers(-128, 127), st.integers(-128, 127))
def test_the_codes_of_a_signed_product_add_up_to_it(weight, value):
    """What each pass and conversion stands for, with its digital shift and sign, is the product."""
    weight_parts = [(weight & 15, 1), (weight >> 4 & 7, 16), (weight >> 7 & 1, -128)]
    input_parts = [(value & 15, 1), (value >> 4 & 7, 16), (value >> 7 & 1, -128)]
    assert len(weight_parts) * len(input_parts) == Slicing(8, 8, True, True).conversions
    total = sum(w * x * left * right for (w, left), (x, right) in product(weight_parts, input_parts))
    assert total == weight * value


def test_a_tdc_has_only_published_widths():
    assert block("tdc", 8).energy_j == pytest.approx(0.145e-12)
    with pytest.raises(InputError, match="no published tdc has 6 bits: expected 8"):
        block("tdc", 6)
    with pytest.raises(ValueError, match="no published tdc has 6 bits"):
        Converter(kind="tdc", bits=6)
    assert Converter(kind="adc", bits=6).conversion_s == pytest.approx(5e-9)
