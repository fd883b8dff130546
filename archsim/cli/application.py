"""The program: its commands, and how every error becomes one line and an exit code."""

from __future__ import annotations

import gc
import sys
from typing import Annotated, Any, NoReturn

import typer

from archsim.cli.describing import list_kind, schema, show, validate
from archsim.cli.dram import dram
from archsim.cli.multiplier import multiplier
from archsim.cli.output import BAD_INPUT, INTERRUPTED, fail, say
from archsim.cli.simulating import compare, run
from archsim.errors import ArchsimError, nearest

app = typer.Typer(
    name="archsim",
    help="Simulate neural networks on systems on chip: how many cycles and joules, and where they go.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> NoReturn:
    """Run the command line. Every error is one line on standard error and an exit code."""
    gc.set_threshold(200_000, 50, 50)  # many objects, hardly any garbage: looking less often saves time
    try:
        code = app(prog_name="archsim", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted", INTERRUPTED)
    except ArchsimError as error:
        fail(str(error), error.exit_code)
    except _usage_error() as error:
        fail(_usage_text(error), BAD_INPUT)
    if code == INTERRUPTED:  # what newer versions of typer make of an interrupt
        fail("interrupted", INTERRUPTED)
    sys.exit(code or 0)


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from archsim import __version__

        say(f"archsim {__version__}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        say(context.get_help() + "\n")
        raise typer.Exit


app.command()(run)
app.command()(compare)
app.command()(multiplier)
app.command()(dram)
app.command("list")(list_kind)
app.command()(show)
app.command()(validate)
app.command()(schema)


def _usage_error() -> type[Exception]:
    """Return click's error for wrong arguments; typer has a click of its own in newer versions."""
    usage = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "UsageError")
    return usage if issubclass(usage, Exception) else typer.BadParameter


def _usage_text(error: Any) -> str:
    """Return a usage error as one line, with the nearest option and the command to ask for help."""
    context, option = getattr(error, "ctx", None), getattr(error, "option_name", None)
    unknown = hasattr(error, "possibilities")
    # Newer versions of typer add suggestions of their own, others none.
    said = str(error.message if unknown else error.format_message())
    text = said.partition(". Did you mean")[0].rstrip(".")
    if context is None:
        return text
    choices = [name for parameter in context.command.params for name in parameter.opts]
    if text.startswith("No such command"):
        option, unknown, choices = text.split("'")[1], True, list(context.command.commands)
    close = nearest(option, choices) if unknown and option else None
    hint = f"; did you mean '{close}'?" if close else ""
    return f"{context.command_path}: {text}{hint} (see {context.command_path} --help)"
