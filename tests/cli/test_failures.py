"""Bad usage, failed runs, full disks: one line on standard error and the right exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archsim.errors import DeadlockError, InvariantError
from archsim.results.report import Report


def _process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archsim", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["run", "von_neumann", "lenet5", "--bath", "2"], "did you mean '--batch'?"),
        (["rnu", "von_neumann", "lenet5"], "did you mean 'run'?"),
        (["run", "von_neumann"], "trace"),
        (["run", "von_neumann", "lenet5", "extra"], "extra"),
        (["run", "von_neumann", "lenet5", "--batch", "0"], "--batch"),
        (["run", "von_neumann", "lenet5", "--batch", "x"], "--batch"),
        (["run", "von_neumann", "lenet5", "--batch"], "--batch"),
        (["run", "von_neuman", "lenet5"], "did you mean 'von_neumann'?"),
        (["run", "von_neumann", "lenet"], "did you mean 'lenet5'?"),
        (["run", "lenet5", "von_neumann"], "expected an architecture, but 'lenet5' is a trace"),
        (["run", "von_neumann", "pim_3d"], "expected a trace, but 'pim_3d' is an architecture"),
        (["run", "von_neumann", "lenet5", "--set", "compute.npu.rwos=4"], "did you mean 'rows'?"),
        (["run", "von_neumann", "lenet5", "--set", "compute"], "compute"),
        (["run", "von_neumann", "lenet5", "--tiles", "nowhere.yaml"], "nowhere.yaml"),
        (["compare", "von_neumann", "lenet5"], "two or more architectures"),
        (["list", "memory"], "did you mean 'memories'?"),
        (["show", "srma"], "did you mean 'sram'?"),
        (["show", "nowhere.yaml"], "nowhere.yaml"),
        (["schema", "arch"], "architecture"),
        (["validate", "nowhere.yaml"], "nowhere.yaml"),
        (["run", "a\0b", "lenet5"], "U+0000"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(command, arguments, hint):
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert hint.casefold() in err.casefold()


def test_nothing_is_written_where_the_input_is_bad(command, tmp_path):
    out = tmp_path / "out"
    for arguments in (["run", "von_neumann", "nowhere"], ["compare", "von_neumann", "nowhere", "lenet5"]):
        assert command(*arguments, "-o", out)[0] == 2
    assert not out.exists()


def test_an_output_that_is_a_file_is_refused_before_the_run(command, tmp_path):
    target = tmp_path / "file"
    target.write_text("mine")
    code, out, err = command("run", "von_neumann", "lenet5", "-o", target)
    assert (code, out) == (2, "")
    assert "not a directory" in err
    assert target.read_text() == "mine"


@pytest.mark.parametrize("error", [InvariantError, DeadlockError])
def test_a_run_that_fails_returns_1_and_writes_nothing(command, tmp_path, monkeypatch, error):
    def broken(*_arguments: object, **_options: object) -> Report:
        raise error("counted 3 MACs, expected 4")

    monkeypatch.setattr("archsim.simulation.simulate", broken)
    out = tmp_path / "out"
    code, text, err = command("run", "von_neumann", "lenet5", "-o", out)
    assert (code, text, err) == (1, "", "error: counted 3 MACs, expected 4\n")
    assert not out.exists()


def test_an_interrupt_ends_without_a_trace_back(command, monkeypatch):
    def interrupted(*_arguments: object, **_options: object) -> Report:
        raise KeyboardInterrupt

    monkeypatch.setattr("archsim.simulation.simulate", interrupted)
    code, out, err = command("run", "von_neumann", "lenet5")
    assert (code, out) == (130, "")
    assert err.strip() == "error: interrupted"


def test_a_reader_who_leaves_early_sees_no_error():
    line = f"{sys.executable} -m archsim show resnet50 | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in {"0", "141"}


def test_a_full_disk_behind_standard_output_is_one_line():
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "archsim", "list", "configs"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.decode().startswith("error: cannot write the output")
    assert done.stderr.count(b"\n") == 1


def test_reports_do_not_depend_on_the_hash_seed():
    outputs = {
        _process("run", "hybrid_soc", "lenet5", "--json", PYTHONHASHSEED=seed).stdout
        for seed in ("0", "1", "random")
    }
    assert len(outputs) == 1
    assert Report.from_json(outputs.pop()).totals.macs == 416_520


def test_output_survives_an_encoding_without_greek_letters():
    done = _process("run", "von_neumann", "lenet5", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0
    assert "lenet5" in done.stdout
    assert done.stderr == ""


def test_errors_go_to_standard_error_in_a_process_of_their_own():
    done = _process("run", "von_neuman", "lenet5")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
