"""The notebooks: both files of a pair say the same, and every cell runs, with its assertions."""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

from archsim import Architecture, compare, load_network, simulate

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
TEXTS = sorted(FOLDER.glob("*.py"))

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def cells(path: Path) -> list[tuple[str, str]]:
    notebook = jupytext.read(path)
    return [(cell.cell_type, cell.source.strip()) for cell in notebook.cells]


def printed(notebook: nbformat.NotebookNode) -> str:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(
        output.text for output in outputs if output.output_type == "stream" and output.name == "stdout"
    )


def test_there_are_notebooks() -> None:
    assert [path.stem[:2] for path in TEXTS] == ["01", "02"]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_both_files_of_a_pair_have_the_same_cells(path: Path) -> None:
    assert cells(path) == cells(path.with_suffix(".ipynb"))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_prints_what_is_stored(path: Path) -> None:
    stored = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    again = jupytext.read(path)
    NotebookClient(again, timeout=120, kernel_name="python3").execute()
    assert printed(again) == printed(stored)
    pictures = [
        output
        for cell in again.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) >= 3


def test_the_first_notebook_prints_the_figures_of_the_library() -> None:
    network = load_network("vgg16")
    reports = [simulate(Architecture.load(name), network) for name in ("von_neumann", "pim_3d")]
    text = printed(nbformat.read(FOLDER / "01_von_neumann_vs_pim.ipynb", as_version=4))
    for report in compare(reports).reports:
        assert f"{report.totals.latency_s * 1e3:.2f} ms" in text
        assert f"{report.totals.dynamic_energy_j * 1e3:.2f} mJ" in text
