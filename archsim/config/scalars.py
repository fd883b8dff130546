"""YAML 1.2 core schema: which value a plain scalar stands for."""

from __future__ import annotations

import re
from typing import Final

Scalar = str | int | float | bool | None

NULL: Final = re.compile(r"(?:~|null|Null|NULL)?")
BOOLEAN: Final = re.compile(r"true|True|TRUE|false|False|FALSE")
INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)

_MOST_DIGITS = 40


def resolve_scalar(text: str) -> Scalar:
    """Return the value of a plain scalar; everything that is no null, boolean or number is text.

    Raises
    ------
    ValueError
        If it is a number that no field could mean (more digits or a larger exponent than doubles have).
    """
    if NULL.fullmatch(text):
        return None
    if BOOLEAN.fullmatch(text):
        return text.lower() == "true"
    if INTEGER.fullmatch(text):
        return _integer(text)
    return _float(text) if FLOAT.fullmatch(text) else text


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"the number {text[:20]}... is out of range")
    bases = {"0o": 8, "0x": 16}
    return int(text, bases.get(text[:2], 10))


def _float(text: str) -> float:
    # Python spells the two words without YAML's dot, and its parser knows them in any case.
    value = float(text.replace(".", "") if text[-1] in "fFnN" else text)
    if text[-1] not in "fFnN" and value in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text[:20]} is out of range")
    return value
