"""What all figures share: size, fonts, a colour-blind-safe palette, and files without dates."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archsim.results.comparison import energy_by_group
from archsim.results.formatting import images
from archsim.results.report import Report, group_of

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FONT_POINTS = 8
"""Size of every label; legible when the figure is printed at its own width."""
WIDTH_INCHES = 7.0
"""Width of a text block of two columns."""
DOTS_PER_INCH = 200
"""Resolution of pixel formats."""

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
"""Eight colours that people with any colour vision tell apart (Okabe and Ito, 2008)."""
OTHER = "#999999"
"""Grey for what is summed up as `other`."""
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<")
"""Shapes that tell architectures apart; one more than the colours, so that no pair of both recurs soon."""
COMPUTE, STALL = OKABE_ITO[0], OKABE_ITO[1]
"""Colours of time spent computing and waiting."""

_TINT, _TINTS = 0.24, 4
"""Share of white per rank of a part, and the number of ranks that eyes tell apart."""
_BELOW = 0.45
"""Inches under the axes, for ticks and the name of the axis."""
_RIGHT = 0.2
"""Inches to the right of the axes."""
_GAP = 0.22
"""Inches between axes that stand side by side."""
_PANEL_HEADING = 0.3
"""Inches above axes that stand side by side: a name and a total."""
_GLYPH = 0.56
"""Mean width of a character in units of the font size."""
_METADATA: Mapping[str, Mapping[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend."""

    label: str
    colour: str
    hatch: str = ""
    marker: str = ""
    """Shape of the dots of a line; without one the entry is a patch."""
    joined: bool = True
    """Whether a line runs through the dots."""


def colour_map(reports: Sequence[Report]) -> dict[str, str]:
    """Return a colour for each component of the reports, costly ones first.

    Each unit, memory or link has a hue of its own, its costliest parts are tints of it; what eyes could not
    tell apart, beyond eight hues and four tints, is grey. Give the same map to every figure of one document,
    so that a component keeps its colour.
    """
    groups = _ranked([energy_by_group(report) for report in reports])
    hues = {group: OKABE_ITO[rank] for rank, group in enumerate(groups[: len(OKABE_ITO)])}
    parts = _ranked([report.energy_by_component_j for report in reports])
    return {
        part: _tint(hues[group], rank) if group in hues and rank < _TINTS else OTHER
        for group in groups
        for rank, part in enumerate(name for name in parts if group_of(name) == group)
    }


def _ranked(energies: Sequence[Mapping[str, float]]) -> list[str]:
    """Return the names, the one with the largest energy in any report first."""
    peaks: dict[str, float] = {}
    for one in energies:
        for name, joules in one.items():
            peaks[name] = max(peaks.get(name, 0.0), joules)
    return sorted(peaks, key=lambda name: (-peaks[name], name))


def _tint(colour: str, rank: int) -> str:
    """Return the colour mixed with white: none for rank 0, more for each further one."""
    share = _TINT * rank
    channels = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(channel + (255 - channel) * share):02X}" for channel in channels)


def framed(heading: str, keys: Sequence[Key], *, height: float, left: float) -> tuple[Figure, Axes]:
    """Return a figure of the common width with a heading and a legend above its axes.

    Parameters
    ----------
    height
        Height of the axes in inches.
    left
        Room for the labels of the vertical axis in inches.
    """
    figure = headed(heading, keys, height=_BELOW + height)
    return figure, _axes_between(figure, left, WIDTH_INCHES - _RIGHT, height)


def panelled(
    heading: str, keys: Sequence[Key], *, height: float, left: float, count: int
) -> tuple[Figure, list[Axes]]:
    """Return a figure like :func:`framed` with equal axes side by side and room for a heading above each.

    Parameters
    ----------
    height
        Height of the axes in inches.
    left
        Room for the labels of the leftmost vertical axis in inches.
    count
        Number of axes.
    """
    figure = headed(heading, keys, height=_BELOW + height + _PANEL_HEADING)
    pitch = (WIDTH_INCHES - left - _RIGHT + _GAP) / count
    starts = [left + number * pitch for number in range(count)]
    return figure, [_axes_between(figure, start, start + pitch - _GAP, height) for start in starts]


