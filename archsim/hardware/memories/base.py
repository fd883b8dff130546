"""The contract of a memory: capacity, a port's rate, actions and their energies, leakage, area."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from fractions import Fraction

from archsim.hardware.cost import Sourced
from archsim.hardware.dram_channels import DramChannels
from archsim.hardware.faults import MemoryFaults
from archsim.hardware.technology import Technology
from archsim.registry import Component

_PROBE_BITS = 1 << 60


class Memory(Component, family="memories"):
    """A memory that holds tensors. Subclass with a ``kind`` to add one."""

    backed_by: str | None = None
    """Name of the memory behind this one; none for the last of the chain."""

    @property
    @abstractmethod
    def capacity_bits(self) -> int:
        """Bits that the memory holds."""

    @property
    def controlled(self) -> DramChannels | None:
        """The channels that serve requests one by one; None, the default: a port of constant rate does."""
        return None

    @property
    def alignment_bytes(self) -> int:
        """Divides the address of the first byte of every tensor; 1, the default: they lie anywhere."""
        return 1

    @abstractmethod
    def bits_per_ps(self, clock_hz: int) -> Fraction:
        """Rate of one port, in bits per picosecond, for a requester that runs at ``clock_hz``."""

    @property
    def conflict_share(self) -> Fraction:
        """Share of the accesses of others that hit a bank which a client at full rate wants at that time.

        0, the default: every client has a port of its own to all banks.
        """
        return Fraction(0)

    @abstractmethod
    def latency_ps(self, technology: Technology) -> int:
        """Time from a request to its first word, in picoseconds; paid once per transfer."""

    @abstractmethod
    def counts(self, read_bits: int, written_bits: int) -> Mapping[str, int]:
        """Actions (name -> count) that reading and writing that many bits takes."""

    @abstractmethod
    def energies(self, technology: Technology) -> Mapping[str, Sourced]:
        """Energy of each action in joules; the same names as :meth:`counts`."""

    @abstractmethod
    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        """Power that flows whether or not the memory is used, in watts, by cause (leakage, refresh)."""

    @abstractmethod
    def area(self, technology: Technology) -> Sourced | None:
        """Area in mm2, or None where no source gives one."""

    def refusal(self, technology: Technology, clock_hz: int) -> str | None:  # noqa: ARG002
        """Why the memory cannot serve a port at ``clock_hz``, or None."""
        return None

    def faults(self, technology: Technology) -> MemoryFaults | None:  # noqa: ARG002
        """Errors of what is stored and read back; None, the default: there are none."""
        return None

    def energy_per_bit(self, technology: Technology) -> tuple[float, float]:
        """Energy in joules of one bit read and of one bit written, in a long stream."""
        energies = self.energies(technology)
        read, write = (
            sum(count * energies[name].value for name, count in self.counts(*bits).items()) / _PROBE_BITS
            for bits in ((_PROBE_BITS, 0), (0, _PROBE_BITS))
        )
        return read, write
