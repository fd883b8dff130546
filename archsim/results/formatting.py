"""Numbers as people read them: one prefix per column, aligned decimals, nothing rounded to a false zero."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

ABSENT = "-"
"""Shown where a figure does not exist."""

_PREFIXES = dict(
    zip(range(-18, 18, 3), ["a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P"], strict=True)
)


def prefix_for(values: Sequence[float | None]) -> tuple[int, str]:
    """Return the decimal exponent and SI prefix that bring the largest magnitude into [1, 1000)."""
    largest = max((abs(value) for value in values if value), default=0.0)
    if not largest:
        return 0, ""
    exponent = 3 * floor(_exponent(largest) / 3)
    bounded = min(max(exponent, min(_PREFIXES)), max(_PREFIXES))
    return bounded, _PREFIXES[bounded]


def scaled(values: Sequence[float | None], unit: str) -> tuple[str, list[str]]:
    """Return the prefixed unit and the values in it, all with the decimals that give the largest four digits.

    A value too small for the column reads `<0.001`, a missing one `-`.
    """
    exponent, prefix = prefix_for(values)
    return prefix + unit, decimals([None if value is None else value / 10.0**exponent for value in values])


def decimals(values: Sequence[float | None], digits: int = 4) -> list[str]:
    """Return the values with the same number of decimals: `digits` significant ones for the largest."""
    largest = max((abs(value) for value in values if value), default=0.0)
    places = min(max(digits - 1 - _exponent(largest), 0), digits - 1) if largest else 0
    return [_fixed(value, places) for value in values]


def quantity(value: float | None, unit: str) -> str:
    """Return one value with its prefixed unit, four significant digits."""
    unit_text, texts = scaled([value], unit)
    return f"{texts[0]} {unit_text}" if value is not None else ABSENT


def integer(value: int | None) -> str:
    """Return an integer with thousands separators."""
    return ABSENT if value is None else f"{value:,}"


def percent(value: float | None) -> str:
    """Return a fraction as a percentage with one decimal; only an exact 0 or 1 reads 0 or 100."""
    if value is None:
        return ABSENT
    if 0 < value < 0.0005:
        return "<0.1"
    if 0.9995 <= value < 1:
        return ">99.9"
    return f"{100 * value:.1f}"


def ratio(value: float | None) -> str:
    """Return a ratio with three significant digits, such as `0.135x`."""
    if value is None:
        return ABSENT
    if not value:
        return "0x"
    places = max(2 - _exponent(abs(value)), 0)
    return f"{value:.{places}f}x" if places <= 5 else f"{value:.2e}x"


def images(batch: int) -> str:
    """Return `1 image` or `n images`."""
    return "1 image" if batch == 1 else f"{batch} images"


def _exponent(value: float) -> int:
    """Return the decimal exponent of a positive value once it is rounded to four digits."""
    return int(f"{value:.3e}".partition("e")[2])


def _fixed(value: float | None, places: int) -> str:
    if value is None:
        return ABSENT
    if not value:
        return "0"
    smallest = 10.0**-places
    if abs(value) < smallest / 2:
        return f"<{smallest:.{places}f}" if value > 0 else f">-{smallest:.{places}f}"
    return f"{value:,.{places}f}"
