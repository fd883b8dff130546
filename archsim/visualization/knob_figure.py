"""What one knob of a memory does to accuracy and energy, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

from archsim.errors import InputError
from archsim.results.formatting import prefix_for
from archsim.visualization.style import label, line_keys, panelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FAINT = 0.18


@dataclass(frozen=True, slots=True)
class Setting:
    """One position of a knob.

    Attributes
    ----------
    value
        Where it stands.
    top1
        Accuracy of one or several chips as fractions.
    energy_j
        Joules that it decides, the same for all of the chips.
    """

    value: float
    top1: Sequence[float]
    energy_j: float


def accuracy_against_knob(
    lines: Mapping[str, Sequence[Setting]], heading: str, knob: str, energy: str, *, logarithmic: bool = False
) -> Figure:
    """Return top-1 and energy over the positions of a knob, one line per variant.

    Where several chips were measured the line is their mean, and a band reaches from the worst to the best.

    Parameters
    ----------
    lines
        Settings by variant.
    heading, knob, energy
        Texts of the figure, of its horizontal axis and of the energy, without a unit.
    logarithmic
        Whether positions and energies stand at their logarithms.

    Raises
    ------
    InputError
        If there is no setting, or one of no chip.
    """
    settings = [one for line in lines.values() for one in line]
    if not settings or not all(one.top1 for one in settings):
        raise InputError("expected settings with the accuracy of one chip or more", field="lines")
    exponent, prefix = prefix_for([one.energy_j for one in settings])
    keys = line_keys(list(lines))
    figure, (accuracies, energies) = panelled(heading, keys, height=2.3, left=0.6, count=2)
    for key, line in zip(keys, lines.values(), strict=True):
        values = [one.value for one in line]
        means = [100 * fsum(one.top1) / len(one.top1) for one in line]
        joules = [one.energy_j / 10.0**exponent for one in line]
        for axes, heights in ((accuracies, means), (energies, joules)):
            axes.plot(values, heights, color=key.colour, marker=key.marker, markersize=4.0, linewidth=1.2)
        worst, best = ([100 * pick(one.top1) for one in line] for pick in (min, max))
        accuracies.fill_between(values, worst, best, color=key.colour, alpha=_FAINT, linewidth=0)
    for axes, name in ((accuracies, "top-1 (%)"), (energies, f"{energy} ({prefix}J)")):
        _finish(axes, name, knob)
    accuracies.set_ylim(0, 104)
    if logarithmic:
        accuracies.set_xscale("log")
        energies.set(xscale="log", yscale="log")
    else:
        energies.set_ylim(bottom=0)
    return figure


def _finish(axes: Axes, name: str, knob: str) -> None:
    axes.set_title(name, fontsize=8, loc="left")
    label(axes, knob)
    axes.grid(linewidth=0.4, color="#DDDDDD")
