"""Latency and energy over the images of a network with exits, as cumulative distributions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from archsim.errors import InputError
from archsim.results.exits import Distribution
from archsim.results.formatting import images, percent, prefix_for, quantity
from archsim.results.report import Report
from archsim.visualization.labels import DARK
from archsim.visualization.style import FONT_POINTS, Key, label, line_keys, panelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT_INCHES = 2.2
_MARKER_POINTS = 5.5


def exit_distributions(report: Report) -> Figure:
    """Return two panels: share of the images that need at most so much time, and so much energy.

    A marker shows what an image takes that leaves at an exit, a dotted line the mean.

    Raises
    ------
    InputError
        If the report has no exits.
    """
    if report.exits is None:
        raise InputError(f"the report of {report.network!r} has no exits")
    rows = report.exits.paths
    keys = [
        replace(key, label=f"{row.exit}: {percent(row.share)} %", joined=False)
        for key, row in zip(line_keys([row.exit for row in rows]), rows, strict=True)
    ]
    figure, (left, right) = panelled(
        f"{report.network} on {report.architecture}, {images(report.exits.images)}: what an image takes",
        keys,
        height=_HEIGHT_INCHES,
        left=0.55,
        count=2,
    )
    shares = [row.share for row in rows]
    _draw(left, [row.latency_s for row in rows], shares, report.exits.latency_s, keys)
    _draw(right, [row.energy_j for row in rows], shares, report.exits.energy_j, keys)
    _name(left, "latency", "s", report.exits.latency_s)
    _name(right, "energy", "J", report.exits.energy_j)
    left.set_ylabel("share of images (%)", fontsize=FONT_POINTS)
    right.tick_params(axis="y", labelleft=False)
    return figure


def _name(axes: Axes, what: str, unit: str, spread: Distribution) -> None:
    label(axes, f"{what} ({prefix_for([spread.max])[1]}{unit})")
    heading = f"mean {quantity(spread.mean, unit)}, 95 % within {quantity(spread.p95, unit)}"
    axes.set_title(heading, fontsize=FONT_POINTS, loc="left", pad=3)


def _draw(
    axes: Axes, values: Sequence[float], shares: Sequence[float], spread: Distribution, keys: Sequence[Key]
) -> None:
    """Draw the steps of one cumulative distribution, a marker at the top of each, and the mean."""
    scale = 10.0 ** prefix_for([spread.max])[0]
    order = sorted(range(len(values)), key=lambda index: values[index])
    at = [values[index] / scale for index in order]
    reached = [100 * share for share in accumulate(shares[index] for index in order)]
    end = 1.08 * max(at)
    axes.step([0.0, *at, end], [0.0, *reached, 100.0], where="post", color=DARK, linewidth=1.0)
    axes.axvline(spread.mean / scale, color=DARK, linestyle=":", linewidth=0.9)
    axes.annotate(
        "mean", (spread.mean / scale, 3), (3, 0), textcoords="offset points", fontsize=FONT_POINTS, color=DARK
    )
    for index, value, share in zip(order, at, reached, strict=True):
        key = keys[index]
        axes.plot([value], [share], key.marker, color=key.colour, markersize=_MARKER_POINTS)
    axes.set_xlim(0, end or 1)
    axes.set_ylim(0, 105)
