"""The command that runs a request trace through a DRAM channel."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli.options import AsJson
from archsim.cli.output import print_tables, say

if TYPE_CHECKING:
    from archsim.hardware.dram_controller import DramController

Mapping = Annotated[
    str, typer.Option(metavar="M", help="Address mapping: robabgco, robacobg (bank group lowest) or xor.")
]
Page = Annotated[str, typer.Option(metavar="open|closed", help="What happens to a row after an access.")]
Refresh = Annotated[
    str,
    typer.Option(metavar="all_bank|per_bank|none", help="Refresh of whole ranks, of single banks, or none."),
]
Outstanding = Annotated[
    int, typer.Option(metavar="N", help="Most requests in flight; 0: as many as the queues hold.")
]
Ranks = Annotated[int, typer.Option(metavar="N", help="Ranks of the channel.")]
Queue = Annotated[int, typer.Option(metavar="N", help="Entries of the queues of reads and of writes.")]
PowerDown = Annotated[
    int, typer.Option("--power-down", metavar="CYCLES", help="Idle cycles before power-down; 0: never.")
]
SelfRefresh = Annotated[
    int, typer.Option("--self-refresh", metavar="CYCLES", help="Idle cycles before self-refresh; 0: never.")
]
Commands = Annotated[
    Path | None, typer.Option("--commands", metavar="FILE", help="Write every command there, as CSV.")
]


def dram(  # noqa: PLR0913 - one parameter per option of the command
    part: Annotated[str, typer.Argument(help="DRAM part (`archsim list parts`), or a YAML file with one.")],
    trace: Annotated[Path, typer.Argument(help="Requests, a line each: R|W address [earliest cycle].")],
    *,
    mapping: Mapping = "robabgco",
    outstanding: Outstanding = 0,
    page: Page = "open",
    refresh: Refresh = "all_bank",
    ranks: Ranks = 1,
    queue: Queue = 32,
    power_down: PowerDown = 0,
    self_refresh: SelfRefresh = 0,
    commands: Commands = None,
    as_json: AsJson = False,
) -> None:
    """Run a request trace through a DRAM channel and its controller: cycles, latencies, energy."""
    from archsim.hardware.dram_controller import ControllerOptions, DramController
    from archsim.hardware.dram_parts import read_dram_part

    name, found = read_dram_part(part)
    options = ControllerOptions(
        mapping=mapping,
        page=page,
        refresh=refresh,
        ranks=ranks,
        outstanding=outstanding,
        queue=queue,
        power_down_after=power_down,
        self_refresh_after=self_refresh,
    )
    controller = DramController(found, options)
    _run(controller, trace, commands)
    result = controller.result()
    if as_json:
        data = {"part": name, "mapping": mapping} | result.to_data()
        say(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
        return
    from archsim.visualization.dram_tables import dram_tables

    print_tables(dram_tables(f"{name}, {mapping}, {page} page: {trace.name}", result))


def _run(controller: DramController, trace: Path, commands: Path | None) -> None:
    """Serve the trace; an error in it leaves no file of commands."""
    from archsim.hardware.dram_log import command_file
    from archsim.hardware.dram_trace import read_requests

    requests = read_requests(trace, controller.mapping.capacity)
    ranks = controller.options.ranks
    with command_file(commands, controller.part, ranks) if commands else nullcontext() as write:
        controller.run(requests, write)
