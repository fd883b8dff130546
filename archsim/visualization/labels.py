"""Names beside dots, placed so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archsim.visualization.style import FONT_POINTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RADII = (0, 8, 16, 26)
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
_HEIGHT = 1.15 * FONT_POINTS
_GLYPH = 0.58 * FONT_POINTS

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points (1/72 inch)."""

Line = tuple[tuple[float, float], tuple[float, float]]
"""Two ends in data coordinates; straight on the figure."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A dot with a name: data coordinates, and its radius in points."""

    x: float
    y: float
    name: str
    radius: float


def name_dots(axes: Axes, dots: Sequence[Dot], lines: Sequence[Line] = ()) -> int:
    """Write the names of the dots, the first ones first, off the lines; return how many found no free place.

    A name that stands away from its dot is joined to it by a thin line.
    """
    centres = _points(axes, [(dot.x, dot.y) for dot in dots])
    taken = [_around(centre, dot.radius) for centre, dot in zip(centres, dots, strict=True)]
    taken += [box for line in lines for box in _along(axes, line)]
    frame = _frame(axes)
    hidden = 0
    for dot, centre in zip(dots, centres, strict=True):
        place = _free_place(dot, centre, taken, frame)
        if place is None:
            hidden += 1
            continue
        taken.append(place)
        _write(axes, dot, centre, place)
    return hidden


def _free_place(dot: Dot, centre: tuple[float, float], taken: Sequence[Box], frame: Box) -> Box | None:
    """Return the nearest box beside the dot that touches nothing and stays inside the axes."""
    width = _GLYPH * len(dot.name)
    for radius in _RADII:
        for dx, dy in _DIRECTIONS:
            reach = dot.radius + radius + 1.5
            x = centre[0] + dx * (reach + width / 2)
            y = centre[1] + dy * (reach + _HEIGHT / 2)
            box = (x - width / 2, y - _HEIGHT / 2, x + width / 2, y + _HEIGHT / 2)
            if _inside(box, frame) and not any(_touch(box, other) for other in taken):
                return box
    return None


def _write(axes: Axes, dot: Dot, centre: tuple[float, float], box: Box) -> None:
    middle = ((box[0] + box[2]) / 2 - centre[0], (box[1] + box[3]) / 2 - centre[1])
    far = max(abs(middle[0]) - (box[2] - box[0]) / 2, abs(middle[1]) - _HEIGHT / 2) > dot.radius + 4
    line = {"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkA": 0, "shrinkB": dot.radius}
    axes.annotate(
        dot.name,
        (dot.x, dot.y),
        middle,
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=FONT_POINTS,
        arrowprops=line if far else None,
        zorder=4,
    )


def _points(axes: Axes, places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return data coordinates in points from the corner of the figure."""
    scale = 72 / axes.figure.dpi
    return [(scale * x, scale * y) for x, y in map(axes.transData.transform, places)]


def _along(axes: Axes, line: Line) -> list[Box]:
    """Return small boxes that cover a straight line."""
    (x0, y0), (x1, y1) = _points(axes, line)
    steps = max(int(max(abs(x1 - x0), abs(y1 - y0)) / 3), 1)
    fractions = [step / steps for step in range(steps + 1)]
    return [_around((x0 + f * (x1 - x0), y0 + f * (y1 - y0)), 1.5) for f in fractions]


def _frame(axes: Axes) -> Box:
    scale = 72 / axes.figure.dpi
    extent = axes.bbox.extents
    return (scale * extent[0], scale * extent[1], scale * extent[2], scale * extent[3])


def _around(centre: tuple[float, float], radius: float) -> Box:
    return (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)


def _inside(box: Box, frame: Box) -> bool:
    return box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
