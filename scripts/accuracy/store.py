"""The figures behind the table of accuracies, as plain data in docs/accuracy.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path
from typing import Final

from accuracy.cases import CASES, Case

ONE_SIDED_95: Final = 1.64
"""Standard errors above the mean that a normal distribution exceeds in 5 % of the cases."""

DATA: Final = Path(__file__).resolve().parents[2] / "docs" / "accuracy.json"


@dataclass(frozen=True, slots=True)
class Loss:
    """Top-1 lost against exact int8 on the same images, and the standard error of this difference."""

    mean: float
    error: float

    @property
    def bound(self) -> float:
        """What the loss does not exceed with a confidence of 95 %, one-sided."""
        return self.mean + ONE_SIDED_95 * self.error


@dataclass(frozen=True, slots=True)
class Row:
    """One arithmetic under one network.

    Attributes
    ----------
    arithmetic
        Its name.
    top1, compensated
        Share of images that are right, as it is and with compensated biases; the latter None where there is
        nothing to compensate.
    energy_j
        Of one inference, everything in it; None where it has no sourced cost.
    macs_j
        Of that, the multiplications and additions of the layers with MACs.
    images
        Test images.
    exact
        Share of these that are right with exact int8.
    changed, changed_compensated
        Images that are right either here or with exact int8, but not with both; None where only the shares
        are known.
    """

    arithmetic: str
    top1: float
    compensated: float | None
    energy_j: float | None
    macs_j: float | None
    images: int
    exact: float
    changed: int | None
    changed_compensated: int | None

    @property
    def loss(self) -> Loss:
        """As it is."""
        return self._loss(self.top1, self.changed)

    @property
    def loss_compensated(self) -> Loss:
        """With compensated biases; as it is where there is nothing to compensate."""
        if self.compensated is None:
            return self.loss
        return self._loss(self.compensated, self.changed_compensated)

    def _loss(self, top1: float, changed: int | None) -> Loss:
        """Paired: images that both get right or wrong say nothing; n d = b - c of the b + c others.

        Where no image changed, one is taken to have: that none was seen does not mean that there is none.
        Where the changes are not known, both shares are taken as independent, which is at least as much.
        """
        lost = round((self.exact - top1) * self.images)
        if changed is None:
            apart = top1 * (1 - top1) + self.exact * (1 - self.exact)
            return Loss(lost / self.images, sqrt(apart / self.images))
        variance = max(changed, 1) - lost**2 / self.images
        return Loss(lost / self.images, sqrt(variance) / self.images)

    @property
    def best(self) -> float:
        """The better of both accuracies."""
        return self.top1 if self.compensated is None else max(self.top1, self.compensated)


@dataclass(frozen=True, slots=True)
class Measured:
    """One network on one data set, and all its rows; exact int8 is the first.

    Attributes
    ----------
    network, dataset, images
        What was executed; rows may have fewer images.
    top1_float
        Accuracy in float32.
    multiply_share
        Share of the energy of an inference with exact int8 that its multiplications take.
    rows
        One for each arithmetic.
    """

    network: str
    dataset: str
    images: int
    top1_float: float
    multiply_share: float
    rows: tuple[Row, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.network, self.dataset

    @property
    def title(self) -> str:
        """Network and data set."""
        return f"{self.network} on {self.dataset}"

    @property
    def exact(self) -> Row:
        """Exact int8."""
        return self.rows[0]


def load(path: Path = DATA) -> tuple[Measured, ...]:
    """Return what the file holds; nothing where there is none."""
    if not path.is_file():
        return ()
    stored = json.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Measured(**{**one, "rows": tuple(Row(**row) for row in one["rows"])}) for one in stored["networks"]
    )


def save(networks: Iterable[Measured], path: Path = DATA) -> None:
    """Write the networks in the order of the cases."""
    text = json.dumps({"networks": [asdict(one) for one in networks]}, indent=1, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def merged(old: Iterable[Measured], new: Iterable[Measured]) -> tuple[Measured, ...]:
    """Return both, the new ones in place of old ones of the same network and data set."""
    known = {one.key: one for one in (*old, *new)}
    return tuple(known[key] for case in CASES if (key := (case.network, case.dataset)) in known)


def find(networks: Sequence[Measured], case: Case) -> Measured | None:
    """Return what is known of a case."""
    return next((one for one in networks if one.key == (case.network, case.dataset)), None)
