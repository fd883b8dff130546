"""CDM8: equal to its netlist on every pair, with the published error figures and costs."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from netlist import Bench, cdm8
from pydantic import ValidationError
from table_figures import TableFigures, is_printed_as

from archsim.arithmetic.multipliers.cdm8 import _CELLS, _SYNTHESES, Cdm8

# reference/arithmetic.md §4. MRED is divided by all pairs, exact ones and P = 0 included.
PUBLISHED = {
    (4, 0): ("5.75", "0.00009", "0.0018", "12.4205", "68.36"),
    (4, 4): ("97.75", "0.0015", "0.0132", "8.4928", "52.91"),
    (5, 1): ("14.25", "0.00022", "0.0039", "11.2896", "59.57"),
    (6, 2): ("35.25", "0.00054", "0.0081", "10.1011", "51.10"),
    (7, 3): ("89.25", "0.00137", "0.0162", "8.8668", "42.52"),
    (7, 4): ("157.25", "0.00242", "0.0239", "8.0797", "37.09"),
    (8, 4): ("225.25", "0.00346", "0.0317", "7.6338", "33.58"),
    (9, 5): ("441.25", "0.00679", "0.0514", "6.6605", "29.05"),
    (10, 6): ("777.25", "0.01195", "0.0760", "5.8071", "26.40"),
    (10, 7): ("1321.25", "0.02032", "0.1076", "5.0014", "24.64"),
    (10, 8): ("2409.25", "0.03705", "0.1536", "4.0895", "23.06"),
    (10, 9): ("3689.25", "0.05674", "0.1921", "3.3652", "22.43"),
    (10, 10): ("4713.25", "0.07248", "0.2129", "2.8556", "22.26"),
}
# §10: ranks of T, of E and of E for a < 128; WCE; MRED over P != 0; ER; separable in b, in a.
RANKS = {
    (4, 0): ((12, 11, 11), 44, "0.0018", "31.6", (True, True)),
    (4, 4): ((12, 11, 11), 748, "0.0133", "47.1", (True, True)),
    (5, 1): ((12, 11, 11), 108, "0.0040", "40.4", (True, False)),
    (6, 2): ((13, 12, 12), 300, "0.0081", "48.9", (True, False)),
    (7, 3): ((16, 15, 15), 684, "0.0164", "57.5", (True, False)),
    (7, 4): ((23, 22, 22), 1196, "0.0241", "62.9", (True, False)),
    (8, 4): ((23, 22, 19), 1708, "0.0319", "66.4", (True, False)),
    (9, 5): ((20, 19, 18), 3244, "0.0518", "71.0", (True, False)),
    (10, 6): ((19, 18, 18), 6316, "0.0766", "73.6", (True, False)),
    (10, 7): ((19, 18, 11), 10412, "0.1084", "75.4", (True, False)),
    (10, 8): ((12, 11, 8), 18604, "0.1548", "76.9", (True, False)),
    (10, 9): ((9, 8, 7), 26796, "0.1936", "77.6", (True, False)),
    (10, 10): ((8, 7, 7), 43180, "0.2146", "77.7", (True, False)),
}
CHECK_VALUES = {
    (3, 3): (9, 5, 5, 5, 5),
    (7, 7): (49, 21, 21, 21, 21),
    (15, 15): (225, 149, 85, 181, 85),
    (100, 200): (20000, 20000, 20000, 20000, 11808),
    (170, 85): (14450, 14434, 14370, 14178, 8738),
    (127, 127): (16129, 16021, 15445, 15637, 6741),
    (255, 255): (65025, 64917, 64341, 64277, 21845),
}


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench.of_all_pairs(8)


@pytest.mark.parametrize("low", range(11))
def test_every_pair_of_codes_is_its_netlist(bench, low):
    for high in range(11):
        expected = bench.read(cdm8(bench.a, bench.b, low, high))
        assert (Cdm8(low=low, high=high).products(*bench.operands) == expected).all(), high


def test_check_values():
    designs = [Cdm8(low=low, high=high) for low, high in ((0, 1), (5, 1), (7, 3), (4, 4), (10, 10))]
    for operands, expected in CHECK_VALUES.items():
        assert tuple(design.product(*operands) for design in designs) == expected


@pytest.mark.parametrize(("low", "high"), PUBLISHED)
def test_published_error_figures(low, high):
    figures = TableFigures(Cdm8(low=low, high=high).table())
    computed = (figures.med, figures.nmed, figures.mred_of_all, figures.noeb, 100 - figures.error_percent)
    for value, printed in zip(computed, PUBLISHED[low, high], strict=True):
        assert is_printed_as(value, printed), (value, printed)


@pytest.mark.parametrize(("low", "high"), RANKS)
def test_ranks_and_separability(low, high):
    figures = TableFigures(Cdm8(low=low, high=high).table())
    ranks, wce, mred, errors, separable = RANKS[low, high]
    assert figures.ranks() == ranks
    assert figures.wce == wce
    assert is_printed_as(figures.mred_of_nonzero, mred)
    assert is_printed_as(figures.error_percent, errors)
    assert figures.separable() == separable


def test_the_two_conventions_of_mred():
    figures = TableFigures(Cdm8(low=7, high=3).table())
    assert is_printed_as(figures.mred_of_all, "0.01624")
    assert is_printed_as(figures.mred_of_nonzero, "0.01637")


@pytest.mark.parametrize(("low", "high"), list(product((0, 3, 7, 10), repeat=2)))
def test_errors_are_never_positive_and_multiples_of_four(low, high):
    error = TableFigures(Cdm8(low=low, high=high).table()).error
    assert error.max() == 0
    assert not (error % 4).any()


def test_more_columns_without_carries_never_err_less():
    tables = [Cdm8(low=low, high=high).table() for low, high in ((4, 3), (5, 3), (5, 4), (9, 4), (9, 10))]
    assert all((more <= less).all() for less, more in pairwise(tables))


def test_signed_operands_are_multiplied_as_magnitudes():
    unsigned, signed = Cdm8(low=7, high=3), Cdm8(low=7, high=3, signed=True)
    values = signed.operand_values()
    magnitudes = unsigned.products(np.abs(values[:, None]), np.abs(values))
    assert (signed.table() == np.sign(np.multiply.outer(values, values)) * magnitudes).all()


def test_operands_are_split_as_asked():
    design = Cdm8(low=7, high=3, split="activation")
    assert (design.layer_table() == design.table().T).all()
    assert (design.table() != design.table().T).any()


def test_published_costs_are_ratios_to_the_exact_multiplier():
    cost = Cdm8(low=7, high=3).relative_cost()
    assert 100 * (1 - cost.energy) == pytest.approx(28.3, abs=0.05)
    assert cost.delay == pytest.approx(0.463 / 0.697)
    assert cost.area == pytest.approx(330.03 / 397.062)
    assert "slide 11 [pub]" in cost.source
    assert Cdm8(low=5, high=0).relative_cost() == Cdm8(low=5, high=1).relative_cost()
    exact = Cdm8(low=1, high=0).relative_cost()
    assert (exact.energy, exact.delay, exact.area) == (1, 1, 1)


# "power saving %" of the same table, recomputed by its authors.
@pytest.mark.parametrize(
    ("low", "high", "saving"),
    [
        (4, 4, 20.4),
        (5, 1, 16.0),
        (6, 2, 24.4),
        (7, 3, 28.3),
        (7, 4, 32.9),
        (8, 4, 31.9),
        (9, 5, 39.4),
        (10, 6, 47.9),
        (10, 7, 50.7),
        (10, 8, 53.7),
        (10, 9, 56.1),
        (10, 10, 56.8),
    ],
)
def test_power_savings_are_those_of_the_slide(low, high, saving):
    assert 100 * (1 - Cdm8(low=low, high=high).relative_cost().energy) == pytest.approx(saving, abs=0.05)


def fitted() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cell counts of the synthesised designs as rows (1, pi0 + pi3, pi2, pi1), their power and their area."""
    counts = [
        (1, *(cells[0] + cells[3], cells[2], cells[1]))
        for cells in (np.add(_CELLS[low], _CELLS[high]) for low, high in _SYNTHESES)
    ]
    power = [row.power_uw for row in _SYNTHESES.values()]
    area = [row.area_um2 for row in _SYNTHESES.values()]
    return np.array(counts, float), np.array(power), np.array(area)


