"""The commands: what they print and write."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from archsim import __version__
from archsim.config import find, shipped
from archsim.results.report import Report

RUN_FILES = {
    "report.json",
    "layers.csv",
    "energy.csv",
    "timeline.json.gz",
    "config.resolved.yaml",
    "provenance.json",
    "energy_by_layer.png",
    "latency_by_layer.png",
    "roofline.png",
}


def test_version_and_help(command):
    assert command("--version") == (0, f"archsim {__version__}\n", "")
    code, out, err = command("--help")
    assert (code, err) == (0, "")
    for name in ("run", "compare", "multiplier", "list", "show", "validate", "schema"):
        assert name in out
    assert command() == (0, out, "")
    assert command("run", "-h")[0] == 0


HELP_AND_MODULES = """
import sys
sys.argv = ["archsim", "--help"]
from archsim.cli import main
try:
    main()
except SystemExit:
    heavy = {"numpy", "pydantic", "matplotlib", "pandas", "simpy", "yaml"}
    print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""


def test_help_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", HELP_AND_MODULES], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


def test_run_prints_layers_components_and_totals(command):
    code, out, err = command("run", "von_neumann", "lenet5")
    assert (code, err) == (0, "")
    for text in (
        "layers of lenet5",
        "energy by component",
        "energy by action",
        "416,520",
        "latency",
        "stalled",
    ):
        assert text in out
    assert "\x1b" not in out


def test_run_json_prints_the_report_and_nothing_else(command):
    code, out, err = command("run", "von_neumann", "lenet5", "--json", "--batch", "2", "--seed", "7")
    assert (code, err) == (0, "")
    report = Report.from_json(out)
    assert (report.network, report.architecture, report.batch, report.seed) == ("lenet5", "von_neumann", 2, 7)
    assert report.totals.macs == 2 * 416_520
    assert report.to_json() == out


def test_run_writes_every_file_of_a_run(command, tmp_path):
    out = tmp_path / "deep" / "out"
    code, text, err = command("run", "hybrid_soc", "lenet5", "-o", out)
    assert (code, err) == (0, "")
    assert {path.name for path in out.iterdir()} == RUN_FILES
    report = Report.from_json((out / "report.json").read_text())
    rows = list(csv.DictReader((out / "layers.csv").open()))
    assert [row["name"] for row in rows] == [layer.name for layer in report.layers]
    events = json.loads(gzip.decompress((out / "timeline.json.gz").read_bytes()))["traceEvents"]
    last = max(event["ts"] + event["dur"] for event in events if event["ph"] == "X")
    assert last <= report.totals.latency_s * 1e6 * (1 + 1e-9)
    assert all((out / name).read_bytes()[:4] == b"\x89PNG" for name in RUN_FILES if name.endswith("png"))
    assert "layers of lenet5" in text


def test_the_resolved_configuration_gives_the_same_run(command, tmp_path):
    command("run", "von_neumann", "lenet5", "--set", "compute.npu.rows=8", "-o", tmp_path / "a")
    code, _, _ = command("run", tmp_path / "a" / "config.resolved.yaml", "lenet5", "-o", tmp_path / "b")
    assert code == 0
    for name in RUN_FILES - {"provenance.json"}:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_provenance_names_command_versions_and_inputs(command, tmp_path):
    command("run", "hybrid_soc", "lenet5", "--seed", "3", "-o", tmp_path / "out")
    found = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert found["command"][:3] == ["archsim", "run", "hybrid_soc"]
    assert found["archsim"] == __version__
    names = [Path(entry["file"]).name for entry in found["inputs"]]
    assert "hybrid_soc.yaml" in names
    assert "lenet5.yaml" in names
    assert all(len(entry["sha256"]) == 64 for entry in found["inputs"])


def test_overrides_change_the_machine(command):
    small, large = (
        json.loads(command("run", "von_neumann", "lenet5", "--json", "--set", f"compute.npu.rows={rows}")[1])
        for rows in (4, 32)
    )
    assert small["totals"]["cycles"] > large["totals"]["cycles"]