def headed(heading: str, keys: Sequence[Key], *, height: float) -> Figure:
    """Return a figure with a heading and a legend above the given height."""
    from matplotlib.figure import Figure

    columns = _legend_columns(keys)
    whole = height + 0.32 + 0.18 * -(-len(keys) // columns)
    figure = Figure(figsize=(WIDTH_INCHES, whole), dpi=DOTS_PER_INCH)
    figure.text(0.1 / WIDTH_INCHES, 1 - 0.2 / whole, heading, fontsize=FONT_POINTS + 1)
    _draw_keys(figure, keys, columns)
    return figure


def _axes_between(figure: Figure, left: float, right: float, height: float) -> Axes:
    whole = figure.get_figheight()
    box = (left / WIDTH_INCHES, _BELOW / whole, (right - left) / WIDTH_INCHES, height / whole)
    axes = figure.add_axes(box)
    axes.tick_params(labelsize=FONT_POINTS, length=2.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return axes


def _legend_columns(keys: Sequence[Key]) -> int:
    """Return how many entries stand side by side: all of them where they fit."""
    widths = [text_inches([key.label]) + 0.42 for key in keys]
    room = WIDTH_INCHES - 0.2
    return max(len(keys), 1) if sum(widths) <= room else max(int(room / max(widths)), 1)


def _draw_keys(figure: Figure, keys: Sequence[Key], columns: int) -> None:
    anchor = (0.03 / WIDTH_INCHES, 1 - 0.23 / figure.get_figheight())
    style = {"handlelength": 1.2, "columnspacing": 1.0, "handletextpad": 0.4, "labelspacing": 0.25}
    figure.legend(
        handles=[_handle(key) for key in keys],
        loc="upper left",
        bbox_to_anchor=anchor,
        ncols=columns,
        fontsize=FONT_POINTS,
        frameon=False,
        **style,
    )


def _handle(key: Key) -> Artist:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    if key.marker:
        dots = Line2D([], [], color=key.colour, marker=key.marker, markersize=4.5, label=key.label)
        dots.set_linestyle("-" if key.joined else "none")
        return dots
    return Patch(facecolor=key.colour, label=key.label, hatch=key.hatch, edgecolor="white")


def text_inches(texts: Sequence[str]) -> float:
    """Return about the width in inches of the longest text."""
    return max(map(len, texts), default=0) * _GLYPH * FONT_POINTS / 72


def label(axes: Axes, x: str, y: str = "") -> None:
    """Name the axes in the common font size."""
    axes.set_xlabel(x, fontsize=FONT_POINTS)
    axes.set_ylabel(y, fontsize=FONT_POINTS)


def title(report: Report, what: str) -> str:
    """Return `network on architecture, n images: what`."""
    return f"{report.network} on {report.architecture}, {images(report.batch)}: {what}"


def line_keys(names: Sequence[str]) -> list[Key]:
    """Return a legend entry with a colour and a shape of its own for each name."""
    return [
        Key(name, OKABE_ITO[number % len(OKABE_ITO)], marker=_MARKERS[number % len(_MARKERS)])
        for number, name in enumerate(names)
    ]


def figure_bytes(figure: Figure, kind: str = "png") -> bytes:
    """Return the figure as a `png`, `svg` or `pdf` file; the same figure gives the same bytes."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    # Object names in SVG are random unless salted.
    with mpl.rc_context({"svg.hashsalt": "archsim", "svg.fonttype": "none", "pdf.fonttype": 42}):
        figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH, metadata=dict(_METADATA.get(kind, {})))
    return buffer.getvalue()


def save(figure: Figure, path: Path) -> None:
    """Write the figure in the format of the path's suffix (png, svg, pdf), without dates."""
    path.write_bytes(figure_bytes(figure, path.suffix.lower().removeprefix(".")))
