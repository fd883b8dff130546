"""`archsim run --images` on a network with exits: who leaves where, from the command line to the files."""

from __future__ import annotations

import json
from math import fsum

import pytest
from program import archsim, report

from archsim.config import shipped_folder

ENTIRE = ("von_neumann_approximate", "digits_exits")


def test_the_report_has_who_left_where(tmp_path):
    plain = report(*ENTIRE)
    assert "exits" not in plain
    found = report(*ENTIRE, "--images", "200", "-o", str(tmp_path))
    assert json.loads((tmp_path / "report.json").read_text()) == found
    assert (tmp_path / "exits.png").read_bytes().startswith(b"\x89PNG")
    exits = found["exits"]
    first, last = exits["paths"]
    assert (first["exit"], first["measure"], first["threshold"]) == ("exit1", "min_probability", 0.6)
    assert (last["exit"], last["measure"], last["threshold"]) == ("(end)", None, None)
    assert first["images"] + last["images"] == exits["images"] == 200
    assert first["macs"] == 16 * 9 * 64 + 256 * 10
    # Totals and layers are those of an inference that runs to the end.
    assert found["totals"] | {"top1": None} == plain["totals"]
    assert (last["latency_s"], last["energy_j"]) == (
        plain["totals"]["latency_s"],
        plain["totals"]["energy_j"],
    )
    right = sum(round(path["images"] * path["top1"]) for path in exits["paths"])
    assert exits["top1"] == found["accuracy"]["top1"] == found["totals"]["top1"] == right / 200
    for figure in ("latency_s", "energy_j"):
        spread = exits[figure]
        total = fsum(path[figure] for path in exits["paths"] for _ in range(path["images"]))
        assert spread["mean"] * 200 == pytest.approx(total, rel=1e-12)
        assert (spread["min"], spread["max"]) == (first[figure], last[figure])
        assert {spread["p50"], spread["p95"], spread["p99"]} <= {first[figure], last[figure]}


def test_a_threshold_for_experiments():
    nobody = report(*ENTIRE, "--images", "50", "--exit-threshold", "1")
    assert nobody["exits"]["paths"][0]["images"] == 0
    assert nobody["exits"]["paths"][0]["top1"] is None
    everybody = report(*ENTIRE, "--images", "50", "--exit-threshold", "0")
    assert everybody["exits"]["paths"][0]["share"] == 1
    assert everybody["exits"]["energy_j"]["max"] == everybody["exits"]["paths"][0]["energy_j"]
    assert everybody["exits"]["top1"] == nobody["exits"]["paths"][0]["top1_of_all"]


def test_the_tables_say_where_images_leave():
    printed = archsim("run", *ENTIRE, "--images", "50").stdout
    assert "where images leave" in printed
    assert "probability >= 0.6" in printed
    assert "percentiles by nearest rank" in printed


def test_the_same_run_gives_the_same_bytes():
    arguments = ("run", *ENTIRE, "--images", "40", "--json")
    assert archsim(*arguments).stdout == archsim(*arguments).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digits_exits", "--exit-threshold", "0.5"], "with --images"),
        (["digits_exits", "--images", "10", "--exit-threshold", "2"], "between 0 and 1"),
        (["digits_exits", "--images", "10", "--batch", "2"], "--batch 1"),
        (["digits_cnn", "--images", "10", "--exit-threshold", "0.5"], "has no exits"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(arguments, message):
    done = archsim("run", "von_neumann", *arguments, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.stdout


def test_exits_without_a_condition_are_mentioned(tmp_path):
    trace = tmp_path / "open.yaml"
    text = (shipped_folder("traces") / "digits_icnn.yaml").read_text(encoding="utf-8")
    before, _, after = text.partition("exits:\n")
    trace.write_text(f"{before}exits: [exit1, exit2]\ninput:{after.partition('input:')[2]}", encoding="utf-8")
    told = archsim("run", "von_neumann", str(trace)).stderr
    assert told.splitlines() == [
        "note: 2 exits without a condition, no image leaves there: --exit-threshold T"
    ]
    assert not archsim("run", "von_neumann", "digits_icnn").stderr
    assert not archsim("run", "von_neumann", str(trace), "--images", "5", "--exit-threshold", "0.5").stderr
