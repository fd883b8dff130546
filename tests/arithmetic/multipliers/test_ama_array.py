"""Arrays of mirror adders: equal to their netlist, with the reference's error figures and published costs."""

from __future__ import annotations

import numpy as np
import pytest
from netlist import Bench, mirror_adder_array, mirror_adders
from pydantic import ValidationError
from table_figures import TableFigures, is_printed_as

from archsim.arithmetic.multipliers.ama_array import AmaArray
from archsim.errors import InputError

CELLS = ("ama1", "ama2", "ama3", "ama4", "ama5")
# reference/arithmetic.md §10: ranks of T, of E, of E for a < 128; MED, MRED over P != 0, ER; WCE; separable.
FIGURES = {
    ("ama1", 4): ((5, 4, 4), ("5.25", "0.0029", "78.1"), 18, "y/y"),
    ("ama1", 6): ((7, 6, 6), ("25.04", "0.0111", "93.0"), 98, "-/y"),
    ("ama1", 8): ((8, 8, 7), ("110.05", "0.0374", "97.9"), 482, "-/y"),
    ("ama1", 10): ((8, 9, 7), ("480.26", "0.1162", "99.0"), 65024, "-/-"),
    ("ama2", 4): ((9, 8, 8), ("9.06", "0.0055", "89.5"), 22, "y/y"),
    ("ama2", 6): ((20, 19, 19), ("48.64", "0.0321", "97.7"), 150, "-/-"),
    ("ama2", 8): ((35, 34, 28), ("240.02", "0.1707", "99.5"), 854, "-/-"),
    ("ama2", 10): ((34, 35, 29), ("1207.10", "0.7910", "100.0"), 3758, "-/-"),
    ("ama3", 4): ((7, 6, 6), ("12.20", "0.0073", "96.1"), 26, "y/y"),
    ("ama3", 6): ((11, 10, 10), ("65.55", "0.0405", "99.1"), 178, "-/-"),
    ("ama3", 8): ((15, 14, 14), ("324.92", "0.2052", "99.8"), 978, "-/-"),
    ("ama3", 10): ((15, 16, 13), ("1561.34", "0.8934", "100.0"), 65024, "-/-"),
    ("ama4", 4): ((5, 4, 4), ("8.09", "0.0044", "79.3"), 34, "y/y"),
    ("ama4", 6): ((7, 6, 6), ("52.69", "0.0225", "93.4"), 258, "y/y"),
    ("ama4", 8): ((8, 8, 7), ("290.46", "0.0913", "98.0"), 1538, "y/y"),
    ("ama4", 10): ((6, 7, 6), ("1256.50", "0.2413", "99.0"), 6402, "y/y"),
    ("ama5", 4): ((4, 3, 3), ("4.50", "0.0021", "68.8"), 14, "y/y"),
    ("ama5", 6): ((6, 5, 5), ("22.61", "0.0087", "89.1"), 78, "y/y"),
    ("ama5", 8): ((8, 7, 6), ("101.47", "0.0313", "96.5"), 398, "y/y"),
    ("ama5", 10): ((7, 6, 5), ("396.96", "0.0997", "98.4"), 1936, "y/y"),
}


def of_netlist(bench: Bench, cell: str, columns: int) -> np.ndarray:
    return bench.read(mirror_adder_array(bench, mirror_adders(bench)[cell], columns))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("width", [2, 3, 4, 8])
def test_every_pair_is_its_netlist(cell, width):
    bench = Bench.of_all_pairs(width)
    for columns in range(2 * width + 1):
        design = AmaArray(cell=cell, columns=columns, width=width)
        assert (design.products(*bench.operands) == of_netlist(bench, cell, columns)).all(), columns


@pytest.mark.parametrize("cell", CELLS)
def test_random_pairs_of_16_bits_are_their_netlist(cell):
    bench = Bench(np.random.default_rng(4).integers(0, 1 << 16, (3000, 2)).tolist(), 16)
    for columns in (0, 1, 12, 16, 17, 31, 32):
        design = AmaArray(cell=cell, columns=columns, width=16)
        assert (design.products(*bench.operands) == of_netlist(bench, cell, columns)).all(), columns


