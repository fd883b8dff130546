"""Lower-part-OR array: equal to its netlist at every width, with the published error figures."""

from __future__ import annotations

import numpy as np
import pytest
from netlist import Bench, loa_array
from pydantic import ValidationError
from table_figures import TableFigures, is_printed_as

from archsim.arithmetic.multipliers.loa_array import LoaArray

# reference/arithmetic.md §10: ranks of T, of E, of E for a < 128; MED, MRED over P != 0, ER; WCE; separable.
FIGURES = {
    4: ((12, 11, 11), ("2.16", "0.0007", "31.6"), 16, (True, True)),
    6: ((58, 57, 57), ("15.53", "0.0035", "59.2"), 88, (False, False)),
    8: ((248, 247, 120), ("84.46", "0.0136", "79.0"), 440, (False, False)),
}


@pytest.mark.parametrize("width", [2, 3, 4, 5, 8])
def test_every_pair_is_its_netlist(width):
    bench = Bench.of_all_pairs(width)
    for low_bits in range(2 * width + 1):
        design = LoaArray(low_bits=low_bits, width=width)
        assert (design.products(*bench.operands) == bench.read(loa_array(bench, low_bits))).all(), low_bits


@pytest.mark.parametrize("low_bits", [0, 1, 9, 16, 31, 32])
def test_random_pairs_of_16_bits_are_its_netlist(low_bits):
    bench = Bench(np.random.default_rng(3).integers(0, 1 << 16, (5000, 2)).tolist(), 16)
    design = LoaArray(low_bits=low_bits, width=16)
    assert (design.products(*bench.operands) == bench.read(loa_array(bench, low_bits))).all()


@pytest.mark.parametrize("low_bits", FIGURES)
def test_published_figures(low_bits):
    figures = TableFigures(LoaArray(low_bits=low_bits).table())
    ranks, printed, wce, separable = FIGURES[low_bits]
    assert figures.ranks() == ranks
    assert figures.wce == wce
    computed = (figures.med, figures.mred_of_nonzero, figures.error_percent)
    assert all(is_printed_as(value, text) for value, text in zip(computed, printed, strict=True)), computed
    assert figures.separable() == separable


@pytest.mark.parametrize("low_bits", [0, 1])
def test_no_and_one_ored_bit_are_exact(low_bits):
    assert not TableFigures(LoaArray(low_bits=low_bits).table()).error.any()


def test_products_fit_twice_the_width_however_much_is_ored():
    for low_bits in range(17):
        assert LoaArray(low_bits=low_bits).table().min() >= 0
        assert LoaArray(low_bits=low_bits).table().max() < 1 << 16


@pytest.mark.parametrize(("low_bits", "width"), [(17, None), (9, 4), (33, 16), (-1, 8)])
def test_more_ored_bits_than_a_product_has_are_refused(low_bits, width):
    with pytest.raises(ValidationError, match="low_bits"):
        LoaArray(low_bits=low_bits, width=width)
