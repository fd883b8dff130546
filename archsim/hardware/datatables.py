"""Readers of the data files in ``tables/``: text in, rows out."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from math import log


def table_text(name: str) -> str:
    """Return the text of a file in ``tables/``."""
    return (files("archsim.hardware") / "tables" / name).read_text(encoding="utf-8")


@cache
def read_rows(name: str) -> tuple[Mapping[str, str], ...]:
    """Return the rows of a CSV file in ``tables/`` by column name; ``#`` starts a comment line."""
    lines = [line for line in table_text(name).splitlines() if not line.startswith("#")]
    return tuple(csv.DictReader(lines))


def neighbours(
    points: tuple[float, ...], value: float, *, logarithmic: bool = False
) -> tuple[float, float, float]:
    """Return the ascending points on both sides of a value, and the value's place between them, 0 to 1.

    Returns
    -------
    tuple of float
        Lower point, upper point, and ``(value - lower) / (upper - lower)`` (of the logarithms where
        ``logarithmic``); a value that is a point is its own two neighbours with place 0.

    Raises
    ------
    ValueError
        If the value lies outside the points.
    """
    if value in points:
        return value, value, 0.0
    if not points[0] < value < points[-1]:
        raise ValueError(f"{value:g} lies outside {points[0]:g} to {points[-1]:g}")
    upper = next(point for point in points if point > value)
    lower = points[points.index(upper) - 1]
    if logarithmic:
        return lower, upper, log(value / lower) / log(upper / lower)
    return lower, upper, (value - lower) / (upper - lower)
