"""The PEs of a systolic array: registers between them and a partial-sum memory per column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archsim.hardware.cacti import BankShape, SramBank, sram_bank
from archsim.hardware.cost import Sourced, Work
from archsim.hardware.logic import logic_leakage, repeated
from archsim.hardware.pe_macs import PeMacs
from archsim.hardware.technology import Technology, register_area, register_energy

_WEIGHTS = frozenset({"depth", "filters"})
_INPUTS = frozenset({"pixels", "depth"})


@dataclass(frozen=True, slots=True)
class SystolicPes:
    """Rows x columns PEs of one multiplier, one adder and three registers each.

    Attributes
    ----------
    mac
        Multipliers and adder, with the widths of operands and of partial sums.
    held
        The two GEMM dimensions that lie across the array: those of the operand that stays in place.
    sums, sum_banks
        A bank of partial sums, and the banks of all columns together.
    """

    rows: int
    columns: int
    mac: PeMacs
    held: frozenset[str]
    sums: BankShape
    sum_banks: int

    def counts(self, work: Work, active_macs: int) -> Mapping[str, int]:
        """Count operations, bits through the PE registers, partial sums in and out of the columns."""
        return {
            "mac.add": active_macs,
            "registers.access": self._register_bits(work),
            "accumulator.read": work.accumulator_reads,
            "accumulator.write": work.accumulator_writes,
            "accumulator.add": work.accumulator_reads,
        }

    def _register_bits(self, work: Work) -> int:
        loads = work.weight_reads * (self.held == _WEIGHTS) + work.input_reads * (self.held == _INPUTS)
        return work.macs * self._registers_per_pe + loads * self.mac.bits

    @property
    def _registers_per_pe(self) -> int:
        return 2 * self.mac.bits + self.mac.sum_bits

    def energies(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return joules per action: registers per bit, partial sums per access of one bank."""
        add = self.mac.add_energy(technology)
        bank = self._bank(technology)
        return {
            "mac.add": add,
            "registers.access": register_energy(technology),
            "accumulator.read": Sourced(bank.read_j, bank.source),
            "accumulator.write": Sourced(bank.write_j, bank.source),
            "accumulator.add": add,
        }

    def _bank(self, technology: Technology) -> SramBank:
        return sram_bank(technology, self.sums)

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return leakage in watts: density of the logic times its area, and that of the partial-sum banks."""
        bank = self._bank(technology)
        leakage = Sourced(bank.leakage_w, bank.leakage_source)
        logic = logic_leakage(self.area(technology))
        return {**logic, "accumulator": repeated(leakage, self.sum_banks, "banks")}

    def area(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return mm2 of multipliers, adders, registers (two operands, one sum) and partial-sum banks."""
        bank = self._bank(technology)
        per_pe = {
            **self.mac.areas(technology),
            "registers": repeated(register_area(technology), self._registers_per_pe, "b"),
        }
        areas = {part: repeated(area, self.rows * self.columns, "PEs") for part, area in per_pe.items()}
        sums = repeated(Sourced(bank.area_mm2, bank.source), self.sum_banks, "banks")
        return areas | {"accumulator": sums}
