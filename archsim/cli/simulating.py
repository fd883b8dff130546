"""The commands that simulate: run and compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli.options import (
    AsJson,
    Batch,
    DataFolder,
    DatasetName,
    ExitThreshold,
    Images,
    Inputs,
    Out,
    Overrides,
    Seed,
    Sensitivity,
    Tiles,
)
from archsim.cli.output import check_output, complain, print_tables, progress, provenance_of, say
from archsim.errors import InputError

if TYPE_CHECKING:
    from archsim.hardware.architecture import Architecture
    from archsim.inference.measuring import Question
    from archsim.results.report import Report
    from archsim.results.timeline import Timeline
    from archsim.workload import Network


def run(  # noqa: PLR0913 - one parameter per option of the command
    arch: Annotated[str, typer.Argument(help="Architecture: file or shipped name.")],
    trace: Annotated[str, typer.Argument(help="Network: file or shipped name.")],
    *,
    batch: Batch = 1,
    overrides: Overrides = None,
    tiles: Tiles = None,
    seed: Seed = 0,
    images: Images = None,
    dataset: DatasetName = None,
    data: DataFolder = None,
    sensitivity: Sensitivity = False,
    exit_threshold: ExitThreshold = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Simulate one architecture on one network; with --images, measure its accuracy too."""
    from archsim.inputs import read_architecture, read_network
    from archsim.results.timeline import Timeline

    architecture, files = read_architecture(arch, overrides or (), tiles)
    network, more = read_network(trace)
    check_output(out)
    if images is None:
        options = {"dataset": dataset, "data": data, "sensitivity": sensitivity or None}
        _refuse_without_images(options | {"exit-threshold": exit_threshold})
    if exit_threshold is not None:
        network = _with_threshold(network, exit_threshold)
    _note_exits(network)
    if images is not None and network.exit_conditions and batch > 1:
        raise InputError("images leave a network with exits one by one: --images goes with --batch 1")
    timeline = Timeline()
    report = _simulate(architecture, network, (batch, seed), timeline if out else None)
    if images is not None:
        asked = _asked(images, dataset, data, sensitivity)
        report = _with_accuracy(report, architecture, network, asked)
    if out:
        from archsim.results.export import write_files
        from archsim.visualization.artifacts import run_artifacts

        origins = provenance_of([*files, *more])
        write_files(out, run_artifacts(report, architecture, network, timeline, origins))
    if as_json:
        say(report.to_json())
    else:
        from archsim.visualization.printing import run_tables

        print_tables(run_tables(report))


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
    check_output(out)
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

        origins = [provenance_of([*files, *more]) for _, files in architectures]
        write_files(
            out, comparison_artifacts(comparison, [one for one, _ in architectures], timelines, origins)
        )
    if as_json:
        say(comparison.to_json())
    else:
        from archsim.visualization.printing import comparison_tables

        print_tables(comparison_tables(comparison))


def _refuse_without_images(options: Mapping[str, object]) -> None:
    given = [f"--{name}" for name, value in options.items() if value is not None]
    if given:
        verb = "goes" if len(given) == 1 else "go"
        raise InputError(f"{' and '.join(given)} {verb} with --images N")


def _asked(images: int, dataset: str | None, data: Path | None, sensitivity: bool) -> Question:
    from archsim.inference.measuring import Question

    return Question(images, dataset, data, layer_by_layer=sensitivity)


def _with_accuracy(report: Report, architecture: Architecture, network: Network, asked: Question) -> Report:
    from archsim.inference.measuring import measure
    from archsim.simulation.accuracy import with_accuracy
    from archsim.simulation.lifetimes import activation_lifetimes

    asked = replace(asked, batch=report.batch, lifetimes=activation_lifetimes(report, network))
    with progress(f"accuracy of {network.name} on {architecture.name}") as tell:
        told = None if tell is None else lambda done, of: tell(done, of, "images")
        answer = measure(architecture, network, asked, report.seed, told)
    for remark in answer.remarks:
        complain(remark, "note")
    measured = with_accuracy(report, answer)
    if not network.exit_conditions:
        return measured
    from archsim.simulation.exits import simulate_paths, with_exits

    with progress(f"exits of {network.name} on {architecture.name}") as tell:
        paths = simulate_paths(architecture, network, report.seed, progress=tell)
    return with_exits(measured, network, answer.accuracy.exits, paths)


def _note_exits(network: Network) -> None:
    """Say so where no image can leave at an exit."""
    conditions = dict(network.exit_conditions)
    open_ones = [name for name in network.exits if name not in conditions and name != network.end]
    if open_ones:
        count = "1 exit" if len(open_ones) == 1 else f"{len(open_ones)} exits"
        complain(f"{count} without a condition, no image leaves there: --exit-threshold T", "note")


def _with_threshold(network: Network, threshold: float) -> Network:
    from archsim.workload import with_threshold

    try:
        return with_threshold(network, threshold)
    except InputError as error:
        raise InputError(f"--exit-threshold: {error.message}", suggestion=error.suggestion) from None


def _simulate(
    architecture: Architecture, network: Network, images_and_seed: tuple[int, int], timeline: Timeline | None
) -> Report:
    from archsim.simulation import simulate

    with progress(f"{network.name} on {architecture.name}") as tell:
        report = simulate(architecture, network, *images_and_seed, progress=tell, trace=timeline)
    if timeline is not None and timeline.note:
        complain(f"timeline of {architecture.name}: {timeline.note}", "note")
    return report
