"""The page of comparisons: current, complete, and a checker that can fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import make_validation
import pytest
from validation.rows import LARGE, Row, Section
from validation_page import page_text

ROOT = Path(__file__).resolve().parents[2]
GOOD = Section("a chip", "a paper [pub]", "as measured", (Row("latency", 2.0, 2.1, "ms"),))
LARGE_WITHOUT_REASON = replace(GOOD, rows=(Row("latency", 2.0, 2.5, "ms"),))


def test_the_page_is_what_the_sections_give() -> None:
    sections = make_validation.collected()
    assert make_validation.problems(sections) == []
    assert make_validation.check(sections) == 0


def test_sections_are_sorted_and_have_their_own_titles() -> None:
    titles = [section.title.casefold() for section in make_validation.collected()]
    assert titles == sorted(set(titles))


def test_every_module_of_a_reference_is_found() -> None:
    modules = {path.stem for path in (ROOT / "scripts" / "validation").glob("*.py")} - {"__init__", "rows"}
    with_sections = {
        name
        for name in modules
        if "def sections(" in (ROOT / "scripts" / "validation" / f"{name}.py").read_text(encoding="utf-8")
    }
    assert {"eyeriss", "nn_dataflow", "timeloop", "scalesim", "zigzag", "sram_macros"} <= with_sections


def test_a_large_difference_without_a_sentence_is_named() -> None:
    (problem,) = make_validation.problems([LARGE_WITHOUT_REASON])
    assert "a chip: latency" in problem
    assert "no sentence" in problem
    explained = replace(GOOD, rows=(Row("latency", 2.0, 2.5, "ms", "because"),))
    assert make_validation.problems([explained]) == []


@pytest.mark.parametrize(
    "broken", [replace(GOOD, rows=()), replace(GOOD, rows=(Row("x", float("nan"), 1, ""),))]
)
def test_empty_sections_and_figures_that_are_none_are_named(broken: Section) -> None:
    assert make_validation.problems([broken])


def test_a_stale_page_is_noticed(tmp_path: Path) -> None:
    page, figure = tmp_path / "page.md", tmp_path / "figure.png"
    page.write_text(page_text([GOOD]), encoding="utf-8")
    figure.write_bytes(b"")
    assert make_validation.check([GOOD], page, figure) == 0
    page.write_text(page_text([GOOD]).replace("2.1", "2.2"), encoding="utf-8")
    assert make_validation.check([GOOD], page, figure) == 1


def test_differences_are_relative_to_the_reference() -> None:
    assert Row("x", 4.0, 5.0, "").difference == pytest.approx(0.25)
    assert Row("x", 0.0, 0.0, "").difference == 0
    assert not Row("x", 1.0, 1.0 + LARGE / 2, "").needs_reason
