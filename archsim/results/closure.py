"""Sums that must agree: components = layers = actions = totals, or the report is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import fsum, isclose

from archsim.errors import InvariantError
from archsim.results.report import ActionRow, LayerRow, Report, throughput_gops

RELATIVE_TOLERANCE = 1e-12
"""Sums of floating-point joules may differ by this much; counts may not differ at all."""

Claim = tuple[str, float, str, float]
"""Two named figures that must be equal: name and value, name and value."""


def check_closure(report: Report) -> None:
    """Check that all sums of a report agree.

    Raises
    ------
    InvariantError
        If two sums differ: integers at all, joules by more than rel 1e-12. All of them are named.
    """
    errors = closure_errors(report)
    if errors:
        raise InvariantError("; ".join(errors))


def closure_errors(report: Report) -> list[str]:
    """Return one sentence for each pair of sums that disagree; none for a sound report."""
    return [
        f"{first} ({a!r}) differs from {second} ({b!r})"
        for first, a, second, b in _claims(report)
        if not _agree(a, b)
    ]


def _agree(a: float, b: float) -> bool:
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    return isclose(a, b, rel_tol=RELATIVE_TOLERANCE, abs_tol=0.0)


def _claims(report: Report) -> Iterator[Claim]:
    yield from _total_claims(report)
    yield from _component_claims(report)
    for action in (*report.actions, *report.setup.actions):
        yield _action_claim(action)
    for layer in report.layers:
        yield from _layer_claims(layer)
    if report.setup.actions:
        yield "setup.energy_j", report.setup.energy_j, "its actions", _energy(report.setup.actions)


def _total_claims(report: Report) -> Iterator[Claim]:
    totals, layers = report.totals, report.layers
    total = "totals.energy_j"
    yield total, totals.energy_j, "the components", fsum(report.energy_by_component_j.values())
    yield total, totals.energy_j, "the layers", fsum(layer.energy_j for layer in layers)
    yield total, totals.energy_j, "the actions", _energy(report.actions)
    yield total, totals.energy_j, "dynamic + leakage", totals.dynamic_energy_j + totals.leakage_energy_j
    dynamic = fsum(layer.dynamic_energy_j for layer in layers)
    yield "totals.dynamic_energy_j", totals.dynamic_energy_j, "the layers", dynamic
    static = fsum(report.static_energy_j.values())
    yield "totals.leakage_energy_j", totals.leakage_energy_j, "the static actions", static
    yield "totals.macs", totals.macs, "the layers", sum(layer.macs for layer in layers)
    power_time = totals.average_power_w * totals.latency_s
    if totals.latency_s:
        yield "average power x latency", power_time, total, totals.energy_j
    yield "totals.edp_js", totals.edp_js, "energy x latency", totals.energy_j * totals.latency_s
    speed = throughput_gops(totals.macs, totals.latency_s)
    yield "totals.throughput_gops", totals.throughput_gops, "2 x MACs / latency", speed


def _component_claims(report: Report) -> Iterator[Claim]:
    """Each component's energy three ways; a name that stands in one list only counts as 0 in the others."""
    names = set(report.energy_by_component_j) | {action.component for action in report.actions}
    for layer in report.layers:
        names |= set(layer.energy_by_component_j)
    for name in sorted(names):
        energy = report.energy_by_component_j.get(name, 0.0)
        label = f"energy_by_component_j.{name}"
        by_layer = fsum(layer.energy_by_component_j.get(name, 0.0) for layer in report.layers)
        yield label, energy, "the layers", by_layer
        yield (
            label,
            energy,
            "its actions",
            _energy(action for action in report.actions if action.component == name),
        )


def _action_claim(action: ActionRow) -> Claim:
    product = action.count * action.energy_per_action_j
    return (
        f"energy of {action.component}.{action.action}",
        action.energy_j,
        "count x energy per action",
        product,
    )


def _layer_claims(layer: LayerRow) -> Iterator[Claim]:
    label = f"layer {layer.name!r}"
    components = fsum(layer.energy_by_component_j.values())
    yield f"{label} energy_j", layer.energy_j, "its components", components
    yield f"{label} cycles", layer.cycles, "compute + stall", layer.compute_cycles + layer.stall_cycles
    if layer.latency_s:
        power_time = layer.average_power_w * layer.latency_s
        yield f"{label} average power x latency", power_time, "its energy", layer.energy_j
    for memory, traffic in layer.traffic.items():
        moved = layer.bytes[memory].total if memory in layer.bytes else 0
        yield f"{label} {memory} bytes", moved, "compulsory + refetch + spill", traffic.total


def _energy(actions: Iterable[ActionRow]) -> float:
    return fsum(action.energy_j for action in actions)
