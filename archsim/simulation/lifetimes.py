"""How long the results of layers lie in their memories in a run."""

from __future__ import annotations

from collections.abc import Iterable

from archsim.results.report import LayerRow, Report
from archsim.workload.network import INPUT, Network


def activation_lifetimes(report: Report, network: Network) -> dict[str, float]:
    """Return seconds from the start of the layer that writes a tensor to the end of its last reader.

    A layer without a row of its own (folded, a concatenation) begins with the layers that it reads and ends
    with those that read it. A result that nobody reads, and the images, count from the start of the run or to
    its end. All images of the batch are taken together: the longest that a tensor can lie there.
    """
    starts, ends = _spans(report.layers)
    for layer in network.layers:
        starts.setdefault(layer.name, min(starts.get(name, 0.0) for name in layer.inputs))
    for layer in reversed(network.layers):
        readers = network.consumers(layer.name)
        ends.setdefault(layer.name, max((ends[name] for name in readers), default=report.totals.latency_s))
    names = (INPUT, *(layer.name for layer in network.layers))
    return {
        name: max((ends[reader] for reader in network.consumers(name)), default=report.totals.latency_s)
        - starts.get(name, 0.0)
        for name in names
    }


def _spans(rows: Iterable[LayerRow]) -> tuple[dict[str, float], dict[str, float]]:
    starts: dict[str, float] = {}
    ends: dict[str, float] = {}
    for row in rows:
        starts[row.name] = min(starts.get(row.name, row.start_s), row.start_s)
        ends[row.name] = max(ends.get(row.name, row.end_s), row.end_s)
    return starts, ends
