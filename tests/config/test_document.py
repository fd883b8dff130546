"""YAML 1.2 values, positions of keys and values, and what a document may not contain."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archsim.config import Document, compose, document, to_yaml
from archsim.errors import InputError, Position

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])]

SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text()
PLAIN = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__)
def either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """libyaml and PyYAML's own parser, which stands in where libyaml is missing."""
    monkeypatch.setattr(document, "_LOADER", request.param)


def _read(text: str) -> Document:
    return Document.of(compose(text, "f"), "f")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e9", 1e9),
        ("1.5E-3", 1.5e-3),
        (".5", 0.5),
        ("5.", 5.0),
        ("+3", 3),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("tRue", "tRue"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("2024-01-01", "2024-01-01"),
        ("inf", "inf"),
        ("nan", "nan"),
        ("1e", "1e"),
        ("512 KiB", "512 KiB"),
        ("'1e9'", "1e9"),
        ('"true"', "true"),
        ("٣", "٣"),
    ],
)
@pytest.mark.usefixtures("either_parser")
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    read = _read(f"key: {text}").data["key"]
    assert read == value
    assert type(read) is type(value)


def test_nan_is_a_number() -> None:
    assert math.isnan(_read("key: .nan").data["key"])


@pytest.mark.usefixtures("either_parser")
def test_every_key_and_value_has_its_place() -> None:
    read = _read("# comment\na: 1\nb:\n  - x\n  - {c: [2, 'd']}\né: ü\n")
    assert read.data == {"a": 1, "b": ["x", {"c": [2, "d"]}], "é": "ü"}
    values = {path: (place.line, place.column) for path, place in read.positions.items()}
    assert values == {
        (): (2, 1),
        ("a",): (2, 4),
        ("b",): (4, 3),
        ("b", 0): (4, 5),
        ("b", 1): (5, 5),
        ("b", 1, "c"): (5, 9),
        ("b", 1, "c", 0): (5, 10),
        ("b", 1, "c", 1): (5, 13),
        ("é",): (6, 4),
    }
    keys = {path: (place.line, place.column) for path, place in read.keys.items()}
    assert keys == {("a",): (2, 1), ("b",): (3, 1), ("b", 1, "c"): (5, 6), ("é",): (6, 1)}


def test_a_missing_path_is_placed_at_what_should_hold_it() -> None:
    read = _read("a:\n  b: 1\n")
    assert read.position(("a", "c", 3)) == Position("f", 2, 3)
    assert read.key_position(("a", "b")) == Position("f", 2, 3)
    assert read.key_position(("z",)) == Position("f", 1, 1)


@pytest.mark.usefixtures("either_parser")
def test_an_alias_is_its_anchor_written_out() -> None:
    assert _read("a: &x {b: [1]}\nc: *x\n").data == {"a": {"b": [1]}, "c": {"b": [1]}}


@given(st.dictionaries(st.text(), PLAIN))
@example({"<<": "<<"})
@settings(deadline=None)
def test_what_is_dumped_reads_back(data: dict[str, Any]) -> None:
    assert _read(to_yaml(data)).data == data


def test_dumps_keep_the_order_and_are_stable() -> None:
    text = to_yaml({"b": "on", "a": ["1e9", 1e9, None], "é": {}})
    assert list(_read(text).data) == ["b", "a", "é"]
    assert to_yaml(_read(text).data) == text
    assert "é" in text


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
LADDER = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 200))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "nested more than 64"),
        ("a: " + "{b: " * 100_000, "nested more than 64"),
        ("- " * 100_000, "nested more than 64"),
        ("{" * 100_000, "expected a plain text as key"),
        ("? " * 100_000, "expected a plain text as key"),
        (BOMB, "more than 50000 values"),
        (LADDER, "nested more than 64"),
        ("a: [" + "1," * 60_000 + "]", "more than 50000 values"),
        ("a: &a [*a]", "alias *a contains itself"),
        ("a: " + "9" * 10**6, "out of range"),
        ("a: -1e999", "out of range"),
        ("*" * 10**6, "not YAML"),
    ],
    ids=[
        "list",
        "flow",
        "block",
        "keys",
        "question",
        "bomb",
        "ladder",
        "long",
        "loop",
        "digits",
        "huge",
        "star",
    ],
)
@pytest.mark.usefixtures("either_parser")
def test_bombs_are_refused_quickly(text: str, message: str) -> None:
    start = time.process_time()
    with pytest.raises(InputError, match=message.replace("*", r"\*")) as caught:
        compose(text, "f")
    assert caught.value.position is not None
    assert time.process_time() - start < 2


@pytest.mark.parametrize("text", ["a: " + "[" * 2_000, "{" * 2_000, "- " * 2_000, "a: {b: [\n" * 2_000])
def test_both_parsers_refuse_depth_at_the_same_place(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = set()
    for loader in LOADERS:
        monkeypatch.setattr(document, "_LOADER", loader)
        with pytest.raises(InputError) as caught:
            compose(text, "f")
        found.add(str(caught.value))
    assert len(found) == 1


@pytest.mark.usefixtures("either_parser")
def test_depth_up_to_the_limit_is_fine() -> None:
    inner: Any = _read("a: " + "[" * 63 + "]" * 63).data["a"]
    for _ in range(62):
        (inner,) = inner
    assert inner == []
    with pytest.raises(InputError, match="levels deep"):
        _read("a: " + "[" * 64 + "]" * 64)


@given(st.text(alphabet="ab:,-[]{}&*!|>'\"%@#?\n\t 1.\0\x85\ufeff", max_size=60))
@settings(deadline=None)
def test_any_text_is_a_document_or_an_input_error(text: str) -> None:
    error = None
    try:
        _read(text)
    except InputError as caught:
        error = caught
    if error is not None:
        assert error.position is not None
        assert str(error).isprintable()
