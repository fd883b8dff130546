"""The documentation: generated tables are current, examples run, links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from archsim.workload import read_topology

ROOT = Path(__file__).resolve().parents[1]
MAKE_DOCS = ROOT / "scripts" / "make_docs.py"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# file: (\S+)\n")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def python(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(cwd), "MPLBACKEND": "agg"}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def fences(page: Path) -> list[tuple[str, str]]:
    return FENCE.findall(page.read_text(encoding="utf-8"))


def write_files(page: Path, folder: Path) -> None:
    for _, text in fences(page):
        if named := FILE.match(text):
            (folder / named[1]).write_text(text, encoding="utf-8")


def install(folder: Path) -> None:
    """Make the entry points of pyproject.toml known, as pip would."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
    groups = project["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups]
    (info / "entry_points.txt").write_text("\n".join(lines))


def commands(page: Path) -> list[tuple[str, str | None]]:
    """Shell lines of a page, with the text block that follows at once: what the command prints."""
    found = fences(page)
    following = [*found[1:], ("", "")]
    return [
        (line.partition("#")[0].strip(), after if kind == "text" else None)
        for (language, text), (kind, after) in zip(found, following, strict=True)
        if language == "sh"
        for line in text.splitlines()
    ]


def run_commands(page: Path, folder: Path) -> None:
    for line, printed in commands(page):
        program, *arguments = line.split()
        assert program == "archsim", line
        done = python("-m", "archsim", *arguments, cwd=folder)
        if printed is None:
            assert done.returncode == 0, f"{line}: {done.stderr}"
        else:
            assert done.stdout + done.stderr == printed
            assert done.returncode == (2 if printed.startswith("error:") else 0)


def run_python(page: Path, folder: Path) -> None:
    text = [code for language, code in fences(page) if language == "python" and not FILE.match(code)]
    (folder / "example.py").write_text("\n".join(text), encoding="utf-8")
    done = python("example.py", cwd=folder)
    assert done.returncode == 0, done.stderr


def test_the_generated_tables_are_current() -> None:
    done = python(MAKE_DOCS, "--check")
    assert done.returncode == 0, done.stderr


def test_a_stale_table_is_found_and_mended(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- generated: systolic_cycles -->\n| old |\n<!-- end -->\nafter\n")
    assert python(MAKE_DOCS, "--check", page).returncode == 1
    assert "| old |" in page.read_text()
    assert python(MAKE_DOCS, page).returncode == 0
    assert python(MAKE_DOCS, "--check", page).returncode == 0
    mended = page.read_text()
    assert "1,441 / 1,441" in mended
    assert mended.startswith("before\n")
    assert mended.endswith("\nafter\n")


@pytest.mark.parametrize("name", ["python.md", "models/exits.md"])
def test_python_examples_run(name: str, tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="one example makes a frame")
    run_python(ROOT / "docs" / name, tmp_path)


@pytest.mark.parametrize(
    ("name", "family", "kind"),
    [
        ("adding_a_part.md", "memories", "mram"),
        ("adding_a_multiplier.md", "multipliers", "rounded_weight"),
    ],
)
def test_parts_of_another_package_run(name: str, family: str, kind: str, tmp_path: Path) -> None:
    page = ROOT / "docs" / name
    write_files(page, tmp_path)
    install(tmp_path)
    run_commands(page, tmp_path)
    listed = python("-m", "archsim", "list", family, cwd=tmp_path).stdout
    assert kind in listed
    run_python(page, tmp_path)


def test_the_test_of_the_multiplier_that_a_page_adds_passes(tmp_path: Path) -> None:
    write_files(ROOT / "docs" / "adding_a_multiplier.md", tmp_path)
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_rounded_weight.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "11 passed" in done.stdout


@pytest.mark.parametrize("name", ["architecture_file.md", "command_line.md", "traces.md"])
def test_the_files_and_commands_of_a_page_work(name: str, tmp_path: Path) -> None:
    page = ROOT / "docs" / name
    write_files(page, tmp_path)
    run_commands(page, tmp_path)


def test_the_scale_sim_example_is_read() -> None:
    (text,) = [text for language, text in fences(ROOT / "docs" / "traces.md") if language == "csv"]
    (layer,) = read_topology(text, "example.csv").layers
    assert (layer.gemm.pixels, layer.gemm.depth, layer.gemm.filters) == (55 * 55, 11 * 11 * 3, 96)


def anchors(page: Path) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(other), f"{page.name}: {target}"


def test_every_page_can_be_reached_from_the_index() -> None:
    pages = {page.resolve() for page in (ROOT / "docs").rglob("*.md")}
    reached, pending = set(), [(ROOT / "docs" / "index.md").resolve()]
    while pending:
        page = pending.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
        pending += [p for t in targets if (p := (page.parent / t.partition("#")[0]).resolve()) in pages]
    assert reached == pages