def test_given_tiles_are_used(command, tmp_path):
    tiles = tmp_path / "tiles.yaml"
    tiles.write_text("archsim: 1\nmapping:\n  - {layer: conv1, filters: 1, rows: 1}\n")
    free, given = (
        Report.from_json(command("run", "von_neumann", "lenet5", "--json", *extra)[1])
        for extra in ((), ("--tiles", tiles))
    )
    assert given.layers[0].cycles > free.layers[0].cycles
    assert given.totals.macs == free.totals.macs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("archsim: 1\nmaping: []\n", "tiles.yaml:2:1: unknown key 'maping'"),
        ("archsim: 1\nmapping: 3\n", "tiles.yaml:2:10: mapping: expected a list"),
        ("archsim: 1\nmapping: [{layer: conv1, filtres: 2}]\n", "did you mean 'filters'?"),
        ("archsim: 1\nmapping: [{layer: conv1, filters: 0}]\n", "tiles.yaml:2:"),
    ],
)
def test_bad_tiles_are_told_with_their_place(command, tmp_path, text, message):
    (tmp_path / "tiles.yaml").write_text(text)
    code, out, err = command("run", "von_neumann", "lenet5", "--tiles", tmp_path / "tiles.yaml")
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_compare_prints_ratios_and_writes_all_files(command, tmp_path):
    out = tmp_path / "out"
    code, text, err = command("compare", "von_neumann", "pim_3d", "lenet5", "-o", out)
    assert (code, err) == (0, "")
    assert "ratios to von_neumann" in text
    assert {path.name for path in out.iterdir()} == {
        "comparison.json",
        "comparison.csv",
        "energy_comparison.png",
        "von_neumann",
        "pim_3d",
    }
    for name in ("von_neumann", "pim_3d"):
        assert {path.name for path in (out / name).iterdir()} >= RUN_FILES - {
            "latency_by_layer.png",
            "roofline.png",
        }
    comparison = json.loads((out / "comparison.json").read_text())
    single = Report.from_json((out / "pim_3d" / "report.json").read_text())
    assert comparison["reports"][1] == json.loads(single.to_json())
    energies = [report["totals"]["energy_j"] for report in comparison["reports"]]
    assert comparison["ratios"][1]["energy"] == energies[1] / energies[0]


def test_compare_json_prints_the_comparison_only(command):
    code, out, err = command("compare", "von_neumann", "von_neumann", "lenet5", "--json")
    assert (code, err) == (0, "")
    data = json.loads(out)
    assert data["schema"] == "archsim.comparison/1"
    assert data["ratios"][1]["energy"] == 1.0


def test_two_architectures_of_one_name_get_two_folders(command, tmp_path):
    command("compare", "von_neumann", "von_neumann", "lenet5", "-o", tmp_path / "out")
    folders = {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert folders == {"von_neumann", "von_neumann_2"}


@pytest.mark.parametrize(
    "kind",
    [
        "configs",
        "traces",
        "memories",
        "links",
        "compute",
        "dataflows",
        "multipliers",
        "adders",
        "managers",
        "parts",
    ],
)
def test_list_names_and_explains_everything_of_a_kind(command, kind):
    code, out, err = command("list", kind)
    assert (code, err) == (0, "")
    rows = out.splitlines()[2:]
    assert rows
    assert all(len(row.split()) > 1 for row in rows), "each has an explanation"


def test_show_architecture_trace_kind_and_part(command):
    assert "kind: pe_array" in command("show", "von_neumann")[1]
    trace = command("show", "vgg16")[1]
    assert "15,470,264,320" in trace
    assert "512x28x28" in trace
    kind = command("show", "pe_array")[1]
    assert "rows" in kind
    assert "LPDDR4" in command("show", "LPDDR4-3200-x16-8Gb")[1]


@pytest.mark.parametrize("thing", ["von_neumann", "vgg16", "sram", "LPDDR4-3200-x16-8Gb"])
def test_show_json_is_json(command, thing):
    code, out, _ = command("show", thing, "--json")
    assert code == 0
    assert isinstance(json.loads(out), dict)


def test_a_kind_of_several_families_can_be_named_with_its_family(command):
    code, out, _ = command("show", "memories.sram")
    assert (code, out) == command("show", "sram")[:2]


def test_all_shipped_files_are_valid(command):
    files = [find(folder, name) for folder in ("configs", "traces") for name in shipped(folder)]
    code, out, err = command("validate", *files)
    assert (code, err) == (0, "")
    assert out.count(": ok, ") == len(files)


def test_validate_checks_every_file(command, tmp_path):
    bad, good = tmp_path / "bad.yaml", tmp_path / "good.yaml"
    bad.write_text("archsim: 1\nlayers: 3\n")
    good.write_text("extends: von_neumann.yaml\nname: mine\n")
    code, out, err = command("validate", bad, good)
    assert code == 2
    assert out.startswith(f"{good}: ok, architecture mine")
    assert err.count("\n") == 1


@pytest.mark.parametrize("document", ["architecture", "trace"])
def test_schema_is_a_json_schema(command, document):
    code, out, _ = command("schema", document)
    assert code == 0
    schema = json.loads(out)
    assert schema["type"] == "object"
    assert "archsim" in schema["properties"]
    assert schema["additionalProperties"] is False
