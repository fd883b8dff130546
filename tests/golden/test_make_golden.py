"""Golden files are written again only with a line in the changelog, and only where numbers moved."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import store
from comparer import Tree
from matrix import CASES

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_golden.py"
CASE = CASES[0]

LISTED = """\
# Changelog

## [Unreleased]

### Added
- A part.

### Moved numbers
- `von_neumann` on VGG16: 100 -> 90 cycles: pooling overlaps.

## 0.1.0
- First.
"""


@pytest.fixture(scope="module")
def make_golden() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_golden", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def one_case(make_golden: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_golden, "CASES", (CASE,))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- `von_neumann` on VGG16: 100 -> 90 cycles: pooling overlaps.\n", ""),
        ("- `von_neumann` on VGG16: 100 -> 90 cycles: pooling overlaps.\n", "-  \nNone yet.\n"),
        ("## [Unreleased]", "## 0.2.0"),
        ("## [Unreleased]\n", "## [Unreleased]\n\n## 0.2.0\n"),
        ("### Moved numbers\n", "### Fixed\n"),
        ("### Moved numbers\n", "### Moved numbers\n\n### Fixed\n"),
        (LISTED, ""),
    ],
)
def test_only_an_item_in_its_place_counts(make_golden: ModuleType, before: str, after: str) -> None:
    assert make_golden.has_moved_numbers(LISTED)
    assert make_golden.has_moved_numbers(LISTED.replace("[Unreleased]", "Unreleased"))
    assert before in LISTED
    assert not make_golden.has_moved_numbers(LISTED.replace(before, after))


@pytest.mark.usefixtures("one_case")
def test_nothing_is_written_without_a_changelog(
    make_golden: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changelog = tmp_path / "CHANGELOG.md"
    for text in (None, "# Changelog\n\n## Unreleased\n\n### Moved numbers\n"):
        if text is not None:
            changelog.write_text(text)
        assert make_golden.main([], tmp_path, changelog) == 1
        assert store.names(tmp_path) == set()
        assert 'in CHANGELOG.md under "Unreleased", "Moved numbers"' in capsys.readouterr().err


@pytest.mark.usefixtures("one_case")
def test_the_first_files_need_no_changelog_but_an_empty_folder(
    make_golden: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "reports"
    assert make_golden.main(["--first"], folder, tmp_path / "CHANGELOG.md") == 0
    assert store.names(folder) == {CASE.name}
    assert make_golden.main(["--first"], folder, tmp_path / "CHANGELOG.md") == 1
    assert "has golden files" in capsys.readouterr().err


@pytest.mark.usefixtures("one_case")
def test_only_what_moved_is_written(
    make_golden: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(LISTED)
    path = store.path_of(CASE.name, tmp_path)
    tree = CASE.run()
    assert isinstance(tree, dict)
    assert isinstance(tree["totals"], dict)
    cycles = tree["totals"]["cycles"]
    store.write(path, tree)
    written = path.read_bytes()
    tree["totals"]["cycles"] = 0
    tree["energy_by_component_j"] = {}
    store.write(path, tree)
    store.write(store.path_of("gone", tmp_path), None)
    assert make_golden.main([], tmp_path, changelog) == 0
    assert path.read_bytes() == written
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"  totals.cycles: 0 -> {cycles}"
    assert lines[-1] == "gone: removed"
    assert make_golden.main([], tmp_path, changelog) == 0
    assert capsys.readouterr().out == ""


def test_the_same_numbers_have_the_same_bytes(tmp_path: Path) -> None:
    tree: Tree = {"a": [1, 0.1, None, "x", True]}
    files = [tmp_path / "one.json.gz", tmp_path / "two.json.gz"]
    for path in files:
        store.write(path, tree)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_bytes()[4:8] == bytes(4), "no time in the header"
    assert store.read(files[0]) == tree


def test_a_number_that_is_not_finite_is_not_stored(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.write(tmp_path / "nan.json.gz", float("nan"))
    assert list(tmp_path.iterdir()) == []
