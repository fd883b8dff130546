"""The limits of an architecture that a roofline shows."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archsim.results.report import Report
from archsim.visualization.roofline import Roof, Roofs

if TYPE_CHECKING:
    from archsim.hardware.architecture import Architecture


def roofs_of(report: Report, architecture: Architecture) -> Roofs:
    """Return the peaks of the units that executed MACs, and the rates of the busiest one's last memory."""
    macs: dict[str, int] = {}
    for layer in report.layers:
        if layer.macs:
            macs[layer.unit] = macs.get(layer.unit, 0) + layer.macs
    busiest = max(macs, key=lambda name: macs[name], default=next(iter(architecture.compute)))
    memory = architecture.root(architecture.compute[busiest].memory)
    return Roofs(memory, tuple(_peak(architecture, unit) for unit in macs), _bandwidths(architecture, memory))


def _peak(architecture: Architecture, name: str) -> Roof:
    unit = architecture.compute[name]
    return Roof(name, float(unit.multipliers * unit.clock_hz))


def _bandwidths(architecture: Architecture, memory: str) -> tuple[Roof, ...]:
    """Return the rates of the memory's port and of the links at it, in bytes per second."""
    roofs: list[Roof] = []
    for name, link in architecture.links.items():
        if memory in link.connects:
            port = architecture.memories[memory].bits_per_ps(link.clock_hz)
            roofs += [Roof(memory, _bytes_per_s(port)), Roof(name, _bytes_per_s(link.bits_per_ps()))]
    return tuple(dict.fromkeys(roofs))


def _bytes_per_s(bits_per_ps: Fraction) -> float:
    return float(bits_per_ps * 10**12 / 8)
