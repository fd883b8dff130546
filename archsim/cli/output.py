"""What commands say and write: tables and results on standard output, all else on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from archsim.results.tables import Table

FAILED: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
"""Exit codes."""


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int, str], None] | None]:
    """Yield a function that moves a bar on standard error, None where that is no terminal.

    It takes what is done, of how much, and of what; the bar shows the time left, and images per second.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:-1], TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, rate="")

        def tell(done: int, of: int, text: str) -> None:
            bar.update(task, completed=done, total=of, description=f"{what}: {text}")
            speed = bar.tasks[0].speed
            # What is simulated is told layer by layer, by name: only things counted have a rate.
            bar.update(task, rate=f"{speed:,.0f} {text}/s" if speed and text == "images" else "")

        yield tell


def check_output(out: Path | None) -> None:
    """Refuse a directory that cannot be written, before anything is computed."""
    if out is not None:
        from archsim.results.export import check_directory

        check_directory(out)


def provenance_of(files: Sequence[Path]) -> dict[str, object]:
    """Return where a run came from: the command line, the versions, and the files that were read."""
    from archsim import __version__
    from archsim.results.provenance import provenance

    return provenance(__version__, sys.argv[1:], files)


def print_tables(tables: Sequence[Table]) -> None:
    """Print tables, as wide as the terminal where there is one."""
    from archsim.visualization.console import render

    say(render(tables, terminal=sys.stdout.isatty()))


def say(text: str) -> None:
    """Write to standard output; a reader who has left ends the program without a word."""
    try:
        # A terminal that cannot show a character still gets the rest.
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except OSError as error:
        fail(f"cannot write the output: {error.strerror}", FAILED)


def complain(text: str, kind: str = "error") -> None:
    """Write one line to standard error."""
    print(f"{kind}: {' '.join(text.split())}", file=sys.stderr)


def fail(text: str, code: int) -> NoReturn:
    """Write one line to standard error and end the program."""
    complain(text)
    sys.exit(code)
