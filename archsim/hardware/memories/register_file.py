"""A memory of registers, for what is too small for an SRAM."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated

from pydantic import Field, model_validator

from archsim.errors import InputError
from archsim.hardware.cost import Sourced
from archsim.hardware.logic import logic_leakage, repeated
from archsim.hardware.memories.base import Memory
from archsim.hardware.technology import Technology, register_area, register_energy
from archsim.units import Capacity, Frequency, Width, format_quantity

_BITS_PER_BYTE = 8
_PS_PER_S = 10**12


class RegisterFile(Memory, kind="register_file"):
    """Registers of ``width`` bits: the scratchpads below the smallest tabulated SRAM (256 B).

    Energy and area per bit are those of a pipeline register, the same that PEs and vector registers have; an
    access finds its word within the cycle. Left out: decoders and multiplexers, which grow with words and
    ports, and the clock of registers that are not accessed.
    """

    capacity: Annotated[Capacity, Field(gt=0)]
    """Capacity of all registers."""

    width: Annotated[Width, Field(gt=0)]
    """Bits of a register, of one access, and of a port."""

    ports: int = Field(default=1, ge=1)
    """Accesses in the same cycle, reads and writes alike."""

    clock: Annotated[Frequency, Field(gt=0)] | None = None
    """Clock of the ports; by default that of whoever accesses it."""

    @model_validator(mode="after")
    def _check_shape(self) -> RegisterFile:
        if self.capacity_bits % self.width:
            capacity, width = format_quantity(self.capacity, "capacity"), format_quantity(self.width, "width")
            raise InputError(f"{width} do not divide {capacity} into whole registers", field="width")
        return self

    @property
    def capacity_bits(self) -> int:
        """Bits of all registers."""
        return self.capacity * _BITS_PER_BYTE

    def bits_per_ps(self, clock_hz: int) -> Fraction:
        """Return a register per port and cycle of the ports' clock, else of the requester's."""
        return Fraction(self.ports * self.width * (self.clock or clock_hz), _PS_PER_S)

    def latency_ps(self, technology: Technology) -> int:  # noqa: ARG002
        """Return 0: the word is there within the cycle."""
        return 0

    def counts(self, read_bits: int, written_bits: int) -> Mapping[str, int]:
        """Return accesses, a partial word counted as a whole one."""
        return {"read": -(-read_bits // self.width), "write": -(-written_bits // self.width)}

    def energies(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return joules of reading and writing one register."""
        word = repeated(register_energy(technology), self.width, "b")
        return {"read": word, "write": word}

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return the leakage in watts, by area as for all registers."""
        return {"leakage": logic_leakage({"registers": self.area(technology)})["registers"]}

    def area(self, technology: Technology) -> Sourced:
        """Return the area in mm2 of all registers."""
        return repeated(register_area(technology), self.capacity_bits, "b")
