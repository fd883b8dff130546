"""Mutated documents: nothing but an InputError with a place, and one-edit typos of keys are understood."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from toy_system import BASE, System

from archsim.config import Document, build, check_version, compose, to_yaml
from archsim.errors import InputError

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["512 KiB", "1 V", "-3 Hz", "1e99 s", "exact", "array", "buffer", "*", "x" * 10**6]),
    st.just([]),
    st.just({}),
    st.just({"kind": "fast"}),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)


def _read(toy: type[System], text: str) -> System:
    document = Document.of(compose(text, "f.yaml"), "f.yaml")
    check_version(document)
    return build(toy, document)


def _error(toy: type[System], text: str) -> InputError | None:
    try:
        _read(toy, text)
    except InputError as error:
        return error
    return None


def _is_read_or_explained(toy: type[System], text: str) -> None:
    error = _error(toy, text)
    if error is not None:
        assert error.position is not None
        assert str(error).isprintable()
        assert "Input should" not in str(error)


def _base() -> Document:
    return Document.of(compose(BASE, "f"), "f")


def _holder(data: Any, path: tuple[str | int, ...]) -> Any:
    for step in path[:-1]:
        data = data[step]
    return data


PATHS = sorted((path for path in _base().positions if path), key=str)
KEYS = sorted(
    (path for path in _base().keys if path[0] not in {"memories", "compute"} or len(path) > 2), key=str
)


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_characters_dropped_doubled_and_changed(toy: type[System], data: st.DataObject) -> None:
    text = BASE
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text) - 1))
        length = data.draw(st.integers(0, 8))
        new = data.draw(
            st.text(alphabet=" \t\n:{}[],&*!|>'\"#%@-?0aé\0\x85", max_size=4) | st.just(text[place:][:9])
        )
        text = text[:place] + new + text[place + length :]
    _is_read_or_explained(toy, text)


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_values_replaced_dropped_and_moved(toy: type[System], data: st.DataObject) -> None:
    document = _base().data
    path = data.draw(st.sampled_from(PATHS))
    if data.draw(st.booleans()):
        _holder(document, path)[path[-1]] = data.draw(JUNK)
    else:
        del _holder(document, path)[path[-1]]
    _is_read_or_explained(toy, to_yaml(document))


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_key_with_one_wrong_letter_is_understood(toy: type[System], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(KEYS))
    key = str(path[-1])
    place = data.draw(st.integers(0, len(key) - 1))
    letter = data.draw(st.sampled_from(["", *string.ascii_lowercase]))
    typo = key[:place] + letter + key[place + 1 :]
    document = _base().data
    holder = _holder(document, path)
    assume(len(key) > 1 and typo and typo not in holder and typo != "extends")
    renamed = {typo if name == key else name: value for name, value in holder.items()}
    holder.clear()
    holder.update(renamed)
    with pytest.raises(InputError) as caught:
        _read(toy, to_yaml(document))
    assert caught.value.suggestion == key
    assert caught.value.field == ".".join(map(str, (*path[:-1], typo)))
