"""Files of a run: all of them or none."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from archsim.errors import InputError
from archsim.results.export import check_directory, csv_text, write_files, write_run
from archsim.results.provenance import provenance
from archsim.results.report import Report


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_run_writes_its_files_and_only_those(report, tmp_path):
    out = tmp_path / "deep" / "out"
    write_run(report, out, "archsim: 1\n", {"archsim": "0"}, {"plot.png": b"png"})
    assert sorted(_tree(out)) == sorted(
        ["report.json", "layers.csv", "energy.csv", "config.resolved.yaml", "provenance.json", "plot.png"]
    )
    assert Report.from_json((out / "report.json").read_text()) == report
    assert (out / "config.resolved.yaml").read_text() == "archsim: 1\n"


def test_writing_twice_gives_the_same_bytes_and_leaves_other_files_alone(report, tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    write_run(report, tmp_path, "a: 1\n", {})
    before = _tree(tmp_path)
    write_run(report, tmp_path, "a: 1\n", {})
    assert _tree(tmp_path) == before
    assert before["mine.txt"] == b"keep"


def test_a_file_in_the_way_is_bad_input_and_nothing_is_written(tmp_path):
    (tmp_path / "file").write_text("x")
    for target in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match="not a directory"):
            check_directory(target)
        with pytest.raises(InputError, match="not a directory"):
            write_files(target, {"a": b"1"})
    assert _tree(tmp_path) == {"file": b"x"}


def test_a_directory_in_the_place_of_a_file_leaves_everything_as_it_was(tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="b is a directory"):
        write_files(tmp_path, {"a": b"1", "b": b"2"})
    assert _tree(tmp_path) == {}
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_failure_while_writing_leaves_no_half_of_a_run(tmp_path, monkeypatch):
    write_files(tmp_path, {"a": b"old", "c": b"old"})
    real = Path.write_bytes

    def full_disk(path: Path, data: bytes) -> int:
        if path.name == "c":
            raise OSError(28, "No space left on device")
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(InputError, match="No space left"):
        write_files(tmp_path, {"a": b"new", "c": b"new"})
    assert _tree(tmp_path) == {"a": b"old", "c": b"old"}


def test_names_may_lie_in_folders(tmp_path):
    write_files(tmp_path / "out", {"one/report.json": b"1", "two/report.json": b"2"})
    assert _tree(tmp_path / "out") == {"one/report.json": b"1", "two/report.json": b"2"}


def test_checking_a_directory_makes_nothing(tmp_path):
    check_directory(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_provenance_names_inputs_by_digest_and_knows_no_time(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("x: 1\n")
    found = provenance("0.1.0", ["run", "a.yaml"], [file, file])
    assert found["inputs"] == [{"file": str(file), "sha256": hashlib.sha256(b"x: 1\n").hexdigest()}]
    assert found == provenance("0.1.0", ["run", "a.yaml"], [file])
    assert json.dumps(found)
    assert found["command"] == ["archsim", "run", "a.yaml"]


def test_csv_cells_are_exact_and_missing_ones_empty():
    assert csv_text([{"a": 0.1, "b": None}, {"a": 3, "b": "x,y"}]) == 'a,b\n0.1,\n3,"x,y"\n'
    assert csv_text([], ("a", "b")) == "a,b\n"
