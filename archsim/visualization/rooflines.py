"""The rooflines of several architectures on one network in one plane."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, pi, sqrt
from typing import TYPE_CHECKING

from archsim.results.comparison import check_comparable
from archsim.results.formatting import images, quantity
from archsim.results.report import Report
from archsim.visualization.labels import DARK, Dot, Line, Place, name_dots, name_line
from archsim.visualization.roofline import EDGE, Point, Roofs, points_of
from archsim.visualization.style import FONT_POINTS, Key, framed, label, line_keys

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMALLEST = 20.0
"""Area of the smallest dot in square points; its shape must be seen."""


def roofline_comparison(reports: Sequence[Report], roofs: Sequence[Roofs]) -> Figure:
    """Return a log-log plot of MAC/s over MACs per byte: a roof and a dot per layer for each architecture.

    A roof is the peak of the fastest unit and the slowest way to the memory. The area of a dot is the layer's
    share of the architecture's time; the slowest layers have their names. Layers that move nothing to or from
    the memory are hollow, at the right.

    Parameters
    ----------
    roofs
        Limits of each architecture (:func:`archsim.visualization.roofs_of`), in the order of the reports.

    Raises
    ------
    InputError
        If there is no report, or if they are not of one network and batch.
    """
    check_comparable(reports)
    points = [points_of(report, limits.memory) for report, limits in zip(reports, roofs, strict=True)]
    pairs = zip(reports, roofs, strict=True)
    keys = line_keys([f"{one.architecture}: {quantity(_peak(limits), 'MAC/s')}" for one, limits in pairs])
    heading = f"{reports[0].network}, {images(reports[0].batch)}: rooflines (dot area: share of time)"
    figure, axes = framed(heading, keys, height=3.6, left=0.75)
    edge = EDGE * max((one.intensity for of in points for one in of if one.moves), default=1.0)
    _set_limits(axes, [one for of in points for one in of], roofs, edge)
    lines = _draw_slopes(axes, roofs, [_place(one, edge) for of in points for one in of])
    for key, limits in zip(keys, roofs, strict=True):
        lines.append(_draw_peak(axes, limits, key.colour))
    for key, of in zip(keys, points, strict=True):
        _draw_points(axes, of, edge, key)
    label(axes, f"MACs per byte of {' or '.join(dict.fromkeys(one.memory for one in roofs))}", "MAC/s")
    axes.grid(linewidth=0.4, color="#E4E4E4")
    if not all(one.moves for of in points for one in of):
        _explain_hollow(axes)
    name_dots(axes, [dot for of in points for dot in _dots(of, edge)], lines)
    return figure


def _peak(roofs: Roofs) -> float:
    return max((peak.rate for peak in roofs.peaks), default=0.0)


def _place(point: Point, edge: float) -> Place:
    return (point.intensity if point.moves else edge), point.rate


def _dots(points: Sequence[Point], edge: float) -> list[Dot]:
    slowest = max(points, key=lambda point: point.layer.latency_s, default=None)
    return [
        Dot(
            *_place(point, edge),
            point.layer.name if point is slowest else "",
            sqrt(max(point.area, _SMALLEST) / pi),
        )
        for point in points
    ]


def _set_limits(axes: Axes, points: Sequence[Point], roofs: Sequence[Roofs], edge: float) -> None:
    ridges = [_peak(one) / _slope(one) for one in roofs]
    x = [edge, *(point.intensity for point in points if point.moves), *(at for at in ridges if at)]
    y = [rate for rate in (*(point.rate for point in points), *map(_peak, roofs)) if rate] or [1.0]
    axes.set(xscale="log", yscale="log", xlim=(min(x) / 3, max(x) * 2), ylim=(min(y) / 3, max(y) * 2))


def _slope(roofs: Roofs) -> float:
    """Return the rate of the slowest way to the memory in bytes per second, infinite where there is none."""
    return min((one.rate for one in roofs.bandwidths), default=inf)


def _draw_slopes(axes: Axes, roofs: Sequence[Roofs], dots: Sequence[Place]) -> list[Line]:
    """Draw each rate once, up to the highest peak that it leads to, and name it."""
    left = axes.get_xlim()[0]
    lines: list[Line] = []
    for rate in sorted({_slope(one) for one in roofs} - {inf}):
        peak = max(_peak(one) for one in roofs if _slope(one) == rate)
        line = ((left, left * rate), (max(peak / rate, left), max(peak, left * rate)))
        axes.plot(*zip(*line, strict=True), color=DARK, linewidth=1.1)
        lines += [line, name_line(axes, line, quantity(rate, "B/s"), dots, above=True)]
    return lines


def _draw_peak(axes: Axes, roofs: Roofs, colour: str) -> Line:
    left, right = axes.get_xlim()
    peak = _peak(roofs)
    line = ((min(max(peak / _slope(roofs), left), right), peak), (right, peak))
    axes.plot(*zip(*line, strict=True), color=colour, linewidth=1.4)
    return line


def _explain_hollow(axes: Axes) -> None:
    text = "hollow: no traffic"
    axes.text(0.99, 0.02, text, transform=axes.transAxes, ha="right", fontsize=FONT_POINTS, color=DARK)


def _draw_points(axes: Axes, points: Sequence[Point], edge: float, key: Key) -> None:
    for moves in (True, False):
        chosen = [point for point in points if point.moves is moves]
        places = [_place(point, edge) for point in chosen]
        axes.scatter(
            [x for x, _ in places],
            [y for _, y in places],
            [max(point.area, _SMALLEST) for point in chosen],
            marker=key.marker,
            facecolor=key.colour if moves else "none",
            edgecolors="white" if moves else key.colour,
            linewidths=0.4 if moves else 0.9,
            alpha=0.75 if moves else 1.0,
            zorder=3,
        )
