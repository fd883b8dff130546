"""SRAM below its safe supply: how many cells fail, and what an access then takes.

From arrays of 14 nm (Stutz et al., MLSys 2021, poster; curve digitised, +-20 % in the error rate) [pub]. The
supply is given as a fraction of Vmin, the least at which those arrays show no error. Assumption: arrays of
other nodes and sizes follow the same curve, each in units of its own Vmin.
"""

from __future__ import annotations

from itertools import pairwise
from math import log
from typing import Final

from archsim.arithmetic.cells import CellErrors
from archsim.hardware.cost import Sourced

LOWEST_SUPPLY: Final = 0.757
NOMINAL_SUPPLY: Final = 1.0

_LAW: Final = (-85.84947550, 125.13319091, -46.27895056)
"""log10 p = a x^2 + b x + c, fitted to the points of the curve from 0.757 to 0.969, within 0.08 decade
(reference/memory.md §6) [calc]."""

_ENERGY: Final = ((0.757, 0.563), (0.804, 0.627), (0.848, 0.695), (0.890, 0.766), (1.0, 1.0))
"""Energy of an access against supply, both normalised (reference/memory.md §6) [pub]."""

_SOURCE: Final = "Stutz et al., MLSys 2021, poster, 14 nm [pub]"


def supply_refusal(supply: float) -> str | None:
    """Tell why the curve says nothing of a supply, or None."""
    if LOWEST_SUPPLY <= supply <= NOMINAL_SUPPLY:
        return None
    return (
        f"a supply of {supply:g} Vmin is outside the measured curve, {LOWEST_SUPPLY:g} to {NOMINAL_SUPPLY:g}"
    )


def bit_error_rate(supply: float) -> float:
    """Return the share of cells that fail at a supply, in units of Vmin; 0 at Vmin itself.

    Above 0.969, where the curve has no points, the law is extrapolated: it ends at 1e-7 just below Vmin.
    """
    if supply >= NOMINAL_SUPPLY:
        return 0.0
    square, slope, constant = _LAW
    return float(10.0 ** (square * supply**2 + slope * supply + constant))


def failing_cells(supply: float | None) -> CellErrors:
    """Return the cells that deliver the opposite of what they store; none without a lowered supply.

    The published model flips the bits of failing cells; which cells fail is fixed, and those of a lower
    supply take in those of a higher one.
    """
    return CellErrors(flips=0.0 if supply is None else bit_error_rate(supply))


def access_energy(supply: float | None) -> Sourced:
    """Return the energy of an access relative to that at Vmin, a power law between the measured points."""
    if supply is None:
        return Sourced(1.0, "")
    for (low, least), (high, most) in pairwise(_ENERGY):
        if supply <= high:
            exponent = log(most / least) / log(high / low)
            factor = least * (supply / low) ** exponent
            return Sourced(factor, f"x {factor:.3f} at {supply:g} Vmin, {_SOURCE}")
    return Sourced(1.0, _SOURCE)