def test_the_fit_is_the_least_squares_fit_of_the_synthesised_designs():
    counts, power, area = fitted()
    for figures, printed in (
        (power, ("6.471", "0.089", "-0.001", "-0.037")),
        (area, ("422.4", "-0.658", "-1.995", "-3.933")),
    ):
        solution = np.linalg.lstsq(counts, figures, rcond=None)[0]
        assert all(is_printed_as(value, text) for value, text in zip(solution, printed, strict=True)), (
            solution
        )


def test_the_fit_errs_as_stated(monkeypatch):
    designs = dict(_SYNTHESES)
    monkeypatch.setattr("archsim.arithmetic.multipliers.cdm8._SYNTHESES", {})
    exact = designs[0, 0]
    power, area = [], []
    for (low, high), row in designs.items():
        cost = Cdm8(low=low, high=high).relative_cost()
        assert cost.delay is None
        power.append(abs(cost.energy * exact.power_uw / row.power_uw - 1))
        area.append(abs(cost.area * exact.area_um2 / row.area_um2 - 1))
    assert max(power) == pytest.approx(0.055, abs=0.001)
    assert max(area) == pytest.approx(0.032, abs=0.001)


def test_other_codes_take_the_fit():
    cost = Cdm8(low=4, high=0).relative_cost()
    assert "fit" in cost.source
    assert cost.delay is None
    assert Cdm8(low=7, high=3).relative_cost().energy < cost.energy < 1


@pytest.mark.parametrize("fields", [{"low": 11, "high": 0}, {"low": -1, "high": 0}, {"low": 3}])
def test_codes_out_of_range_are_refused(fields):
    with pytest.raises(ValidationError):
        Cdm8(**fields)


def test_other_widths_are_refused():
    with pytest.raises(ValidationError, match="defined for 8 bits"):
        Cdm8(low=7, high=3, width=4)
