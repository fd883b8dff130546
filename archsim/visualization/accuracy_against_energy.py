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
_FRONT = Key("Pareto front", DARK, marker="_")
_DOT_POINTS = 5.0
_AROUND_POINTS = 4.5
"""Room of a dot that no name covers, from its centre."""
_MARKS = (50.0, 70.0, 80.0, 90.0, 95.0, 97.0, 98.0, 98.5, 99.0, 99.5, 99.9)
"""Top-1 in percent that the axis may name."""


def accuracy_against_energy(
    reports: Sequence[Report],
    names: Sequence[str] | None = None,
    marked: Sequence[str] = (),
    marked_as: str = "marked",
) -> Figure:
    """Return top-1 over energy per image, a dot per run, and the front of the best choices.

    Accuracies stand at the logarithm of their errors, so that 98 and 99 % are as far apart as 96 and 98 %; an
    accuracy of 100 % stands at half an image. Names that find no place beside their dot are joined to it by a
    line, and left out only where there is no room at all; the front comes first.
    Where biases can be corrected, a run has a second dot at the same energy, joined to the first. The front
    holds every run that no other beats in both energy and accuracy, each with the better of its dots.

    Parameters
    ----------
    reports
        Runs of one network with accuracy, on the same images; batches may differ.
    names
        One for each dot; the architectures' where None.
    marked, marked_as
        Names of dots that have a shape and a colour of their own, and what the legend calls them.

    Raises
    ------
    InputError
        If there is no report, one has no accuracy, or they are not of one network and the same images.
    """
    check_comparable(reports, any_batch=True)
    _check_images(reports)
    names = names or [one.architecture for one in reports]
    exponent, prefix = prefix_for([_energy_j(one) for one in reports])
    dots = [(_energy_j(one) / 10.0**exponent, _error(_best(one), one)) for one in reports]
    mark = Key(marked_as, OKABE_ITO[5], marker="D", joined=False)
    keys = [
        _PLAIN,
        *([_CORRECTED] if any(_accuracy(one).top1_compensated is not None for one in reports) else []),
        *([mark] if marked else []),
    ]
    figure, axes = framed(_heading(reports[0]), [*keys, _FRONT], height=3.2, left=0.6)
    for one, name, (energy, _) in zip(reports, names, dots, strict=True):
        _draw(axes, one, energy, mark if name in marked else _PLAIN)
    front = [dots[at] for at in accuracy_front(reports)]
    lines = _draw_front(axes, front)
    _scale(axes)
    label(axes, f"energy per image ({prefix}J)", "top-1 (%, at the logarithm of the error)")
    first = [place in front or name in marked for place, name in zip(dots, names, strict=True)]
    name_dots(axes, _named(dots, names, first, reports), lines, leaders=True)
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
    return max(_both(report))


def _both(report: Report) -> list[float]:
    """Top-1 as it is and, where they can be corrected, with corrected biases."""
    found = _accuracy(report)
    return [found.top1] if found.top1_compensated is None else [found.top1, found.top1_compensated]


def _error(top1: float, report: Report) -> float:
    """Percent of the images that are wrong, or half an image where none is."""
    return 100 * max(1 - top1, 0.5 / _accuracy(report).images)


def _energy_j(report: Report) -> float:
    return report.totals.energy_j / report.batch


def _heading(report: Report) -> str:
    found = _accuracy(report)
    return f"{report.network}, {found.dataset}, {images(found.images)}: accuracy against energy"


def _draw(axes: Axes, report: Report, energy: float, key: Key) -> None:
    """Draw one run: the dot as it is, and the one with corrected biases where there is one."""
    errors = [_error(top1, report) for top1 in _both(report)]
    axes.plot([energy] * len(errors), errors, color="#BBBBBB", linewidth=0.8, zorder=1)
    for error, shape in reversed(list(zip(errors, (key, _CORRECTED), strict=False))):
        _dot(axes, energy, error, shape)


def _dot(axes: Axes, energy: float, error: float, key: Key) -> None:
    axes.plot(
        energy,
        error,
        linestyle="none",
        marker=key.marker,
        markersize=_DOT_POINTS,
        color=key.colour,
        zorder=3,
    )


def _draw_front(axes: Axes, front: Sequence[Place]) -> list[Line]:
    """Join the front by level and upright lines; return those lines."""
    corners: list[Place] = []
    for energy, error in reversed(front):
        corners += [(energy, corners[-1][1])] if corners else []
        corners.append((energy, error))
    axes.plot(*zip(*corners, strict=True), color=DARK, linewidth=0.9, zorder=2)
    return list(pairwise(corners))


def _named(
    dots: Sequence[Place], names: Sequence[str], first: Sequence[bool], reports: Sequence[Report]
) -> list[Dot]:
    """Return the dots, those with a claim first; second dots of a run have no name but take room."""
    order = sorted(range(len(dots)), key=lambda at: not first[at])
    named = [Dot(*dots[at], names[at], _AROUND_POINTS) for at in order]
    lower = [
        Dot(energy, _error(min(found), one), "", _AROUND_POINTS)
        for one, (energy, _), found in zip(reports, dots, map(_both, reports), strict=True)
        if len(found) == 2
    ]
    return [*named, *lower]


def _scale(axes: Axes) -> None:
    """Make the axis of errors logarithmic, small errors on top, and name it by accuracy."""
    from matplotlib.ticker import NullLocator

    axes.set_yscale("log")
    axes.margins(0.06, 0.08)
    axes.autoscale_view()
    axes.invert_yaxis()
    most, least = axes.get_ylim()
    marks = [mark for mark in _MARKS if least <= 100 - mark <= most]
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticks([100 - mark for mark in marks], [f"{mark:g}" for mark in marks])
    axes.grid(linewidth=0.4, color="#E4E4E4")
