"""The command that looks at multipliers alone: error, relative cost, product table, plots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli.options import AsJson, Seed
from archsim.cli.output import print_tables, say
from archsim.errors import InputError, expected_one_of

if TYPE_CHECKING:
    from archsim.arithmetic.multipliers.base import Multiplier

_PLOTS = (".png", ".svg", ".pdf")

Parameters = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a parameter, such as low=7. Repeatable."),
]
Sweeps = Annotated[
    list[str] | None,
    typer.Option(
        "--sweep",
        metavar="KEY=A:B",
        help="Look at a family: every value of a parameter, such as low=4:10 or low=4,7. Repeatable.",
    ),
]
TableFile = Annotated[
    Path | None, typer.Option("--table", metavar="FILE.npy", help="Write all products, int32 [a][b].")
]
PlotFile = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help="Draw the error of every pair, or energy against error with --sweep (png, svg, pdf).",
    ),
]


def multiplier(  # noqa: PLR0913 - one parameter per option of the command
    name: Annotated[str, typer.Argument(help="Kind of multiplier; `archsim list multipliers` names them.")],
    *,
    parameters: Parameters = None,
    sweep: Sweeps = None,
    table: TableFile = None,
    plot: PlotFile = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Show a multiplier's error metrics and its relative energy, delay and area, or those of a family."""
    from archsim.inputs import read_multiplier, read_multipliers, read_sweep

    _check_file(table, (".npy",))
    _check_file(plot, _PLOTS)
    if not sweep:
        _show_one(read_multiplier(name, parameters or ()), table, plot, seed=seed, as_json=as_json)
        return
    if table:
        raise InputError("--table writes the products of one multiplier, not of a sweep")
    sweeps = [read_sweep(text) for text in sweep]
    designs = read_multipliers(name, parameters or (), sweeps)
    _show_family(designs, [one.key for one in sweeps], plot, seed=seed, as_json=as_json)


def _show_one(design: Multiplier, table: Path | None, plot: Path | None, *, seed: int, as_json: bool) -> None:
    from archsim.arithmetic.multiplier_report import report_on
    from archsim.arithmetic.multipliers.base import TABLE_BITS
    from archsim.visualization.multiplier_tables import multiplier_table

    for option, wanted in (("--table", table), ("--plot", plot)):
        if wanted and design.bits > TABLE_BITS:
            raise InputError(f"{option} needs operands of at most {TABLE_BITS} bits, not {design.bits}")
    report = report_on(design, seed=seed)
    files = {}
    if table:
        from archsim.results.export import array_bytes

        files[table] = array_bytes(design.table())
    if plot:
        from archsim.visualization.error_figure import error_figure
        from archsim.visualization.style import figure_bytes

        files[plot] = figure_bytes(error_figure(report), _kind(plot))
    _write(files)
    if as_json:
        say(_json_text(report.to_data()))
    else:
        print_tables([multiplier_table(report)])


def _show_family(
    designs: Sequence[Multiplier], keys: Sequence[str], plot: Path | None, *, seed: int, as_json: bool
) -> None:
    from archsim.arithmetic.multiplier_report import pareto_front, report_on
    from archsim.visualization.multiplier_tables import family_table

    reports = [report_on(design, seed=seed) for design in designs]
    if plot:
        from archsim.visualization.style import figure_bytes
        from archsim.visualization.trade_off import trade_off

        _write({plot: figure_bytes(trade_off(reports, keys), _kind(plot))})
    if as_json:
        front = set(pareto_front(reports))
        say(_json_text([one.to_data() | {"pareto": i in front} for i, one in enumerate(reports)]))
    else:
        print_tables([family_table(reports, keys)])


def _check_file(path: Path | None, suffixes: Sequence[str]) -> None:
    """Refuse a file of another sort or in a directory that cannot be written, before anything is computed."""
    from archsim.results.export import check_directory

    if path is None:
        return
    if path.suffix.lower() not in suffixes:
        raise InputError(f"cannot write '{path}': {expected_one_of(suffixes)} at the end of the name")
    check_directory(path.parent)


def _kind(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")


def _write(files: Mapping[Path, bytes]) -> None:
    from archsim.results.export import write_files

    for path in files:
        if path.is_dir():
            raise InputError(f"cannot write '{path}': it is a directory")
    for path, data in files.items():
        write_files(path.parent, {path.name: data})


def _json_text(data: object) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
