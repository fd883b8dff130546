"""What one image costs when several are executed together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from archsim.results.comparison import check_comparable
from archsim.results.formatting import prefix_for
from archsim.results.report import Report
from archsim.visualization.style import framed, label, line_keys

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PerImage = Literal["energy_j", "dynamic_energy_j", "leakage_energy_j", "latency_s"]
"""A field of the totals that grows with the number of images."""

_NAMES: dict[PerImage, tuple[str, str]] = {
    "energy_j": ("energy", "J"),
    "dynamic_energy_j": ("dynamic energy", "J"),
    "leakage_energy_j": ("leakage and background energy", "J"),
    "latency_s": ("time", "s"),
}


def against_batch(reports: Sequence[Report], field: PerImage = "energy_j") -> Figure:
    """Return energy or time per image over the batch on logarithmic axes, one line per architecture.

    Parameters
    ----------
    reports
        Runs of one network; the batches of the architectures may differ.

    Raises
    ------
    InputError
        If there is no report, or if they are not of one network.
    """
    check_comparable(reports, any_batch=True)
    name, unit = _NAMES[field]
    exponent, prefix = prefix_for([getattr(one.totals, field) / one.batch for one in reports])
    keys = line_keys(list(dict.fromkeys(one.architecture for one in reports)))
    figure, axes = framed(f"{reports[0].network}: {name} per image", keys, height=2.6, left=0.7)
    for key in keys:
        line = sorted((one for one in reports if one.architecture == key.label), key=lambda one: one.batch)
        values = [getattr(one.totals, field) / one.batch / 10.0**exponent for one in line]
        batches = [one.batch for one in line]
        axes.plot(batches, values, color=key.colour, marker=key.marker, markersize=4.5, linewidth=1.2)
    _mark_axes(axes, sorted({one.batch for one in reports}))
    label(axes, "images per batch", f"{name} per image ({prefix}{unit})")
    return figure


def _mark_axes(axes: Axes, batches: Sequence[int]) -> None:
    """Mark the batches that were run, and 1, 2 and 5 of each decade of the cost."""
    from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    marks = [step * 10.0**decade for decade in range(-18, 4) for step in (1, 2, 5)]
    low, high = axes.dataLim.intervaly
    axes.set(xscale="log", xlim=(batches[0] / 1.15, batches[-1] * 1.15))
    if low <= 0:
        return
    axes.set_yscale("log")
    below = max((mark for mark in marks if mark <= low), default=marks[0])
    above = min((mark for mark in marks if mark >= high), default=marks[-1])
    axes.set_ylim(below / 1.1, above * 1.15)
    for axis, places in ((axes.xaxis, batches), (axes.yaxis, marks)):
        axis.set_major_locator(FixedLocator(places))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.grid(linewidth=0.4, color="#DDDDDD")
