"""The files that accompany a run and a comparison, in memory: reports, timeline, figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from archsim.results.comparison import Comparison
from archsim.results.export import comparison_files, run_files
from archsim.results.report import Report
from archsim.results.timeline import Timeline, timeline_bytes
from archsim.visualization.accuracy import accuracy_by_layer
from archsim.visualization.energy import energy_by_layer, energy_comparison
from archsim.visualization.exits import exit_distributions
from archsim.visualization.latency import latency_by_layer
from archsim.visualization.roofline import roofline
from archsim.visualization.roofs import roofs_of
from archsim.visualization.style import colour_map, figure_bytes

if TYPE_CHECKING:
    from archsim.hardware.architecture import Architecture
    from archsim.workload.network import Network

Provenance = Mapping[str, object]


def run_artifacts(
    report: Report,
    architecture: Architecture,
    network: Network,
    timeline: Timeline,
    provenance: Provenance,
) -> dict[str, bytes]:
    """Return all files of a run by name: report, tables, timeline, configuration, provenance and figures."""
    figures = {
        "energy_by_layer.png": energy_by_layer(report),
        "latency_by_layer.png": latency_by_layer(report),
        "roofline.png": roofline(report, roofs_of(report, architecture)),
    }
    if report.accuracy is not None:
        figures["accuracy_by_layer.png"] = accuracy_by_layer(report, network)
    if report.exits is not None:
        figures["exits.png"] = exit_distributions(report)
    files = _data_files(report, architecture, timeline, provenance)
    return files | {name: figure_bytes(figure) for name, figure in figures.items()}


def comparison_artifacts(
    comparison: Comparison,
    architectures: Sequence[Architecture],
    timelines: Sequence[Timeline],
    provenances: Sequence[Provenance],
) -> dict[str, bytes]:
    """Return all files of a comparison; those of each run lie in a folder of the architecture's name.

    Components have the same colours in all figures.
    """
    colours = colour_map(comparison.reports)
    files = comparison_files(comparison)
    files["energy_comparison.png"] = figure_bytes(energy_comparison(comparison.reports, colours))
    folders = _folders([report.architecture for report in comparison.reports])
    runs = zip(folders, comparison.reports, architectures, timelines, provenances, strict=True)
    for folder, report, architecture, timeline, provenance in runs:
        own = _data_files(report, architecture, timeline, provenance)
        own["energy_by_layer.png"] = figure_bytes(energy_by_layer(report, colours))
        files |= {f"{folder}/{name}": data for name, data in own.items()}
    return files


def _data_files(
    report: Report, architecture: Architecture, timeline: Timeline, provenance: Provenance
) -> dict[str, bytes]:
    trace = timeline_bytes(timeline, f"{report.network} on {report.architecture}")
    files = run_files(report, architecture.resolved_yaml(), provenance)
    return files | {"timeline.json.gz": trace}


def _folders(names: Sequence[str]) -> list[str]:
    """Return a different, harmless folder name for each architecture."""
    folders: list[str] = []
    for name in names:
        plain = re.sub(r"[^\w.-]+", "_", name).strip(".") or "architecture"
        taken = [folder for folder in folders if folder.casefold() == plain.casefold()]
        folders.append(f"{plain}_{len(folders) + 1}" if taken else plain)
    return folders
