"""The contract of a multiplier: its exact integer function and its energy relative to an exact one."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from archsim.registry import Component


@dataclass(frozen=True, slots=True)
class EnergyRatio:
    """Energy of a design relative to the exact one of the same source, and that source."""

    value: float
    source: str


class Multiplier(Component, family="multipliers"):
    """An integer multiplier. Subclass with a ``kind`` to add one.

    An energy is only comparable with another of the same source (library, supply, activity), so a design
    states the ratio to its own source's exact multiplier; the technology's exact energy is scaled with it.
    """

    @abstractmethod
    def product(self, a: int, b: int) -> int:
        """Return what the hardware computes for two operands within its format, bit for bit."""

    @abstractmethod
    def relative_energy(self) -> EnergyRatio:
        """Energy of one multiplication relative to an exact multiplier of the same width."""
