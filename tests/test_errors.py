"""Errors are one line; the nearest choice is the one a person would have meant."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.errors import (
    ArchsimError,
    DeadlockError,
    InputError,
    InvariantError,
    Position,
    expected_one_of,
    is_one_edit,
    nearest,
)

KEYS = ["rows", "columns", "clock", "dataflow", "memory", "number_format", "multiplier", "accumulator"]


def test_all_parts_on_one_line() -> None:
    error = InputError(
        "unknown key", position=Position("a.yaml", 3, 7), field="compute.npu.rowz", suggestion="rows"
    )
    assert str(error) == "a.yaml:3:7: compute.npu.rowz: unknown key; did you mean 'rows'?"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (InputError("bad"), "bad"),
        (InputError("bad", field="x"), "x: bad"),
        (InputError("bad", position=Position("f", 1, 2)), "f:1:2: bad"),
        (InputError("bad", suggestion="good"), "bad; did you mean 'good'?"),
    ],
)
def test_absent_parts_leave_nothing_behind(error: InputError, text: str) -> None:
    assert str(error) == text


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
@settings(deadline=None)
def test_whatever_the_parts_the_error_is_one_printable_line(message: str, field: str, file: str) -> None:
    text = str(InputError(message, position=Position(file, 1, 1), field=field))
    assert text.isprintable()
    assert text.splitlines() == [text]


def test_a_huge_part_is_cut() -> None:
    assert len(str(InputError("x" * 10**6, field="y" * 10**6))) < 1000


def test_exit_codes() -> None:
    codes = [cls("x").exit_code for cls in (InputError, InvariantError, DeadlockError, ArchsimError)]
    assert codes == [2, 1, 1, 1]


@given(
    st.sampled_from(KEYS), st.integers(0, 20), st.sampled_from(string.ascii_lowercase), st.sampled_from("dir")
)
@settings(deadline=None)
def test_one_edit_is_always_undone(word: str, place: int, letter: str, edit: str) -> None:
    place %= len(word)
    replaced = {"d": "", "i": letter + word[place], "r": letter}[edit]
    typo = word[:place] + replaced + word[place + 1 :]
    assert nearest(typo, KEYS) == word


@pytest.mark.parametrize(
    ("word", "choices", "expected"),
    [
        ("KIB", ["B", "KiB", "MiB"], "KiB"),
        ("mhz", ["Hz", "MHz", "GHz"], "MHz"),
        ("opp", ["op", "unit"], "op"),
        ("po", ["op", "unit"], "op"),
        ("bananas", ["rows", "clock"], None),
        ("x", [], None),
    ],
)
def test_nearest(word: str, choices: list[str], expected: str | None) -> None:
    assert nearest(word, choices) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("rows", "row", True),
        ("rows", "rwos", True),
        ("rows", "rowz", True),
        ("rows", "rows", False),
        ("rows", "ro", False),
        ("rows", "srow", False),
        ("a", "b", False),
    ],
)
def test_is_one_edit(first: str, second: str, expected: bool) -> None:
    assert is_one_edit(first, second) is expected
    assert is_one_edit(second, first) is expected


def test_expected_one_of() -> None:
    assert expected_one_of(["a"]) == "expected a"
    assert expected_one_of(["a", "b"]) == "expected one of a, b"
    assert expected_one_of(map(str, range(20))).endswith(", 11, ... (8 more)")
