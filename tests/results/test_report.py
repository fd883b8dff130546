"""The report: its format, its bytes, its flat forms."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.errors import InputError
from archsim.results.export import energy_csv, layers_csv
from archsim.results.report import Bytes, Report, group_of, is_static, layer_records, throughput_gops

REPORT_KEYS = [
    "schema",
    "architecture",
    "network",
    "batch",
    "seed",
    "version",
    "totals",
    "energy_by_component_j",
    "actions",
    "layers",
    "setup",
    "area_mm2",
]
TOTAL_KEYS = (
    "latency_s cycles energy_j dynamic_energy_j leakage_energy_j average_power_w macs throughput_gops "
    "top1 edp_js"
)
LAYER_KEYS = (
    "name op unit macs start_s end_s latency_s cycles compute_cycles stall_cycles utilization bytes traffic "
    "energy_j dynamic_energy_j energy_by_component_j average_power_w bound_by sqnr_db top1_if_only_this_layer"
)


def test_json_has_the_documented_keys_and_keeps_unknown_figures_as_null(report):
    data = json.loads(report.to_json())
    assert list(data) == REPORT_KEYS
    assert data["schema"] == "archsim.report/1"
    assert sorted(data["totals"]) == sorted(TOTAL_KEYS.split())
    assert sorted(data["layers"][0]) == sorted(LAYER_KEYS.split())
    assert sorted(data["actions"][0]) == [
        "action",
        "component",
        "count",
        "energy_j",
        "energy_per_action_j",
        "source",
    ]
    assert data["totals"]["top1"] is None
    assert data["layers"][0]["sqnr_db"] is None


def test_json_round_trip_is_exact_and_ends_in_one_newline(report):
    text = report.to_json()
    assert Report.from_json(text) == report
    assert Report.from_json(text).to_json() == text
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")


def test_equal_reports_have_equal_bytes_whatever_the_order_of_their_mappings(report):
    shuffled = dict(reversed(report.energy_by_component_j.items()))
    other = Report.model_validate(report.model_dump() | {"energy_by_component_j": shuffled})
    assert list(shuffled) != list(report.energy_by_component_j)
    assert other.to_json() == report.to_json()


def test_bytes_do_not_depend_on_the_hash_seed(report, tmp_path):
    path = tmp_path / "report.json"
    report.write_json(path)
    code = "import sys; from archsim.results.report import Report; from pathlib import Path;"
    code += "sys.stdout.write(Report.from_json(Path(sys.argv[1]).read_text()).to_json())"
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        )
        assert done.stdout == path.read_bytes()


@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False))
def test_floats_survive_json_to_the_last_bit(value):
    area = {"value": value, "source": "any"}
    text = Report.model_validate(MINIMAL | {"area_mm2": {"part": area}}).to_json()
    assert math.copysign(1, Report.from_json(text).area_mm2["part"].value) == 1
    assert Report.from_json(text).area_mm2["part"].value == value


MINIMAL = {
    "architecture": "a",
    "network": "n",
    "batch": 1,
    "seed": 0,
    "version": "0",
    "totals": dict.fromkeys(TOTAL_KEYS.replace("top1 ", "").split(), 0),
    "energy_by_component_j": {},
    "actions": [],
    "layers": [],
}


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_report_holds_finite_numbers_only(bad):
    totals = MINIMAL["totals"] | {"energy_j": bad}
    with pytest.raises(ValidationError, match="finite"):
        Report.model_validate(MINIMAL | {"totals": totals})


def test_a_report_is_frozen_and_closed(report):
    with pytest.raises(ValidationError, match="frozen"):
        report.batch = 2
    with pytest.raises(ValidationError, match="extra"):
        Report.model_validate(MINIMAL | {"enrgy": 1})


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": "archsim.report/2"}', '{"batch": 1}'])
def test_what_is_not_a_report_is_bad_input(text):
    with pytest.raises(InputError, match=r"archsim\.report/1"):
        Report.from_json(text)


def test_throughput_counts_a_mac_as_two_operations():
    assert throughput_gops(500_000_000, 1.0) == 1.0
    assert throughput_gops(1, 0.0) == 0.0


def test_static_actions_and_groups_are_told_by_their_names():
    assert is_static("leakage")
    assert is_static("background")
    assert not is_static("read")
    assert group_of("npu.mac") == group_of("npu") == "npu"


def test_layers_csv_has_a_line_per_layer_with_exact_values(report):
    rows = list(csv.DictReader(io.StringIO(layers_csv(report))))
    assert [row["name"] for row in rows] == ["conv1", "relu1", "fc"]
    assert [float(row["energy_j"]) for row in rows] == [layer.energy_j for layer in report.layers]
    assert rows[0]["dram_read_bytes"] == "400"
    assert rows[0]["dram_refetch_bytes"] == "100"
    assert rows[0]["sqnr_db"] == ""


def test_energy_csv_sums_to_the_total(report):
    rows = list(csv.DictReader(io.StringIO(energy_csv(report))))
    assert len(rows) == 3 * 3
    assert math.fsum(float(row["energy_j"]) for row in rows) == pytest.approx(
        report.totals.energy_j, rel=1e-12
    )


def test_a_memory_that_a_layer_does_not_touch_counts_zero_bytes(report):
    first, *others = report.layers
    layer = first.model_copy(update={"bytes": {"l2": Bytes(read=1)}})
    records = layer_records(report.model_copy(update={"layers": (layer, *others)}))
    assert [record["l2_read_bytes"] for record in records] == [1, 0, 0]
    assert records[0]["dram_read_bytes"] == 0


def test_frames_hold_the_same_figures(report):
    frame = report.to_frame()
    assert list(frame["name"]) == ["conv1", "relu1", "fc"]
    assert frame["macs"].sum() == report.totals.macs
    energy = report.energy_frame()
    assert list(energy.columns) == ["layer", "component", "energy_j"]
    by_component = energy.groupby("component")["energy_j"].sum()
    assert by_component.to_dict() == pytest.approx(report.energy_by_component_j, rel=1e-12)
