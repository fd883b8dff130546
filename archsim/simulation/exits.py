"""Networks with exits: what each way through the network takes, and how often images take it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.inference.exits import Answers, ExitRecord
from archsim.mapping.mapper import map_network
from archsim.results.exits import END, Distribution, ExitsRow, PathRow
from archsim.results.report import Report
from archsim.simulation.engine import Progress
from archsim.simulation.run import execute
from archsim.workload.exits import ExitCondition, Measure
from archsim.workload.network import Network


def simulate_paths(
    architecture: Architecture, network: Network, seed: int = 0, *, progress: Progress | None = None
) -> dict[str, Report]:
    """Return the report of one image for each way through a network: by exit with a condition, then `(end)`.

    Nothing but the exit depends on the data, so images that leave at the same exit have equal reports. The
    whole network is mapped once; an image that leaves early executes the parts of its layers as they are.

    Raises
    ------
    InputError
        If the network cannot be mapped onto the architecture.
    DeadlockError, InvariantError
        As `simulate`.
    """
    schedule = map_network(network, architecture)
    ways = {name: network.path(name) for name, _ in network.exit_conditions} | {END: network.layers}
    return {
        name: execute(
            architecture,
            network,
            schedule.restricted_to({layer.name for layer in layers}),
            (1, seed),
            progress=progress,
        )
        for name, layers in ways.items()
    }


def with_exits(report: Report, network: Network, record: ExitRecord, paths: Mapping[str, Report]) -> Report:
    """Return the report with who left where, and the distribution of latency and energy over the images.

    Parameters
    ----------
    report
        Of the same network and architecture; its totals and layers stay those of an inference to the end.
    record
        What exits and end said of the images.
    paths
        By `simulate_paths`.
    """
    rows = _rows(network, record, paths)
    counts = [row.images for row in rows]
    given = record.units.given(dict(network.exit_conditions))
    exits = ExitsRow(
        images=len(record.labels),
        top1=float(np.mean(given == record.labels)),
        paths=rows,
        latency_s=Distribution.of([row.latency_s for row in rows], counts),
        energy_j=Distribution.of([row.energy_j for row in rows], counts),
    )
    return report.model_copy(update={"exits": exits})


def _rows(network: Network, record: ExitRecord, paths: Mapping[str, Report]) -> tuple[PathRow, ...]:
    conditions = dict(network.exit_conditions)
    ways = (record.units, record.exact, record.real)
    leaving, exact, real = (answers.leaving(conditions) for answers in ways)
    rows = []
    for name, cost in paths.items():
        position = _position(record.units, name)
        right = record.units.classes[position] == record.labels
        here = leaving == position
        condition = conditions.get(name)
        rows.append(
            PathRow(
                exit=name,
                measure=condition and condition.measure,
                threshold=condition and condition.threshold,
                images=int(np.count_nonzero(here)),
                share=float(np.mean(here)),
                share_exact=float(np.mean(exact == position)),
                share_float=float(np.mean(real == position)),
                top1=float(np.mean(right[here])) if here.any() else None,
                top1_of_all=float(np.mean(right)),
                latency_s=cost.totals.latency_s,
                energy_j=cost.totals.energy_j,
                macs=cost.totals.macs,
            )
        )
    return tuple(rows)


def _position(answers: Answers, name: str) -> int:
    return answers.names.index(name) if name != END else len(answers.names) - 1


@dataclass(frozen=True, slots=True)
class Setting:
    """What one threshold at all exits gives.

    Attributes
    ----------
    threshold
        Probability or entropy in nats.
    shares
        Fraction of the images by exit, and `(end)`.
    top1
        Share of images that are right where they leave.
    latency_s, energy_j
        Over the images.
    """

    threshold: float
    shares: Mapping[str, float]
    top1: float
    latency_s: Distribution
    energy_j: Distribution


def sweep(
    record: ExitRecord, paths: Mapping[str, Report], measure: Measure, thresholds: Iterable[float]
) -> tuple[Setting, ...]:
    """Return accuracy, latency and energy against the threshold, without another inference or simulation.

    Parameters
    ----------
    record
        What exits and end said of the images (`Accuracy.exits`).
    paths
        By `simulate_paths`; the threshold holds for all of its exits.
    measure
        What the thresholds bound.

    Raises
    ------
    InputError
        If a threshold is none for this measure, or an exit is not in the record.
    """
    exits = [name for name in paths if name != END]
    for name in exits:
        if name not in record.units.names:
            raise InputError(f"nothing was recorded of exit {name!r}")
    return tuple(
        _setting(record, paths, {name: ExitCondition(measure, threshold) for name in exits}, threshold)
        for threshold in thresholds
    )


def _setting(
    record: ExitRecord, paths: Mapping[str, Report], conditions: Mapping[str, ExitCondition], threshold: float
) -> Setting:
    leaving = record.units.leaving(conditions)
    counts = [int(np.count_nonzero(leaving == _position(record.units, name))) for name in paths]
    costs = [report.totals for report in paths.values()]
    return Setting(
        threshold=threshold,
        shares={name: count / len(leaving) for name, count in zip(paths, counts, strict=True)},
        top1=float(np.mean(record.units.given(conditions) == record.labels)),
        latency_s=Distribution.of([cost.latency_s for cost in costs], counts),
        energy_j=Distribution.of([cost.energy_j for cost in costs], counts),
    )
