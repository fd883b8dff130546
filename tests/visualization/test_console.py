"""Printed tables."""

from __future__ import annotations

import re

import pytest

from archsim.results.comparison import compare
from archsim.results.tables import Column, Table, layer_table
from archsim.visualization.console import PIPED_WIDTH, render
from archsim.visualization.printing import comparison_tables, run_tables


def test_a_pipe_gets_plain_text_of_bounded_width(make_report, deep_report):
    for tables in (run_tables(deep_report), comparison_tables(compare([make_report(), make_report()]))):
        text = render(tables, terminal=False)
        assert "\x1b" not in text
        assert not re.search("[─-╿]", text)
        assert max(map(len, text.splitlines())) <= PIPED_WIDTH
        assert all(line == line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("columns", [50, 80, 100])
def test_a_terminal_gets_styles_and_no_wrapped_rows(deep_report, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    text = render([layer_table(deep_report)], terminal=True)
    assert "\x1b[1m" in text
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in text.splitlines()]
    rows = [line for line in plain if line.startswith("block")]
    assert len(rows) == len(deep_report.layers)
    assert max(map(len, plain)) <= columns


def test_a_notebook_gets_the_same_text(make_report, monkeypatch):
    import rich.console

    plain = render(run_tables(make_report()), terminal=False)
    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: True)
    assert render(run_tables(make_report()), terminal=False) == plain


def test_cells_stand_under_their_headers():
    table = Table(
        "t", (Column("name", right=False), Column("size", "MB")), (("a", "1"), ("long name", "100"))
    )
    assert render([table], terminal=False).splitlines() == [
        "t",
        "name       size",
        "             MB",
        "a             1",
        "long name   100",
    ]


def test_markup_in_names_is_printed_as_it_is():
    table = Table("[bold]t[/bold]", (Column("a"),), (("[red]:smile:",),))
    assert "[red]:smile:" in render([table], terminal=False)
    assert "[bold]t[/bold]" in render([table], terminal=True)
