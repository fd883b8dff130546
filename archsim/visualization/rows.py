"""Layers as the bars of a figure: split layers told apart, long networks merged to a readable number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

from archsim.results.report import LayerRow, Report
from archsim.visualization.style import FONT_POINTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 60
"""Bars that a figure of one page can label legibly."""
ROW_INCHES = 0.15
"""Height of one bar and its label."""

_LONGEST = 30


@dataclass(frozen=True, slots=True)
class Row:
    """One bar: a layer, a layer with its activation, pooling and the like, or small neighbours."""

    label: str
    layers: tuple[LayerRow, ...]


def rows_of(report: Report, field: str) -> list[Row]:
    """Return at most `MOST_ROWS` bars in execution order.

    Layers that take no time of their own join the layer in whose output stage they run. Where there are still
    too many, those without MACs join the layer before them, and if that is not enough, the neighbours with
    the least of `field`, a numeric field of a layer row such as `energy_j`, are merged.
    """
    groups = _attach(report.layers, lambda layer: not layer.cycles)
    if len(groups) > MOST_ROWS:
        groups = _merge_smallest(_attach(report.layers, lambda layer: not layer.macs), field)
    repeated = _repeated([layer.name for layer in report.layers])
    return [Row(_label(group, repeated), tuple(group)) for group in groups]


def shared_rows(reports: Sequence[Report], field: str) -> tuple[list[str], list[list[tuple[LayerRow, ...]]]]:
    """Return the labels of bars that all reports share, and for each report the layers in each bar.

    The bars are those of the first report (:func:`rows_of`); the layers of the others join them by name, and
    the parts of a split layer share one bar. What the first report lacks, such as idle time, comes last.
    """
    bar_of: dict[str, int] = {}
    for number, row in enumerate(rows_of(reports[0], field)):
        for layer in row.layers:
            bar_of.setdefault(layer.name, number)
    for layer in (layer for report in reports for layer in report.layers):
        bar_of.setdefault(layer.name, len(bar_of))
    bars = sorted(set(bar_of.values()))
    groups = [
        [tuple(layer for layer in report.layers if bar_of[layer.name] == bar) for bar in bars]
        for report in reports
    ]
    labels = [
        _label(_by_name(group for one in groups for group in one[at]), set()) for at in range(len(bars))
    ]
    return labels, groups


def _by_name(layers: Iterable[LayerRow]) -> list[LayerRow]:
    """Return the first layer of each name."""
    found: dict[str, LayerRow] = {}
    for layer in layers:
        found.setdefault(layer.name, layer)
    return list(found.values())


def _attach(layers: Sequence[LayerRow], joins: Callable[[LayerRow], bool]) -> list[list[LayerRow]]:
    """Return groups of a layer and those after it that join it; idle time, which has no unit, stays alone."""
    groups: list[list[LayerRow]] = []
    for layer in layers:
        if groups and layer.unit and joins(layer):
            groups[-1].append(layer)
        else:
            groups.append([layer])
    return groups


def _merge_smallest(groups: list[list[LayerRow]], field: str) -> list[list[LayerRow]]:
    groups = list(groups)
    weights = [fsum(getattr(layer, field) for layer in group) for group in groups]
    while len(groups) > MOST_ROWS:
        pairs = range(len(groups) - 1)
        index = min(pairs, key=lambda i: weights[i] + weights[i + 1])
        groups[index : index + 2] = [groups[index] + groups[index + 1]]
        weights[index : index + 2] = [weights[index] + weights[index + 1]]
    return groups


def layer_axis(axes: Axes, labels: Sequence[str]) -> None:
    """Label the bars, the first layer on top."""
    axes.set_yticks(range(len(labels)), labels, fontsize=FONT_POINTS)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.grid(axis="x", linewidth=0.4, color="#DDDDDD")


def label_of(layers: Sequence[LayerRow]) -> str:
    """Return the label of a bar for a layer and those that joined it."""
    return _label(layers, set())


def _label(group: Sequence[LayerRow], repeated: set[str]) -> str:
    first = group[0]
    name = _short(f"{first.name} ({first.unit})" if first.name in repeated else first.name)
    working = sum(1 for layer in group if layer.macs)
    if len(group) == 1:
        return name
    pair = f"{name} + {group[1].name}"
    if len(group) == 2 and len(pair) <= _LONGEST:
        return pair
    return f"{name} +{len(group) - 1}" if working <= 1 else f"{name} … ({len(group)})"


def _short(text: str) -> str:
    """Return the text, its middle cut out where it is too long: ends tell layers apart."""
    half = (_LONGEST - 1) // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}…{text[-half:]}"


def _repeated(names: Sequence[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}
