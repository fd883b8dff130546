"""Compare two JSON-like trees: integers, strings, keys and lengths exactly, floats within rounding."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

Tree: TypeAlias = "bool | int | float | str | list[Tree] | dict[str, Tree] | None"
"""What JSON can hold."""

REL_TOLERANCE = 1e-12
"""Largest relative distance of two floats that count as equal: orders of summation, not models."""

_SHOWN_LETTERS = 80
_PLAIN_LEAVES = (bool, int, str, type(None))


class Missing(Enum):
    """Stands for the side of a difference that has no such key or element."""

    ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place at which two trees differ.

    Attributes
    ----------
    path
        Keys and indices from the root, such as ``layers[2 conv1_2].bytes.dram.read``.
    old, new
        The two values; a whole subtree where one side lacks it or its type is another.
    """

    path: str
    old: Tree | Missing
    new: Tree | Missing

    def __str__(self) -> str:
        moved = f"{_shown(self.old)} -> {_shown(self.new)}"
        return f"{self.path or '(root)'}: {moved}{_change(self.old, self.new)}"


def differences(old: Tree, new: Tree, path: str = "") -> Iterator[Difference]:
    """Yield every place at which two trees differ, in the order of the first.

    Types have to be the same (``True`` is not ``1``, ``1`` is not ``1.0``) and NaN equals nothing. The order
    of keys does not matter, that of lists does.

    Raises
    ------
    TypeError
        If both trees hold something at the same place that JSON cannot.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _of_mappings(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_lists(old, new, path)
    elif not _same_leaf(old, new):
        yield Difference(path, old, new)


def listed(found: Sequence[Difference], limit: int) -> str:
    """Return one indented line per difference, and how many there are beyond the limit."""
    lines = [f"  {difference}" for difference in found[:limit]]
    if len(found) > limit:
        lines.append(f"  ... and {len(found) - limit} more")
    return "\n".join(lines)


def _change(old: Tree | Missing, new: Tree | Missing) -> str:
    """Percent by which a number moved; nothing where there is no such ratio."""
    numbers = [
        value for value in (old, new) if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if len(numbers) < 2 or not numbers[0]:
        return ""
    before, after = numbers
    return f" ({100 * (after - before) / abs(before):+.3g} %)"


def _of_mappings(old: dict[str, Tree], new: dict[str, Tree], path: str) -> Iterator[Difference]:
    for key in (*old, *(key for key in new if key not in old)):
        place = path + _step(key) if path else _step(key).removeprefix(".")
        if key in old and key in new:
            yield from differences(old[key], new[key], place)
        else:
            yield Difference(place, old.get(key, Missing.ABSENT), new.get(key, Missing.ABSENT))


def _of_lists(old: list[Tree], new: list[Tree], path: str) -> Iterator[Difference]:
    for index, (before, after) in enumerate(zip(old, new, strict=False)):
        yield from differences(before, after, f"{path}[{_label(index, before)}]")
    for index in range(len(new), len(old)):
        yield Difference(f"{path}[{_label(index, old[index])}]", old[index], Missing.ABSENT)
    for index in range(len(old), len(new)):
        yield Difference(f"{path}[{_label(index, new[index])}]", Missing.ABSENT, new[index])


def _same_leaf(old: Tree, new: Tree) -> bool:
    if type(old) is not type(new):
        return False
    if isinstance(old, float) and isinstance(new, float):
        return math.isclose(old, new, rel_tol=REL_TOLERANCE, abs_tol=0.0)
    if not isinstance(old, _PLAIN_LEAVES):
        raise TypeError(f"expected what JSON can hold, got {type(old).__name__}")
    return old == new


def _step(key: str) -> str:
    return f".{key}" if key.isidentifier() else f"[{json.dumps(key)}]"


def _label(index: int, element: Tree) -> str:
    """Index and, where the element has one, its name."""
    name = element.get("name") if isinstance(element, dict) else None
    return f"{index} {name}" if isinstance(name, str) else str(index)


def _shown(value: Tree | Missing) -> str:
    text = value.value if isinstance(value, Missing) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_LETTERS else f"{text[: _SHOWN_LETTERS - 4]} ..."
