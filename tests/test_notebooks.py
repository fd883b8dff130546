"""The notebooks: both files of a pair say the same, and every cell runs, with its assertions."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient
from vgg16_tables import PUBLISHED_MJ

from archsim import Architecture, Report, load_network, simulate
from archsim.inference import Question, measure
from archsim.simulation.accuracy import with_accuracy

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
TEXTS = sorted(FOLDER.glob("*.py"))

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def cells(path: Path) -> list[tuple[str, str]]:
    notebook = jupytext.read(path)
    return [(cell.cell_type, cell.source.strip()) for cell in notebook.cells]


def printed(notebook: nbformat.NotebookNode) -> str:
    return "".join(output.text for output in outputs(notebook) if output.get("name") == "stdout")


def test_there_are_notebooks() -> None:
    assert [path.stem[:2] for path in TEXTS] == ["01", "02", "03", "04"]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_both_files_of_a_pair_have_the_same_cells(path: Path) -> None:
    assert cells(path) == cells(path.with_suffix(".ipynb"))


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def stored(number: str) -> nbformat.NotebookNode:
    (path,) = FOLDER.glob(f"{number}_*.ipynb")
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_prints_what_is_stored(path: Path) -> None:
    again = jupytext.read(path)
    NotebookClient(again, timeout=120, kernel_name="python3").execute()
    assert printed(again) == printed(stored(path.stem[:2]))
    assert not [output.text for output in outputs(again) if output.get("name") == "stderr"]


@pytest.mark.parametrize(("number", "least"), [("01", 4), ("02", 4), ("03", 4), ("04", 3)])
def test_the_stored_pictures_are_small_and_say_nothing_of_the_machine(number: str, least: int) -> None:
    notebook = stored(number)
    pictures = [
        output.data["image/png"] for output in outputs(notebook) if "image/png" in output.get("data", {})
    ]
    assert len(pictures) >= least
    assert all(len(base64.b64decode(picture)) <= 100_000 for picture in pictures)
    assert set(notebook.metadata) <= {"jupytext", "kernelspec", "language_info"}
    assert not any("execution" in cell.metadata for cell in notebook.cells)


def run(name: str, network: str, batch: int = 1) -> Report:
    return simulate(Architecture.load(name), load_network(network), batch)


@pytest.fixture(scope="module")
def pair() -> dict[str, Report]:
    return {name: run(name, "vgg16") for name in ("von_neumann", "pim_3d")}


def test_the_first_notebook_prints_the_figures_of_the_library(pair: dict[str, Report]) -> None:
    text = printed(stored("01"))
    for name, report in pair.items():
        dynamic_mj = report.totals.dynamic_energy_j * 1e3
        assert f"{report.totals.latency_s * 1e3:.2f} ms" in text
        assert f"{report.totals.energy_j * 1e3:.2f} mJ" in text
        published = f"dynamic {dynamic_mj:5.2f} mJ, published {PUBLISHED_MJ[name]:5.2f} mJ"
        assert published in text
    gain = pair["von_neumann"].totals.dynamic_energy_j / pair["pim_3d"].totals.dynamic_energy_j
    assert f"gain {gain:.2f}, published {PUBLISHED_MJ['von_neumann'] / PUBLISHED_MJ['pim_3d']:.2f}" in text


def test_the_first_notebook_prints_the_table_of_the_readme() -> None:
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    table = readme.partition("<!-- generated: readme_comparison -->")[2].partition("<!-- end -->")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.strip().splitlines()[2:]]
    assert len(rows) >= 9
    lines = [re.split(r" {2,}", line.strip()) for line in printed(stored("01")).splitlines()]
    for row in rows:
        assert [cell for cell in row if cell] in lines


def test_the_second_notebook_prints_the_figures_of_the_library() -> None:
    text = printed(stored("02"))
    for name in ("von_neumann", "eyeriss", "tpu_like", "pim_3d"):
        per_image = [run(name, "alexnet", batch).totals.energy_j / batch * 1e3 for batch in (1, 4)]
        assert f"{name:12} {per_image[0]:6.2f} mJ at 1, {per_image[1]:6.2f} mJ at 4" in text
    resident, reloaded = run("pim_3d", "alexnet"), run("pim_3d_edge", "alexnet")
    extra_mj = (reloaded.totals.dynamic_energy_j - resident.totals.dynamic_energy_j) * 1e3
    assert f"once: {resident.setup.energy_j * 1e3:.2f} mJ; for every image: {extra_mj:.2f} mJ" in text


def test_the_third_notebook_prints_the_figures_of_the_library() -> None:
    text = printed(stored("03"))
    chip, network = Architecture.load("von_neumann_approximate"), load_network("digits_cnn")
    found = with_accuracy(simulate(chip, network, 32), measure(chip, network, Question(500)))
    assert found.accuracy is not None
    shares = f"{found.accuracy.top1:9.1%}{found.accuracy.top1_compensated:13.1%}"
    assert f"{'SCDM8_73':28}{found.totals.energy_j / 32 * 1e9:8.1f} nJ{shares}" in text


def test_the_fourth_notebook_prints_the_figures_of_the_library() -> None:
    text = printed(stored("04"))
    chip = Architecture.load("von_neumann", ["memories.buffer.supply=0.88"])
    network = load_network("digits_cnn")
    report = simulate(chip, network, 32)
    found = [measure(chip, network, Question(500, batch=32), seed).accuracy.top1 for seed in range(3)]
    dynamic_j = report.energy_by_component_j["buffer"] - report.static_energy_j["buffer"]
    assert f"{sum(found) / 3:9.1%}, {dynamic_j / 32 * 1e9:5.2f} nJ" in text
