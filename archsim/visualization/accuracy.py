"""How errors go through a network: signal to noise of every output, and what each layer costs alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import TYPE_CHECKING

from archsim.results.accuracy import AccuracyRow
from archsim.results.formatting import images, percent
from archsim.results.layer_errors import LayerErrors, errors_by_layer
from archsim.results.report import Report
from archsim.visualization.rows import MOST_ROWS, ROW_INCHES, label_of
from archsim.visualization.style import FONT_POINTS, OKABE_ITO, OTHER, Key, panelled, text_inches
from archsim.workload.network import INPUT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from archsim.workload.network import Network

_FLOAT = Key("all errors so far, against float32", OKABE_ITO[4], marker="s")
_EXACT = Key("all errors so far, against exact integers", OKABE_ITO[0], marker="o")
_OWN = Key("what the layer adds itself", OKABE_ITO[5], marker="D", joined=False)
_ALONE = Key("top-1 with only this layer inexact", OKABE_ITO[3], marker="o", joined=False)

_ASIDE = {_FLOAT: -0.6, _EXACT: 0.0, _OWN: 0.6}
"""Where infinite ratios stand in their column, so that none covers another: shares of `_ROOM`."""
_HALO = {_FLOAT: 1.6}
"""Size of dots that others would cover where both ratios are nearly the same."""
_LOWEST_ROWS = 6
"""Rows for which there is room at least, so that a network of one layer has a legible axis."""
_ROOM = 0.08
"""Share of the axis that stays free beside the largest ratio, and again beside the place of infinite ones."""


@dataclass(frozen=True, slots=True)
class _Level:
    """An upright line through the top-1 axis: the accuracy of the whole network."""

    key: Key
    top1: float
    style: str


def accuracy_by_layer(report: Report, network: Network | None = None) -> Figure:
    """Return signal to noise of each output, the first layer on top, and top-1 with one layer inexact.

    The lines say how errors go through the network; the dots are what each layer adds itself to exact inputs.
    Given the network, a line joins two rows only where the lower one reads the upper one, so that it breaks
    at branches; without it, rows are joined in order of execution.
    Ratios of outputs in which nothing differs are infinite and stand in a shaded column of their own. The
    panel with top-1 is there where the report has the sensitivity of the layers. All outputs are drawn; those
    of a long network are not all named.

    Raises
    ------
    InputError
        If the report has no accuracy.
    """
    rows = errors_by_layer(report)
    accuracy = report.accuracy
    assert accuracy is not None
    names = [_label(one) for one in rows]
    alone = any(one.top1_alone is not None for one in rows)
    levels = _levels(accuracy) if alone else []
    keys = [_FLOAT, _EXACT, *([_OWN] if accuracy.sqnr_own_db else [])]
    run = f"{report.network} on {report.architecture}, {accuracy.dataset}, {images(accuracy.images)}"
    figure, panels = panelled(
        f"{run}: errors by layer",
        [*keys, *([_ALONE] if alone else []), *(level.key for level in levels)],
        height=ROW_INCHES * min(max(len(rows), _LOWEST_ROWS), MOST_ROWS),
        left=0.35 + text_inches(names),
        count=1 + alone,
    )
    _draw_ratios(panels[0], rows, _breaks(rows, network))
    _name_rows(panels[0], names)
    for axes in panels[1:]:
        _draw_alone(axes, rows, levels)
        _name_rows(axes, [""] * len(names))
    return figure


def _label(row: LayerErrors) -> str:
    """Return the layer and what is fused onto it, the latter without the block that both are named after."""
    first, *others = row.layers
    return " + ".join([label_of([first]), *(one.name.rpartition(".")[2] for one in others)])


def _breaks(rows: Sequence[LayerErrors], network: Network | None) -> list[int]:
    """Return the rows that do not read the row above them; none where the network is not given."""
    if network is None:
        return []
    shown = {layer.name: number for number, row in enumerate(rows) for layer in row.layers}
    return [
        number
        for number, row in enumerate(rows)
        if number and number - 1 not in _read_by(row.name, network, shown)
    ]


def _read_by(name: str, network: Network, shown: Mapping[str, int]) -> set[int]:
    """Return the rows that a layer reads, looking through layers without a row."""
    found: set[int] = set()
    for read in network.layer(name).inputs:
        if read in shown:
            found.add(shown[read])
        elif read != INPUT:
            found |= _read_by(read, network, shown)
    return found


def _levels(accuracy: AccuracyRow) -> list[_Level]:
    return [
        _Level(
            _upright(f"all layers exact: {percent(accuracy.top1_exact)} %", OTHER), accuracy.top1_exact, "-"
        ),
        _Level(
            _upright(f"all layers as placed: {percent(accuracy.top1)} %", OKABE_ITO[7]), accuracy.top1, "--"
        ),
    ]


def _upright(name: str, colour: str) -> Key:
    return Key(name, colour, marker="|", joined=False)


def _draw_ratios(axes: Axes, rows: Sequence[LayerErrors], breaks: Sequence[int]) -> None:
    """Draw the ratios; infinite ones in a column to the right of the largest."""
    series = {
        _FLOAT: [one.against_float for one in rows],
        _EXACT: [one.against_exact for one in rows],
        _OWN: [nan if one.own is None else one.own for one in rows],
    }
    every = [value for values in series.values() for value in values]
    finite = [value for value in every if isfinite(value)]
    highest, least = max(finite, default=0.0), min(finite, default=0.0)
    room = _ROOM * (highest - min(least, 0.0) or 1.0)
    # A dot at the end of the axis has room for its left half.
    lowest = min(0.0, least - room / 2)
    for key, values in series.items():
        line = [value if isfinite(value) else nan for value in values]
        place = highest + (2 + _ASIDE[key]) * room
        edge = [place if value == inf else nan for value in values]
        _plot(axes, key, line, filled=True, breaks=breaks)
        _plot(axes, key, edge, filled=False)
    _mark_ratios(axes, (lowest, highest), room, infinite=inf in every)
    axes.set_title("signal to noise (dB; ∞: no error)", fontsize=FONT_POINTS, loc="left", pad=3)


def _plot(axes: Axes, key: Key, values: Sequence[float], *, filled: bool, breaks: Sequence[int] = ()) -> None:
    """Draw a dot per row; dots of finite ratios are filled; where their key says so they are joined."""
    places = [(value, float(row)) for row, value in enumerate(values)]
    for row in reversed(breaks):
        places.insert(row, (nan, row - 0.5))
    axes.plot(
        *zip(*places, strict=True),
        color=key.colour,
        linewidth=1.0 if key.joined and filled else 0,
        marker=key.marker,
        markersize=(4.0 if len(values) <= MOST_ROWS else 2.6) * _HALO.get(key, 1.0),
        markerfacecolor=key.colour if filled else "white",
        clip_on=False,
        zorder=3 if key.joined else 4,
    )


def _mark_ratios(axes: Axes, limits: tuple[float, float], room: float, *, infinite: bool) -> None:
    """Mark round ratios, and beside them the column of the infinite ones where there are any."""
    from matplotlib.ticker import MaxNLocator

    lowest, highest = limits
    round_ones = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(lowest, highest)
    marks = [float(mark) for mark in round_ones if lowest <= mark <= highest]
    labels = [f"{mark:g}" for mark in marks]
    if infinite:
        axes.axvspan(highest + room, highest + 3 * room, color="#EEEEEE", linewidth=0, zorder=0)
        marks, labels = [*marks, highest + 2 * room], [*labels, "∞"]
    axes.set_xticks(marks, labels, fontsize=FONT_POINTS)
    axes.set_xlim(lowest, highest + (3 if infinite else 1) * room)


def _draw_alone(axes: Axes, rows: Sequence[LayerErrors], levels: Sequence[_Level]) -> None:
    """Draw top-1 of the network with each layer alone on its unit's arithmetic, and of the whole networks."""
    shares = [nan if one.top1_alone is None else 100 * one.top1_alone for one in rows]
    _plot(axes, _ALONE, shares, filled=True)
    for level in levels:
        axes.axvline(100 * level.top1, color=level.key.colour, linestyle=level.style, linewidth=1.2, zorder=1)
    shown = [*(share for share in shares if isfinite(share)), *(100 * level.top1 for level in levels)]
    margin = max(0.08 * (max(shown) - min(shown)), 0.2)
    axes.set_xlim(min(shown) - margin, max(shown) + margin)
    axes.tick_params(axis="y", length=0)
    axes.set_title("top-1 of the network (%)", fontsize=FONT_POINTS, loc="left", pad=3)


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows, the first layer on top; of more than fit, every second or third."""
    step = max(-(-len(names) // MOST_ROWS), 1)
    axes.set_yticks(range(0, len(names), step), names[::step], fontsize=FONT_POINTS)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="x", linewidth=0.4, color="#DDDDDD")
