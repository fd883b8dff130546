"""Where the energy goes: stacked by component, per layer and per architecture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING

from archsim.results.formatting import images, prefix_for, quantity
from archsim.results.report import LayerRow, Report
from archsim.visualization.rows import ROW_INCHES, Row, layer_axis, rows_of
from archsim.visualization.style import (
    FONT_POINTS,
    OTHER,
    Key,
    colour_map,
    framed,
    label,
    text_inches,
    title,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HATCH = "//////"
_SMALL = 0.01
"""Share of the energy below which a component is drawn as part of `other`."""


def energy_by_layer(report: Report, colours: Mapping[str, str] | None = None) -> Figure:
    """Return horizontal bars, one per layer in execution order, stacked by component.

    Parameters
    ----------
    colours
        Colour by component (:func:`colour_map`); made from this report where not given.
    """
    palette = colours or colour_map([report])
    rows = rows_of(report, "energy_j")
    series = _layer_series(report, rows, palette)
    energies = [fsum(layer.energy_j for layer in row.layers) for row in rows]
    exponent, prefix = prefix_for(energies)
    figure, axes = framed(
        title(report, "energy by layer"),
        [Key(name, palette.get(name, OTHER)) for name in series],
        height=ROW_INCHES * len(rows),
        left=0.35 + text_inches([row.label for row in rows]),
    )
    unit = 10.0**exponent
    stack(axes, {name: [value / unit for value in values] for name, values in series.items()}, palette)
    layer_axis(axes, [row.label for row in rows])
    label(axes, f"energy ({prefix}J)")
    return figure


def energy_comparison(reports: Sequence[Report], colours: Mapping[str, str] | None = None) -> Figure:
    """Return one bar per architecture, stacked by component; hatched parts are leakage and background."""
    palette = colours or colour_map(reports)
    names = shown_components(reports, palette)
    labels = [report.architecture for report in reports]
    exponent, prefix = prefix_for([report.totals.energy_j for report in reports])
    keys = [Key(name, palette.get(name, OTHER)) for name in names]
    figure, axes = framed(
        f"{reports[0].network}, {images(reports[0].batch)}: energy by component",
        [*keys, Key("leakage and background", "#BBBBBB", _HATCH)],
        height=0.15 + 0.4 * len(reports),
        left=0.35 + text_inches(labels),
    )
    for number, report in enumerate(reports):
        _architecture_bar(axes, number, _parts(report, names), palette, 10.0**exponent)
        _name_total(axes, number, report, 10.0**exponent)
    axes.set_yticks(range(len(reports)), labels, fontsize=FONT_POINTS)
    axes.set_ylim(len(reports) - 0.5, -0.5)
    axes.set_xlim(0, 1.45 * max(report.totals.energy_j for report in reports) / 10.0**exponent or 1)
    axes.grid(axis="x", linewidth=0.4, color="#DDDDDD")
    label(axes, f"energy ({prefix}J)")
    return figure


def _name_total(axes: Axes, at: int, report: Report, unit: float) -> None:
    totals = report.totals
    text = f" {quantity(totals.energy_j, 'J')} ({quantity(totals.dynamic_energy_j, 'J')} dynamic)"
    background = {"facecolor": "white", "linewidth": 0, "pad": 1}
    axes.text(totals.energy_j / unit, at, text, va="center", fontsize=FONT_POINTS, bbox=background)


def _layer_series(report: Report, rows: Sequence[Row], palette: Mapping[str, str]) -> dict[str, list[float]]:
    """Return the energy of each row by component, the costliest first, the small ones summed as `other`."""
    names = shown_components([report], palette)
    return energy_series([row.layers for row in rows], names)


def energy_series(bars: Sequence[Sequence[LayerRow]], names: Sequence[str]) -> dict[str, list[float]]:
    """Return for each shown component its joules in each bar; those not shown are summed as `other`."""

    def joules(layers: Sequence[LayerRow], name: str) -> float:
        parts = (layer.energy_by_component_j.items() for layer in layers)
        return fsum(
            value for one in parts for part, value in one if (part if part in names else "other") == name
        )

    return {name: [joules(layers, name) for layers in bars] for name in names}


def shown_components(
    reports: Sequence[Report], palette: Mapping[str, str], *, of_its_own: float | None = None
) -> list[str]:
    """Return the components with a colour of their own and a visible share, and `other` if needed.

    Parameters
    ----------
    of_its_own
        Smallest share of the energy of its own report that is visible; by default 1 % of the largest report.
    """
    largest = max(report.totals.energy_j for report in reports)
    visible = [
        _SMALL * largest if of_its_own is None else of_its_own * report.totals.energy_j for report in reports
    ]
    names = [
        name
        for name in palette
        if palette[name] != OTHER
        and any(
            report.energy_by_component_j.get(name, 0.0) > least
            for report, least in zip(reports, visible, strict=True)
        )
    ]
    every = {name for report in reports for name, joules in report.energy_by_component_j.items() if joules}
    return [*names, "other"] if every - set(names) else names


def _parts(report: Report, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return dynamic and static joules by shown component."""
    static = report.static_energy_j
    parts: dict[str, tuple[float, float]] = dict.fromkeys(names, (0.0, 0.0))
    for name, joules in report.energy_by_component_j.items():
        shown = name if name in parts else "other"
        dynamic, leaked = parts.get(shown, (0.0, 0.0))
        still = static.get(name, 0.0)
        parts[shown] = (dynamic + max(joules - still, 0.0), leaked + still)
    return parts


def _architecture_bar(
    axes: Axes, at: int, parts: Mapping[str, tuple[float, float]], palette: Mapping[str, str], unit: float
) -> None:
    left = 0.0
    for kind, hatch in ((0, ""), (1, _HATCH)):
        for name, joules in parts.items():
            width = joules[kind] / unit
            colour = palette.get(name, OTHER)
            axes.barh(at, width, 0.66, left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.3)
            left += width


def stack(axes: Axes, series: Mapping[str, Sequence[float]], palette: Mapping[str, str]) -> None:
    """Draw horizontal bars that are stacked in the order of the series."""
    lefts = [0.0] * len(next(iter(series.values()), []))
    for name, values in series.items():
        colour = palette.get(name, OTHER)
        axes.barh(range(len(values)), values, 0.78, lefts, color=colour, linewidth=0)
        lefts = [left + value for left, value in zip(lefts, values, strict=True)]
