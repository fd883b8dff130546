"""SCDM8: equal to its Baugh-Wooley netlist on every pair, with the figures of the recovered tables."""

from __future__ import annotations

import pytest
from netlist import Bench, scdm8
from pydantic import ValidationError
from table_figures import TableFigures, is_printed_as

from archsim.arithmetic.multipliers.cdm8 import Cdm8
from archsim.arithmetic.multipliers.scdm8 import Scdm8

# reference/arithmetic.md §5: exact product, SCDM8_51, SCDM8_73.
CHECK_VALUES = {
    (-1, -1): (1, -107, -683),
    (15, 15): (225, 149, 85),
    (7, 100): (700, 700, 572),
    (127, 127): (16129, 16021, 15445),
    (100, -77): (-7700, -7700, -7828),
    (85, -86): (-7310, -7326, -7390),
    (-128, -128): (16384, 16384, 16384),
    (-128, 127): (-16256, -16256, -16256),
}
# §5 and §10: MED, NMED, MRED over P != 0, ER, WCE; ranks of T, of E and of E for a < 0 (the first half).
FIGURES = {
    (5, 1): ("14.25", "0.00087", "0.0305", "40.4", 108, (12, 11, 11)),
    (7, 3): ("89.25", "0.00545", "0.2089", "57.5", 684, (16, 15, 15)),
}


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench.of_all_pairs(8, signed=True)


@pytest.mark.parametrize("low", range(11))
def test_every_pair_of_codes_is_its_netlist(bench, low):
    for high in range(11):
        bits = bench.read(scdm8(bench, low, high))
        expected = bits - ((bits >> 15) << 16)
        assert (Scdm8(low=low, high=high).products(*bench.operands) == expected).all(), high


def test_check_values():
    designs = [Scdm8(low=low, high=high) for low, high in ((0, 0), (5, 1), (7, 3))]
    for operands, expected in CHECK_VALUES.items():
        assert tuple(design.product(*operands) for design in designs) == expected


@pytest.mark.parametrize(("low", "high"), FIGURES)
def test_figures_of_the_recovered_tables(low, high):
    figures = TableFigures(Scdm8(low=low, high=high).table(), signed=True)
    *printed, wce, ranks = FIGURES[low, high]
    computed = (figures.med, figures.nmed, figures.mred_of_nonzero, figures.error_percent)
    for value, text in zip(computed, printed, strict=True):
        assert is_printed_as(value, text), (value, text)
    assert (figures.wce, figures.bias) == (wce, -figures.med)
    assert figures.ranks() == ranks
    assert figures.separable() == (True, False)


@pytest.mark.parametrize("low", range(11))
@pytest.mark.parametrize("high", range(11))
def test_errors_are_never_positive_and_multiples_of_four(low, high):
    error = TableFigures(Scdm8(low=low, high=high).table(), signed=True).error
    assert error.max() <= 0
    assert not (error % 4).any()


@pytest.mark.parametrize("code", [0, 1])
def test_codes_0_and_1_are_exact(code):
    assert not TableFigures(Scdm8(low=code, high=1 - code).table(), signed=True).error.any()


def test_low_codes_err_as_the_unsigned_design_does_on_average_and_high_code_4_does_not():
    def med(design, signed):
        return TableFigures(design.table(), signed=signed).med

    assert med(Scdm8(low=7, high=3), True) == med(Cdm8(low=7, high=3), False)
    assert med(Scdm8(low=7, high=4), True) != med(Cdm8(low=7, high=4), False)


def test_only_signed_8_bit_operands_fit():
    assert Scdm8(low=7, high=3).is_signed
    with pytest.raises(ValidationError, match="two's-complement operands only"):
        Scdm8(low=7, high=3, signed=False)
    with pytest.raises(ValidationError, match="defined for 8 bits"):
        Scdm8(low=7, high=3, width=16)


def test_the_cost_is_that_of_its_netlist_up_to_the_design_without_carries():
    costs = [Scdm8(low=low, high=high).relative_cost() for low, high in ((0, 0), (7, 3), (10, 10))]
    assert all(cost.source.startswith("netlist: yosys") for cost in costs)
    assert 1 > costs[0].energy > costs[1].energy > costs[2].energy > 0.5
    assert 1 > costs[0].area > costs[1].area > costs[2].area > 0.5
