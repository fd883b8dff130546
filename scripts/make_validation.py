"""Write docs/validation.md and its figure: every published figure beside ours, or check the page.

Each module of ``scripts/validation`` that has a function ``sections()`` adds the sections of one reference.

Usage: ``python scripts/make_validation.py [--check | --json]``. ``--check`` writes nothing and exits with 1
if the page is stale; ``--json`` prints all rows. A large difference without a sentence is always an error.
"""

from __future__ import annotations

import argparse
import json
import math
import pkgutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from importlib import import_module
from pathlib import Path

import validation
from validation.rows import LARGE, Section
from validation_page import page_text

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation.md"
FIGURE = ROOT / "docs" / "figures" / "validation.png"
"""Its bytes depend on the version of matplotlib and are not compared."""


def main(arguments: Sequence[str]) -> int:
    """Write, check or print the comparison; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the page is stale")
    how.add_argument("--json", action="store_true", help="print all rows and write nothing")
    options = parser.parse_args(arguments)
    sections = collected()
    found = problems(sections)
    if found:
        print("\n".join(found), file=sys.stderr)
        return 1
    if options.json:
        print(as_json(sections))
        return 0
    return check(sections) if options.check else write(sections)


@cache
def collected() -> tuple[Section, ...]:
    """Return the sections of all references, by title."""
    names = sorted(module.name for module in pkgutil.iter_modules(validation.__path__))
    modules = [import_module(f"{validation.__name__}.{name}") for name in names]
    found = [section for one in modules if hasattr(one, "sections") for section in one.sections()]
    return tuple(sorted(found, key=lambda section: section.title.casefold()))


def problems(sections: Sequence[Section]) -> list[str]:
    """Return what keeps the sections from being a page: one line for each row or title."""
    titles = Counter(section.title for section in sections)
    repeated = [f"two sections are called {title!r}" for title, count in titles.items() if count > 1]
    return [*repeated, *(line for section in sections for line in _problems_of(section))]


def _problems_of(section: Section) -> Iterator[str]:
    if not section.rows:
        yield f"{section.title}: no rows"
    for row in section.rows:
        place = f"{section.title}: {row.quantity}"
        if not (math.isfinite(row.reference) and math.isfinite(row.ours)):
            yield f"{place}: {row.reference} and {row.ours} are not both finite"
        elif row.needs_reason:
            yield (
                f"{place}: differs by {row.difference:+.1%}, more than {LARGE:.0%}, and no sentence says why"
            )


def check(sections: Sequence[Section], page: Path = PAGE, figure: Path = FIGURE) -> int:
    """Return 0 if the page is what would be written and the figure is there, else say so and return 1."""
    current = page.is_file() and page.read_text(encoding="utf-8") == page_text(sections)
    stale = [file for file, fine in ((page, current), (figure, figure.is_file())) if not fine]
    for file in stale:
        print(f"{file} is stale: run `make validation`", file=sys.stderr)
    return 1 if stale else 0


def write(sections: Sequence[Section], page: Path = PAGE, figure: Path = FIGURE) -> int:
    """Write the page and the figure; return 0."""
    from validation_figure import parity_figure

    figure.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(page_text(sections), encoding="utf-8", newline="\n")
    figure.write_bytes(parity_figure(sections))
    print(f"wrote {page} and {figure}")
    return 0


def as_json(sections: Sequence[Section]) -> str:
    """Return all sections with their rows and differences as JSON."""
    return json.dumps(
        [
            asdict(section) | {"rows": [asdict(row) | {"difference": row.difference} for row in section.rows]}
            for section in sections
        ],
        indent=1,
        ensure_ascii=False,
        allow_nan=False,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
