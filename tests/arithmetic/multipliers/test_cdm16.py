"""CDM16: equal to its netlist, with the published figures on random pairs, and the published costs."""

from __future__ import annotations

import numpy as np
import pytest
from netlist import Bench, cdm16
from pydantic import ValidationError

from archsim.arithmetic.multipliers.cdm16 import Cdm16
from archsim.errors import InputError

# reference/arithmetic.md §6: MED, NMED, MRED, NoEB, exact %; area, power, delay.
PUBLISHED = {
    "0000": (8_221_326, 0.001914, "0.0197", "8.48", 19.6, 1703.16, 88.7, 1.189),
    "3000": (8_221_327, 0.001914, "0.0196", "8.48", 13.85, 1716.156, 82.58, 1.215),
    "7000": (8_221_330, 0.001914, "0.0196", "8.48", 8.19, 1636.812, 76.68, 1.193),
    "8000": (8_221_324, 0.001914, "0.0197", "8.48", 7.54, 1620.738, 75.62, 1.192),
    "8330": (8_221_500, 0.001914, "0.0197", "8.48", 5.1, 1610.21, 69.01, 1.073),
    "b330": (8_221_508, 0.001914, "0.0197", "8.48", 4.44, 1602.27, 61.22, 0.958),
    "f770": (8_220_003, 0.001914, "0.0200", "8.48", 1.98, 1430.244, 50.72, 0.958),
    "f880": (8_220_824, 0.001914, "0.0202", "8.48", 1.73, 1401.516, 48.84, 0.958),
    "f883": (8_607_336, 0.002004, "0.0220", "8.45", 1.55, 1415.538, 45.71, 0.716),
    "fbb3": (8_613_693, 0.002006, "0.0229", "8.45", 1.24, 1321.83, 41.24, 0.724),
    "fff7": (22_980_961, 0.005351, "0.0521", "7.17", 0.99, 1212.39, 36.83, 0.721),
    "fff8": (37_133_784, 0.008646, "0.0714", "6.42", 0.96, 1194.606, 36.16, 0.721),
    "fffb": (1.66e8, 0.038672, "0.1725", "4.05", 0.90, 1147.41, 34.62, 0.721),
    "ffff": (3.17e8, 0.073815, "0.2314", "2.84", 0.90, 1128.6, 34.26, 0.721),
}
PARTS = {"0": "exact", "3": "cdm8_40", "7": "cdm8_84", "8": "cdm8_95", "b": "cdm8_a8", "f": "cdm8_aa"}
COLUMNS = {"0": (0, 0), "3": (4, 0), "7": (8, 4), "8": (9, 5), "b": (10, 8), "f": (10, 10)}
PAIRS = 4_000_000


def design(digits: str, **fields) -> Cdm16:
    names = ("low_low", "high_low", "low_high", "high_high")
    parts = {name: PARTS[digit] for name, digit in zip(names, digits, strict=True)}
    return Cdm16.model_validate(parts | fields)


def random_pairs(count: int) -> np.ndarray:
    return np.random.default_rng(16).integers(0, 1 << 16, (2, count))


@pytest.fixture(scope="module")
def bench() -> Bench:
    edges = [0, 1, 255, 256, 257, 32768, 65280, 65535]
    pairs = [tuple(pair) for pair in random_pairs(20_000).T.tolist()]
    return Bench(pairs + [(a, b) for a in edges for b in edges], 16)


@pytest.mark.parametrize("digits", [*PUBLISHED, "0378", "bf37", "73b0", "3f08"])
def test_equals_its_netlist(bench, digits):
    expected = bench.read(cdm16(bench, [COLUMNS[digit] for digit in digits]))
    assert (design(digits).products(*bench.operands) == expected).all()


@pytest.mark.slow
@pytest.mark.parametrize("digits", PUBLISHED)
def test_published_error_figures(digits):
    """The reference reproduces MED within 0.1 %, exact results within 0.03 points on 2 x 10^7 pairs.

    Fewer pairs widen these by the standard error of the mean, measured here on the sample itself.
    """
    med, nmed, mred, noeb, exact_percent, *_ = PUBLISHED[digits]
    a, b = random_pairs(PAIRS)
    exact = a * b
    distance = np.abs(design(digits).products(a, b) - exact).astype(float)
    error = 3 * distance.std() / PAIRS**0.5
    assert distance.mean() == pytest.approx(med, rel=1e-3 if med < 1e8 else 4e-3, abs=error)
    assert distance.mean() / 65535**2 == pytest.approx(nmed, abs=error / 65535**2 + 5e-7)
    share = exact_percent / 100
    spread = 3 * (share * (1 - share) / PAIRS) ** 0.5
    assert np.mean(distance == 0) == pytest.approx(share, abs=3e-4 + spread)
    bits = 32 - np.log2(1 + np.sqrt(np.mean(distance**2)))
    assert abs(bits - float(noeb)) <= 0.015
    nonzero = exact != 0
    relative = distance[nonzero] / exact[nonzero]
    assert relative.mean() == pytest.approx(float(mred), abs=5e-5 + 3 * relative.std() / PAIRS**0.5)


def test_dropped_carries_make_even_exact_parts_err():
    assert design("0000").product(65535, 65535) != 65535**2
    assert design("0000").product(255, 255) == 255**2


def test_products_never_exceed_the_exact_ones():
    a, b = random_pairs(200_000)
    for digits in PUBLISHED:
        assert (design(digits).products(a, b) <= a * b).all()


def test_signed_operands_are_multiplied_as_magnitudes():
    signed, unsigned = design("8330", signed=True), design("8330")
    a, b = random_pairs(10_000) - 32768
    assert (signed.products(a, b) == np.sign(a) * np.sign(b) * unsigned.products(np.abs(a), np.abs(b))).all()


@pytest.mark.parametrize("digits", PUBLISHED)
def test_published_costs_are_ratios_to_the_exact_multiplier(digits):
    *_, area, power, delay = PUBLISHED[digits]
    cost = design(digits).relative_cost()
    assert (cost.area, cost.energy, cost.delay) == (area / 1709.658, power / 92.43, delay / 1.61)
    assert "slides 9 and 16 [pub]" in cost.source


def test_other_combinations_have_no_published_cost():
    with pytest.raises(
        InputError, match="low_low cdm8_40, high_low cdm8_84, low_high cdm8_95, high_high cdm8_a8"
    ):
        design("378b").relative_cost()


@pytest.mark.parametrize("fields", [{"width": 8}, {"low_low": 0}, {"low_low": "f"}, {"high_high": "cdm8_73"}])
def test_other_widths_and_parts_are_refused(fields):
    with pytest.raises(ValidationError):
        design("8330", **fields)


def test_products_are_computed_and_never_tabulated():
    with pytest.raises(InputError, match="computed, not tabulated"):
        design("8330").table()
