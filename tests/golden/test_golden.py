"""No number moves by accident: every case of the matrix matches its golden file."""

from __future__ import annotations

from typing import get_args

import pytest
import store
from comparer import Tree, differences, listed
from matrix import CASES, Case

from archsim import Architecture
from archsim.config import shipped
from archsim.hardware.compute.pe_array import PeArray
from archsim.hardware.options import ScheduleOptions

SHOWN = 40
MAX_BYTES = 400_000
REMEDY = """\
If the change is meant: list what moved (old -> new, and why) in CHANGELOG.md under "Unreleased",
"Moved numbers", and run `python scripts/make_golden.py`. If it is not, the change has a side effect."""


def complaint(case: Case, golden: Tree, actual: Tree) -> str | None:
    """What moved and what to do about it; nothing where the trees agree."""
    found = list(differences(golden, actual))
    if not found:
        return None
    return f"{case.name}, differences: {len(found)}\n{listed(found, SHOWN)}\n{REMEDY}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_numbers_have_not_moved(case: Case) -> None:
    path = store.path_of(case.name)
    assert path.is_file(), f"no golden file for {case.name}. {REMEDY}"
    message = complaint(case, store.read(path), case.run())
    if message is not None:
        pytest.fail(message, pytrace=False)


def test_a_moved_number_is_named_with_old_and_new_and_the_remedy() -> None:
    case = CASES[0]
    golden = store.read(store.path_of(case.name))
    actual = store.read(store.path_of(case.name))
    assert complaint(case, golden, actual) is None
    assert isinstance(actual, dict)
    assert isinstance(actual["totals"], dict)
    cycles = actual["totals"]["cycles"]
    assert isinstance(cycles, int)
    actual["totals"]["cycles"] = 2 * cycles
    message = complaint(case, golden, actual) or ""
    assert f"{case.name}, differences: 1\n  totals.cycles: {cycles} -> {2 * cycles} (+100 %)\n" in message
    assert "CHANGELOG.md" in message
    assert "scripts/make_golden.py" in message


def test_every_file_belongs_to_a_case() -> None:
    assert store.names() == {case.name for case in CASES}
    assert len({case.name for case in CASES}) == len(CASES)


def test_the_files_stay_small() -> None:
    assert sum(store.path_of(name).stat().st_size for name in store.names()) <= MAX_BYTES


def test_the_matrix_covers_what_can_be_chosen() -> None:
    assert {case.architecture for case in CASES} == set(shipped("configs"))
    architectures = [Architecture.load(case.architecture, case.changes) for case in CASES]
    for field in ("batch_order", "objective"):
        options = set(get_args(ScheduleOptions.model_fields[field].annotation))
        assert {getattr(architecture.schedule, field) for architecture in architectures} == options
    arrays = [unit for architecture in architectures for unit in architecture.compute.values()]
    dataflows = {unit.dataflow for unit in arrays if isinstance(unit, PeArray)}
    assert dataflows == {"weight_stationary", "output_stationary", "input_stationary", "row_stationary"}
    assert {case.batch for case in CASES} == {1, 4}
