"""Hand-built reports whose sums close by construction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import pytest

from archsim.results.report import (
    ActionRow,
    Area,
    Bytes,
    LayerRow,
    Report,
    Setup,
    Totals,
    Traffic,
    throughput_gops,
)

CLOCK_PS = 2000
"""Period of the units' clock: 500 MHz."""

LayerPlan = tuple[str, str, str, int, int, int, int]
"""Name, op, unit, MACs, compute cycles, stall cycles, bytes read from DRAM."""

SMALL: tuple[LayerPlan, ...] = (
    ("conv1", "conv2d", "npu", 1000, 10, 5, 400),
    ("relu1", "activation", "cpu", 0, 8, 0, 0),
    ("fc", "linear", "npu", 640, 20, 60, 640),
)

ENERGY_PJ = {("npu", "mac.multiply"): 2, ("dram", "read"): 15, ("buffer", "read"): 3}
"""Energy of the dynamic actions in picojoules, which floats hold with rounding as in a real run."""

LEAKAGE_W = {"buffer": 0.01, "dram": 0.05}


def build_report(
    plan: Sequence[LayerPlan] = SMALL,
    architecture: str = "von_neumann",
    scale: int = 1,
    network: str = "tiny",
) -> Report:
    """Return a report whose layers run one after the other; `scale` multiplies the dynamic energies."""
    counts = [_counts(layer) for layer in plan]
    times = [(layer[4] + layer[5]) * CLOCK_PS for layer in plan]
    prices = {key: float(Fraction(pj * scale, 10**12)) for key, pj in ENERGY_PJ.items()}
    prices |= {(name, "leakage"): watts * 1e-12 for name, watts in LEAKAGE_W.items()}
    rows, now = [], 0
    for layer, count, time in zip(plan, counts, times, strict=True):
        rows.append(_row(layer, count, now, prices))
        now += time
    actions = [
        _action(key, sum(count.get(key, 0) for count in counts), price) for key, price in prices.items()
    ]
    return Report(
        architecture=architecture,
        network=network,
        batch=1,
        seed=0,
        version="0.1.0",
        totals=_totals(plan, actions, now),
        energy_by_component_j={
            name: sum(row.energy_j for row in actions if row.component == name)
            for name in ("npu", "dram", "buffer")
        },
        actions=tuple(actions),
        layers=tuple(rows),
        setup=Setup(energy_j=1e-6, latency_s=1e-3, bytes={"dram": Bytes(read=4096)}),
        area_mm2={
            "buffer": Area(value=1.5, source="CACTI 7 [tool]"),
            "npu.mac": Area(value=0.25, source="x"),
            "npu.accumulator": Area(value=0.5, source="x"),
        },
    )


def _counts(layer: LayerPlan) -> dict[tuple[str, str], int]:
    _, _, _, macs, compute, stall, moved = layer
    time = (compute + stall) * CLOCK_PS
    work = {("npu", "mac.multiply"): macs, ("dram", "read"): moved, ("buffer", "read"): 2 * macs}
    return work | {(name, "leakage"): time for name in LEAKAGE_W}


def _row(layer: LayerPlan, counts: dict[tuple[str, str], int], start: int, prices: dict) -> LayerRow:
    name, op, unit, macs, compute, stall, moved = layer
    energies = {key: count * prices[key] for key, count in counts.items()}
    by_component = {
        component: sum(joules for key, joules in energies.items() if key[0] == component)
        for component in ("npu", "dram", "buffer")
    }
    cycles = compute + stall
    time_s = cycles * CLOCK_PS * 1e-12
    return LayerRow(
        name=name,
        op=op,
        unit=unit,
        macs=macs,
        start_s=start * 1e-12,
        end_s=start * 1e-12 + time_s,
        latency_s=time_s,
        cycles=cycles,
        compute_cycles=compute,
        stall_cycles=stall,
        utilization=min(macs / (1024 * cycles), 1.0),
        bytes={"dram": Bytes(read=moved), "buffer": Bytes(read=2 * macs, write=moved)},
        traffic={"dram": Traffic(compulsory=moved - moved // 4, refetch=moved // 4)},
        energy_j=sum(by_component.values()),
        dynamic_energy_j=sum(joules for key, joules in energies.items() if key[1] != "leakage"),
        energy_by_component_j=by_component,
        average_power_w=sum(by_component.values()) / time_s,
        bound_by="dram" if stall > compute else "compute",
    )


def _action(key: tuple[str, str], count: int, price: float) -> ActionRow:
    return ActionRow(
        component=key[0],
        action=key[1],
        count=count,
        energy_per_action_j=price,
        energy_j=count * price,
        source="hand-made",
    )


def _totals(plan: Sequence[LayerPlan], actions: Sequence[ActionRow], time_ps: int) -> Totals:
    energy = sum(row.energy_j for row in actions)
    leakage = sum(row.energy_j for row in actions if row.action == "leakage")
    latency, macs = time_ps * 1e-12, sum(layer[3] for layer in plan)
    return Totals(
        latency_s=latency,
        cycles=time_ps // CLOCK_PS,
        energy_j=energy,
        dynamic_energy_j=energy - leakage,
        leakage_energy_j=leakage,
        average_power_w=energy / latency,
        macs=macs,
        throughput_gops=throughput_gops(macs, latency),
        edp_js=energy * latency,
    )


@pytest.fixture(scope="session")
def make_report() -> Callable[..., Report]:
    """The builder of hand-made reports."""
    return build_report


@pytest.fixture(scope="session")
def report() -> Report:
    """A report of three layers."""
    return build_report()
