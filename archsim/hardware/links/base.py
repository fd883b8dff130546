"""The contract of a link: what it connects, its rate and its energy per bit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from fractions import Fraction

from archsim.hardware.cost import Sourced
from archsim.hardware.technology import Technology
from archsim.registry import Component


class Link(Component, family="links"):
    """A connection between memories and units. Subclass with a ``kind`` to add one."""

    connects: tuple[str, ...]
    """Names of the memories and compute units that the link joins."""

    @property
    @abstractmethod
    def clock_hz(self) -> int:
        """Clock at which the link, and the memory ports behind it, transfer, in hertz."""

    @abstractmethod
    def bits_per_ps(self) -> Fraction:
        """Rate in bits per picosecond."""

    @abstractmethod
    def counts(self, bits: int) -> Mapping[str, int]:
        """Actions (name -> count) that moving that many bits takes."""

    @abstractmethod
    def energies(self, technology: Technology) -> Mapping[str, Sourced]:
        """Energy of each action in joules; the same names as :meth:`counts`."""

    @abstractmethod
    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        """Power that flows whether or not the link is used, in watts, by cause."""

    @abstractmethod
    def area(self, technology: Technology) -> Sourced | None:
        """Area in mm2, or None where no source gives one."""
