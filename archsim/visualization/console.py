"""Tables as text: styled on a terminal, plain where the output is a file or a pipe."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from archsim.results.tables import GAP, Table

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 120
"""Columns of the text where there is no terminal."""


def render(tables: Sequence[Table], *, terminal: bool) -> str:
    """Return the tables as text, one below the other.

    Parameters
    ----------
    terminal
        Whether a terminal will show it: then with bold print and as wide as the terminal.
    """
    from rich.console import Console

    width = shutil.get_terminal_size((PIPED_WIDTH, 24)).columns if terminal else PIPED_WIDTH
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=width,
        force_terminal=terminal,
        force_jupyter=False,
        color_system="standard" if terminal else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for number, table in enumerate(tables):
        if number:
            console.print()
        _print(console, table.fit(width))
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def _print(console: Console, table: Table) -> None:
    widths = table.column_widths
    _print_line(console, table.title, "bold")
    _print_line(console, _line(table, [column.header for column in table.columns], widths), "dim")
    if any(column.unit for column in table.columns):
        _print_line(console, _line(table, [column.unit for column in table.columns], widths), "dim")
    for row in table.rows:
        _print_line(console, _line(table, row, widths), "")
    if table.footer:
        _print_line(console, _line(table, ["-" * width for width in widths], widths), "dim")
        _print_line(console, _line(table, table.footer, widths), "bold")
    if table.note:
        console.print(f"({table.note})", style="dim")


def _line(table: Table, cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return one row of cells, each padded to its column."""
    padded = (
        cell.rjust(width) if column.right else cell.ljust(width)
        for column, cell, width in zip(table.columns, cells, widths, strict=True)
    )
    return (" " * GAP).join(padded).rstrip()


def _print_line(console: Console, text: str, style: str) -> None:
    # Rows are already as wide as they may be: rich must not wrap them.
    console.print(text, style=style, soft_wrap=True)
