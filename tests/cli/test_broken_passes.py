"""Passes that a user gives and that cannot be: the place in the file, the layer and the reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from edits import Edit, check_edit, ids

from archsim.config import find

pytestmark = pytest.mark.usefixtures("in_empty_folder")

Refused = Callable[..., str]

PASSES = """\
passes: {m: 16, n: 1, e: 8,
             p: 8, q: 2, r: 1, t: 2}"""
ROW_STATIONARY = f"""\
archsim: 1
extends: {find("configs", "eyeriss")}
name: mine
mapping:
  - layer: c1
    {PASSES}
"""
SYSTOLIC = f"""\
archsim: 1
extends: {find("configs", "von_neumann")}
name: mine
mapping:
  - layer: c1
    filters: 8
"""
TRACE = """\
archsim: 1
name: small
input: {channels: 4, rows: 10, columns: 10}
layers:
  - {name: c1, op: conv2d, out_channels: 16, kernel: 3}
"""

PASSES_EDITS = [
    Edit(
        "more filters than the layer", "m: 16", "m: 32", "has 16 filters (per group), the passes ask for 32"
    ),
    Edit("more images than the batch", "n: 1", "n: 2", "has 1 images, the passes ask for 2"),
    Edit("more rows than the output", "e: 8", "e: 9", "has 8 output rows, the passes ask for 9"),
    Edit("m not a multiple", "m: 16", "m: 8", "all 16 filters or a multiple of p t = 16"),
    Edit("too many filters in a PE", "p: 8", "p: 25", "the passes do not fit: p sums against 24 words", 6),
    Edit("too many channels in a PE", "q: 2", "q: 5", "against 12 words of the input scratchpad", 6),
    Edit("weights beyond the scratchpad", "p: 8, q: 2", "p: 20, q: 4", "against 224 words", 6),
    Edit("too many sets", "t: 2", "t: 5", "do not fit: r t sets of R x e PEs against the array", 6),
    Edit("blocks that do not divide", "q: 2", "q: 3", "blocks that must divide evenly", 6),
    Edit("tile sizes instead", PASSES, "filters: 8", "which is mapped by `passes`", 5),
    Edit("tile sizes beside", "layer: c1", "layer: c1\n    rows: 2", "passes and tile sizes exclude", 6),
    Edit("a parameter missing", ", t: 2", "", "missing key 't'", 6),
    Edit("a parameter of nothing", "t: 2", "t: 0", "greater than or equal to 1"),
    Edit("an unknown parameter", "t: 2", "t: 2, u: 1", "unknown key 'u'"),
]


def case(folder: Path, text: str, edit: Edit) -> list[str]:
    trace, system = folder / "small.yaml", folder / "mine.yaml"
    trace.write_text(TRACE)
    system.write_text(text.replace(edit.old, edit.new, 1))
    return ["run", str(system), str(trace)]


def test_the_file_without_a_mistake_runs(
    command: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    for text in (ROW_STATIONARY, SYSTOLIC):
        code, _, err = command(*case(tmp_path, text, Edit("none", "mine", "mine")))
        assert code == 0, err


@pytest.mark.parametrize("edit", PASSES_EDITS, ids=ids(PASSES_EDITS))
def test_broken_passes(refused: Refused, tmp_path: Path, edit: Edit) -> None:
    check_edit(ROW_STATIONARY, edit, refused(*case(tmp_path, ROW_STATIONARY, edit)), "mine.yaml")


def test_passes_on_a_systolic_array(refused: Refused, tmp_path: Path) -> None:
    new = "passes: {m: 16, n: 1, e: 8, p: 8, q: 2, r: 1, t: 2}"
    edit = Edit("passes on a systolic array", "filters: 8", new, "is not mapped in passes: its array is not")
    check_edit(SYSTOLIC, edit, refused(*case(tmp_path, SYSTOLIC, edit)), "mine.yaml")
