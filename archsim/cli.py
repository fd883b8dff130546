"""The command line: parse arguments, call one function, print. Heavy imports stand inside the commands."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from archsim.errors import ArchsimError, InputError, nearest

if TYPE_CHECKING:
    from archsim.hardware.architecture import Architecture
    from archsim.results.report import Report
    from archsim.results.tables import Table
    from archsim.results.timeline import Timeline
    from archsim.workload import Network

_FAILED, _BAD_INPUT, _INTERRUPTED, _BROKEN_PIPE = 1, 2, 130, 141

app = typer.Typer(
    name="archsim",
    help="Simulate neural networks on systems on chip: how many cycles and joules, and where they go.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Inputs = Annotated[list[str], typer.Argument(metavar="ARCH ARCH... TRACE", help="Files or shipped names.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a value, such as compute.npu.rows=64. Repeatable."
    ),
]
Tiles = Annotated[str | None, typer.Option(metavar="FILE", help="Mapping rules (YAML) that go first.")]
Batch = Annotated[int, typer.Option("--batch", "-b", min=1, help="Images.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write report and figures there.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def main() -> NoReturn:
    """Run the command line. Every error is one line on standard error and an exit code."""
    gc.set_threshold(200_000, 50, 50)  # many objects, hardly any garbage: looking less often saves time
    try:
        code = app(prog_name="archsim", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(_INTERRUPTED)
    except ArchsimError as error:
        _fail(str(error), error.exit_code)
    except _usage_error() as error:
        _fail(_usage_text(error), _BAD_INPUT)
    sys.exit(code or 0)


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from archsim import __version__

        _say(f"archsim {__version__}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        _say(context.get_help() + "\n")
        raise typer.Exit


@app.command()
def run(  # noqa: PLR0913 - one parameter per option of the command
    arch: Annotated[str, typer.Argument(help="Architecture: file or shipped name.")],
    trace: Annotated[str, typer.Argument(help="Network: file or shipped name.")],
    *,
    batch: Batch = 1,
    overrides: Overrides = None,
    tiles: Tiles = None,
    seed: Seed = 0,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Simulate one architecture on one network."""
    from archsim.inputs import read_architecture, read_network
    from archsim.results.timeline import Timeline

    architecture, files = read_architecture(arch, overrides or (), tiles)
    network, more = read_network(trace)
    _check_output(out)
    timeline = Timeline()
    report = _simulate(architecture, network, (batch, seed), timeline if out else None)
    if out:
        from archsim.results.export import write_files
        from archsim.visualization.artifacts import run_artifacts

        write_files(out, run_artifacts(report, architecture, timeline, _provenance([*files, *more])))
    if as_json:
        _say(report.to_json())
    else:
        from archsim.visualization.printing import run_tables

        _print(run_tables(report))


@app.command()
def compare(  # noqa: PLR0913 - one parameter per option of the command
    inputs: Inputs,
    *,
    batch: Batch = 1,
    overrides: Overrides = None,
    seed: Seed = 0,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Simulate several architectures on one network, with ratios to the first."""
    from archsim.inputs import read_architecture, read_network
    from archsim.results.comparison import compare as compare_reports
    from archsim.results.timeline import Timeline

    if len(inputs) < 3:
        raise InputError("compare needs two or more architectures and then a network")
    architectures = [read_architecture(name, overrides or ()) for name in inputs[:-1]]
    network, more = read_network(inputs[-1])
    _check_output(out)
    timelines = [Timeline() for _ in architectures]
    comparison = compare_reports(
        [
            _simulate(architecture, network, (batch, seed), trace if out else None)
            for (architecture, _), trace in zip(architectures, timelines, strict=True)
        ]
    )
    if out:
        from archsim.results.export import write_files
        from archsim.visualization.artifacts import comparison_artifacts

        origins = [_provenance([*files, *more]) for _, files in architectures]
        write_files(
            out, comparison_artifacts(comparison, [one for one, _ in architectures], timelines, origins)
        )
    if as_json:
        _say(comparison.to_json())
    else:
        from archsim.visualization.printing import comparison_tables

        _print(comparison_tables(comparison))


@app.command("list")
def list_kind(
    kind: Annotated[str, typer.Argument(help="configs, traces, memories, multipliers, parts, ...")],
) -> None:
    """List what there is of one kind."""
    from archsim.catalogue import catalogue

    _print([catalogue(kind)])


@app.command()
def show(
    thing: Annotated[str, typer.Argument(help="Architecture, network, kind of part, or DRAM part.")],
    as_json: AsJson = False,
) -> None:
    """Show an architecture as resolved, a network's layers, or the fields of a kind of part."""
    from archsim.catalogue import describe

    shown = describe(thing, as_json=as_json)
    if isinstance(shown, str):
        _say(shown)
    else:
        _print([shown])


@app.command()
def validate(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Architectures and traces.")],
) -> None:
    """Check files; one line for each."""
    from archsim.catalogue import check_file

    bad = 0
    for file in files:
        try:
            _say(f"{file}: ok, {check_file(file)}\n")
        except InputError as error:
            _complain(str(error))
            bad += 1
    if bad:
        raise typer.Exit(_BAD_INPUT)


@app.command()
def schema(
    document: Annotated[str, typer.Argument(metavar="[architecture|trace]")] = "architecture",
) -> None:
    """Print the JSON Schema of architecture or trace files, for editors."""
    from archsim.catalogue import schema_text

    _say(schema_text(document))


def _simulate(
    architecture: Architecture, network: Network, images_and_seed: tuple[int, int], timeline: Timeline | None
) -> Report:
    from archsim.simulation import simulate

    with _progress(f"{network.name} on {architecture.name}") as progress:
        report = simulate(architecture, network, *images_and_seed, progress=progress, trace=timeline)
    if timeline is not None and timeline.note:
        _complain(f"timeline of {architecture.name}: {timeline.note}", "note")
    return report


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int, str], None] | None]:
    """Yield a function that moves a bar on standard error, None where that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of, text: bar.update(task, completed=done, total=of, description=f"{what}: {text}")


def _check_output(out: Path | None) -> None:
    if out is not None:
        from archsim.results.export import check_directory

        check_directory(out)


def _provenance(files: Sequence[Path]) -> dict[str, object]:
    from archsim import __version__
    from archsim.results.provenance import provenance

    return provenance(__version__, sys.argv[1:], files)


def _print(tables: Sequence[Table]) -> None:
    from archsim.visualization.console import render

    _say(render(tables, terminal=sys.stdout.isatty()))


def _say(text: str) -> None:
    """Write to standard output; a reader who has left ends the program without a word."""
    try:
        # A terminal that cannot show a character still gets the rest.
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_BROKEN_PIPE)
    except OSError as error:
        _fail(f"cannot write the output: {error.strerror}", _FAILED)


def _complain(text: str, kind: str = "error") -> None:
    print(f"{kind}: {' '.join(text.split())}", file=sys.stderr)


def _fail(text: str, code: int) -> NoReturn:
    _complain(text)
    sys.exit(code)


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
