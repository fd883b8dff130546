"""Relative energy against error over a family of multipliers, with the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import floor, log10
from textwrap import wrap
from typing import TYPE_CHECKING

from archsim.arithmetic.multiplier_report import MultiplierReport, pareto_front
from archsim.errors import InputError
from archsim.visualization.labels import DARK, Dot, Line, Place, name_dots
from archsim.visualization.style import FONT_POINTS, OKABE_ITO, OTHER, Key, framed, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKER_POINTS = 4.5
_FRONT = "Pareto front"
_LINEAR_DECADES = 0.4
"""Room between an error of zero and the decade of the smallest other one, in decades."""
_MARGIN = 0.3
"""Room left of an error of zero, as a share of that decade."""
_LINE = 125
"""Characters of a source on one line."""
_LINE_IN = 0.14
"""Height of such a line in inches."""
_COLOURS = (*OKABE_ITO[:6], OKABE_ITO[7], OTHER)
"""Without yellow, which a hollow dot would hardly show."""
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def trade_off(reports: Sequence[MultiplierReport], keys: Sequence[str]) -> Figure:
    """Return a dot per design: energy relative to exact over MRED, coloured by the first swept parameter.

    Designs on the Pareto front are joined and named by their swept parameters. Designs without a source for
    their energy are left out, and the heading says how many.

    Raises
    ------
    InputError
        If no design has a relative energy.
    """
    drawn = [one for one in reports if one.cost is not None]
    if not drawn:
        raise InputError(f"no design has a relative energy to draw: {reports[0].note}")
    groups = _groups(drawn, keys)
    legend = [*_keys(list(groups)), Key(_FRONT, DARK, marker="_")]
    sources = _source_lines(drawn)
    note_in = _LINE_IN * len(sources)
    figure, axes = framed(_heading(reports, len(drawn), keys), legend, height=3.6 + note_in, left=0.6)
    _write_below(figure, axes, sources, note_in)
    for key, members in zip(legend, groups.values(), strict=False):
        _draw(axes, members, key, _solid_source(drawn))
    front = [drawn[i] for i in pareto_front(drawn)]
    lines = _draw_front(axes, front)
    _scale(axes, drawn)
    label(axes, "MRED over pairs with a product other than 0", "energy relative to exact")
    axes.grid(linewidth=0.4, color="#E4E4E4")
    name_dots(axes, _dots(drawn, front, keys), lines)
    return figure


def _heading(reports: Sequence[MultiplierReport], drawn: int, keys: Sequence[str]) -> str:
    without = len(reports) - drawn
    left_out = f", {without} more without a source for their energy" if without else ""
    return f"{reports[0].design.kind}: {drawn} designs by {' and '.join(keys)}{left_out}"


def _groups(drawn: Sequence[MultiplierReport], keys: Sequence[str]) -> dict[str, list[MultiplierReport]]:
    """Return the designs by the first key's value, or all together where there are too many for colours."""
    groups: dict[str, list[MultiplierReport]] = {}
    for one in drawn:
        groups.setdefault(f"{keys[0]} {getattr(one.design, keys[0])}", []).append(one)
    return groups if len(groups) <= len(_COLOURS) else {drawn[0].design.kind: list(drawn)}


def _solid_source(drawn: Sequence[MultiplierReport]) -> str:
    """Return the source that says most: one with delays before others, then the one of most designs."""
    costs = [one.cost for one in drawn if one.cost is not None]
    sources = [cost.source for cost in costs]
    with_delay = {cost.source for cost in costs if cost.delay is not None}
    return max(sources, key=lambda source: (source in with_delay, sources.count(source)))


def _source_lines(drawn: Sequence[MultiplierReport]) -> list[str]:
    """Return where energies are from."""
    solid = _solid_source(drawn)
    others = sorted({one.cost.source for one in drawn if one.cost} - {solid})
    told = [f"solid: {solid}", *(f"hollow: {other}" for other in others)] if others else [f"energy: {solid}"]
    return [line for text in told for line in wrap(text, _LINE, subsequent_indent="   ")]


def _write_below(figure: Figure, axes: Axes, lines: Sequence[str], height_in: float) -> None:
    """Make room of that height below the axes and write the lines there."""
    whole = figure.get_figheight()
    place = axes.get_position()
    axes.set_position((place.x0, place.y0 + height_in / whole, place.width, place.height - height_in / whole))
    figure.text(0.01, 0.05 / whole, "\n".join(lines), fontsize=FONT_POINTS - 1, color=DARK, va="bottom")


def _keys(names: Sequence[str]) -> list[Key]:
    return [
        Key(name, colour, marker=marker, joined=False)
        for name, colour, marker in zip(names, _COLOURS, _MARKERS, strict=False)
    ]


def _draw(axes: Axes, members: Sequence[MultiplierReport], key: Key, solid: str) -> None:
    for one in members:
        is_solid = one.cost is not None and one.cost.source == solid
        axes.plot(
            one.mred,
            _energy(one),
            linestyle="none",
            marker=key.marker,
            markersize=_MARKER_POINTS,
            color=key.colour,
            markerfacecolor=key.colour if is_solid else "white",
            zorder=2,
        )


def _draw_front(axes: Axes, front: Sequence[MultiplierReport]) -> list[Line]:
    """Join the designs of the front by level and upright lines; return those lines."""
    corners: list[Place] = []
    for one in front:
        corners += [(one.mred, corners[-1][1])] if corners else []
        corners.append((one.mred, _energy(one)))
    axes.plot(*zip(*corners, strict=True), color=DARK, linewidth=0.9, zorder=1)
    return list(pairwise(corners))


def _scale(axes: Axes, drawn: Sequence[MultiplierReport]) -> None:
    """Make the axis of errors logarithmic, with a place for an error of zero where there is one."""
    positive = [one.mred for one in drawn if one.mred]
    if not positive:
        return
    if len(positive) == len(drawn):
        axes.set_xscale("log")
        _thin_out(axes, positive)
    else:
        decade = 10.0 ** floor(log10(min(positive)))
        axes.set_xscale("symlog", linthresh=decade, linscale=_LINEAR_DECADES)
        axes.set_xlim(left=-_MARGIN * decade)
    axes.set_ylim(bottom=0, top=1.05 * max(1.0, *(_energy(one) for one in drawn)))


def _thin_out(axes: Axes, errors: Sequence[float]) -> None:
    """Name decades alone, where there is one: the ticks between them would overlap."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.xaxis.set_minor_formatter(NullFormatter())
    if floor(log10(max(errors))) == floor(log10(min(errors))):
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _dots(
    drawn: Sequence[MultiplierReport], front: Sequence[MultiplierReport], keys: Sequence[str]
) -> list[Dot]:
    named = {id(one) for one in front}
    ordered = [*front, *(one for one in drawn if id(one) not in named)]
    return [
        Dot(one.mred, _energy(one), _values(one, keys) if id(one) in named else "", _MARKER_POINTS / 2)
        for one in ordered
    ]


def _values(report: MultiplierReport, keys: Sequence[str]) -> str:
    return ", ".join(str(getattr(report.design, key)) for key in keys)


def _energy(report: MultiplierReport) -> float:
    return report.cost.energy if report.cost is not None else float("nan")
