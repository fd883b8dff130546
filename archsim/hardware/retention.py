"""DRAM refreshed more rarely: how many cells have lost their charge by then.

Retention times are log-normal [assume]: no distribution was at hand, and this is the usual two-parameter
shape of a quantity that varies over decades. Its two parameters are fitted to the two published shares of
pages (RAPID, HPCA 2006 [abs]): at room temperature 99 % keep all their bits for more than 3 s, and 85 % for
more than 10 s. Between and near these times the model is held by data; far beyond, where percents of the
cells fail, it is an extrapolation over several decades.
"""

from __future__ import annotations

from math import erfc, exp, expm1, log, log1p, sqrt
from statistics import NormalDist
from typing import Final

from archsim.arithmetic.cells import CellErrors

_PAGE_BITS: Final = 4096 * 8
"""Assumption: RAPID's pages are the 4 KiB of an operating system; twice the size halves the error rate."""

_PAGES: Final = ((3.0, 0.99), (10.0, 0.85))
"""Seconds, and the share of pages that keep their data longer (reference/memory.md §7) [abs]."""

_ROOM_C: Final = 25.0
"""Assumption: room temperature."""

_HALVING_C: Final = 10.0
"""Retention halves every 10 C. Assumption: the usual rule of thumb; extended-temperature parts are refreshed
twice as often above 85 C [sheet]."""


def _fit() -> tuple[float, float]:
    """Logarithms of the median in seconds, and their deviation: a page fails with the first of its bits."""
    normal = NormalDist()
    (first, low), (second, high) = (
        (log(seconds), normal.inv_cdf(-expm1(log(share) / _PAGE_BITS))) for seconds, share in _PAGES
    )
    deviation = (second - first) / (high - low)
    return first - deviation * low, deviation


_MEDIAN, _DEVIATION = _fit()


def failing_share(seconds: float, celsius: float) -> float:
    """Return the share of cells that have lost their charge after a time without a refresh."""
    if seconds <= 0:
        return 0.0
    at_room = log(seconds) + (celsius - _ROOM_C) / _HALVING_C * log(2)
    return 0.5 * erfc((_MEDIAN - at_room) / _DEVIATION / sqrt(2))


def page_retention(seconds: float, celsius: float, bits: int = _PAGE_BITS) -> float:
    """Return the share of pages that keep all their bits for longer than a time."""
    return exp(bits * log1p(-failing_share(seconds, celsius)))


def leaking_cells(interval_s: float, celsius: float, exposure_s: float) -> CellErrors:
    """Return the cells that lose their charge, and read as 0 or 1 by how they store.

    A cell leaks for the refresh interval or, where data lies there more briefly, for that time. Half of the
    cells store a 1 as charge and fall to 0, the others store a 0 as charge and rise to 1 [assume]: a cell
    without charge loses nothing.
    """
    share = failing_share(min(interval_s, exposure_s), celsius) / 2
    return CellErrors(falls=share, rises=share)
