"""Tables as text: styled on a terminal, plain where the output is a file or a pipe."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

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
    from rich.table import Table as RichTable

    console.print(table.title, style="bold", soft_wrap=True)
    grid = RichTable(
        box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim", collapse_padding=True
    )
    two_lines = any(column.unit for column in table.columns)
    for column, width in zip(table.columns, table.column_widths, strict=True):
        header = f"{column.header}\n{column.unit}" if two_lines else column.header
        justify: Literal["left", "right"] = "right" if column.right else "left"
        grid.add_column(header, justify=justify, no_wrap=True, min_width=width)
    for row in table.rows:
        grid.add_row(*row)
    if table.footer:
        grid.add_row(*("-" * width for width in table.column_widths), style="dim")
        grid.add_row(*table.footer, style="bold")
    console.print(grid, soft_wrap=False, crop=False, no_wrap=True, overflow="ignore")
    if table.note:
        console.print(f"({table.note})", style="dim", soft_wrap=False)
