"""What importing costs, which way imports point, and how long functions and files may be."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "archsim").rglob("*.py"))
HEAVY = ("matplotlib", "pandas", "onnx", "optuna", "dask", "torch", "IPython")
LIGHT_ONLY = (*HEAVY, "simpy", "numpy", "pydantic", "rich", "typer")


def loaded_by(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after the code."""
    script = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.splitlines()[-1].split())


def test_import_archsim_loads_next_to_nothing():
    loaded = loaded_by("import archsim")
    assert "archsim" in loaded
    assert not loaded & set(LIGHT_ONLY)


@pytest.mark.parametrize(
    "code",
    [
        "import archsim.cli",
        "from archsim import Architecture, load_network\n"
        "Architecture.load('von_neumann'); load_network('vgg16')",
        "from archsim import *",
        "from archsim import Architecture, load_network, simulate\n"
        "simulate(Architecture.load('hybrid_soc'), load_network('lenet5')).to_json()",
    ],
    ids=["cli", "read", "all", "simulate"],
)
def test_no_plotting_frames_or_importers_before_they_are_used(code):
    assert not loaded_by(code) & set(HEAVY)


def test_the_probe_sees_what_is_imported():
    assert "simpy" in loaded_by("import archsim.simulation")


def test_import_contracts_hold():
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent)) or shutil.which(
        "lint-imports"
    )
    if command is None:
        pytest.skip("needs import-linter (pip install 'archsim[dev]')")
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert " kept" in done.stdout


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Names and lengths in lines of all functions of a file, decorators and docstring included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            yield f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or first) - first + 1


def test_functions_are_at_most_60_lines():
    lengths = dict(one for path in SOURCES for one in functions(path))
    assert len(lengths) > 300
    assert {name: lines for name, lines in lengths.items() if lines > 60} == {}


def test_functions_are_short_as_a_rule():
    lengths = [lines for path in SOURCES for _, lines in functions(path)]
    assert median(lengths) <= 8
    assert quantiles(lengths, n=20)[-1] <= 30


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_at_most_300_lines(path):
    assert len(path.read_text().splitlines()) <= 300
