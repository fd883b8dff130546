"""The page of comparisons: current, complete, and a checker that can fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import make_validation
import pytest
from validation.rows import LARGE, Row, Section
from validation_page import page_text, percent, reference_figure

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


def test_every_large_difference_has_its_sentence_on_the_page() -> None:
    written = make_validation.PAGE.read_text(encoding="utf-8")
    for section in make_validation.collected():
        for row in section.rows:
            if abs(row.difference) > LARGE:
                assert " ".join(row.why.split()).rstrip(".") in written, f"{section.title}: {row.quantity}"


def test_a_missing_sentence_fails_in_every_mode(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_validation, "collected", lambda: (LARGE_WITHOUT_REASON,))
    for arguments in ([], ["--check"], ["--json"]):
        assert make_validation.main(arguments) == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert "a chip: latency" in told.err


def test_a_page_written_twice_has_the_same_bytes(tmp_path: Path) -> None:
    paths = tmp_path / "page.md", tmp_path / "figures" / "page.png"
    assert make_validation.write([GOOD], *paths) == 0
    first = paths[0].read_bytes()
    assert make_validation.write([GOOD], *paths) == 0
    assert paths[0].read_bytes() == first
    assert make_validation.check([GOOD], *paths) == 0
    paths[1].unlink()
    assert make_validation.check([GOOD], *paths) == 1


def test_a_section_as_it_is_written() -> None:
    explained = Row("energy", 100.0, 111.0, "pJ", "It is made up")
    text = page_text([replace(GOOD, rows=(*GOOD.rows, explained))])
    assert "| latency | ms | 2 | 2.100 | +5.0 % |  |" in text
    assert "| energy | pJ | 100 | 111 | **+11.0 %** | 1 |" in text
    assert "\n1. It is made up.\n" in text
    assert "| [a chip](#a-chip) | validation | 2 | 1 | 8.0 % | +11.0 % | energy |" in text


def test_rows_as_json() -> None:
    (section,) = json.loads(make_validation.as_json([GOOD]))
    assert section["basis"] == "validation"
    assert section["rows"][0]["difference"] == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (16.77, "16.77"),
        (2.270, "2.27"),
        (0.0029, "0.0029"),
        (112283, "112,283"),
        (1.87143638066e9, "1,871,436,381"),
    ],
)
def test_references_keep_their_digits(value: float, text: str) -> None:
    assert reference_figure(value) == text


@pytest.mark.parametrize(
    ("difference", "text"),
    [
        (0, "0.0 %"),
        (-1e-9, "0.0 %"),
        (0.1234, "+12.3 %"),
        (-0.056, "-5.6 %"),
        (3.974, "+397 %"),
        (12.5, "+1,250 %"),
    ],
)
def test_percents(difference: float, text: str) -> None:
    assert percent(difference) == text
