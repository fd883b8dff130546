"""Write the golden files again after a change that is meant to move numbers.

Refuses unless CHANGELOG.md lists what moved: items under "Moved numbers" in the section "Unreleased". Files
whose numbers did not move are left as they are.

Usage: ``python scripts/make_golden.py [--first]``. ``--first`` needs no changelog, but that there are no
golden files yet.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The cases are a test's; a script finds only the modules beside it.
sys.path.insert(0, str(ROOT / "tests" / "golden"))

import store  # noqa: E402
from comparer import Difference, differences, listed  # noqa: E402
from matrix import CASES, Case  # noqa: E402

_SHOWN_MOVES = 8
_SECTION = r"^## \[?Unreleased\]?[^\n]*\n(?P<text>.*?)(?=^## |\Z)"
_MOVED = r"^### Moved numbers[^\n]*\n(?P<text>.*?)(?=^### |\Z)"


def main(
    arguments: Sequence[str], folder: Path = store.FOLDER, changelog: Path = ROOT / "CHANGELOG.md"
) -> int:
    """Write the golden files into a folder; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--first", action="store_true", help="write the very first files")
    first = parser.parse_args(arguments).first
    objection = _objection(folder, changelog, first=first)
    if objection:
        print(f"nothing written: {objection}", file=sys.stderr)
        return 1
    regenerate(CASES, folder)
    return 0


def regenerate(cases: Sequence[Case], folder: Path) -> None:
    """Write the files whose numbers moved, remove those without a case, and print what moved."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        _refresh(case, store.path_of(case.name, folder))
    for name in sorted(store.names(folder) - {case.name for case in cases}):
        store.path_of(name, folder).unlink()
        print(f"{name}: removed")


def has_moved_numbers(changelog: str) -> bool:
    """Tell whether the section on unreleased changes lists at least one moved number."""
    section = re.search(_SECTION, changelog, re.MULTILINE | re.DOTALL)
    moved = section and re.search(_MOVED, section["text"], re.MULTILINE | re.DOTALL)
    return bool(moved and re.search(r"^[-*] *\S", moved["text"], re.MULTILINE))


def _objection(folder: Path, changelog: Path, *, first: bool) -> str | None:
    if first:
        return f"--first, but {folder} has golden files" if store.names(folder) else None
    if changelog.is_file() and has_moved_numbers(changelog.read_text(encoding="utf-8")):
        return None
    return f'list what moves (old -> new, why) in {changelog.name} under "Unreleased", "Moved numbers"'


def _refresh(case: Case, path: Path) -> None:
    new = case.run()
    if not path.is_file():
        store.write(path, new)
        print(f"{case.name}: new")
        return
    moved = list(differences(store.read(path), new))
    if moved:
        store.write(path, new)
        print(f"{case.name}, differences: {len(moved)}\n{listed(_totals_first(moved), _SHOWN_MOVES)}")


def _totals_first(moved: Sequence[Difference]) -> list[Difference]:
    return sorted(moved, key=lambda difference: not difference.path.startswith("totals."))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
