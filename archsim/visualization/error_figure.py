"""The error of a multiplier: a map over all pairs of operands, and how probable each error is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archsim.arithmetic.error_metrics import ErrorDistribution, error_distribution, error_map
from archsim.arithmetic.multiplier_report import MultiplierReport
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.results.formatting import percent
from archsim.visualization.style import FONT_POINTS, OKABE_ITO, WIDTH_INCHES, headed, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT = 2.75
"""Inches of the axes; the map is square."""
_LEFT, _BAR_GAP, _BAR, _BETWEEN, _RIGHT, _BOTTOM = 0.65, 0.06, 0.11, 1.1, 0.12, 0.45
"""Inches beside and between map, colour bar and distribution."""
_MOST_BARS = 61
"""Bars of a distribution that can be told apart."""


def error_figure(report: MultiplierReport) -> Figure:
    """Return the signed error of every pair of operands as a map, and the distribution of errors beside it.

    Raises
    ------
    InputError
        If operands are wider than 8 bits: a map of all pairs would have no room for them.
    """
    errors = error_map(report.design)
    heading = f"{report.design.described()}: error = result - exact product"
    figure = headed(heading, (), height=_BOTTOM + _HEIGHT + 0.4)
    figure.text(0.1 / WIDTH_INCHES, 1 - 0.38 / figure.get_figheight(), _summary(report), fontsize=FONT_POINTS)
    _draw_map(figure, errors, report.design)
    left = _LEFT + _HEIGHT + _BAR_GAP + _BAR + _BETWEEN
    axes = _axes(figure, left, WIDTH_INCHES - _RIGHT - left)
    _draw_distribution(axes, error_distribution(report.design))
    axes.set_title("errors and their probabilities", fontsize=FONT_POINTS, loc="left", pad=4)
    return figure


def _summary(report: MultiplierReport) -> str:
    error = report.error
    return (
        f"MED {error.mean_error_distance:.4g}, MRED {error.mean_relative_error_distance_nonzero:.3g}, "
        f"WCE {error.worst_case_error:,}, bias {error.bias:.4g}, {percent(1 - error.error_rate)} % exact "
        "(uniform operands)"
    )


def _axes(figure: Figure, left: float, width: float) -> Axes:
    whole = figure.get_figheight()
    box = (left / WIDTH_INCHES, _BOTTOM / whole, width / WIDTH_INCHES, _HEIGHT / whole)
    axes = figure.add_axes(box)
    axes.tick_params(labelsize=FONT_POINTS, length=2.5)
    return axes


def _draw_map(figure: Figure, errors: np.ndarray, design: Multiplier) -> None:
    from matplotlib.ticker import MaxNLocator

    axes = _axes(figure, _LEFT, _HEIGHT)
    largest = max(int(np.abs(errors).max()), 1)
    low, high = design.lowest - 0.5, design.highest + 0.5
    image = axes.imshow(
        errors,
        cmap="RdBu",
        vmin=-largest,
        vmax=largest,
        origin="lower",
        extent=(low, high, low, high),
        interpolation="nearest",
    )
    label(axes, "operand b", "operand a")
    axes.set_title("every pair of operands", fontsize=FONT_POINTS, loc="left", pad=4)
    bar = figure.colorbar(image, cax=_axes(figure, _LEFT + _HEIGHT + _BAR_GAP, _BAR))
    bar.ax.set_title("error", fontsize=FONT_POINTS, pad=4)
    bar.ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    # White stays at zero, but a design that errs in one direction gets no scale for the other.
    bar.ax.set_ylim(min(int(errors.min()), -1), max(int(errors.max()), 1))
    bar.ax.tick_params(labelsize=FONT_POINTS, length=2.5)


def _draw_distribution(axes: Axes, found: ErrorDistribution) -> None:
    """Draw the probability of each error, or of ranges of them where there are too many."""
    from matplotlib.ticker import MaxNLocator

    centres, probabilities, width = binned(found)
    axes.bar(centres, probabilities, width=width, color=OKABE_ITO[0], linewidth=0)
    axes.set_yscale("log")
    axes.set_ylim(min(found.probabilities.min() / 2, 0.05), 1)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", linewidth=0.4, color="#E4E4E4")
    axes.set_axisbelow(True)
    of = "each error" if width <= 1 else f"errors in bars {int(width):,} wide"
    label(axes, "error", f"probability of {of}")


def binned(found: ErrorDistribution) -> tuple[np.ndarray, np.ndarray, float]:
    """Return centres, probabilities and width of equal bars over all errors, one of them centred on zero.

    The width is odd, so that no error lies on an edge; with width 1 every bar is one error.
    """
    extent = int(max(abs(found.errors[0]), abs(found.errors[-1])))
    spread = int(found.errors[-1] - min(found.errors[0], 0)) + 1 if extent else 1
    width = max(-(-spread // _MOST_BARS), 1) | 1
    places = np.floor_divide(found.errors + width // 2, width)
    first = int(places[0])
    totals = np.bincount(places - first, weights=found.probabilities)
    return (np.arange(len(totals)) + first) * width, totals, float(width)
