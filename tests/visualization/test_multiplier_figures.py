"""Figures and tables of multipliers: what is drawn and printed is what was measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.arithmetic.cost import StatedCost
from archsim.arithmetic.error_metrics import ErrorDistribution, error_distribution, error_map
from archsim.arithmetic.multiplier_report import pareto_front, report_on
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.arithmetic.multipliers.cdm8 import Cdm8
from archsim.arithmetic.multipliers.exact import Exact
from archsim.arithmetic.multipliers.scdm8 import Scdm8
from archsim.errors import InputError
from archsim.visualization.error_figure import binned, error_figure
from archsim.visualization.multiplier_tables import family_table, multiplier_table
from archsim.visualization.style import figure_bytes
from archsim.visualization.trade_off import trade_off

STATED = StatedCost(energy=0.5, source="mine")


class Unpriced(Multiplier):
    """A design of which no source says what it costs."""

    drop: int = 1

    def _products(self, a, b):
        return a * b & -(1 << self.drop)


@pytest.fixture(scope="module")
def family():
    return [report_on(Cdm8(low=low, high=high)) for low in (0, 5, 7) for high in (0, 2, 3)]


def test_the_map_shows_the_error_of_every_pair():
    design = Scdm8(low=7, high=3, cost=STATED)
    image = error_figure(report_on(design)).axes[0].images[0]
    assert np.array_equal(image.get_array(), error_map(design))
    assert image.get_extent() == [-128.5, 127.5, -128.5, 127.5]
    assert image.origin == "lower"
    low, high = image.get_clim()
    assert low == -high == error_map(design).min()


def test_axes_are_named_and_what_the_figure_says_is_measured():
    figure = error_figure(report_on(Cdm8(low=7, high=3)))
    surface, bar, spread = figure.axes
    assert (surface.get_xlabel(), surface.get_ylabel()) == ("operand b", "operand a")
    assert bar.get_title() == "error"
    assert spread.get_xlabel() == "error"
    assert spread.get_yscale() == "log"
    told = " ".join(text.get_text() for text in figure.texts)
    assert "MED 89.25, MRED 0.0164, WCE 684, bias -89.25, 42.5 % exact" in told


def test_nothing_that_is_drawn_leaves_the_figure():
    for design in (Exact(), Cdm8(low=10, high=10), Scdm8(low=7, high=3, cost=STATED)):
        figure = error_figure(report_on(design))
        figure.canvas.draw()
        inside = figure.bbox
        for axes in figure.axes:
            box = axes.get_tightbbox()
            assert inside.x0 <= box.x0
            assert box.x1 <= inside.x1
            assert inside.y0 <= box.y0
            assert box.y1 <= inside.y1
        assert all(text.get_window_extent().x1 <= inside.x1 for text in figure.texts)


def test_bars_of_the_distribution_add_up_to_one():
    figure = error_figure(report_on(Cdm8(low=7, high=3)))
    assert sum(patch.get_height() for patch in figure.axes[2].patches) == pytest.approx(1, abs=1e-12)


@given(st.lists(st.integers(-(2**16), 2**16), min_size=1, max_size=300, unique=True))
def test_bars_hold_the_errors_around_their_centres(errors):
    values = np.array(sorted(errors))
    found = ErrorDistribution(values, np.full(len(values), 1 / len(values)), sampled=False)
    centres, probabilities, width = binned(found)
    assert len(centres) <= 63
    assert width % 2 == 1
    assert (centres % width == 0).all()
    for centre, probability in zip(centres, probabilities, strict=True):
        inside = np.abs(values - centre) <= width // 2
        assert probability == pytest.approx(inside.sum() / len(values), abs=1e-12)


def test_few_errors_have_a_bar_each():
    found = error_distribution(Cdm8(low=2, high=0))
    centres, probabilities, width = binned(found)
    assert width == 1
    drawn = dict(zip(centres.tolist(), probabilities.tolist(), strict=True))
    assert {error: p for error, p in drawn.items() if p} == pytest.approx(
        dict(zip(found.errors.tolist(), found.probabilities.tolist(), strict=True))
    )


def test_wide_operands_have_no_map():
    with pytest.raises(InputError, match="16-bit operands"):
        error_figure(report_on(Exact(width=16), samples=10))


def test_every_design_is_a_dot_and_the_front_is_a_line(family):
    axes = trade_off(family, ["low", "high"]).axes[0]
    lines = [line for line in axes.lines if line.get_linestyle() != "None"]
    dots = {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axes.lines
        if line.get_linestyle() == "None"
    }
    assert dots == {(one.mred, one.cost.energy) for one in family}
    (front,) = lines
    corners = set(zip(front.get_xdata(), front.get_ydata(), strict=True))
    assert corners >= {(family[i].mred, family[i].cost.energy) for i in pareto_front(family)}
    assert (np.diff(front.get_ydata()) <= 0).all()
    assert axes.get_xscale() == "symlog", "the exact design has an error of zero"
    assert "MRED" in axes.get_xlabel()
    assert axes.get_ylabel() == "energy relative to exact"


def test_names_on_the_front_are_the_swept_values(family):
    axes = trade_off(family, ["low", "high"]).axes[0]
    names = {text.get_text() for text in axes.texts}
    allowed = {f"{family[i].design.low}, {family[i].design.high}" for i in pareto_front(family)}
    assert names & allowed
    assert all(name in allowed or name.startswith("solid") for name in names)


def test_figures_of_one_source_on_a_log_axis():
    family = [report_on(Cdm8(low=low, high=high)) for low, high in ((7, 3), (7, 4), (8, 4))]
    figure = trade_off(family, ["low", "high"])
    assert figure.axes[0].get_xscale() == "log"
    assert any(text.get_text().startswith("energy: Carry-disregard") for text in figure.texts)


def test_designs_without_figures_are_left_out_and_told():
    family = [report_on(Unpriced(drop=1, cost=STATED)), report_on(Unpriced(drop=2))]
    figure = trade_off(family, ["drop"])
    assert "1 more without a source for their energy" in figure.texts[0].get_text()
    with pytest.raises(InputError, match="no design has a relative energy to draw: no figures"):
        trade_off(family[1:], ["drop"])


def test_figures_are_the_same_bytes_again(family):
    for make in (lambda: trade_off(family, ["low", "high"]), lambda: error_figure(family[4])):
        assert figure_bytes(make(), "svg") == figure_bytes(make(), "svg")


def cells(table):
    return {row[0]: row[1] for row in table.rows}


def test_the_table_of_one_design_has_every_metric():
    table = multiplier_table(report_on(Cdm8(low=7, high=3)))
    found = cells(table)
    assert (found["MED"], found["WCE"], found["bias"]) == ("89.25", "684", "-89.25")
    assert (found["MRED"], found["MRED, all"]) == ("0.0163703", "0.0162426")
    assert (found["energy"], found["delay"], found["area"]) == ("0.717", "0.664", "0.831")
    assert "all 65,536 pairs" in table.note
    assert "slide 11" in table.note


def test_a_table_says_why_there_is_no_energy():
    table = multiplier_table(report_on(Unpriced()))
    assert cells(table)["energy"] == "-"
    assert "no figures" in table.note


def test_a_sampled_table_says_so():
    table = multiplier_table(report_on(Exact(width=16), samples=500))
    assert "a random sample of 500 pairs" in table.note


def test_the_table_of_a_family_marks_the_front_and_numbers_the_sources(family):
    table = family_table(family, ["low", "high"])
    headers = [column.header for column in table.columns]
    front = {i for i, row in enumerate(table.rows) if row[headers.index("Pareto")] == "*"}
    assert front == set(pareto_front(family))
    assert [row[:2] for row in table.rows[:3]] == [("0", "0"), ("0", "2"), ("0", "3")]
    assert {row[-1] for row in table.rows} == {"1", "2"}
    assert "source 1: " in table.note
    assert "source 2: " in table.note
    mixed = family_table([*family, report_on(Unpriced())], [])
    assert mixed.rows[-1][-1] == "-"
