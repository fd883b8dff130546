"""Execute the networks of the table: accuracy on real images, energy of one inference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from math import fsum
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from accuracy.cases import Arithmetic, Case, up_to
from accuracy.outcomes import Outcome, Rights, outcome, trained
from accuracy.store import Measured, Row
from archsim import Architecture, load_network
from archsim.errors import InputError
from archsim.results.report import Report, is_static
from archsim.simulation import simulate

MACS: Final = (
    "npu.mac/*",
    "pim.array/discharge",
    "pim.dtc/*",
    "pim.converter/*",
    "pim.digital/*",
)
"""Component/action of what multiplies and adds, in either architecture."""

_DIGITS: Final = 6
"""Significant digits of an energy that are kept, so that the last bits of a float change nothing."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Energy:
    """Joules of one inference: all, the multiplications and additions, the multiplications."""

    whole: float
    macs: float
    multiply: float


def run_case(case: Case, data: Path | None, tell: Tell, jobs: int = 1) -> Measured:
    """Return all rows of a network, computed by so many processes.

    Raises
    ------
    InputError
        If images or weights are missing.
    """
    chosen = up_to(case.depth)
    found = _all(case, chosen, data, tell, jobs)
    rows = tuple(row_of(case, one, found[one.name]) for one in chosen)
    in_float = trained(case, case.images, data).in_float()
    return Measured(case.network, case.dataset, case.images, in_float, _multiply_share(case), rows)


def refreshed(case: Case, known: Measured) -> Measured:
    """Return the network with its accuracies as they are and energies of this version."""
    by_name = {one.name: one for one in up_to(case.depth)}
    rows = tuple(
        replace(row, **_joules(case, by_name[row.arithmetic]))
        for row in known.rows
        if row.arithmetic in by_name
    )
    return replace(known, rows=rows, multiply_share=_multiply_share(case))


def row_of(case: Case, arithmetic: Arithmetic, found: Outcome) -> Row:
    """Return the row of what became of the images, with the energy of one inference."""
    corrected = found.compensated
    return Row(
        arithmetic=arithmetic.name,
        top1=_share(found.found),
        compensated=None if corrected is None else _share(corrected),
        images=len(found.exact),
        exact=_share(found.exact),
        changed=int(np.count_nonzero(found.exact != found.found)),
        changed_compensated=None if corrected is None else int(np.count_nonzero(found.exact != corrected)),
        **_joules(case, arithmetic),
    )


@cache
def energy(network: str, arithmetic: Arithmetic) -> Energy | None:
    """Simulate one inference; None where a source for the cost of a part is missing."""
    try:
        architecture = Architecture.load(arithmetic.config, arithmetic.overrides)
        report = simulate(architecture, load_network(network), seed=arithmetic.seed)
    except InputError:
        return None
    macs = _sum(report, MACS)
    return Energy(_rounded(report.totals.energy_j), _rounded(macs), _sum(report, ("npu.mac/multiply",)))


def _all(
    case: Case, chosen: Sequence[Arithmetic], data: Path | None, tell: Tell, jobs: int
) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        runs = {pool.submit(_timed, case, one, data): one.name for one in chosen}
        for run in as_completed(runs):
            name = runs[run]
            found[name], seconds = run.result()
            told = _told(found[name])
            tell(f"{case.title}, {name}: {told} in {seconds:.1f} s")
    return found


def _timed(case: Case, arithmetic: Arithmetic, data: Path | None) -> tuple[Outcome, float]:
    start = perf_counter()
    found = outcome(case, arithmetic, data)
    return found, perf_counter() - start


def _told(found: Outcome) -> str:
    told = "" if found.compensated is None else f", compensated {_share(found.compensated):.1%}"
    return f"{_share(found.found):.1%}{told}"


def _share(right: Rights) -> float:
    return int(np.count_nonzero(right)) / len(right)


def _joules(case: Case, arithmetic: Arithmetic) -> dict[str, float | None]:
    spent = energy(case.network, arithmetic)
    whole, macs = (None, None) if spent is None else (spent.whole, spent.macs)
    return {"energy_j": whole, "macs_j": macs}


def _multiply_share(case: Case) -> float:
    spent = energy(case.network, up_to(case.depth)[0])
    assert spent is not None, "exact int8 has a cost"
    return _rounded(spent.multiply / spent.whole)


def _sum(report: Report, patterns: tuple[str, ...]) -> float:
    return fsum(
        row.energy_j
        for row in report.actions
        if not is_static(row.action)
        and any(fnmatchcase(f"{row.component}/{row.action}", pattern) for pattern in patterns)
    )


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
