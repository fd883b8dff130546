"""Every sum of a report is checked: change any figure that is a sum or has one, and the check must fail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archsim.errors import InvariantError
from archsim.results.closure import check_closure, closure_errors
from archsim.results.report import Report

FREE = {
    "batch",
    "seed",
    "start_s",
    "end_s",
    "utilization",
    "value",
    "top1",
    "sqnr_db",
    "top1_if_only_this_layer",
}
"""Numbers that are in no sum."""


def test_a_sound_report_passes(make_report):
    for scale in (1, 7, 1000):
        check_closure(make_report(scale=scale))


def _numbers(data: object, path: tuple = ()) -> Iterator[tuple]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        if isinstance(value, int | float) and key not in FREE:
            yield (*path, key)
        yield from _numbers(value, (*path, key))


def _changed(data: dict, path: tuple, factor: float) -> Report:
    copy = Report.model_validate(data).model_dump(mode="json")
    place = copy
    for key in path[:-1]:
        place = place[key]
    old = place[path[-1]]
    place[path[-1]] = old + 1 if isinstance(old, int) else old * factor or 1e-12
    return Report.model_validate(copy)


def test_any_changed_summand_or_sum_is_found(report):
    data = report.model_dump(mode="json")
    in_sums = [
        path
        for path in _numbers(data)
        # The clock of the totals is not known here, bytes of a buffer have no causes, setup has no actions.
        if path[0] not in {"setup", "area_mm2"} and path[-1] != "cycles" and path[-2] != "buffer"
    ]
    assert len(in_sums) > 40
    missed = [path for path in in_sums if not closure_errors(_changed(data, path, 1 + 1e-9))]
    assert missed == []


@pytest.mark.parametrize("field", ["latency_s", "average_power_w", "edp_js", "throughput_gops"])
def test_figures_derived_from_the_totals_are_checked(report, field):
    data = report.model_dump(mode="json")
    assert closure_errors(_changed(data, ("totals", field), 1 + 1e-9))


@pytest.mark.parametrize("field", ["cycles", "compute_cycles", "stall_cycles"])
def test_cycles_of_each_layer_are_computing_plus_stalled(report, field):
    data = report.model_dump(mode="json")
    errors = closure_errors(_changed(data, ("layers", 2, field), 1))
    assert len(errors) == 1
    assert "layer 'fc' cycles" in errors[0]


def test_dynamic_energy_of_the_layers_sums_to_the_total(report):
    data = report.model_dump(mode="json")
    assert closure_errors(_changed(data, ("layers", 0, "dynamic_energy_j"), 1.5))


def test_rounding_in_the_last_digits_is_no_error(report):
    data = report.model_dump(mode="json")
    assert not closure_errors(_changed(data, ("totals", "edp_js"), 1 + 4e-16))


def test_the_error_names_both_sums(report):
    data = report.model_dump(mode="json")
    with pytest.raises(InvariantError, match=r"totals\.macs \(1641\) differs from the layers \(1640\)"):
        check_closure(_changed(data, ("totals", "macs"), 1))


def test_setup_actions_sum_to_the_energy_of_the_setup(report):
    action = report.actions[0].model_copy(
        update={"count": 3, "energy_j": 3 * report.actions[0].energy_per_action_j}
    )
    energy = action.energy_j
    sound = report.model_copy(
        update={"setup": report.setup.model_copy(update={"actions": (action,), "energy_j": energy})}
    )
    broken = report.model_copy(
        update={"setup": report.setup.model_copy(update={"actions": (action,), "energy_j": 2 * energy})}
    )
    assert closure_errors(sound) == []
    assert len(closure_errors(broken)) == 1
