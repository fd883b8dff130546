"""Names beside dots, placed so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import atan2, cos, degrees, dist, sin
from typing import TYPE_CHECKING, Any, Final

from archsim.visualization.style import FONT_POINTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DARK = "#333333"
"""Colour of labels that belong to lines."""

_CLEARANCE = 14
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
_RINGS: Final = (0.0, 9.0, 18.0, 30.0, 45.0)
"""Points by which a name may be further from its dot than a neighbour, in the order of preference."""
_HEIGHT = 1.15 * FONT_POINTS
_GLYPH = 0.58 * FONT_POINTS

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points (1/72 inch)."""

Place = tuple[float, float]
"""Horizontal and vertical position."""

Line = tuple[Place, Place]
"""Two ends in data coordinates; straight on the figure."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A dot with a name: data coordinates, and its radius in points."""

    x: float
    y: float
    name: str
    radius: float


def name_dots(axes: Axes, dots: Sequence[Dot], lines: Sequence[Line] = (), *, leaders: bool = False) -> int:
    """Write the names beside their dots, the first ones first; return how many found no free place.

    Dots without a name only take room. With `leaders` a name may stand further away, joined by a thin line.
    """
    centres = points(axes, [(dot.x, dot.y) for dot in dots])
    taken = [_around(centre, dot.radius) for centre, dot in zip(centres, dots, strict=True)]
    taken += [box for line in lines for box in _along(axes, line)]
    frame = _frame(axes)
    hidden = 0
    for dot, centre in zip(dots, centres, strict=True):
        if not dot.name:
            continue
        rings = _RINGS if leaders else _RINGS[:1]
        place = _free_place(dot, centre, taken, frame, rings)
        if place is None:
            hidden += 1
            continue
        taken.append(place)
        _write(axes, dot, centre, place)
    return hidden


def name_level(axes: Axes, end: Place, text: str) -> Line:
    """Write a label above the right end of a level line; return the line through the middle of the label."""
    axes.annotate(
        text,
        end,
        (0, 2),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=FONT_POINTS,
        color=DARK,
    )
    x, y = points(axes, [end])[0]
    middle = y + 2 + FONT_POINTS / 2
    return _data(axes, (x - _GLYPH * len(text), middle)), _data(axes, (x, middle))


def name_line(axes: Axes, line: Line, text: str, dots: Sequence[Place], *, above: bool) -> Line:
    """Write a label along a line, near its lower end where no dot is; return the line through its middle."""
    (x0, y0), (x1, y1) = points(axes, line)
    angle = atan2(y1 - y0, x1 - x0)
    away = 1 if above else -1
    centres = points(axes, dots)

    def beside(along: float, distance: float) -> Place:
        """Place in points, along the line from its lower end and away from it."""
        x = x0 + along * cos(angle) - away * distance * sin(angle)
        return x, y0 + along * sin(angle) + away * distance * cos(angle)

    def covered(start: float) -> int:
        middle = [beside(start + step * _GLYPH, 6) for step in range(len(text) + 1)]
        return sum(1 for dot in centres if any(dist(dot, place) < _CLEARANCE for place in middle))

    longest = max(dist((x0, y0), (x1, y1)) - _GLYPH * len(text), 25)
    start = min(range(24, int(longest) + 1, 12), key=lambda along: (covered(along), along), default=24)
    axes.text(
        *_data(axes, beside(start, 2.5)),
        text,
        rotation=degrees(angle),
        rotation_mode="anchor",
        va="bottom" if above else "top",
        fontsize=FONT_POINTS,
        color=DARK,
    )
    return _data(axes, beside(start, 6)), _data(axes, beside(start + _GLYPH * len(text), 6))


def _data(axes: Axes, place: Place) -> Place:
    """Return points from the corner of the figure in data coordinates; the inverse of `points`."""
    scale = axes.figure.dpi / 72
    x, y = axes.transData.inverted().transform((scale * place[0], scale * place[1]))
    return float(x), float(y)


def _free_place(
    dot: Dot, centre: Place, taken: Sequence[Box], frame: Box, rings: Sequence[float]
) -> Box | None:
    """Return the nearest box beside the dot that touches nothing and stays inside the axes."""
    width = _GLYPH * len(dot.name)
    for ring, (dx, dy) in product(rings, _DIRECTIONS):
        reach = dot.radius + 1.5 + ring
        x = centre[0] + dx * (reach + width / 2)
        y = centre[1] + dy * (reach + _HEIGHT / 2)
        box = (x - width / 2, y - _HEIGHT / 2, x + width / 2, y + _HEIGHT / 2)
        if _inside(box, frame) and not any(_touch(box, other) for other in taken):
            return box
    return None


def _write(axes: Axes, dot: Dot, centre: Place, box: Box) -> None:
    middle = ((box[0] + box[2]) / 2 - centre[0], (box[1] + box[3]) / 2 - centre[1])
    axes.annotate(
        dot.name,
        (dot.x, dot.y),
        middle,
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=FONT_POINTS,
        zorder=4,
        arrowprops=_leader(dot, centre, box),
    )


def _leader(dot: Dot, centre: Place, box: Box) -> dict[str, Any] | None:
    """Return the style of the line to a name that is further from its dot than a neighbour would be."""
    x = min(max(centre[0], box[0]), box[2])
    y = min(max(centre[1], box[1]), box[3])
    if dist(centre, (x, y)) <= 1.5 * (dot.radius + _RINGS[1] / 2):
        return None
    return {"arrowstyle": "-", "color": "#888888", "linewidth": 0.5, "shrinkA": 0, "shrinkB": dot.radius}


def points(axes: Axes, places: Sequence[Place]) -> list[Place]:
    """Return data coordinates in points from the corner of the figure."""
    scale = 72 / axes.figure.dpi
    return [(scale * x, scale * y) for x, y in map(axes.transData.transform, places)]


def _along(axes: Axes, line: Line) -> list[Box]:
    """Return small boxes that cover a straight line."""
    (x0, y0), (x1, y1) = points(axes, line)
    steps = max(int(max(abs(x1 - x0), abs(y1 - y0)) / 3), 1)
    fractions = [step / steps for step in range(steps + 1)]
    return [_around((x0 + f * (x1 - x0), y0 + f * (y1 - y0)), 1.5) for f in fractions]


def _frame(axes: Axes) -> Box:
    scale = 72 / axes.figure.dpi
    extent = axes.bbox.extents
    return (scale * extent[0], scale * extent[1], scale * extent[2], scale * extent[3])


def _around(centre: Place, radius: float) -> Box:
    return (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)


def _inside(box: Box, frame: Box) -> bool:
    return box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
