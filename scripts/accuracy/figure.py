"""Picture of the table: accuracy against the energy of an inference, a panel for each network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Final

from accuracy.cases import PIM, group_of, groups
from accuracy.choice import front
from accuracy.store import Measured, Row
from archsim.visualization.labels import DARK
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

_PANEL_IN, _PITCH_IN, _BELOW_IN, _LEFT_IN, _GAP_IN = 1.0, 1.4, 0.45, 0.5, 0.35
_DEEPEST: Final = 20.0
"""Points below exact int8 at which a panel ends."""
_HEADING: Final = "Top-1 and energy relative to exact int8; hollow: as it is, filled: biases compensated"

_COLOURS: Final = tuple(colour for colour in OKABE_ITO if colour != "#F0E442")
"""Without yellow, which a dot on white does not show."""

Joules = Callable[[Row], float | None]
_ENERGIES: Final[Mapping[str, Joules]] = {
    "energy of the MACs, ratio": lambda row: row.macs_j,
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
    legend = [*keys.values(), Key("Pareto front", DARK, marker="_")]
    height = _BELOW_IN + (len(networks) - 1) * _PITCH_IN + _PANEL_IN + 0.25
    figure = headed(_HEADING, legend, height=height)
    for line, network in enumerate(reversed(networks)):
        for column, (name, joules) in enumerate(_ENERGIES.items()):
            axes = _panel(figure, line, column)
            label(axes, "" if line else name, "" if column else "top-1, %")
            _draw(axes, network, joules, keys)
            if not column:
                axes.set_title(_title(network), fontsize=FONT_POINTS, loc="left")
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
        _dot(axes, ratio, row.top1, key, filled=row.compensated is None)
        if row.compensated is not None:
            _dot(axes, ratio, row.compensated, key, filled=True)
    corners = [(ratios[row.arithmetic], row.best * 100) for row in front(drawn, joules)]
    axes.step(*zip(*corners, strict=True), where="post", color=DARK, linewidth=0.9, zorder=1)
    axes.set_ylim(_floor(network), max(row.best for row in drawn) * 100 + 2)


def _drawn(network: Measured) -> list[Row]:
    """Rows on the architecture that the ratios are taken to."""
    return [row for row in network.rows if group_of(row.arithmetic) != PIM and row.energy_j is not None]


def _floor(network: Measured) -> float:
    return network.exact.top1 * 100 - _DEEPEST


def _title(network: Measured) -> str:
    below = sum(row.best * 100 < _floor(network) for row in _drawn(network))
    return f"{network.title}" + (f" (designs that lie lower: {below})" if below else "")


def _dot(axes: Axes, ratio: float, top1: float, key: Key, *, filled: bool) -> None:
    axes.plot(
        ratio,
        top1 * 100,
        linestyle="none",
        marker=key.marker,
        markersize=3.8,
        markeredgewidth=0.7,
        color=key.colour,
        markerfacecolor=key.colour if filled else "white",
        zorder=3 if filled else 2,
    )
