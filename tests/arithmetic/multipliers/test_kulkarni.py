"""Kulkarni's multiplier: equal to its recursive netlist, with the published error figures."""

from __future__ import annotations

import numpy as np
import pytest
from netlist import Bench, kulkarni
from pydantic import ValidationError
from table_figures import TableFigures, is_printed_as

from archsim.arithmetic.multipliers.kulkarni import Kulkarni


@pytest.mark.parametrize("width", [2, 4, 8])
def test_every_pair_is_its_netlist(width):
    bench = Bench.of_all_pairs(width)
    expected = bench.read(kulkarni(bench.a, bench.b))
    assert (Kulkarni(width=width).products(*bench.operands) == expected).all()


def test_random_pairs_of_16_bits_are_its_netlist():
    bench = Bench(np.random.default_rng(2).integers(0, 1 << 16, (5000, 2)).tolist(), 16)
    assert (Kulkarni(width=16).products(*bench.operands) == bench.read(kulkarni(bench.a, bench.b))).all()


def test_a_block_errs_at_3_x_3_alone():
    error = TableFigures(Kulkarni(width=2).table()).error
    assert error[3, 3] == -2
    assert np.count_nonzero(error) == 1


def test_published_figures():
    figures = TableFigures(Kulkarni().table())
    assert figures.ranks() == (2, 1, 1)
    assert figures.wce == 14450
    assert is_printed_as(figures.med, "903.12")
    assert is_printed_as(figures.mred_of_nonzero, "0.0328")
    assert is_printed_as(figures.error_percent, "46.7")
    assert figures.separable() == (True, True)
    assert (figures.table == figures.table.T).all()


@pytest.mark.parametrize("width", [3, 6, 12])
def test_widths_are_powers_of_two(width):
    with pytest.raises(ValidationError, match="defined for 2 or 4 or 8 or 16 bits"):
        Kulkarni(width=width)
