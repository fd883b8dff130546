"""Where the time goes: computing and waiting, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from typing import TYPE_CHECKING

from archsim.results.formatting import prefix_for
from archsim.results.report import LayerRow, Report
from archsim.visualization.rows import ROW_INCHES, layer_axis, rows_of
from archsim.visualization.style import COMPUTE, STALL, Key, framed, label, text_inches, title

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def latency_by_layer(report: Report) -> Figure:
    """Return horizontal bars, one per layer in execution order: time computing, then time stalled."""
    rows = rows_of(report, "latency_s")
    computing = [computing_s(row.layers) for row in rows]
    waiting = [waiting_s(row.layers) for row in rows]
    exponent, prefix = prefix_for([a + b for a, b in zip(computing, waiting, strict=True)])
    figure, axes = framed(
        title(report, "time that each layer occupied its unit"),
        [Key("computing", COMPUTE), Key("stalled", STALL)],
        height=ROW_INCHES * len(rows),
        left=0.35 + text_inches([row.label for row in rows]),
    )
    bars = [value / 10.0**exponent for value in computing]
    stalls = [value / 10.0**exponent for value in waiting]
    axes.barh(range(len(rows)), bars, 0.78, color=COMPUTE, linewidth=0)
    axes.barh(range(len(rows)), stalls, 0.78, bars, color=STALL, linewidth=0)
    layer_axis(axes, [row.label for row in rows])
    label(axes, f"time ({prefix}s)")
    return figure


def computing_s(layers: Sequence[LayerRow]) -> float:
    """Return the seconds in which the units of the layers computed."""
    return fsum(map(_computing_s, layers))


def waiting_s(layers: Sequence[LayerRow]) -> float:
    """Return the seconds in which the units of the layers were occupied without computing."""
    return fsum(layer.latency_s - _computing_s(layer) for layer in layers)


def _computing_s(layer: LayerRow) -> float:
    return layer.latency_s * layer.compute_cycles / layer.cycles if layer.cycles else 0.0
