"""What a report says of an architecture whatever it executes: inexact designs and areas."""

from __future__ import annotations

from archsim.hardware.architecture import Architecture
from archsim.results.designs import DesignRow
from archsim.results.report import Area


def inexact_designs(architecture: Architecture) -> dict[str, DesignRow]:
    """Return the designs that are not exact, by unit and part."""
    found = {}
    for name, unit in architecture.compute.items():
        for part, design in unit.designs().items():
            if not design.is_exact:
                cost = design.cost
                found[f"{name}.{part}"] = DesignRow(
                    design=design.text,
                    energy=cost.energy,
                    delay=cost.delay,
                    area=cost.area,
                    clock_hz=design.clock_hz,
                    source=cost.source,
                )
    return found


def areas(architecture: Architecture) -> dict[str, Area]:
    """Return the areas that have a source, by component."""
    found = architecture.area().items()
    return {name: Area(value=area.value, source=area.source) for name, area in found}
