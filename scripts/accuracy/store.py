"""The figures behind the table of accuracies, as plain data in docs/accuracy.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from accuracy.cases import CASES, Case

DATA: Final = Path(__file__).resolve().parents[2] / "docs" / "accuracy.json"


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
    """

    arithmetic: str
    top1: float
    compensated: float | None
    energy_j: float | None
    macs_j: float | None

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
        What was executed.
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
