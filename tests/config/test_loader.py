"""Inheritance between files, overrides, format version, and files that are none."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from archsim.config import check_version, load_document, loader
from archsim.errors import InputError, Position

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file and returns its path."""

    def writer(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return writer


BASE = """\
archsim: 1
memories:
  dram: {kind: dram, channels: 2}
  buffer: {kind: sram, capacity: 512 KiB, banks: 8}
placement: [{op: conv2d, unit: npu}, {op: "*", unit: cpu}]
"""


def _merged(write: Write, own: str, base: str = BASE) -> dict[str, Any]:
    write("base.yaml", base)
    return load_document(write("own.yaml", f"extends: base.yaml\n{own}")).data


def test_mappings_merge_and_the_rest_is_replaced(write: Write) -> None:
    data = _merged(write, "memories: {buffer: {banks: 4}}\nplacement: [{op: linear, unit: npu}]\n")
    assert data["memories"]["dram"] == {"kind": "dram", "channels": 2}
    assert data["memories"]["buffer"] == {"kind": "sram", "capacity": "512 KiB", "banks": 4}
    assert data["placement"] == [{"op": "linear", "unit": "npu"}]
    assert "extends" not in data


def test_another_kind_replaces_and_the_same_kind_merges(write: Write) -> None:
    data = _merged(write, "memories: {buffer: {kind: stt_mram}, dram: {kind: dram, part: X}}\n")
    assert data["memories"]["buffer"] == {"kind": "stt_mram"}
    assert data["memories"]["dram"] == {"kind": "dram", "channels": 2, "part": "X"}


def test_null_removes(write: Write) -> None:
    data = _merged(write, "memories: {dram: null, buffer: {banks: ~}}\nplacement:\nnever: {was: null}\n")
    assert data == {
        "archsim": 1,
        "memories": {"buffer": {"kind": "sram", "capacity": "512 KiB"}},
        "never": {},
    }


def test_places_point_to_the_file_that_the_value_came_from(write: Write) -> None:
    base = write("base.yaml", BASE)
    own = write("own.yaml", "extends: base.yaml\nmemories:\n  buffer: {banks: 4}\n")
    document = load_document(own)
    assert document.position(("memories", "buffer", "banks")) == Position(str(own), 3, 19)
    assert document.position(("memories", "buffer", "capacity")) == Position(str(base), 4, 34)
    assert document.key_position(("memories", "buffer", "banks")) == Position(str(own), 3, 12)


def test_chains_and_other_folders(write: Write) -> None:
    write("root.yaml", "a: 1\nb: 1\nc: 1\n")
    write("middle.yaml", "extends: root.yaml\nb: 2\nc: 2\n")
    leaf = write("below/leaf.yaml", "extends: ../middle.yaml\nc: 3\n")
    assert load_document(leaf).data == {"a": 1, "b": 2, "c": 3}


def test_a_shipped_configuration_can_be_extended(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = write("shipped/plain.yaml", "a: 1\n")
    monkeypatch.setattr("archsim.config.shipped_files.shipped_folder", lambda kind: shipped.parent)
    assert load_document(write("by_file.yaml", "extends: plain.yaml\n")).data == {"a": 1}
    assert load_document(write("by_name.yaml", "extends: plain\n")).data == {"a": 1}


def test_the_file_beside_comes_before_the_shipped_one(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = write("shipped/plain.yaml", "a: 1\n")
    monkeypatch.setattr("archsim.config.shipped_files.shipped_folder", lambda kind: shipped.parent)
    write("plain.yaml", "a: 2\n")
    assert load_document(write("own.yaml", "extends: plain.yaml\n")).data == {"a": 2}


@pytest.mark.parametrize(
    ("files", "line", "message"),
    [
        ({"a.yaml": "x: 1\nextends: a.yaml\n"}, 2, "in a circle: .*a.yaml -> .*a.yaml"),
        (
            {"a.yaml": "extends: b.yaml", "b.yaml": "\n\nextends: ./a.yaml"},
            3,
            "circle: .*a.yaml -> .*b.yaml -> ",
        ),
        ({"a.yaml": "extends: bse.yaml", "base.yaml": "x: 1"}, 1, "did you mean 'base.yaml'"),
        ({"a.yaml": "extends: [b.yaml]"}, 1, "expected the name of a file"),
        ({"a.yaml": "extends: 3"}, 1, "expected the name of a file"),
        ({"a.yaml": 'extends: "b\\0"'}, 1, "expected the name of a file"),
        ({"a.yaml": "extends: " + "x" * 5000}, 1, "no file"),
        ({"a.yaml": "extends: ."}, 1, "no file"),
        ({"a.yaml": "extends: b.yaml", "b.yaml": "- 1"}, 1, "b.yaml:1:1: expected keys and values"),
        ({"a.yaml": "extends: b.yaml", "b.yaml": "x: [\n"}, 1, "b.yaml:1:4: not YAML|b.yaml:2:1: not YAML"),
    ],
)
def test_extends_that_leads_nowhere(write: Write, files: dict[str, str], line: int, message: str) -> None:
    for name, text in files.items():
        path = write(name, text)
        first = path.parent / "a.yaml"
    with pytest.raises(InputError, match=message) as caught:
        load_document(first)
    assert caught.value.position is not None
    assert caught.value.position.line == line or "not YAML" in caught.value.message


def test_a_long_chain_is_refused(write: Write) -> None:
    for n in range(30):
        write(f"c{n}.yaml", f"extends: c{n + 1}.yaml\n")
    with pytest.raises(InputError, match="more than 16 files"):
        load_document(write("c30.yaml", "x: 1\n").parent / "c0.yaml")


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("memories.buffer.banks=16", ("memories", "buffer", "banks"), 16),
        ("memories.buffer.capacity=1 MiB", ("memories", "buffer", "capacity"), "1 MiB"),
        ("memories.buffer.new=1e3", ("memories", "buffer", "new"), 1000.0),
        ("placement.1.unit=npu", ("placement", 1, "unit"), "npu"),
        ("placement.0={op: linear}", ("placement", 0), {"op": "linear"}),
        ("memories.dram={kind: dram}", ("memories", "dram"), {"kind": "dram"}),
        ("name=a=b", ("name",), "a=b"),
        ("name='1'", ("name",), "1"),
    ],
)
def test_an_override_sets_one_value(
    write: Write, override: str, path: tuple[str | int, ...], value: object
) -> None:
    document = load_document(write("own.yaml", BASE), [override])
    found: Any = document.data
    for step in path:
        found = found[step]
    assert found == value
    column = override.index("=") + 2
    assert document.position(path) == Position(f"--set {override}", 1, column)


def test_overrides_apply_in_order_and_null_removes(write: Write) -> None:
    document = load_document(write("own.yaml", BASE), ["name=a", "name=b", "placement=null"])
    assert document.data["name"] == "b"
    assert "placement" not in document.data


@pytest.mark.parametrize("order", list(permutations(["kind=stt_mram", "width=128 b", "banks=4"])))
def test_another_kind_replaces_in_any_order_of_the_overrides(write: Write, order: tuple[str, ...]) -> None:
    overrides = [f"memories.buffer.{change}" for change in order]
    data = load_document(write("own.yaml", BASE), overrides).data
    assert data["memories"]["buffer"] == {"kind": "stt_mram", "width": "128 b", "banks": 4}
    assert data["memories"]["dram"] == {"kind": "dram", "channels": 2}


def test_the_same_kind_keeps_what_stands_beside_it(write: Write) -> None:
    overrides = ["memories.buffer.banks=4", "memories.buffer.kind=sram"]
    data = load_document(write("own.yaml", BASE), overrides).data
    assert data["memories"]["buffer"] == {"kind": "sram", "capacity": "512 KiB", "banks": 4}


def test_the_last_kind_and_the_last_mapping_win(write: Write) -> None:
    def buffer(*changes: str) -> object:
        return load_document(
            write("own.yaml", BASE), [f"memories.buffer{change}" for change in changes]
        ).data["memories"]["buffer"]

    assert buffer(".kind=a", ".x=1", ".kind=b") == {"kind": "b", "x": 1}
    assert buffer("={kind: a, y: 2}", ".x=1", ".kind=b") == {"kind": "b", "x": 1}


@pytest.mark.parametrize(
    ("override", "column", "message"),
    [
        ("memoreis.buffer.banks=1", 1, "did you mean 'memories'"),
        ("memories.bufer.banks=1", 10, "did you mean 'buffer'"),
        ("memories.buffer.banks.x=1", 23, "below a single value"),
        ("placement.2.unit=npu", 11, "expected a list index from 0 to 1, got '2'"),
        ("placement.first.unit=npu", 11, "expected a list index"),
        ("placement.-1=npu", 11, "expected a list index"),
        ("name", 1, "expected KEY=VALUE"),
        ("name=", 1, "expected KEY=VALUE"),
        ("=3", 1, "expected KEY=VALUE"),
        ("a..b=3", 1, "expected KEY=VALUE"),
        ("name={a: 1, a: 2}", 13, "duplicate key 'a'"),
        ("name=!!str x", 6, "tag '!!str'"),
    ],
)
def test_an_override_that_does_not_fit_is_refused(
    write: Write, override: str, column: int, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_document(write("own.yaml", BASE), [override])
    assert caught.value.position == Position(f"--set {override}", 1, column)


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (b"", (1, 1), "the file is empty"),
        (b"# only a comment\n", (1, 1), "the file is empty"),
        (b"---\n", (2, 1), "expected keys and values at the top"),
        (b"- 1\n", (1, 1), "expected keys and values at the top"),
        (b"text", (1, 1), "expected keys and values at the top"),
        (b"a: 1\nb: \xff\xfe", (2, 4), "not UTF-8 text"),
        (b"\x7fELF\x02\x01", (1, 1), "is this file binary"),
        (b"a: 1\nb: x\0y", (2, 5), r"U\+0000.*is this file binary"),
        ("a: 1\n".encode("utf-16"), (1, 1), "not UTF-8 text"),
        (b"a: 1\n" * 2 * 2**20, (1, 1), "10485760 bytes, more than the limit of 2 MiB"),
    ],
    ids=["empty", "comment", "null", "list", "text", "bytes", "elf", "nul", "utf16", "large"],
)
def test_files_that_are_no_document(
    write: Write, content: bytes, place: tuple[int, int], message: str
) -> None:
    path = write("f.yaml", content)
    start = time.process_time()
    with pytest.raises(InputError, match=message) as caught:
        load_document(path)
    assert caught.value.position is not None
    assert (caught.value.position.line, caught.value.position.column) in (place, (1, 4))
    assert time.process_time() - start < 2


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, message in [
        (tmp_path, "not a file"),
        (tmp_path / "pipe", "not a file"),
        (tmp_path / "x", "no such"),
    ]:
        with pytest.raises(InputError, match=message):
            load_document(path)
    with pytest.raises(InputError, match="cannot be read"):
        load_document(tmp_path / ("x" * 5000))


