"""The comparer finds every single change of a golden tree, and nothing where nothing changed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from copy import copy
from typing import TypeAlias, cast

import pytest
import store
from comparer import REL_TOLERANCE, Missing, Tree, differences, listed
from hypothesis import given, settings
from hypothesis import strategies as st
from matrix import CASES

Container: TypeAlias = dict[str, Tree] | list[Tree]
Place: TypeAlias = tuple[dict[str, Tree], str] | tuple[list[Tree], int]
"""A container and the key or index of one of its elements."""

MANY = 500
GOLDEN = [case.name for case in CASES if case.network == "lenet5"]
"""The smallest network on three kinds of hardware: each tree is compared thousands of times."""


class Pair:
    """A golden tree and an equal copy of it, which is changed in one place at a time and restored."""

    def __init__(self, name: str) -> None:
        self.golden = store.read(store.path_of(name))
        self.copy = store.read(store.path_of(name))

    def missed(self, place: Place, values: list[Tree]) -> list[str]:
        """New values in a place for which the comparer does not report just that change."""
        container, key = cast(tuple[dict[str, Tree], str], place)
        old = container[key]
        missed = []
        for new in values:
            container[key] = new
            found = list(differences(self.golden, self.copy))
            if len(found) != 1 or found[0].old != old or found[0].new is not new:
                missed.append(f"{key}: {old!r} -> {new!r}: {found}")
        container[key] = old
        return missed

    def overlooked(self, container: Container, content: Container) -> bool:
        """Whether other content of a container goes unnoticed, in either direction."""
        present = copy(container)
        refill(container, content)
        noticed = any(differences(self.golden, self.copy)) and any(differences(self.copy, self.golden))
        refill(container, present)
        return not noticed


@pytest.fixture(params=GOLDEN)
def pair(request: pytest.FixtureRequest) -> Pair:
    return Pair(request.param)


def refill(container: Container, content: Container) -> None:
    container.clear()
    if isinstance(container, dict):
        container.update(cast(dict[str, Tree], content))
    else:
        container.extend(content)


def containers(tree: Tree) -> Iterator[Container]:
    if isinstance(tree, dict | list):
        yield tree
        for element in tree.values() if isinstance(tree, dict) else tree:
            yield from containers(element)


def places(tree: Tree) -> Iterator[Place]:
    for container in containers(tree):
        if isinstance(container, dict):
            yield from ((container, key) for key in container)
        else:
            yield from ((container, index) for index in range(len(container)))


def at(place: Place) -> Tree:
    container, key = cast(tuple[dict[str, Tree], str], place)
    return container[key]


def leaf_places(tree: Tree) -> list[Place]:
    return [place for place in places(tree) if not isinstance(at(place), dict | list)]


def moved(leaf: Tree) -> list[Tree]:
    """Other values of the same type, as near as the comparer has to tell apart."""
    if isinstance(leaf, float):
        near = 2 * REL_TOLERANCE
        return [leaf * (1 + near), leaf * (1 - near)] if leaf else [5e-324, -1e-15]
    if isinstance(leaf, int):
        return [leaf + 1, leaf - 1, -leaf - 1]
    if isinstance(leaf, str):
        return [other for other in (f"{leaf} ", f"x{leaf}", leaf[:-1], leaf.swapcase()) if other != leaf]
    return [0, False, ""]


def retyped(leaf: Tree) -> list[Tree]:
    """The same value in other types, nothing, and what is not a number."""
    others: list[Tree] = [math.nan, math.inf, [leaf], {"value": leaf}, str(leaf) + "'"]
    if leaf is not None:
        others.append(None)
    if isinstance(leaf, int):
        others += [float(leaf), str(leaf), bool(leaf)]
    if isinstance(leaf, float):
        others += [round(leaf), repr(leaf)]
    return others


def test_a_tree_equals_itself(pair: Pair) -> None:
    assert list(differences(pair.golden, pair.copy)) == []


def test_there_are_many_leaves_to_change() -> None:
    assert sum(len(leaf_places(store.read(store.path_of(name)))) for name in GOLDEN) >= MANY


@pytest.mark.parametrize("mutations", [moved, retyped])
def test_every_changed_leaf_is_found(pair: Pair, mutations: Callable[[Tree], list[Tree]]) -> None:
    changes = [(place, mutations(at(place))) for place in leaf_places(pair.copy)]
    assert [text for place, values in changes for text in pair.missed(place, values)] == []
    assert list(differences(pair.golden, pair.copy)) == [], "every change was undone"


def fewer(container: Container) -> Iterator[Container]:
    """The container without each of its elements."""
    if isinstance(container, dict):
        yield from ({key: container[key] for key in container if key != gone} for gone in container)
    else:
        yield from (container[:index] + container[index + 1 :] for index in range(len(container)))


def more(container: Container) -> Iterator[Container]:
    """The container with one element too many, even one that is nothing or like another."""
    values: list[Tree] = [None, 0, "", {}, []]
    for value in values:
        yield {**container, "new": value} if isinstance(container, dict) else [*container, value]
    if isinstance(container, list):
        yield from ([*container, value] for value in container[-1:])
        yield from ([value, *container] for value in container[:1])


def others(container: Container) -> Iterator[Container]:
    """As many elements, but one key or the order of the list is another."""
    if isinstance(container, dict):
        yield from (
            {f"{key}_" if key == one else key: container[key] for key in container} for one in container
        )
    elif len(container) > 1:
        yield container[::-1]


@pytest.mark.parametrize("mutations", [fewer, more, others])
def test_every_changed_container_is_found(
    pair: Pair, mutations: Callable[[Container], Iterator[Container]]
) -> None:
    changes = [(container, list(mutations(container))) for container in containers(pair.copy)]
    assert len([content for _, contents in changes for content in contents]) >= 20
    for container, contents in changes:
        assert [content for content in contents if pair.overlooked(container, content)] == []
    assert list(differences(pair.golden, pair.copy)) == [], "every change was undone"


def test_the_order_of_keys_does_not_matter() -> None:
    assert list(differences({"a": 1, "b": 2}, {"b": 2, "a": 1})) == []


def test_every_container_of_another_type_is_found(pair: Pair) -> None:
    for place in places(pair.copy):
        present = at(place)
        if isinstance(present, dict | list):
            other: Tree = list(present) if isinstance(present, dict) else {}
            assert pair.missed(place, [None, 0, "", other]) == []


ALIKE: list[Tree] = [
    0,
    0.0,
    False,
    None,
    "",
    "0",
    [],
    {},
    1,
    1.0,
    True,
    "1",
    [1],
    {"1": 1},
    math.nan,
    math.inf,
]


@pytest.mark.parametrize("old", ALIKE)
def test_values_that_look_alike_are_told_apart(old: Tree) -> None:
    for new in ALIKE:
        same = old is new and not (isinstance(new, float) and math.isnan(new))
        assert (list(differences(old, new)) == []) == same, new
        assert (list(differences({"a": [old]}, {"a": [new]})) == []) == same, new


@pytest.mark.parametrize("value", [1.0, -3.7e-15, 2.5e300, 1e-300])
def test_the_tolerance_of_floats_is_relative(value: float) -> None:
    for sign in (-1, 1):
        assert list(differences(value, value * (1 + sign * 0.5 * REL_TOLERANCE))) == []
        assert len(list(differences(value, value * (1 + sign * 1.5 * REL_TOLERANCE)))) == 1


def test_integers_have_no_tolerance() -> None:
    assert len(list(differences(10**30, 10**30 + 1))) == 1


@pytest.mark.parametrize("value", [(1, 2), {1}, b"x", 1j])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="expected what JSON can hold"):
        list(differences(cast(Tree, [value]), cast(Tree, [value])))


def test_all_differences_are_reported_with_their_paths() -> None:
    old: Tree = {
        "layers": [{"name": "conv1", "cycles": 100}, {"name": "fc", "bytes": {"npu.mac": 1}}],
        "a": True,
    }
    new: Tree = {
        "layers": [{"name": "conv1", "cycles": 150}, {"name": "fc", "bytes": {"npu.mac": 1.5}}, 7],
        "b": 0,
    }
    found = list(differences(old, new))
    assert [str(difference) for difference in found] == [
        "layers[0 conv1].cycles: 100 -> 150 (+50 %)",
        'layers[1 fc].bytes["npu.mac"]: 1 -> 1.5 (+50 %)',
        "layers[2]: (absent) -> 7",
        "a: true -> (absent)",
        "b: (absent) -> 0",
    ]
    assert found[-1].old is Missing.ABSENT
    assert listed(found, 4).splitlines()[-2:] == ["  a: true -> (absent)", "  ... and 1 more"]
    assert len(listed(found, 5).splitlines()) == 5


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (1, 2, "(root): 1 -> 2 (+100 %)"),
        (-2.0, -1.0, "(root): -2.0 -> -1.0 (+50 %)"),
        (0, 2, "(root): 0 -> 2"),
        (True, 2, "(root): true -> 2"),
        ("x" * 200, "y", f'(root): "{"x" * 75} ... -> "y"'),
    ],
)
def test_a_difference_reads_as_old_to_new(old: Tree, new: Tree, text: str) -> None:
    assert [str(difference) for difference in differences(old, new)] == [text]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(JSON)
def test_writing_and_reading_changes_nothing(tree: Tree) -> None:
    assert list(differences(tree, json.loads(json.dumps(tree)))) == []


@settings(deadline=None)
@given(JSON, JSON)
def test_trees_with_different_text_differ(old: Tree, new: Tree) -> None:
    """Where floats agree, the canonical text is an independent judge."""
    text = [json.dumps(tree, sort_keys=True) for tree in (old, new)]
    found = list(differences(old, new))
    assert text[0] != text[1] or not found
    assert text[0] == text[1] or found or any(isinstance(leaf, float) for leaf in leaves([old, new]))


def leaves(tree: Tree) -> Iterator[Tree]:
    yield from (at(place) for place in leaf_places(tree))
