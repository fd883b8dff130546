"""Tables: what they say, and that they fit."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.results.comparison import compare
from archsim.results.comparison_tables import component_comparison, layer_comparison, totals_comparison
from archsim.results.formatting import decimals, integer, percent, quantity, ratio, scaled
from archsim.results.tables import Column, Table, action_table, component_table, layer_table, totals_table

PREFIXES = {"a": -18, "f": -15, "p": -12, "n": -9, "µ": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12}


@given(st.floats(min_value=1e-17, max_value=9e14))
def test_a_quantity_reads_back_within_half_of_its_last_digit(value):
    number, unit = quantity(value, "J").split()
    read = float(number) * 10.0 ** PREFIXES[unit.removesuffix("J")]
    assert read == pytest.approx(value, rel=6e-4)
    assert 0.999 < float(number) <= 1000


@given(st.lists(st.just(0.0) | st.floats(min_value=1e-30, max_value=1e6), min_size=1))
def test_a_column_has_one_number_of_decimals_and_hides_no_nonzero_value(values):
    _, texts = scaled(values, "W")
    places = {len(text.partition(".")[2]) for text in texts if text not in {"0"} and "<" not in text}
    assert len(places) <= 1
    for value, text in zip(values, texts, strict=True):
        assert (text == "0") == (value == 0)


def test_one_unit_per_column():
    assert scaled([0.01677, 0.00000002, None, 0.0], "J") == ("mJ", ["16.77", "<0.01", "-", "0"])
    assert scaled([], "J") == ("J", [])
    assert decimals([1234.4, 0.25]) == ["1,234", "<1"]


def test_numbers_that_round_up_do_not_gain_a_digit():
    assert decimals([9.9999]) == ["10.00"]
    assert quantity(0.9999999, "s") == "1.000 s"


def test_percentages_and_ratios_do_not_pretend():
    assert percent(0.0) == "0.0"
    assert percent(0.0001) == "<0.1"
    assert percent(0.99999) == ">99.9"
    assert percent(1.0) == "100.0"
    assert percent(None) == ratio(None) == "-"
    assert ratio(0.13537) == "0.135x"
    assert ratio(7.387) == "7.39x"
    assert ratio(1234.0) == "1234x"
    assert integer(15470264320) == "15,470,264,320"


def test_layer_table_has_each_layer_and_the_totals_of_the_run(report):
    table = layer_table(report)
    assert [row[0] for row in table.rows] == ["conv1", "relu1", "fc"]
    headers = [column.header for column in table.columns]
    for header in ("latency", "cycles", "stalled", "utilization", "dram", "energy", "power"):
        assert header in headers
    assert table.rows[2][headers.index("stalled")] == "75.0"
    assert table.footer is not None
    assert table.footer[headers.index("cycles")] == integer(report.totals.cycles)
    energy = headers.index("energy")
    assert table.columns[energy].unit == "nJ"
    shown = math.fsum(float(row[energy]) for row in table.rows)
    assert shown == pytest.approx(float(table.footer[energy]), abs=0.02)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_tables_fit_by_leaving_columns_out_and_say_so(report, width):
    full = layer_table(report)
    table = full.fit(width)
    assert table.width <= width
    assert (table.note != full.note) == (len(table.columns) < len(full.columns))
    for column in full.columns:
        assert column in table.columns or column.header in table.note
    assert [row[0] for row in table.rows] == [row[0] for row in full.rows]


def test_long_texts_are_cut_before_columns_go():
    columns = (Column("name", right=False), Column("source", right=False, rank=1, shortest=10))
    table = Table("t", columns, (("dram", "x" * 50), ("npu", "short")))
    cut = table.fit(30)
    assert [row[1] for row in cut.rows] == ["x" * 23 + "…", "short"]
    assert cut.width == 30
    assert len(table.fit(12).columns) == 1


def test_component_table_lists_costly_components_first_with_static_parts(report):
    table = component_table(report)
    energies = [report.energy_by_component_j[row[0]] for row in table.rows]
    assert energies == sorted(energies, reverse=True)
    headers = [column.header for column in table.columns]
    leaks = {row[0]: row[headers.index("leakage")] for row in table.rows}
    assert leaks["npu"] == "0"
    assert float(leaks["buffer"]) > 0
    assert {row[0]: row[headers.index("area")] for row in table.rows}["npu"] == "0.750"


def test_action_table_keeps_the_actions_of_a_component_together(report):
    components = [row[0] for row in action_table(report).rows]
    assert sorted(set(components), key=components.index) == [
        name for position, name in enumerate(components) if name not in components[:position]
    ]
    assert len(components) == len(report.actions)
    changes = sum(1 for a, b in pairwise(components) if a != b)
    assert changes == len(set(components)) - 1


def test_totals_table_shows_only_what_is_known(report):
    rows = dict(totals_table(report).rows)
    assert "top-1" not in rows
    assert rows["setup (once, not included)"].startswith("1.000 µJ, 1.000 ms")
    measured = report.model_copy(update={"totals": report.totals.model_copy(update={"top1": 0.9134})})
    assert dict(totals_table(measured).rows)["top-1"] == "91.3 %"


def test_comparison_tables_put_ratios_beside_values(make_report):
    comparison = compare([make_report(), make_report(architecture="dear", scale=4)])
    totals = totals_comparison(comparison)
    assert [column.header for column in totals.columns] == ["figure", "von_neumann", "dear", "ratio"]
    assert {row[0].strip(): row[3] for row in totals.rows}["dynamic"] == "4.00x"
    for table in (component_comparison(comparison), layer_comparison(comparison, "energy")):
        assert len({column.unit for column in table.columns if column.header in {"von_neumann", "dear"}}) == 1
        assert all(re.fullmatch(r"[\d.]+x", row[3]) for row in table.rows)


def test_parts_of_a_unit_stand_below_its_sum(report):
    parts = {"npu.mac": 3.0, "npu.registers": 1.0, "dram": 3.5}
    table = component_comparison(compare([report.model_copy(update={"energy_by_component_j": parts})]))
    assert [row[0] for row in table.rows] == ["npu", "  npu.mac", "  npu.registers", "dram"]
    assert [row[1] for row in table.rows] == ["4.000", "3.000", "1.000", "3.500"]
