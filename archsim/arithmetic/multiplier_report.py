"""What is known of a multiplier: error against the exact product, cost relative to an exact multiplier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.error_metrics import SAMPLES, ErrorMetrics, measure
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.errors import InputError

SCHEMA: Final = "archsim.multiplier/1"


@dataclass(frozen=True, slots=True)
class MultiplierReport:
    """Error under uniform operands and relative cost of one design.

    Attributes
    ----------
    design
        The multiplier.
    error
        Its metrics over all pairs of operands, or over a sample where they are wider than 8 bits.
    cost
        Energy, delay and area relative to the exact multiplier of the same source; ``None`` without a source.
    note
        Why there is no cost.
    """

    design: Multiplier
    error: ErrorMetrics
    cost: RelativeCost | None
    note: str | None

    @property
    def mred(self) -> float:
        """Mean relative error distance over the pairs whose exact product is not zero."""
        return self.error.mean_relative_error_distance_nonzero

    def to_data(self) -> dict[str, Any]:
        """Return the report as plain data for JSON."""
        return {
            "schema": SCHEMA,
            "multiplier": self.design.model_dump(mode="json", exclude_none=True),
            "bits": self.design.bits,
            "signed": self.design.is_signed,
            "error": asdict(self.error),
            "relative_cost": None if self.cost is None else asdict(self.cost),
            "note": self.note,
        }


def report_on(design: Multiplier, *, samples: int = SAMPLES, seed: int = 0) -> MultiplierReport:
    """Return error metrics and relative cost of a design; parameters as those of `error_metrics.measure`."""
    error = measure(design, samples=samples, seed=seed)
    try:
        return MultiplierReport(design, error, design.relative_cost(), None)
    except InputError as missing:
        return MultiplierReport(design, error, None, missing.message)


def pareto_front(reports: Sequence[MultiplierReport]) -> list[int]:
    """Return which reports no other beats: none has at most its energy and its MRED, and less of one.

    Designs without a cost are on no front; of equal designs all are.

    Returns
    -------
    Indices by rising MRED.
    """
    priced = [(i, (one.mred, one.cost.energy)) for i, one in enumerate(reports) if one.cost is not None]
    return [priced[at][0] for at in front_of([point for _, point in priced])]


def front_of(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return which points no other beats: none has at most both coordinates, and less of one.

    Returns
    -------
    Indices by rising first coordinate; of equal points all are there.
    """
    front: list[int] = []
    least = float("inf")
    for (first, second), index in sorted((point, i) for i, point in enumerate(points)):
        same = front and points[front[-1]] == (first, second)
        if second < least or same:
            front.append(index)
            least = second
    return front
