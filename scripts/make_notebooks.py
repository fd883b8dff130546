"""Execute the notebooks and write each beside its text: ``notebooks/NAME.py`` -> ``notebooks/NAME.ipynb``.

The text (jupytext, percent format) is the one to edit. Usage: ``python scripts/make_notebooks.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
TIMEOUT_S = 300


def executed(path: Path) -> nbformat.NotebookNode:
    """Return the notebook of a text, executed from scratch, without what differs from run to run."""
    notebook = jupytext.read(path)
    NotebookClient(notebook, timeout=TIMEOUT_S, kernel_name="python3").execute()
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata.pop("execution", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    return notebook


def main() -> int:
    """Write all notebooks."""
    for path in sorted(FOLDER.glob("*.py")):
        nbformat.write(executed(path), path.with_suffix(".ipynb"))
        print(f"wrote {path.with_suffix('.ipynb')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
