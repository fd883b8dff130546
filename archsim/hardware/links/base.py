"""The contract of a link: what it connects, its ports and rate, and its energy per bit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, ClassVar

from pydantic import Field

from archsim.hardware.cost import Sourced
from archsim.hardware.technology import Technology
from archsim.registry import Component
from archsim.units import EnergyPerBit, Frequency, Width, parse_quantity, text_default

_PS_PER_S = 10**12
ASSUMED_ENERGY = "0.1 pJ/b"
"""Energy per bit, and per bit and hop, where the architecture gives none."""

_GIVEN = "given by the architecture"


class Link(Component, family="links"):
    """A connection between memories and units. Subclass with a ``kind`` to add one.

    A link has one port or several; a transfer holds those that :meth:`ports` names, all at the same time.
    Transfers that share a port take turns, others do not see each other.
    """

    connects: tuple[str, ...]
    """Names of the memories and compute units that the link joins."""

    @property
    @abstractmethod
    def clock_hz(self) -> int:
        """Clock at which the link, and the memory ports behind it, transfer, in hertz."""

    @abstractmethod
    def bits_per_ps(self) -> Fraction:
        """Rate of one port in bits per picosecond."""

    @property
    def all_ports(self) -> tuple[str, ...]:
        """Names of the link's ports; the empty one stands for the link as a whole."""
        return ("",)

    def ports(self, source: str, destination: str) -> tuple[str, ...]:  # noqa: ARG002
        """Ports that a transfer between two connected nodes holds, each once; all of them by default."""
        return self.all_ports

    def latency_ps(self, source: str, destination: str) -> int:  # noqa: ARG002
        """Time that the first bit is on the way, in picoseconds; paid once per transfer."""
        return 0

    @abstractmethod
    def counts(self, bits: int, source: str, destination: str) -> Mapping[str, int]:
        """Actions (name -> count) that moving that many bits between two connected nodes takes."""

    @abstractmethod
    def energies(self, technology: Technology) -> Mapping[str, Sourced]:
        """Energy of each action in joules; the same names as :meth:`counts`."""

    @abstractmethod
    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        """Power that flows whether or not the link is used, in watts, by cause."""

    @abstractmethod
    def area(self, technology: Technology) -> Sourced | None:
        """Area in mm2, or None where no source gives one."""


class ClockedLink(Link):
    """A link whose ports move ``width`` bits per cycle, at one energy per bit.

    Leakage has no source for any of them. The energy per bit is not scaled with the node.
    """

    action: ClassVar[str] = "transfer"
    assumed: ClassVar[str]
    """Source of the energy per bit where the architecture does not give one."""

    width: Annotated[Width, Field(gt=0)]
    """Data bits per cycle."""

    clock: Annotated[Frequency, Field(gt=0)]
    """Clock of the link, and of the memory ports behind it."""

    energy: EnergyPerBit = text_default(ASSUMED_ENERGY)
    """Energy of moving one bit from end to end."""

    energy_source: str | None = None
    """Where the energy comes from, printed in the report."""

    @property
    def clock_hz(self) -> int:
        """Clock of the link in hertz."""
        return self.clock

    def bits_per_ps(self) -> Fraction:
        """Return ``width`` bits per cycle."""
        return Fraction(self.width * self.clock, _PS_PER_S)

    def counts(self, bits: int, source: str, destination: str) -> Mapping[str, int]:  # noqa: ARG002
        """Return the bits moved."""
        return {self.action: bits}

    def energies(self, technology: Technology) -> Mapping[str, Sourced]:  # noqa: ARG002
        """Return the energy in joules per bit."""
        assumed = self.energy == float(parse_quantity(ASSUMED_ENERGY, "energy_per_bit"))
        default = self.assumed if assumed else _GIVEN
        return {self.action: Sourced(self.energy, self.energy_source or default)}

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:  # noqa: ARG002
        """Return nothing: no source gives the leakage."""
        return {}

    def area(self, technology: Technology) -> Sourced | None:  # noqa: ARG002
        """Return None: no source gives the area."""
        return None
