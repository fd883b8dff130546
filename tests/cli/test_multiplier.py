"""The command that looks at multipliers: what it prints, writes and refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from archsim.arithmetic.multipliers.cdm8 import Cdm8

CDM8_73 = ("multiplier", "cdm8", "--set", "low=7", "--set", "high=3")


def test_it_prints_metrics_and_relative_cost_with_the_source(command):
    code, out, err = command(*CDM8_73)
    assert (code, err) == (0, "")
    rows = {line.split("  ")[0]: line.split() for line in out.splitlines()}
    assert rows["MED"][1] == "89.25"
    assert rows["energy"][1] == "0.717"
    assert "slide 11" in out
    assert "\x1b" not in out


def test_json_is_the_report_and_nothing_else(command):
    code, out, err = command(*CDM8_73, "--json")
    assert (code, err) == (0, "")
    data = json.loads(out)
    assert data["multiplier"]["low"] == 7
    assert data["error"]["worst_case_error"] == 684
    assert data["relative_cost"]["energy"] == pytest.approx(7.852 / 10.955)


def test_a_stated_cost_is_shown_with_its_source(command):
    code, out, _ = command(*CDM8_73, "--set", "cost={energy: 0.25, source: my synthesis}")
    assert code == 0
    assert "0.250" in out
    assert "my synthesis" in out


def test_no_figures_is_a_note_and_no_error(command):
    code, out, err = command("multiplier", "stochastic", "--set", "width=4")
    assert (code, err) == (0, "")
    assert "no figures for the energy" in out.replace("\n", " ")


def test_the_table_and_the_plot_are_written(command, tmp_path):
    table, plot = tmp_path / "new" / "t.npy", tmp_path / "m.svg"
    code, _, err = command(*CDM8_73, "--table", table, "--plot", plot)
    assert (code, err) == (0, "")
    products = np.load(table)
    assert products.dtype == np.int32
    assert np.array_equal(products, Cdm8(low=7, high=3).table())
    assert products[255, 255] == 64341
    assert "operand b" in plot.read_text()
    assert {path.name for path in tmp_path.iterdir()} == {"new", "m.svg"}


def test_a_written_table_reads_back_as_a_multiplier(command, tmp_path):
    command(*CDM8_73, "--table", tmp_path / "t.npy")
    code, out, _ = command(
        "multiplier", "table", "--set", f"file={tmp_path}/t.npy", "--set", "signed=false", "--json"
    )
    assert code == 0
    assert json.loads(out)["error"] == json.loads(command(*CDM8_73, "--json")[1])["error"]


def test_a_sweep_prints_the_family_and_draws_it(command, tmp_path):
    plot = tmp_path / "family.png"
    code, out, err = command(
        "multiplier", "cdm8", "--sweep", "low=4:10:2", "--sweep", "high=0,4", "--plot", plot
    )
    assert (code, err) == (0, "")
    rows = [line.split()[:2] for line in out.splitlines()[3:11]]
    assert rows == [[str(low), str(high)] for low in (4, 6, 8, 10) for high in (0, 4)]
    assert plot.read_bytes()[:4] == b"\x89PNG"


def test_a_sweep_as_json_is_a_list(command):
    code, out, _ = command("multiplier", "cdm8", "--set", "high=4", "--sweep", "low=4:8:4", "--json")
    assert code == 0
    found = json.loads(out)
    assert [one["multiplier"]["low"] for one in found] == [4, 8]
    assert [one["pareto"] for one in found] == [True, True]


def test_values_that_are_lists_are_swept_too(command):
    code, out, _ = command("multiplier", "perforated", "--sweep", "rows=[0],[0,1], [2, 3]", "--json")
    assert code == 0
    assert [one["multiplier"]["rows"] for one in json.loads(out)] == [[0], [0, 1], [2, 3]]


def test_a_sample_depends_on_the_seed_alone(command):
    wide = ("multiplier", "exact", "--set", "width=9", "--json")
    assert command(*wide)[1] == command(*wide)[1]
    assert json.loads(command(*wide, "--seed", "3")[1])["error"]["sampled"] is True


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cdm9"], "unknown kind 'cdm9' in multipliers"),
        (["cdm9"], "did you mean 'cdm8'?"),
        (["cdm8", "--set", "low=7"], "high: missing key 'high'"),
        (["cdm8", "--set", "low=7", "--set", "hihg=3"], "unknown key 'hihg'; did you mean 'high'?"),
        (["cdm8", "--set", "low=11", "--set", "high=3"], "--set low=11:1:5: low: expected a value less"),
        (["cdm8", "--set", "low=x", "--set", "high=3"], "low: expected a whole number, got 'x'"),
        (["cdm8", "--set", "low"], "expected KEY=VALUE"),
        (
            ["cdm8", "--set", "high=3", "--set", "low=7", "--set", "width=4"],
            "width: cdm8 is defined for 8 bits",
        ),
        (
            ["cdm8", "--sweep", "low=4:11", "--set", "high=3"],
            "low: expected a value less than or equal to 10",
        ),
        (["cdm8", "--sweep", "low=9:4", "--set", "high=3"], "expected KEY=FIRST:LAST"),
        (["cdm8", "--sweep", "low=1:9:0", "--set", "high=3"], "expected KEY=FIRST:LAST"),
        (["cdm8", "--sweep", "low=a:9"], "expected KEY=FIRST:LAST"),
        (["cdm8", "--sweep", "low=,"], "expected KEY=FIRST:LAST"),
        (["cdm8", "--sweep", "low"], "--sweep low:1:1: expected KEY=FIRST:LAST"),
        (["cdm8", "--sweep", "low=4", "--sweep", "low=5", "--set", "high=3"], "'low' is given twice"),
        (["exact", "--sweep", "cost.energy=1,2"], "expected KEY=FIRST:LAST"),
        (["exact", "--sweep", "kind=drum"], "expected kind exact"),
        (["perforated", "--sweep", "rows=[0,[1]"], "--set rows=[0,[1]"),
        (["cdm8", "--sweep", "lov=4:7", "--set", "high=3"], "did you mean 'low'?"),
        (["cdm8", "--sweep", "low=0:999999", "--set", "high=3"], "more than the limit of 1000"),
        (["cdm8", "--sweep", "low=0:99", "--sweep", "high=0:99"], "10000 designs are more than"),
        (
            ["exact", "--set", "width=16", "--table", "t.npy", "--plot", "p.png"],
            "operands of at most 8 bits",
        ),
        (["exact", "--set", "width=16", "--plot", "p.png"], "operands of at most 8 bits"),
        (["exact", "--table", "t.csv"], "cannot write 't.csv': expected .npy"),
        (["exact", "--plot", "p.gif"], "expected one of .png, .svg, .pdf"),
        (["exact", "--plot", "p"], "cannot write 'p'"),
        (["exact", "--sweep", "width=4,8", "--table", "t.npy"], "not of a sweep"),
        (
            ["stochastic", "--sweep", "stream_length=16,32", "--plot", "p.png"],
            "no design has a relative energy to draw",
        ),
        (["exact", "--plt", "p.png"], "did you mean '--plot'?"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(refused, tmp_path, arguments, message):
    assert message in refused("multiplier", *arguments)
    assert not list(tmp_path.iterdir())


def test_a_directory_that_cannot_be_written_is_refused_first(refused, tmp_path):
    (tmp_path / "file").write_text("")
    assert "is not a directory" in refused(*CDM8_73, "--plot", tmp_path / "file" / "p.png")


def test_list_and_show_know_multipliers_and_adders(command):
    for family, kind in (("multipliers", "cdm8"), ("adders", "loa")):
        code, out, _ = command("list", family)
        assert code == 0
        assert any(line.startswith(kind) for line in out.splitlines())
        assert command("show", kind)[0] == 0
        assert json.loads(command("show", kind, "--json")[1])["properties"]["kind"]["const"] == kind
    assert "approximate mirror adders" in command("show", "ama")[1]


@pytest.mark.parametrize("kind", ["exact", "truncated"])
def test_a_kind_of_two_families_is_named_with_its_family(command, refused, kind):
    assert f"expected one of multipliers.{kind}, adders.{kind}" in refused("show", kind)
    for family in ("multipliers", "adders"):
        assert command("show", f"{family}.{kind}")[0] == 0
