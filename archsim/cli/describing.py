"""The commands that tell what there is: list, show, validate and schema."""

from __future__ import annotations

from typing import Annotated

import typer

from archsim.cli.options import AsJson
from archsim.cli.output import BAD_INPUT, complain, print_tables, say
from archsim.errors import InputError


def list_kind(
    kind: Annotated[str, typer.Argument(help="configs, traces, memories, multipliers, parts, ...")],
) -> None:
    """List what there is of one kind."""
    from archsim.catalogue import catalogue

    print_tables([catalogue(kind)])


def show(
    thing: Annotated[str, typer.Argument(help="Architecture, network, kind of part, or DRAM part.")],
    as_json: AsJson = False,
) -> None:
    """Show an architecture as resolved, a network's layers, or the fields of a kind of part."""
    from archsim.catalogue import describe

    shown = describe(thing, as_json=as_json)
    if isinstance(shown, str):
        say(shown)
    else:
        print_tables([shown])


def validate(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Architectures and traces.")],
) -> None:
    """Check files; one line for each."""
    from archsim.catalogue import check_file

    bad = 0
    for file in files:
        try:
            say(f"{file}: ok, {check_file(file)}\n")
        except InputError as error:
            complain(str(error))
            bad += 1
    if bad:
        raise typer.Exit(BAD_INPUT)


def schema(
    document: Annotated[str, typer.Argument(metavar="[architecture|trace]")] = "architecture",
) -> None:
    """Print the JSON Schema of architecture or trace files, for editors."""
    from archsim.catalogue import schema_text

    say(schema_text(document))
