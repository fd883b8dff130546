"""Broken documents: each gives one line with file, line, column, field and, for a typo, the right word.

In a case, the new text has the mark § where the error has to point.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from toy_system import BASE, System

from archsim.config import build, check_version, load_document
from archsim.errors import InputError, Position

Read = Callable[[str], System]


class Case(NamedTuple):
    """An edit of the base document, and the error that it has to cause."""

    old: str
    new: str
    field: str | None
    message: str
    suggestion: str | None = None


@pytest.fixture
def read(toy: type[System], tmp_path: Path) -> Read:
    """Return a function that reads a text as the toy system, the way that the command line does."""

    def reader(text: str) -> System:
        path = tmp_path / "toy.yaml"
        path.write_text(text)
        document = load_document(path)
        check_version(document)
        return build(toy, document)

    return reader


TYPOS = [
    Case("rows: 32", "§rowz: 32", "compute.npu.rowz", "unknown key 'rowz'", "rows"),
    Case("rows: 32", "§row: 32", "compute.npu.row", "unknown key", "rows"),
    Case("columns: 32", "§colunms: 32", "compute.npu.colunms", "unknown key", "columns"),
    Case("compute:", "§compuet:", "compuet", "unknown key", "compute"),
    Case("placement:", "§placment:", "placment", "unknown key", "placement"),
    Case("name: toy", "§nme: toy", "nme", "unknown key", "name"),
    Case("schedule: {", "§shedule: {", "shedule", "unknown key", "schedule"),
    Case("{node:", "{§nod:", "technology.nod", "unknown key", "node"),
    Case("width: 128 b", "§witdh: 128 b", "memories.buffer.witdh", "unknown key", "width"),
    Case("banks: 8", "§bank: 8", "memories.buffer.bank", "unknown key", "banks"),
    Case("channels: 2", "§chanels: 2", "memories.dram.chanels", "unknown key", "channels"),
    Case("{op: [", "{§opp: [", "placement.0.opp", "unknown key", "op"),
    Case("linear], unit", "linear], §units", "placement.0.units", "unknown key", "unit"),
    Case("objective:", "§objectve:", "schedule.objectve", "unknown key", "objective"),
    Case("kind: array", "knd: §array", "compute.npu.knd", "unknown key 'knd'", "kind"),
    Case("kind: array", "kind: §arary", "compute.npu.kind", "unknown kind 'arary'", "array"),
    Case("kind: fast", "kind: §fst", "memories.buffer.kind", "unknown kind", "fast"),
    Case("kind: exact", "kind: §exakt", "compute.npu.multiplier.kind", "unknown kind", "exact"),
    Case("kind: exact", "kind: cut, §lo: 3", "compute.npu.multiplier.lo", "unknown key", "low"),
    Case(
        ": weight_stationary",
        ": §weight_statonary",
        "compute.npu.dataflow",
        "expected one of weight_stationary, output_stationary",
        "weight_stationary",
    ),
    Case("layer_major", "§layer_mayor", "schedule.batch_order", "expected one of", "layer_major"),
    Case("objective: energy", "objective: §enrgy", "schedule.objective", "expected one of", "energy"),
    Case("memory: buffer", "memory: §bufer", "compute.npu.memory", "no memory 'bufer'", "buffer"),
    Case("backed_by: dram", "backed_by: §darm", "memories.buffer.backed_by", "no memory", "dram"),
    Case("archsim: 1", "§archsm: 1", "archsm", "missing key 'archsim'", "archsim"),
    Case("512 KiB", "§512 KIB", "memories.buffer.capacity", "unknown unit 'KIB'", "512 KiB"),
    Case("500 MHz", "§500 Mhz", "compute.npu.clock", "unknown unit", "500 MHz"),
    Case("45 nm", "§45 nn", "technology.node", "unknown unit", "45 nm"),
    Case("0.9 V", "§0.9 v", "technology.voltage", "unknown unit", "0.9 V"),
]

UNITS = [
    Case("512 KiB", "§512", "memories.buffer.capacity", "512 has no unit: a capacity needs B, KiB"),
    Case("500 MHz", "§500", "compute.npu.clock", "a frequency needs Hz, kHz, MHz"),
    Case("500 MHz", "§5e8", "compute.npu.clock", "has no unit"),
    Case("500 MHz", "§500 V", "compute.npu.clock", "V is a unit of voltage"),
    Case("128 b", "§128 KiB", "memories.buffer.width", "KiB is a unit of capacity"),
    Case("25 C", "§77 K", "technology.temperature", "unknown unit 'K'"),
    Case("25 C", "§hot", "technology.temperature", "expected a temperature, got 'hot'"),
    Case("25 C", "§.inf", "technology.temperature", "expected a temperature"),
    Case("0.9 V", "§-0.9 V", "technology.voltage", "cannot be negative"),
    Case("512 KiB", "§-512 KiB", "memories.buffer.capacity", "cannot be negative"),
    Case("512 KiB", "§0 KiB", "memories.buffer.capacity", "greater than 0"),
    Case("512 KiB", "§0.3 B", "memories.buffer.capacity", "whole number of bytes"),
    Case("500 MHz", "§1e999999 MHz", "compute.npu.clock", "out of range"),
    Case("500 MHz", "§[500 MHz]", "compute.npu.clock", "expected a frequency"),
    Case("500 MHz", "§true", "compute.npu.clock", "expected a frequency"),
    Case("clock: 500 MHz", "clock:§", "compute.npu.clock", "expected a frequency"),
]

VALUES = [
    Case("rows: 32", "rows: §0", "compute.npu.rows", "greater than or equal to 1, got 0"),
    Case("rows: 32", "rows: §-4", "compute.npu.rows", "greater than or equal to 1"),
    Case("rows: 32", "rows: §32.5", "compute.npu.rows", "expected a whole number, got 32.5"),
    Case("rows: 32", "rows: §many", "compute.npu.rows", "expected a whole number, got 'many'"),
    Case("rows: 32", "rows: §true", "compute.npu.rows", "got true"),
    Case("rows: 32", "rows: §null", "compute.npu.rows", "expected a whole number, got nothing"),
    Case("rows: 32", "rows: §[32]", "compute.npu.rows", "expected a whole number, got a list"),
    Case("rows: 32", "rows: §.nan", "compute.npu.rows", "expected a finite number"),
    Case("banks: 8", "banks: §65", "memories.buffer.banks", "less than or equal to 64"),
    Case("name: toy", "name: §3", "name", "expected a text, got 3"),
    Case("name: toy", "name: §''", "name", "at least 1 character"),
    Case("name: toy", "name: §{a: b}", "name", "expected a text, got keys and values"),
    Case("channels: 2", "refreshed: §maybe", "memories.dram.refreshed", "expected true or false"),
    Case("channels: 2", "ratio: §.inf", "memories.dram.ratio", "finite"),
    Case("channels: 2", "ratio: §false", "memories.dram.ratio", "expected a number, got false"),
    Case("[conv2d, linear]", "[conv2d, §3]", "placement.0.op.1", "expected a text, got 3"),
    Case("[conv2d, linear]", "§{a: b}", "placement.0.op", "expected a text or a list"),
    Case("{kind: exact}", "§exact", "compute.npu.multiplier", "expected a mapping with a kind"),
    Case("kind: exact", "kind: §[exact]", "compute.npu.multiplier.kind", "expected one of cut, exact"),
    Case("kind: exact", "kind: exact, §zoom: 3", "compute.npu.multiplier.zoom", "no other fits here"),
    Case("rows: 32", "rows: 32\n    §zebra: 3", "compute.npu.zebra", "unknown key 'zebra': expected"),
    Case("technology: {", "technology: §3  # {", "technology", "expected keys and values, got 3"),
    Case("archsim: 1", "archsim: §2", "archsim", "expected format version 1, got 2"),
]

MISSING = [
    Case("    rows: 32\n", "", "compute.npu.rows", "missing key 'rows'"),
    Case("{kind: exact}", "§{kind: cut}", "compute.npu.multiplier.low", "missing key 'low'"),
    Case("{kind: exact}", "§{}", "compute.npu.multiplier", "missing key 'kind': expected one of cut, exact"),
    Case("{op: [conv2d, linear], unit: npu}", "§{op: linear}", "placement.0.unit", "missing key 'unit'"),
    Case("{node: 45 nm, ", "§{", "technology.node", "missing key 'node'"),
    Case("name: toy\n", "", "name", "missing key 'name'"),
    Case("archsim: 1\n", "", None, "missing key 'archsim'"),
]

SYNTAX = [
    Case("name: toy", "name: toy\n§name: x", None, "duplicate key 'name', first given on line 2"),
    Case("banks: 8", "banks: 8, §'banks': 8", None, "duplicate key 'banks'"),
    Case('  - {op: "*"', '§\t- {op: "*"', None, "tab in the indentation"),
    Case("    columns", "  §\tcolumns", None, "tab in the indentation"),
    Case("name: toy", "name: §!!python/object:os.system toy", None, "tag '!!python/object:os.system'"),
    Case("name: toy", "name: §!!int '3'", None, "tag '!!int' is not supported"),
    Case("name: toy", "§!!str name: toy", None, "tag '!!str' is not supported"),
    Case("name: toy", "name: §*nobody", None, "alias *nobody has no anchor"),
    Case("name: toy", "name: &a [§*a]", None, "alias *a contains itself"),
    Case("name: toy", "§<<: {name: toy}", None, "merge keys"),
    Case("name: toy", "§1: toy", None, "expected a text as key, got 1"),
    Case("name: toy", "§true: toy", None, "expected a text as key, got true"),
    Case("name: toy", "§null: toy", None, "expected a text as key, got null"),
    Case("name: toy", "? §[name]\n: toy", None, "expected a plain text as key"),
    Case("name: toy", "name: §'toy", None, "not YAML"),
    Case("name: toy", "§name toy", None, "not YAML: could not find expected ':'"),
    Case("name: toy", "name: §@toy", None, "not YAML"),
    Case("name: toy", "name: §" + "9" * 50, None, "out of range"),
    Case("name: toy", "name: §1e999", None, "out of range"),
    Case("name: toy", "name: t§\0oy", None, "is this file binary"),
    Case("name: toy", "name: toy\n§---", None, "expected one document"),
    Case("name: toy", "name: " + "[" * 63 + "§[", None, "nested more than 64 levels deep"),
]


def _edited(case: Case) -> tuple[str, Position | None]:
    assert BASE.count(case.old) >= 1
    marked = BASE.replace(case.old, case.new, 1)
    before, mark, after = marked.partition("§")
    line = before.count("\n") + 1
    return before + after, Position("", line, len(before) - before.rfind("\n")) if mark else None


def _caught(read: Read, text: str) -> InputError:
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        read(text)
    assert time.process_time() - start < 2
    return caught.value


def test_the_base_is_sound(read: Read) -> None:
    assert read(BASE).name == "toy"


@pytest.mark.parametrize("case", TYPOS + UNITS + VALUES + MISSING + SYNTAX, ids=lambda case: case.new[:30])
def test_one_line_tells_what_and_where(read: Read, case: Case) -> None:
    text, place = _edited(case)
    error = _caught(read, text)
    assert case.message in str(error)
    assert error.field == case.field
    assert error.position is not None
    assert error.position.file.endswith("toy.yaml")
    if place is not None:
        assert (error.position.line, error.position.column) == (place.line, place.column), str(error)
    assert str(error).isprintable()


@pytest.mark.parametrize("case", TYPOS, ids=lambda case: case.new[:30])
def test_a_typo_gets_the_right_word(read: Read, case: Case) -> None:
    error = _caught(read, _edited(case)[0])
    assert error.suggestion == case.suggestion
    assert str(error).endswith(f"; did you mean '{case.suggestion}'?")


@pytest.mark.parametrize("case", UNITS + VALUES + MISSING + SYNTAX, ids=lambda case: case.new[:30])
def test_what_is_no_typo_gets_no_odd_advice(read: Read, case: Case) -> None:
    assert _caught(read, _edited(case)[0]).suggestion is None


def test_a_missing_key_is_placed_at_the_mapping_that_should_have_it(read: Read) -> None:
    error = _caught(read, BASE.replace("    rows: 32\n", ""))
    assert error.position is not None
    assert (error.position.line, error.position.column) == (9, 5)


def test_an_override_is_blamed_for_its_own_key(toy: type[System], tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(BASE)
    override = "compute.npu.rowz=64"
    with pytest.raises(InputError) as caught:
        build(toy, load_document(path, [override]))
    place = "--set compute.npu.rowz=64:1:13: compute.npu.rowz"
    assert str(caught.value) == f"{place}: unknown key 'rowz'; did you mean 'rows'?"


def test_an_inherited_value_is_blamed_where_it_stands(toy: type[System], tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE.replace("rows: 32", "rows: 0"))
    (tmp_path / "own.yaml").write_text("extends: base.yaml\nname: own\n")
    with pytest.raises(InputError, match=r"base.yaml:10:11: compute.npu.rows"):
        build(toy, load_document(tmp_path / "own.yaml"))
