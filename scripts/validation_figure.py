"""Picture of the comparison: archsim against the references, and the ratio of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from validation.rows import Section

from archsim.visualization.style import (
    DOTS_PER_INCH,
    FONT_POINTS,
    OKABE_ITO,
    WIDTH_INCHES,
    figure_bytes,
    label,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = "osD^vPX<>*hp"
_COLOURS = tuple(colour for colour in OKABE_ITO if colour != "#F0E442")
"""Without yellow, which a point on white does not show."""
_BANDS = ((0.25, "#E6E6E6"), (0.10, "#C8C8C8"))
_LEGEND_COLUMNS = 2
_LINE_INCHES = 0.155
_RATIO_CLEARANCE = 1.3
_RATIO_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def parity_figure(sections: Sequence[Section]) -> bytes:
    """Return both panels with one colour and marker per reference, as PNG."""
    from matplotlib.figure import Figure

    legend = _LINE_INCHES * -(-len(sections) // _LEGEND_COLUMNS) + 0.2
    figure = Figure(figsize=(WIDTH_INCHES, 6.6 + legend), dpi=DOTS_PER_INCH)
    parity, ratio = figure.subplots(2, 1, sharex=True, height_ratios=(1.15, 1))
    for number, section in enumerate(sections):
        _draw(parity, ratio, section, number)
    _furnish(parity, ratio)
    figure.subplots_adjust(
        left=0.1, right=0.98, bottom=0.06, top=1 - legend / figure.get_figheight(), hspace=0.06
    )
    handles, labels = parity.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="upper left",
        ncols=_LEGEND_COLUMNS,
        fontsize=FONT_POINTS - 1,
        frameon=False,
        columnspacing=1.0,
        handletextpad=0.2,
        labelspacing=0.3,
    )
    return figure_bytes(figure)


def _draw(parity: Axes, ratio: Axes, section: Section, number: int) -> None:
    drawn = [row for row in section.rows if row.reference > 0 and row.ours > 0]
    references = [row.reference for row in drawn]
    # One step in colour and marker each: pairs repeat only after 7 x 12 references.
    colour, marker = _COLOURS[number % len(_COLOURS)], _MARKERS[number % len(_MARKERS)]
    style = {
        "s": 16,
        "marker": marker,
        "facecolor": colour,
        "edgecolor": "white",
        "linewidth": 0.3,
        "zorder": 3,
    }
    parity.scatter(references, [row.ours for row in drawn], label=section.title, **style)
    ratio.scatter(references, [row.ours / row.reference for row in drawn], **style)


def _furnish(parity: Axes, ratio: Axes) -> None:
    for axes in (parity, ratio):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.tick_params(labelsize=FONT_POINTS, length=2.5)
        axes.spines[["top", "right"]].set_visible(False)
    low, high = parity.get_xlim()
    parity.set_xlim(low, high)
    least, most = ratio.get_ylim()
    ratio.set_ylim(least / _RATIO_CLEARANCE, most * _RATIO_CLEARANCE)
    ticks = [tick for tick in _RATIO_TICKS if least <= tick <= most]
    ratio.set_yticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    ratio.minorticks_off()
    for width, colour in _BANDS:
        parity.fill_between(
            [low, high],
            [low * (1 - width), high * (1 - width)],
            [low * (1 + width), high * (1 + width)],
            color=colour,
            linewidth=0,
        )
        ratio.axhspan(1 - width, 1 + width, color=colour, linewidth=0)
    parity.plot([low, high], [low, high], color="black", linewidth=0.6)
    ratio.axhline(1, color="black", linewidth=0.6)
    label(parity, "", "archsim")
    label(ratio, "reference, each in its own unit", "archsim / reference")