@pytest.mark.parametrize(("cell", "columns"), FIGURES)
def test_figures_of_the_reference(cell, columns):
    figures = TableFigures(AmaArray(cell=cell, columns=columns).table())
    ranks, printed, wce, separable = FIGURES[cell, columns]
    assert figures.ranks() == ranks
    assert figures.wce == wce
    computed = (figures.med, figures.mred_of_nonzero, figures.error_percent)
    assert all(is_printed_as(value, text) for value, text in zip(computed, printed, strict=True)), computed
    assert figures.separable() == tuple(half == "y" for half in separable.split("/"))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("width", [2, 5, 8])
def test_no_approximate_column_is_exact(cell, width):
    assert not TableFigures(AmaArray(cell=cell, columns=0, width=width).table()).error.any()


def test_operand_order_is_part_of_a_design():
    table = AmaArray(cell="ama5", columns=8).table()
    assert (table != table.T).any()
    assert (AmaArray(cell="ama5", columns=8, split="activation").layer_table() == table.T).all()


@pytest.mark.parametrize("columns", [8, 15, 16])
@pytest.mark.parametrize("cell", CELLS)
def test_signed_products_are_magnitudes_with_a_sign_modulo_2_to_the_16(cell, columns):
    values = np.arange(-128, 128)
    unsigned = AmaArray(cell=cell, columns=columns)
    magnitudes = unsigned.products(np.abs(values[:, None]), np.abs(values))
    negative = (values[:, None] < 0) != (values < 0)
    expected = np.where(negative, -magnitudes, magnitudes).astype(np.int16)
    assert (AmaArray(cell=cell, columns=columns, signed=True).table() == expected).all()


# reference/arithmetic.md §7: energy pJ, frequency MHz, slice LUTs; the savings are those that the paper has.
# The largest stands there as 99.4, truncated.
def test_published_costs():
    cost = AmaArray(cell="ama4", columns="D2").relative_cost()
    assert (cost.energy, cost.delay, cost.area) == (1416 / 3866, 114 / 148, 47 / 85)
    assert "unverified" in cost.source
    costs = [
        AmaArray(cell=cell, columns=degree).relative_cost()
        for cell in CELLS
        for degree in ("D1", "D2", "D3", "D4")
    ]
    energies = [100 * (1 - one.energy) for one in costs]
    assert min(energies) == pytest.approx(23.2, abs=0.05)
    assert max(energies) == pytest.approx(99.4, abs=0.06)
    assert np.mean(energies) == pytest.approx(65.5, abs=0.05)
    delays = [100 * (1 - one.delay) for one in costs]
    assert (round(min(delays)), round(max(delays))) == (-12, 92)
    assert all(one.area < 1 for one in costs)


@pytest.mark.parametrize("cell", CELLS)
def test_a_degree_is_a_number_of_columns(cell):
    tables = [AmaArray(cell=cell, columns=degree).table() for degree in ("D1", "D2", "D3", "D4")]
    assert all(
        (table == AmaArray(cell=cell, columns=columns).table()).all()
        for table, columns in zip(tables, (7, 8, 9, 16), strict=True)
    )


def test_a_number_of_columns_has_the_cost_of_its_netlist_and_no_published_one():
    assert AmaArray(cell="ama4", columns=8).relative_cost().source.startswith("netlist: yosys")
    assert AmaArray(cell="ama4", columns="D2").relative_cost().source.startswith("Masadeh")
    with pytest.raises(InputError, match="no figures for the energy of ama_array"):
        AmaArray(cell="ama4", columns=8, width=10).relative_cost()


@pytest.mark.parametrize(
    "fields", [{"columns": 17}, {"columns": 9, "width": 4}, {"columns": "D5"}, {"columns": "D1", "width": 16}]
)
def test_columns_that_the_design_does_not_have_are_refused(fields):
    with pytest.raises(ValidationError, match="columns"):
        AmaArray(cell="ama1", **fields)


def test_the_exact_cell_is_no_design():
    with pytest.raises(ValidationError, match="cell"):
        AmaArray(cell="exact", columns=8)
