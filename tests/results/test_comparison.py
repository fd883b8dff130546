"""Ratios to the first report."""

from __future__ import annotations

import csv
import io
import json

import pytest

from archsim.errors import InputError
from archsim.results.comparison import compare, comparison_records, component_area, energy_by_group
from archsim.results.export import comparison_files

PLAN = (("conv1", "conv2d", "npu", 1000, 10, 5, 400), ("fc", "linear", "npu", 640, 20, 60, 640))
SPLIT = (
    ("conv1", "conv2d", "npu", 250, 10, 5, 100),
    ("conv1", "conv2d", "pim", 750, 10, 5, 300),
    ("fc", "linear", "npu", 640, 20, 60, 640),
)


def test_the_first_report_has_ratio_one_everywhere(report):
    ratios = compare([report]).ratios[0]
    figures = (
        ratios.latency,
        ratios.energy,
        ratios.dynamic_energy,
        ratios.average_power,
        ratios.edp,
        ratios.area,
    )
    assert figures == (1.0,) * 6
    assert set(ratios.energy_by_component.values()) == {1.0}
    assert [layer.name for layer in ratios.layers] == ["conv1", "relu1", "fc"]


def test_dynamic_energy_scales_and_leakage_does_not(make_report):
    ratios = compare([make_report(), make_report(architecture="dear", scale=4)]).ratios[1]
    assert ratios.dynamic_energy == pytest.approx(4, rel=1e-12)
    assert ratios.leakage_energy == pytest.approx(1, rel=1e-12)
    assert ratios.latency == 1.0
    assert 1 < ratios.energy < 4
    assert ratios.edp == pytest.approx(ratios.energy * ratios.latency, rel=1e-12)
    assert (ratios.architecture, ratios.baseline) == ("dear", "von_neumann")


def test_parts_of_a_split_layer_are_summed(make_report):
    whole, split = make_report(PLAN), make_report(SPLIT, architecture="two_units")
    conv = compare([whole, split]).ratios[1].layers[0]
    assert conv.name == "conv1"
    assert conv.dynamic_energy == pytest.approx(1.0, rel=1e-12)
    assert conv.latency == pytest.approx(2.0, rel=1e-12)


def test_layers_and_components_of_one_side_only_have_no_ratio(make_report):
    one, other = make_report(PLAN[:1]), make_report(PLAN, architecture="more")
    assert [layer.name for layer in compare([one, other]).ratios[1].layers] == ["conv1"]


def test_a_ratio_to_zero_is_none(report):
    free = report.model_copy(update={"totals": report.totals.model_copy(update={"leakage_energy_j": 0.0})})
    assert compare([free, report]).ratios[1].leakage_energy is None
    unknown = report.model_copy(update={"area_mm2": {}})
    assert compare([unknown, report]).ratios[1].area is None


def test_runs_of_different_networks_or_batches_are_not_compared(make_report):
    with pytest.raises(InputError, match="other"):
        compare([make_report(), make_report(network="other")])
    with pytest.raises(InputError, match="batch 2"):
        compare([make_report(), make_report().model_copy(update={"batch": 2})])
    with pytest.raises(InputError):
        compare([])


def test_groups_sum_their_parts(report):
    split = report.model_copy(
        update={"energy_by_component_j": {"npu.mac": 1.0, "npu.registers": 2.0, "dram": 4.0}}
    )
    assert energy_by_group(split) == {"npu": 3.0, "dram": 4.0}
    assert component_area(report, "npu") == 0.75
    assert component_area(report, "npu.mac") == 0.25
    assert component_area(report, "dram") is None


def test_files_of_a_comparison(make_report):
    comparison = compare([make_report(), make_report(architecture="dear", scale=4)])
    files = comparison_files(comparison)
    data = json.loads(files["comparison.json"])
    assert data["schema"] == "archsim.comparison/1"
    assert [one["architecture"] for one in data["reports"]] == ["von_neumann", "dear"]
    assert data["reports"][0] == json.loads(make_report().to_json())
    rows = list(csv.DictReader(io.StringIO(files["comparison.csv"].decode())))
    assert [float(row["energy_ratio"]) for row in rows] == [one.energy for one in comparison.ratios]
    assert len(comparison_records(comparison)) == 2
