"""Inside a family, members know the base class and nothing of each other."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

from archsim.registry import FAMILIES, Family


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_siblings_never_import_each_other(family: Family) -> None:
    spec = importlib.util.find_spec(family.package)
    if spec is None or spec.submodule_search_locations is None:
        pytest.skip(f"{family.package} has no members yet")
    for path in Path(spec.submodule_search_locations[0]).glob("*.py"):
        siblings = {
            name
            for name in _imports(path)
            if name.startswith(family.package + ".") and name != f"{family.package}.base"
        }
        assert not siblings, f"{path.name} imports {siblings}"
