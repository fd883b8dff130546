"""Tables of docs/models/exits.md: what leaving early gives, by network and by threshold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from doc_tables import Make, markdown
from make_exits import Found, load

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


def exit_choices() -> str:
    """Return how the threshold of each network was chosen: top-1 of training images by threshold."""
    found = list(load().values())
    header = ["network", "images", *found[0].by_threshold, "at the end", "chosen"]
    rows = [
        [
            f"`{one.network}`",
            f"{one.judged:,}",
            *(_fine(top1) for top1 in one.by_threshold.values()),
            _fine(one.at_the_end),
            f"{one.threshold:g}",
        ]
        for one in found
    ]
    return markdown(header, rows)


def exit_networks() -> str:
    """Return what the chosen thresholds give on test images."""
    header = [
        "network",
        "test images",
        "leave",
        "top-1 (at the end)",
        "energy: mean, p95, end",
        "latency: mean, p95, end",
    ]
    return markdown(header, [_network_cells(one) for one in load().values()])


def _network_cells(one: Found) -> list[str]:
    leave = ", ".join(f"{name} {percent(share)} %" for name, share in one.shares.items())
    return [
        f"`{one.network}`",
        f"{one.images:,}",
        leave,
        f"{_fine(one.top1)} % ({_fine(one.top1_end)} %)",
        ", ".join(quantity(joules, "J") for joules in one.energy_j.values()),
        ", ".join(quantity(seconds, "s") for seconds in one.latency_s.values()),
    ]


def _fine(share: float) -> str:
    return f"{share * 100:.2f}"


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


EXIT_TABLES: Mapping[str, Make[str]] = {
    one.__name__: one for one in (exit_thresholds, exit_choices, exit_networks)
}
