"""On-chip SRAM from the CACTI table."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from archsim.errors import InputError
from archsim.hardware.cacti import BankShape, node_refusal, shape_refusal, sram_bank
from archsim.hardware.cost import Sourced
from archsim.hardware.faults import CriticalRegion, MemoryFaults, not_critical
from archsim.hardware.memories.base import Memory
from archsim.hardware.sram_voltage import access_energy, failing_cells, supply_refusal
from archsim.hardware.technology import Technology
from archsim.units import Capacity, Frequency, Width, format_quantity

_BITS_PER_BYTE = 8
_PS_PER_S = 10**12


class Sram(Memory, kind="sram"):
    """An SRAM of equal banks: energy of one bank per access, leakage and area of all.

    Energies, times, leakage and area are those of :func:`archsim.hardware.cacti.sram_bank`. Left out: the
    wires and multiplexers between the banks, and the logic that encodes and corrects (CACTI stores the check
    bits and no more). Banks lower the energy and the cycle of an access; they add bandwidth only where
    ``accesses_per_cycle`` says that several of them serve at the same time. A bank has one read/write port,
    the only one that is tabulated. With ``bank_conflicts`` units wait at a bank that another client takes;
    otherwise every client is served as if it were alone.
    With ``supply`` below 1, cells fail and accesses take less energy; leakage and times stay.
    """

    capacity: Capacity
    """Capacity of all banks together, without check bits."""

    width: Width
    """Bits of one access, and of the port."""

    banks: int = Field(default=1, ge=1)
    """Equal banks that share the capacity."""

    accesses_per_cycle: int = Field(default=1, ge=1)
    """Banks that are accessed in the same cycle, each through a port of its own."""

    cell: Literal["itrs-hp", "itrs-lop", "itrs-lstp"] = "itrs-lop"
    """Cells and periphery: high performance, low operating power or low standby power."""

    ecc: bool = False
    """Store 8 check bits with every 64 (single error correction, double error detection)."""

    bank_conflicts: bool = False
    """Whether units at their private ports wait for links, and for each other, at a bank that is taken."""

    clock: Annotated[Frequency, Field(gt=0)] | None = None
    """Clock of the port; by default that of whoever accesses it."""

    supply: float | None = None
    """Supply as a fraction of the least at which no cell fails, 0.757 to 1; none: no cell fails."""

    critical: CriticalRegion | None = None
    """Part of the capacity whose supply is never lowered, and what lies there; none: there is none."""

    @field_validator("supply")
    @classmethod
    def _check_supply(cls, supply: float | None) -> float | None:
        refused = None if supply is None else supply_refusal(supply)
        if refused:
            raise InputError(refused)
        return supply

    @model_validator(mode="after")
    def _check_shape(self) -> Sram:
        if self.capacity % self.banks:
            raise InputError(
                f"{format_quantity(self.capacity, 'capacity')} does not divide into {self.banks} equal banks",
                field="banks",
            )
        if self.accesses_per_cycle > self.banks:
            raise InputError(f"{self.banks} banks cannot serve more accesses", field="accesses_per_cycle")
        refused = shape_refusal(self._shape)
        if refused:
            raise InputError(refused, field="width" if refused.startswith("a port") else "capacity")
        return self

    @property
    def _shape(self) -> BankShape:
        return BankShape(self.capacity // self.banks, self.width, self.cell, self.ecc)

    @property
    def capacity_bits(self) -> int:
        """Bits that the memory holds, without check bits."""
        return self.capacity * _BITS_PER_BYTE

    def bits_per_ps(self, clock_hz: int) -> Fraction:
        """Return the accesses of ``width`` bits per cycle of the port's clock, else of the requester's."""
        return Fraction(self.accesses_per_cycle * self.width * (self.clock or clock_hz), _PS_PER_S)

    @property
    def conflict_share(self) -> Fraction:
        """Return the banks of one cycle over all banks: clients access banks independently of each other."""
        return Fraction(self.accesses_per_cycle if self.bank_conflicts else 0, self.banks)

    def latency_ps(self, technology: Technology) -> int:
        """Return the access time of one bank."""
        return ceil(round(sram_bank(technology, self._shape).access_s * _PS_PER_S, 3))

    def counts(self, read_bits: int, written_bits: int) -> Mapping[str, int]:
        """Return accesses, a partial word counted as a whole one."""
        return {"read": -(-read_bits // self.width), "write": -(-written_bits // self.width)}

    def energies(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return joules of reading and writing one word of one bank."""
        bank, lowered = sram_bank(technology, self._shape), access_energy(self.supply)
        share, told = not_critical(self.critical, lowered.value), lowered.source
        source = f"{bank.source}; {told}" if told else bank.source
        return {"read": Sourced(bank.read_j * share, source), "write": Sourced(bank.write_j * share, source)}

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return the leakage in watts of all banks."""
        bank = sram_bank(technology, self._shape)
        return {"leakage": Sourced(self.banks * bank.leakage_w, self._times_banks(bank.leakage_source))}

    def area(self, technology: Technology) -> Sourced:
        """Return the area in mm2 of all banks."""
        bank = sram_bank(technology, self._shape)
        return Sourced(self.banks * bank.area_mm2, self._times_banks(bank.source))

    def refusal(self, technology: Technology, clock_hz: int) -> str | None:
        """Tell why the node has no figures or a bank cannot cycle as fast as the port's clock."""
        missing = node_refusal(technology)
        if missing:
            return missing
        clock = self.clock or clock_hz
        cycle_s = sram_bank(technology, self._shape).cycle_s
        if cycle_s * clock <= 1:
            return None
        capacity = format_quantity(self._shape.capacity_bytes, "capacity")
        return (
            f"bank of {capacity} cycles in {cycle_s * 1e9:.2f} ns, slower than "
            f"{format_quantity(clock, 'frequency')}; use more banks or a slower clock"
        )

    def faults(self, technology: Technology) -> MemoryFaults | None:  # noqa: ARG002
        """Return the cells that fail at the supply, whatever the node; None where none does."""
        errors = failing_cells(self.supply)
        if not errors.any:
            return None
        return MemoryFaults(lambda _: errors, secded=self.ecc, critical=self.critical)

    def _times_banks(self, source: str) -> str:
        return source if self.banks == 1 else f"{self.banks} banks x {source}"
