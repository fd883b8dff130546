"""The command that runs a request trace: what it prints, writes and refuses."""

from __future__ import annotations

import csv
import json

import pytest
import yaml

from archsim.hardware.dram_parts import dram_part, dram_parts

TRACE = "R 0\nR 0x40\nW 128 50\n\n# a note\nr 131072 60\n"


@pytest.fixture
def trace(tmp_path):
    path = tmp_path / "requests.txt"
    path.write_text(TRACE)
    return path


def test_json_has_the_figures_and_nothing_else(command, trace):
    code, out, err = command("dram", "DDR4-2400", trace, "--json")
    assert (code, err) == (0, "")
    data = json.loads(out)
    assert data["part"] == "DDR4-2400-x8-8Gb"
    assert (data["reads"], data["writes"], data["row_hits"]) == (3, 1, 2)
    assert set(data["latency_cycles"]) == {"mean", "p50", "p95", "p99", "max"}
    assert set(data["energy_j"]) == {"activate", "read", "write", "refresh", "background"}
    assert data["bandwidth_gb_s"] == pytest.approx(4 * 64 / (data["cycles"] * 0.83))
    # The first read finds its bank closed; the last one waits for tRAS of the row that it replaces, or tRTP.
    assert data["latency_cycles"]["max"] >= 57


def test_it_prints_tables_with_units(command, trace):
    code, out, err = command("dram", "LPDDR4-3200", trace, "--page", "closed", "--refresh", "per_bank")
    assert (code, err) == (0, "")
    for text in ("GB/s", "cycles", "average power", "row hit rate", "background", "power down"):
        assert text in out


def test_commands_are_written_as_csv(command, trace, tmp_path):
    file = tmp_path / "new" / "commands.csv"
    code, _, err = command("dram", "DDR4-2400", trace, "--commands", file, "--json")
    assert (code, err) == (0, "")
    rows = list(csv.DictReader(file.open()))
    assert list(rows[0]) == ["cycle", "command", "bank_group", "bank", "row", "column"]
    assert [row["command"] for row in rows[:3]] == ["ACT", "RD", "RD"]
    assert [row["cycle"] for row in rows[:3]] == ["2", "19", "25"]
    assert rows[0] == {
        "cycle": "2", "command": "ACT", "bank_group": "0", "bank": "0", "row": "0", "column": ""
    }  # fmt: skip
    assert rows[2]["column"] == "1"
    command("dram", "DDR4-2400", trace, "--commands", file, "--ranks", "2")
    assert next(csv.DictReader(file.open()))["rank"] == "0"
    assert [path.name for path in file.parent.iterdir()] == ["commands.csv"]


def test_long_traces_are_read_in_pieces(command, tmp_path, monkeypatch):
    from archsim.hardware import dram_trace

    path = tmp_path / "long.txt"
    path.write_text("".join(f"{'RW'[i % 3 == 0]} {i * 64:#x}\n" for i in range(3000)))
    whole = command("dram", "DDR4-2400", path, "--json")
    monkeypatch.setattr(dram_trace, "_PIECE_BYTES", 500)
    assert command("dram", "DDR4-2400", path, "--json") == whole
    path.write_text(path.read_text() + "R 12 x\n")
    assert f"{path}:3001:1: expected a cycle" in command("dram", "DDR4-2400", path)[2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("R 0\nX 64\n", ":2:1: unknown request 'X'"),
        ("R 0\nR six\n", ":2:1: expected an address, decimal or 0x, got 'six'"),
        ("R 0x\n", "expected an address"),
        ("R -64\n", "expected an address"),
        ("R 1_000\n", "expected an address"),
        ("R\n", "expected 'R|W address"),
        ("R 0 1 2\n", "expected 'R|W address"),
        ("R 0 5\n\nR 64 4\n", ":3:1: cycle 4 comes before 5"),
        ("R 0 99999999999999\n", ":1:1: cycle 99999999999999 is beyond"),
        ("R 0\nR 0x200000000\n", ":2:1: address 0x200000000 lies beyond the capacity of 0x200000000"),
        ("R 99999999999999999999\n", "beyond the capacity"),
        ("", "no request in this file"),
        ("# nothing\n\n", "no request in this file"),
    ],
)
def test_a_bad_line_is_told_with_its_place(refused, tmp_path, text, message):
    path = tmp_path / "bad.txt"
    path.write_text(text)
    file = tmp_path / "commands.csv"
    said = refused("dram", "DDR4-2400", path, "--commands", file)
    assert str(path) in said
    assert message in said
    assert not file.exists()
    assert [one.name for one in tmp_path.iterdir()] == ["bad.txt"]


def test_other_files_are_refused(refused, tmp_path, trace):
    binary = tmp_path / "binary"
    binary.write_bytes(bytes(range(256)) * 40)
    assert "is this file binary?" in refused("dram", "DDR4-2400", binary)
    assert "cannot be read" in refused("dram", "DDR4-2400", tmp_path / "absent")
    assert "cannot be read" in refused("dram", "DDR4-2400", tmp_path)
    assert "is a directory" in refused("dram", "DDR4-2400", trace, "--commands", tmp_path)
    assert "did you mean 'DDR4-2400'" in refused("dram", "DDR4-240", trace)
    assert "did you mean 'robacobg'" in refused("dram", "DDR4-2400", trace, "--mapping", "robacobgg")
    assert "did you mean 'closed'" in refused("dram", "DDR4-2400", trace, "--page", "close")
    assert "no per-bank refresh" in refused("dram", "DDR4-2400", trace, "--refresh", "per_bank")


def own_part(tmp_path, **timing):
    data = dram_part("DDR4-2400").model_dump(exclude_none=True, mode="json")
    data["timing"] |= timing
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


def test_a_part_of_ones_own_is_read_from_a_file(command, tmp_path, trace):
    slow = json.loads(command("dram", own_part(tmp_path, CL=20), trace, "--json")[1])
    shipped = json.loads(command("dram", "DDR4-2400", trace, "--json")[1])
    assert slow["latency_cycles"]["p50"] == shipped["latency_cycles"]["p50"] + 3
    assert slow["part"].endswith("mine.yaml")


@pytest.mark.parametrize(
    ("timing", "message"),
    [
        ({"tRC": 55}, "timing.tRC: tRC of 55 cycles is less than tRAS + tRP = 56"),
        ({"tCCD_L": 3}, "tCCD_L of 3 cycles is less than tCCD_S = 4"),
        ({"tRAS": 10}, "timing.tRAS"),
        ({"tREFI": 400}, "timing.tREFI: tREFI of 400"),
        ({"CL": 0}, "timing.CL"),
        ({"tRFCpb": 100}, "belong together"),
        ({"tRFCbp": 100}, "unknown key 'tRFCbp'"),
    ],
)
def test_an_impossible_part_is_refused(refused, tmp_path, trace, timing, message):
    path = own_part(tmp_path, **timing)
    said = refused("dram", path, trace)
    assert str(path) in said
    assert message in said


def test_parts_are_listed_and_shown(command):
    listed = command("list", "parts")[1]
    for name, part in dram_parts().items():
        assert name in listed
        assert f"({part.short_name})" in listed
    shown = command("show", "HBM2")[1]
    assert "HBM2-2000-x128-4Gb" in shown
    assert "timing tRFCpb" in shown
    assert json.loads(command("show", "HBM2", "--json")[1])["timing"]["tFAW"] == 30
