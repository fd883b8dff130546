"""Top-1 against energy per image of several runs of one network, with the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from archsim.arithmetic.multiplier_report import front_of
from archsim.errors import InputError
from archsim.results.accuracy import AccuracyRow
from archsim.results.comparison import check_comparable
from archsim.results.formatting import images, prefix_for
from archsim.results.report import Report
from archsim.visualization.labels import DARK, Dot, Line, Place, name_dots
from archsim.visualization.style import OKABE_ITO, Key, framed, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PLAIN = Key("as it is", OKABE_ITO[0], marker="o", joined=False)
_CORRECTED = Key("with bias compensation", OKABE_ITO[1], marker="^", joined=False)
_MARKED = Key("marked", OKABE_ITO[5], marker="D", joined=False)
_FRONT = Key("Pareto front", DARK, marker="_")
_DOT_POINTS = 5.0
_MARGIN = 0.06
"""Share of the axes that stays free around the dots."""


def accuracy_against_energy(
    reports: Sequence[Report], names: Sequence[str] | None = None, marked: Sequence[str] = ()
) -> Figure:
    """Return top-1 over energy per image, a dot per run, and the front of the best choices.

    Where biases can be corrected, a run has a second dot at the same energy, joined to the first. The front
    holds every run that no other beats in both energy and accuracy, each with the better of its dots.

    Parameters
    ----------
    reports
        Runs of one network with accuracy, on the same images; batches may differ.
    names
        One for each dot; the architectures' where None.
    marked
        Names of dots that have a shape and a colour of their own.

    Raises
    ------
    InputError
        If there is no report, one has no accuracy, or they are not of one network and the same images.
    """
    check_comparable(reports, any_batch=True)
    _check_images(reports)
    names = names or [one.architecture for one in reports]
    exponent, prefix = prefix_for([_energy_j(one) for one in reports])
    dots = [(_energy_j(one) / 10.0**exponent, 100 * _best(one)) for one in reports]
    keys = [
        _PLAIN,
        *([_CORRECTED] if any(_accuracy(one).top1_compensated is not None for one in reports) else []),
        *([_MARKED] if marked else []),
    ]
    figure, axes = framed(_heading(reports[0]), [*keys, _FRONT], height=3.2, left=0.6)
    for one, name, (energy, _) in zip(reports, names, dots, strict=True):
        _draw(axes, one, energy, _MARKED if name in marked else _PLAIN)
    front = [dots[at] for at in accuracy_front(reports)]
    lines = _draw_front(axes, front)
    axes.margins(_MARGIN)
    axes.autoscale_view()
    axes.grid(linewidth=0.4, color="#E4E4E4")
    label(axes, f"energy per image ({prefix}J)", "top-1 (%)")
    name_dots(axes, _named(dots, names, front, reports), lines)
    return figure


def accuracy_front(reports: Sequence[Report]) -> list[int]:
    """Return which runs no other beats in both energy per image and top-1, the most accurate first.

    Top-1 is that with corrected biases where it is higher.

    Raises
    ------
    InputError
        If a report has no accuracy.
    """
    return front_of([(-_best(one), _energy_j(one)) for one in reports])


def _check_images(reports: Sequence[Report]) -> None:
    """Refuse accuracies that cannot be compared."""
    measured = [_accuracy(one) for one in reports]
    if len({(one.dataset, one.images) for one in measured}) > 1:
        raise InputError("cannot compare accuracies on different images", field="accuracy")


def _accuracy(report: Report) -> AccuracyRow:
    if report.accuracy is None:
        raise InputError(f"the report of {report.architecture} has no accuracy: run it with images")
    return report.accuracy


def _best(report: Report) -> float:
    """Top-1 with corrected biases where that is better."""
    found = _accuracy(report)
    return max(found.top1, found.top1_compensated or 0.0)


def _energy_j(report: Report) -> float:
    return report.totals.energy_j / report.batch


def _heading(report: Report) -> str:
    found = _accuracy(report)
    return f"{report.network}, {found.dataset}, {images(found.images)}: accuracy against energy"


def _draw(axes: Axes, report: Report, energy: float, key: Key) -> None:
    """Draw one run: the dot as it is, and the one with corrected biases where there is one."""
    found = _accuracy(report)
    corrected = found.top1_compensated
    if corrected is not None:
        both = [100 * found.top1, 100 * corrected]
        axes.plot([energy] * 2, both, color="#BBBBBB", linewidth=0.8, zorder=1)
        _dot(axes, energy, both[1], _CORRECTED)
    _dot(axes, energy, 100 * found.top1, key)


def _dot(axes: Axes, energy: float, top1: float, key: Key) -> None:
    axes.plot(
        energy,
        top1,
        linestyle="none",
        marker=key.marker,
        markersize=_DOT_POINTS,
        color=key.colour,
        zorder=3,
    )


def _draw_front(axes: Axes, front: Sequence[Place]) -> list[Line]:
    """Join the front by level and upright lines; return those lines."""
    corners: list[Place] = []
    for energy, top1 in reversed(front):
        corners += [(energy, corners[-1][1])] if corners else []
        corners.append((energy, top1))
    axes.plot(*zip(*corners, strict=True), color=DARK, linewidth=0.9, zorder=2)
    return list(pairwise(corners))


def _named(
    dots: Sequence[Place], names: Sequence[str], first: Sequence[Place], others: Sequence[Report]
) -> list[Dot]:
    """Return the dots, those of the front first; second dots of a run have no name but take room."""
    order = sorted(range(len(dots)), key=lambda at: dots[at] not in first)
    lower = [
        Dot(dots[at][0], 100 * value, "", _DOT_POINTS / 2) for at in order for value in _others(others[at])
    ]
    return [*(Dot(*dots[at], names[at], _DOT_POINTS / 2) for at in order), *lower]


def _others(report: Report) -> list[float]:
    """Top-1 of the dot that has no name."""
    found = _accuracy(report)
    return [] if found.top1_compensated is None else [min(found.top1, found.top1_compensated)]
