"""A shared on-chip bus."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from archsim.hardware.cost import Sourced
from archsim.hardware.links.base import Link
from archsim.hardware.technology import Technology
from archsim.units import EnergyPerBit, Frequency, Width, parse_quantity, text_default

_PS_PER_S = 10**12
_ASSUMED_ENERGY = "0.1 pJ/b"
_ASSUMED = "assumption: middle of 0.08-0.25 pJ/b/hop of published on-chip links; no bus is published"
_GIVEN = "given by the architecture"


class Bus(Link, kind="bus"):
    """A bus that moves ``width`` bits per cycle for one requester at a time.

    Left out: arbitration cycles, addresses and control wires, leakage and area, for which no source was
    found. The energy per bit covers wires and drivers and is not scaled with the node.
    """

    width: Annotated[Width, Field(gt=0)]
    """Data bits per cycle."""

    clock: Annotated[Frequency, Field(gt=0)]
    """Clock of the bus, and of the memory ports behind it."""

    energy: EnergyPerBit = text_default(_ASSUMED_ENERGY)
    """Energy of moving one bit from end to end."""

    energy_source: str | None = None
    """Where the energy comes from, printed in the report."""

    @property
    def clock_hz(self) -> int:
        """Clock of the bus in hertz."""
        return self.clock

    def bits_per_ps(self) -> Fraction:
        """Return ``width`` bits per cycle."""
        return Fraction(self.width * self.clock, _PS_PER_S)

    def counts(self, bits: int) -> Mapping[str, int]:
        """Return the bits moved."""
        return {"transfer": bits}

    def energies(self, technology: Technology) -> Mapping[str, Sourced]:  # noqa: ARG002
        """Return the energy in joules per bit."""
        assumed = self.energy == float(parse_quantity(_ASSUMED_ENERGY, "energy_per_bit"))
        default = _ASSUMED if assumed else _GIVEN
        return {"transfer": Sourced(self.energy, self.energy_source or default)}

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:  # noqa: ARG002
        """Return nothing: no source gives the leakage of a bus."""
        return {}

    def area(self, technology: Technology) -> Sourced | None:  # noqa: ARG002
        """Return None: no source gives the area of a bus."""
        return None
