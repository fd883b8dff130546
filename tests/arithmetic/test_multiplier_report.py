"""Reports on multipliers: error beside relative cost, and the Pareto front of a family."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from archsim.arithmetic.cost import StatedCost
from archsim.arithmetic.error_metrics import ErrorMetrics, measure
from archsim.arithmetic.multiplier_report import MultiplierReport, pareto_front, report_on
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.arithmetic.multipliers.cdm8 import Cdm8
from archsim.arithmetic.multipliers.exact import Exact

EXACT = measure(Exact(width=2))


class Unpriced(Multiplier):
    """A design of which no source says what it costs."""

    def _products(self, a, b):
        return a * b & ~1


def report(mred: float, energy: float | None) -> MultiplierReport:
    fields = {name: getattr(EXACT, name) for name in ErrorMetrics.__slots__}
    error = ErrorMetrics(**fields | {"mean_relative_error_distance_nonzero": mred})
    cost = None if energy is None else StatedCost(energy=energy, source="made up").relative()
    return MultiplierReport(Exact(), error, cost, None)


def test_a_published_design_has_error_and_cost():
    """CDM8_73: reference/arithmetic.md §4, power 7.852 of 10.955 uW."""
    found = report_on(Cdm8(low=7, high=3))
    assert found.error == measure(Cdm8(low=7, high=3))
    assert found.cost is not None
    assert found.cost.energy == 7.852 / 10.955
    assert found.note is None
    assert found.mred == found.error.mean_relative_error_distance_nonzero


def test_a_design_without_figures_has_a_note_instead():
    found = report_on(Unpriced())
    assert found.cost is None
    assert "no figures" in (found.note or "")
    assert json.loads(json.dumps(found.to_data()))["relative_cost"] is None


def test_a_stated_cost_counts():
    stated = StatedCost(energy=0.5, area=0.7, source="mine")
    assert report_on(Unpriced(cost=stated)).cost == stated.relative()


def test_data_names_parameters_operands_and_error():
    data = report_on(Cdm8(low=7, high=3)).to_data()
    assert data["schema"] == "archsim.multiplier/1"
    assert data["multiplier"] == {"kind": "cdm8", "split": "weight", "low": 7, "high": 3}
    assert (data["bits"], data["signed"]) == (8, False)
    assert data["error"]["mean_error_distance"] == 89.25
    assert set(data["relative_cost"]) == {"energy", "delay", "area", "source", "detail"}


STEPS = st.integers(0, 5).map(lambda step: step / 4)


@given(st.lists(st.tuples(STEPS, st.none() | STEPS.filter(bool)), max_size=12))
def test_the_front_is_what_nothing_else_beats(points):
    front = pareto_front([report(*point) for point in points])
    priced = [(error, energy) for error, energy in points if energy is not None]
    expected = [
        i
        for i, (error, energy) in enumerate(points)
        if energy is not None
        and not any(e <= error and c <= energy and (e, c) != (error, energy) for e, c in priced)
    ]
    assert sorted(front) == expected
    assert [points[i][0] for i in front] == sorted(points[i][0] for i in front)
