"""Picture of the table: accuracy against the energy of an inference, a panel for each network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from accuracy.cases import PIM, group_of, groups
from accuracy.choice import TOLERATED, front
from accuracy.store import Loss, Measured, Row
from archsim.visualization.labels import DARK, Dot, Line, Place, name_dots
from archsim.visualization.style import (
    FONT_POINTS,
    OKABE_ITO,
    WIDTH_INCHES,
    Key,
    figure_bytes,
    headed,
    label,
    line_keys,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FIGURE: Final = Path(__file__).resolve().parents[2] / "docs" / "figures" / "accuracy.png"
"""Its bytes depend on the version of matplotlib and are not compared."""

_PANEL_IN, _PITCH_IN, _BELOW_IN, _LEFT_IN, _GAP_IN = 1.6, 2.0, 0.45, 0.5, 0.35
_DOT: Final = 3.8
_MARKS: Final = (-1, 0, 1, 2, 5, 10, 20, 50, 100)
"""Lost points that the axis names."""
_TOLERATED: Final = TOLERATED * 100
_HEADING: Final = (
    "Top-1 lost and energy, both against exact int8 (hollow: as it is, filled: biases compensated)"
)

_COLOURS: Final = tuple(colour for colour in OKABE_ITO if colour != "#F0E442")
"""Without yellow, which a dot on white does not show."""

Joules = Callable[[Row], float | None]
_ENERGIES: Final[Mapping[str, Joules]] = {
    "energy of the MACs, ratio (netlists, without glitches)": lambda row: row.macs_j,
    "energy of the inference, ratio": lambda row: row.energy_j,
}
"""One column of panels each."""


def trade_off_figure(networks: Sequence[Measured]) -> bytes:
    """Return all panels as PNG."""
    keys = {
        key.label: Key(key.label, colour, marker=key.marker, joined=False)
        for key, colour in zip(line_keys(groups()), cycle(_COLOURS))
        if key.label != PIM
    }
    legend = [
        *keys.values(),
        Key("Pareto front", DARK, marker="_"),
    ]
    height = _BELOW_IN + (len(networks) - 1) * _PITCH_IN + _PANEL_IN + 0.25
    figure = headed(_HEADING, legend, height=height)
    for line, network in enumerate(reversed(networks)):
        for column, (name, joules) in enumerate(_ENERGIES.items()):
            axes = _panel(figure, line, column)
            label(axes, "" if line else name, "" if column else "lost, points")
            _draw(axes, network, joules, keys)
            if not column:
                axes.set_title(network.title, fontsize=FONT_POINTS, loc="left")
    return figure_bytes(figure)


def _panel(figure: Figure, line: int, column: int) -> Axes:
    width = (WIDTH_INCHES - _LEFT_IN - 0.15 - (len(_ENERGIES) - 1) * _GAP_IN) / len(_ENERGIES)
    left, bottom = _LEFT_IN + column * (width + _GAP_IN), _BELOW_IN + line * _PITCH_IN
    whole = figure.get_figheight()
    box = (left / WIDTH_INCHES, bottom / whole, width / WIDTH_INCHES, _PANEL_IN / whole)
    axes = figure.add_axes(box)
    axes.tick_params(labelsize=FONT_POINTS, length=2.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(linewidth=0.4, color="#E4E4E4")
    axes.set_axisbelow(True)
    return axes


def _draw(axes: Axes, network: Measured, joules: Joules, keys: Mapping[str, Key]) -> None:
    drawn, unit = _drawn(network), joules(network.exact)
    assert unit is not None, "exact int8 has a cost"
    ratios = {row.arithmetic: (joules(row) or 0.0) / unit for row in drawn}
    for row in drawn:
        key, ratio = keys[group_of(row.arithmetic)], ratios[row.arithmetic]
        _dot(axes, ratio, row.loss, key, filled=row.compensated is None)
        if row.compensated is not None:
            _dot(axes, ratio, row.loss_compensated, key, filled=True)
    best = front(drawn, joules)
    corners = [(ratios[row.arithmetic], _least(row)) for row in best]
    axes.step(*zip(*corners, strict=True), where="post", color=DARK, linewidth=0.9, zorder=1)
    axes.axhline(_TOLERATED, color=DARK, linewidth=0.7, linestyle=(0, (2, 2)), zorder=1)
    _scale(axes)
    name_dots(axes, [*_named(best, ratios), *_unnamed(drawn, ratios)], _lines(corners))


def _drawn(network: Measured) -> list[Row]:
    """Rows on the architecture that the ratios are taken to."""
    return [row for row in network.rows if group_of(row.arithmetic) != PIM and row.energy_j is not None]


def _least(row: Row) -> float:
    """Return the points that a row loses at least, as it is or compensated."""
    return 100 * min(row.loss.mean, row.loss_compensated.mean)


def _named(rows: Sequence[Row], ratios: Mapping[str, float]) -> list[Dot]:
    """Return the dots of a front with their names, those that lose less first."""
    ordered = sorted(rows, key=_least)
    return [Dot(ratios[row.arithmetic], _least(row), row.arithmetic, _DOT / 2) for row in ordered]


def _lines(corners: Sequence[Place]) -> list[Line]:
    """Return the level and upright lines of a front."""
    lines: list[Line] = []
    for (x0, y0), (x1, y1) in pairwise(corners):
        lines += [((x0, y0), (x1, y0)), ((x1, y0), (x1, y1))]
    return lines


def _unnamed(rows: Sequence[Row], ratios: Mapping[str, float]) -> list[Dot]:
    """Return all dots as places that no name may cover."""
    losses = [(row, loss) for row in rows for loss in (row.loss, row.loss_compensated)]
    return [Dot(ratios[row.arithmetic], 100 * loss.mean, "", _DOT / 2) for row, loss in losses]


def _scale(axes: Axes) -> None:
    """Make the axis linear up to the tolerated loss and logarithmic beyond, small losses on top."""
    from matplotlib.ticker import NullLocator

    axes.set_yscale("symlog", linthresh=_TOLERATED, linscale=1.0)
    axes.margins(x=0.06)
    axes.set_ylim(max(_MARKS) * 1.3, min(_MARKS) * 1.5)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticks(_MARKS, [f"{mark:g}" for mark in _MARKS])


def _dot(axes: Axes, ratio: float, loss: Loss, key: Key, *, filled: bool) -> None:
    axes.plot(
        ratio,
        100 * loss.mean,
        linestyle="none",
        marker=key.marker,
        markersize=_DOT,
        markeredgewidth=0.7,
        color=key.colour,
        markerfacecolor=key.colour if filled else "white",
        zorder=3 if filled else 2,
    )
