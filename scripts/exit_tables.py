"""Table of docs/models/exits.md: accuracy, energy and latency of a network with an exit by threshold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from doc_tables import Make, markdown

from archsim import Architecture, load_network
from archsim.inference import Question, measure
from archsim.results.exits import END, Distribution
from archsim.results.formatting import percent, quantity
from archsim.simulation.exits import simulate_paths, sweep
from archsim.workload.exits import Measure

NETWORK = "digits_exits"
ARCHITECTURES = ("von_neumann", "von_neumann_approximate")
IMAGES = 500
THRESHOLDS: Mapping[Measure, tuple[float, ...]] = {
    "min_probability": (1.0, 0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.0),
    "max_entropy": (0.025, 0.1, 0.3, 0.5, 1.0),
}
"""From nobody leaves to everybody leaves; no threshold is searched."""


def exit_thresholds() -> str:
    """Return one row per architecture and threshold."""
    header = ("architecture", "condition", "leave early", "top-1", "energy: mean, p95", "latency: mean, p95")
    return markdown(header, [row for name in ARCHITECTURES for row in _rows(name)])


def _rows(name: str) -> Iterator[tuple[str, ...]]:
    architecture, network = Architecture.load(name), load_network(NETWORK)
    record = measure(architecture, network, Question(IMAGES)).accuracy.exits
    paths = simulate_paths(architecture, network)
    for measured, thresholds in THRESHOLDS.items():
        for found in sweep(record, paths, measured, thresholds):
            yield (
                f"`{name}`",
                f"`{measured}: {found.threshold:g}`",
                f"{percent(1 - found.shares[END])} %",
                f"{percent(found.top1)} %",
                _spread(found.energy_j, "J"),
                _spread(found.latency_s, "s"),
            )


def _spread(figure: Distribution, unit: str) -> str:
    return f"{quantity(figure.mean, unit)}, {quantity(figure.p95, unit)}"


EXIT_TABLES: Mapping[str, Make[str]] = {"exit_thresholds": exit_thresholds}
