"""Sums over equal logic parts: area of many from one, leakage from area."""

from __future__ import annotations

from collections.abc import Mapping

from archsim.hardware.cost import Sourced
from archsim.hardware.technology import leakage_density

_LEAKS_LIKE = {"multipliers": "multiplier", "adders": "adder", "registers": "adder"}


def repeated(each: Sourced, number: int, unit: str) -> Sourced:
    """Return a figure times a number of equal parts, the source saying so."""
    return Sourced(each.value * number, f"{number} {unit} x {each.source}")


def logic_leakage(areas: Mapping[str, Sourced]) -> Mapping[str, Sourced]:
    """Return the leakage in watts of the logic among the areas (mm2): multipliers, adders and registers.

    Leakage per area is :func:`archsim.hardware.technology.leakage_density`; registers leak as adders do,
    which is an assumption.
    """
    powers = {}
    for part, reference in _LEAKS_LIKE.items():
        if part not in areas:
            continue
        density = leakage_density(reference)
        alike = "; registers alike is an assumption" if part == "registers" else ""
        powers[part] = Sourced(density.value * areas[part].value, density.source + alike)
    return powers
