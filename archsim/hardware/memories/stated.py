"""A memory whose costs the architecture file states itself."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from typing import Annotated

from pydantic import Field, model_validator

from archsim.errors import InputError
from archsim.hardware.cost import Sourced
from archsim.hardware.memories.base import Memory
from archsim.hardware.stated import StatedArea, StatedEnergy, StatedPower, StatedTime
from archsim.hardware.technology import Technology
from archsim.units import Capacity, Frequency, Width, format_quantity

_BITS_PER_BYTE = 8
_PS_PER_S = 10**12


class Stated(Memory, kind="stated"):
    """A memory of stated costs: one access of ``width`` bits per cycle, each figure with its source.

    For memories of papers, data sheets and other simulators that no table covers. Nothing is derived from
    the node, the supply or the temperature. Left out: whatever the source of the figures leaves out.
    """

    capacity: Annotated[Capacity, Field(gt=0)]
    """Capacity of the memory."""

    width: Annotated[Width, Field(gt=0)]
    """Bits of one access, and of the port; the energies are those of one such access."""

    write_width: Annotated[Width, Field(gt=0)] | None = None
    """Bits of one write where they differ; the port then runs at the narrower of the two."""

    granularity: Annotated[Width, Field(gt=0)] | None = None
    """Smallest part of an access that can be made, at its share of the energy; none: whole accesses."""

    read_energy: StatedEnergy
    """Energy of reading ``width`` bits."""

    write_energy: StatedEnergy
    """Energy of writing ``width`` (or ``write_width``) bits."""

    latency: StatedTime
    """Time from a request to its first word."""

    leakage_power: StatedPower | None = None
    """Power of the whole memory that flows all the time; none: the source gives none."""

    total_area: StatedArea | None = None
    """Area of the whole memory; none: the source gives none."""

    clock: Annotated[Frequency, Field(gt=0)] | None = None
    """Clock of the port; by default that of whoever accesses it."""

    @model_validator(mode="after")
    def _check_granularity(self) -> Stated:
        for name, width in (("width", self.width), ("write_width", self._write_width)):
            if width % self._granule(width):
                whole, part = format_quantity(width, "width"), format_quantity(self._granule(width), "width")
                raise InputError(
                    f"{name} of {whole} is not a multiple of granularity {part}", field="granularity"
                )
        return self

    @property
    def _write_width(self) -> int:
        return self.write_width or self.width

    def _granule(self, width: int) -> int:
        return self.granularity or width

    @property
    def capacity_bits(self) -> int:
        """Bits that the memory holds."""
        return self.capacity * _BITS_PER_BYTE

    def bits_per_ps(self, clock_hz: int) -> Fraction:
        """Return one access per cycle of the port's clock, else of the requester's."""
        return Fraction(min(self.width, self._write_width) * (self.clock or clock_hz), _PS_PER_S)

    def latency_ps(self, technology: Technology) -> int:  # noqa: ARG002
        """Return the stated latency, rounded up."""
        return ceil(round(self.latency.value * _PS_PER_S, 3))

    def counts(self, read_bits: int, written_bits: int) -> Mapping[str, int]:
        """Return accesses, or parts of ``granularity`` bits; what is not a whole one is counted as one."""
        return {
            "read": -(-read_bits // self._granule(self.width)),
            "write": -(-written_bits // self._granule(self._write_width)),
        }

    def energies(self, technology: Technology) -> Mapping[str, Sourced]:  # noqa: ARG002
        """Return joules of one counted action: stated energy x granularity / width."""
        return {
            "read": self._share(self.read_energy, self.width),
            "write": self._share(self.write_energy, self._write_width),
        }

    def _share(self, energy: StatedEnergy, width: int) -> Sourced:
        part = self._granule(width)
        return energy.sourced(part / width, "" if part == width else f"; {part} b of {width} b [calc]")

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:  # noqa: ARG002
        """Return the stated leakage in watts, nothing where none is stated."""
        return {} if self.leakage_power is None else {"leakage": self.leakage_power.sourced()}

    def area(self, technology: Technology) -> Sourced | None:  # noqa: ARG002
        """Return the stated area in mm2."""
        return None if self.total_area is None else self.total_area.sourced()
