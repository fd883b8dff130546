"""The layers of one network on several architectures, side by side under one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING

from archsim.results.comparison import check_comparable
from archsim.results.formatting import images, prefix_for, quantity
from archsim.results.report import Report
from archsim.visualization.energy import energy_series, shown_components, stack
from archsim.visualization.latency import computing_s, waiting_s
from archsim.visualization.rows import ROW_INCHES, layer_axis, shared_rows
from archsim.visualization.style import (
    COMPUTE,
    FONT_POINTS,
    OTHER,
    STALL,
    Key,
    colour_map,
    panelled,
    text_inches,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_VISIBLE = 0.04
"""Share of its architecture's energy from which a component is told apart where shares are drawn."""

Series = Mapping[str, Sequence[float]]
"""Values of each bar by what is stacked."""


def energy_panels(
    reports: Sequence[Report], colours: Mapping[str, str] | None = None, *, shares: bool = False
) -> Figure:
    """Return a panel per architecture: energy of each layer, stacked by component, all to one scale.

    Parameters
    ----------
    colours
        Colour by component (:func:`colour_map`); made from these reports where not given.
    shares
        Draw percent of each architecture's energy instead of joules: chips of different size or node have
        room for their details side by side.

    Raises
    ------
    InputError
        If there is no report, or if they are not of one network and batch.
    """
    check_comparable(reports)
    palette = colours or colour_map(reports)
    names = shown_components(reports, palette, of_its_own=_VISIBLE if shares else None)
    labels, groups = shared_rows(reports, "energy_j")
    shades = {name: palette.get(name, OTHER) for name in names}
    heads = [f"{one.architecture}\n{quantity(one.totals.energy_j, 'J')}" for one in reports]
    series = [energy_series(bars, names) for bars in groups]
    heading = f"{_run(reports[0])}: energy by layer and component"
    if not shares:
        return _panels(heading, (labels, heads), series, shades, "energy ({}J)")
    percents = [_percents(one, report.totals.energy_j) for one, report in zip(series, reports, strict=True)]
    return _panels(heading, (labels, heads), percents, shades, "share of the architecture's energy (%)")


def _percents(series: Series, whole: float) -> Series:
    return {name: [100 * value / whole if whole else 0.0 for value in one] for name, one in series.items()}


def latency_panels(reports: Sequence[Report]) -> Figure:
    """Return a panel per architecture: time of each layer, computing and stalled, all to one scale.

    Raises
    ------
    InputError
        If there is no report, or if they are not of one network and batch.
    """
    check_comparable(reports)
    labels, groups = shared_rows(reports, "latency_s")
    heads = [f"{one.architecture}\n{quantity(one.totals.latency_s, 's')}" for one in reports]
    series = [
        {
            "computing": [computing_s(layers) for layers in bars],
            "stalled": [waiting_s(layers) for layers in bars],
        }
        for bars in groups
    ]
    heading = f"{_run(reports[0])}: time that each layer occupied its unit"
    return _panels(heading, (labels, heads), series, {"computing": COMPUTE, "stalled": STALL}, "time ({}s)")


def _run(report: Report) -> str:
    return f"{report.network}, {images(report.batch)}"


def _panels(
    heading: str,
    names: tuple[Sequence[str], Sequence[str]],
    series: Sequence[Series],
    shades: Mapping[str, str],
    measure: str,
) -> Figure:
    """Return the figure: `names` are those of the bars and of the panels, `{}` in `measure` is the prefix."""
    labels, heads = names
    longest = max((fsum(bar) for one in series for bar in zip(*one.values(), strict=True)), default=0.0)
    exponent, prefix = prefix_for([longest]) if "{}" in measure else (0, "")
    figure, panels = panelled(
        heading,
        [Key(name, shade) for name, shade in shades.items()],
        height=ROW_INCHES * len(labels),
        left=0.35 + text_inches(labels),
        count=len(series),
    )
    for axes, head, one in zip(panels, heads, series, strict=True):
        stack(axes, {name: [v / 10.0**exponent for v in values] for name, values in one.items()}, shades)
        layer_axis(axes, labels if axes is panels[0] else [""] * len(labels))
        axes.tick_params(axis="y", length=0)
        axes.set_title(head, fontsize=FONT_POINTS, loc="left", pad=3)
    _share_scale(panels, longest / 10.0**exponent, measure.format(prefix))
    return figure


def _share_scale(panels: Sequence[Axes], longest: float, name: str) -> None:
    """Give all panels one scale with few marks, and name it once, under the middle of them."""
    from matplotlib.ticker import MaxNLocator

    for axes in panels:
        axes.set_xlim(0, 1.05 * longest or 1)
        axes.xaxis.set_major_locator(
            MaxNLocator(max(8 // len(panels), 2), steps=[1, 2, 5, 10], min_n_ticks=2)
        )
    first, last = panels[0].get_position(), panels[-1].get_position()
    figure = panels[0].figure
    middle, bottom = (first.x0 + last.x1) / 2, 0.06 / figure.bbox.height * figure.dpi
    figure.text(middle, bottom, name, ha="center", fontsize=FONT_POINTS)