def test_a_file_at_the_limit_is_read(write: Write) -> None:
    text = "a: '" + "x" * (loader.LARGEST_FILE_BYTES - 5) + "'"
    assert len(load_document(write("f.yaml", text)).data["a"]) == loader.LARGEST_FILE_BYTES - 5


def test_a_byte_order_mark_is_no_part_of_the_text(write: Write) -> None:
    assert load_document(write("f.yaml", b"\xef\xbb\xbfa: 1\r\n")).data == {"a": 1}


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("name: x\n", (1, 1), "missing key 'archsim'"),
        ("name: x\narchism: 1\n", (2, 1), "did you mean 'archsim'"),
        ("archsim: 2\n", (1, 10), "expected format version 1, got 2"),
        ("archsim: '1'\n", (1, 10), "expected format version 1"),
        ("archsim: true\n", (1, 10), "expected format version 1"),
        ("archsim: [1]\n", (1, 10), "expected format version 1"),
    ],
)
def test_the_format_version_is_checked(write: Write, text: str, place: tuple[int, int], message: str) -> None:
    document = load_document(write("f.yaml", text))
    with pytest.raises(InputError, match=message) as caught:
        check_version(document)
    assert caught.value.position == Position(document.file, *place)


def test_the_right_format_version_passes(write: Write) -> None:
    check_version(load_document(write("f.yaml", "archsim: 1\n")))
