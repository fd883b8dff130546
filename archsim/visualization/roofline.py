"""The roofline: each layer's rate against what compute units and a memory would allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import TYPE_CHECKING

from archsim.results.formatting import quantity
from archsim.results.report import Bytes, LayerRow, Report
from archsim.visualization.labels import DARK, Dot, Line, Place, name_dots, name_level, name_line
from archsim.visualization.style import FONT_POINTS, OKABE_ITO, Key, framed, label, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EDGE = 4.0
"""Layers without traffic are drawn this factor to the right of all others."""

_STYLES = ("-", "--", ":")


@dataclass(frozen=True, slots=True)
class Roof:
    """One limit: a compute unit's in MAC/s, or a memory's or link's in bytes/s."""

    name: str
    rate: float


@dataclass(frozen=True, slots=True)
class Roofs:
    """Limits of an architecture: peaks of its units in MAC/s, bandwidths of one memory in bytes/s."""

    memory: str
    peaks: tuple[Roof, ...]
    bandwidths: tuple[Roof, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A layer with MACs in the plane of a roofline."""

    layer: LayerRow
    intensity: float
    """MACs per byte of the memory; of a layer without traffic `EDGE` times the largest of the others."""
    rate: float
    """MACs per second."""
    moves: bool
    """Whether the layer moves anything to or from the memory."""
    area: float
    """Area of the dot in square points."""


def roofline(report: Report, roofs: Roofs) -> Figure:
    """Return a log-log plot of MAC/s over MACs per byte of one memory, one dot per layer with MACs.

    The area of a dot is the layer's share of the time. Layers that move nothing to or from the memory are
    triangles at the right. Where there is no room, the names of the shortest layers are left out.
    """
    points = points_of(report, roofs.memory)
    units = list(dict.fromkeys(point.layer.unit for point in points))
    keys = [Key(unit, OKABE_ITO[number % len(OKABE_ITO)]) for number, unit in enumerate(units)]
    heading = title(report, "roofline (dot area: share of time)")
    figure, axes = framed(heading, keys if len(keys) > 1 else [], height=3.6, left=0.75)
    _set_limits(axes, points, roofs)
    dots = [(point.intensity, point.rate) for point in points]
    lines = [
        *_draw_slopes(axes, roofs, dots),
        *_draw_peaks(axes, roofs, {key.label: key.colour for key in keys}),
    ]
    for key in keys:
        _draw_points(axes, [point for point in points if point.layer.unit == key.label], key.colour)
    label(axes, f"MACs per byte of {roofs.memory}", "MAC/s")
    axes.grid(linewidth=0.4, color="#E4E4E4")
    longest_first = sorted(points, key=lambda point: -point.layer.latency_s)
    hidden = name_dots(axes, [_dot(point) for point in longest_first], lines)
    if hidden:
        _tell_hidden(axes, hidden)
    if not all(point.moves for point in points):
        _explain_edge(axes, roofs.memory)
    return figure


def points_of(report: Report, memory: str) -> list[Point]:
    """Return the layers that multiply, in the order of the report."""
    busy = [layer for layer in report.layers if layer.macs and layer.latency_s]
    moved = [layer.bytes.get(memory, Bytes()).total for layer in busy]
    edge = EDGE * max(
        (layer.macs / many for layer, many in zip(busy, moved, strict=True) if many), default=1.0
    )
    total = sum(layer.latency_s for layer in busy)
    return [
        Point(
            layer=layer,
            intensity=layer.macs / many if many else edge,
            rate=layer.macs / layer.latency_s,
            moves=bool(many),
            area=max(400 * layer.latency_s / total, 8.0),
        )
        for layer, many in zip(busy, moved, strict=True)
    ]


def _dot(point: Point) -> Dot:
    return Dot(point.intensity, point.rate, point.layer.name, sqrt(point.area / pi))


def _set_limits(axes: Axes, points: Sequence[Point], roofs: Roofs) -> None:
    ridges = [peak.rate / slope.rate for peak in roofs.peaks for slope in roofs.bandwidths]
    x = [point.intensity for point in points] + ridges or [1.0]
    y = [point.rate for point in points] + [peak.rate for peak in roofs.peaks] or [1.0]
    axes.set(xscale="log", yscale="log", xlim=(min(x) / 3, max(x) * 3), ylim=(min(y) / 3, max(y) * 3))


def _draw_slopes(axes: Axes, roofs: Roofs, dots: Sequence[Place]) -> list[Line]:
    """Draw and name the bandwidths: the largest above its line, others below theirs."""
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    highest = max((peak.rate for peak in roofs.peaks), default=top)
    fastest = max((slope.rate for slope in roofs.bandwidths), default=0.0)
    lines: list[Line] = []
    for number, slope in enumerate(roofs.bandwidths):
        end = min(highest / slope.rate, right)
        start = min(max(left, bottom / slope.rate), end)
        line = ((start, start * slope.rate), (end, end * slope.rate))
        _draw_line(axes, line, _STYLES[number % len(_STYLES)], DARK)
        lines += [
            line,
            name_line(
                axes, line, f"{slope.name}: {quantity(slope.rate, 'B/s')}", dots, above=slope.rate == fastest
            ),
        ]
    return lines


def _draw_peaks(axes: Axes, roofs: Roofs, colours: Mapping[str, str]) -> list[Line]:
    left, right = axes.get_xlim()
    fastest = max((slope.rate for slope in roofs.bandwidths), default=0.0)
    lines: list[Line] = []
    for number, peak in enumerate(roofs.peaks):
        start = max(left, peak.rate / fastest) if fastest else left
        line = ((start, peak.rate), (right, peak.rate))
        _draw_line(axes, line, _STYLES[number % len(_STYLES)], colours.get(peak.name, DARK))
        lines += [line, name_level(axes, line[1], f"{peak.name}: {quantity(peak.rate, 'MAC/s')}")]
    return lines


def _draw_line(axes: Axes, line: Line, style: str, colour: str) -> None:
    (x0, y0), (x1, y1) = line
    axes.plot([x0, x1], [y0, y1], style, color=colour, linewidth=1.1)


def _draw_points(axes: Axes, points: Sequence[Point], colour: str) -> None:
    for marker, moves in (("o", True), (">", False)):
        chosen = [point for point in points if point.moves is moves]
        axes.scatter(
            [point.intensity for point in chosen],
            [point.rate for point in chosen],
            [point.area for point in chosen],
            marker=marker,
            color=colour,
            alpha=0.75,
            linewidths=0.4,
            edgecolors="white",
            zorder=3,
        )


def _explain_edge(axes: Axes, memory: str) -> None:
    text = f"triangles: no {memory} traffic"
    axes.text(0.99, 0.07, text, transform=axes.transAxes, ha="right", fontsize=FONT_POINTS, color=DARK)


def _tell_hidden(axes: Axes, hidden: int) -> None:
    text = f"{hidden} layers are not named"
    axes.text(0.99, 0.02, text, transform=axes.transAxes, ha="right", fontsize=FONT_POINTS, color=DARK)
