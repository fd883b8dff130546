"""Write the generated parts of the documentation, or check that they are up to date.

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->`` in a Markdown file and comes
from the function of that name in ``doc_tables``, in another of the ``..._tables`` modules, or in
``validation``.

Usage: ``python scripts/make_docs.py [--check] [PAGE...]``. Without pages: README.md and all of docs/.
``--check`` writes nothing and exits with 1 if a page is stale.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from accuracy.figure import FIGURE as ACCURACY_FIGURE
from accuracy.figure import trade_off_figure
from accuracy.store import load as load_accuracy
from accuracy_tables import ACCURACY_TABLES
from adder_tables import ADDER_TABLES
from benchmark_tables import BENCHMARK_TABLES
from doc_tables import TABLES, Make
from exit_tables import EXIT_TABLES
from format_tables import FORMAT_TABLES
from multiplier_tables import MULTIPLIER_TABLES
from pim_tables import PIM_TABLES
from validation.sram_macros import TABLES as MACRO_TABLES
from vgg16_tables import VGG16_TABLES, energy_figure

ROOT = Path(__file__).resolve().parents[1]
FIGURES: Mapping[str, Make[bytes]] = {
    "docs/figures/vgg16_energy.png": energy_figure,
    str(ACCURACY_FIGURE.relative_to(ROOT)): lambda: trade_off_figure(load_accuracy()),
}
"""Pictures of the documentation; their bytes depend on the version of matplotlib and are not compared."""

_PART = re.compile(
    r"(?P<begin><!-- generated: (?P<name>\w+) -->\n)(?P<text>.*?)(?P<end><!-- end -->)", re.DOTALL
)


def main(arguments: Sequence[str]) -> int:
    """Write or check the pages; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is stale")
    parser.add_argument("pages", nargs="*", type=Path, help="default: README.md and all of docs/")
    options = parser.parse_args(arguments)
    stale = [page for page in options.pages or pages() if not _is_current(page, write=not options.check)]
    missing = [name for name in FIGURES if not (ROOT / name).is_file()]
    if options.check:
        for name in (*stale, *missing):
            print(f"{name} is stale: run `make docs`", file=sys.stderr)
        return 1 if stale or missing else 0
    for name in FIGURES if not options.pages else missing:
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_bytes(FIGURES[name]())
    for page in stale:
        print(f"wrote {page}")
    return 0


def pages() -> list[Path]:
    """Return every Markdown file that may have generated parts."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def refreshed(text: str) -> str:
    """Return a page with every generated part as it should be.

    Raises
    ------
    KeyError
        If no function makes a part of that name.
    """
    makers = {
        **TABLES,
        **VGG16_TABLES,
        **BENCHMARK_TABLES,
        **ACCURACY_TABLES,
        **MACRO_TABLES,
        **ADDER_TABLES,
        **EXIT_TABLES,
        **FORMAT_TABLES,
        **MULTIPLIER_TABLES,
        **PIM_TABLES,
    }
    return _PART.sub(lambda part: part["begin"] + makers[part["name"]]().strip() + "\n" + part["end"], text)


def _is_current(page: Path, *, write: bool) -> bool:
    before = page.read_text(encoding="utf-8")
    after = refreshed(before)
    if write and after != before:
        page.write_text(after, encoding="utf-8", newline="\n")
    return after == before


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
