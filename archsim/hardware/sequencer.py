"""The small controller of a unit that programs the transfers of a tile."""

from __future__ import annotations

from archsim.hardware.cacti import BankShape, sram_bank
from archsim.hardware.cost import Sourced
from archsim.hardware.technology import Technology, arithmetic_energy, register_energy

_WORD_BITS = 32
_OPERANDS = 3
_PROGRAM = BankShape(1024, _WORD_BITS)


def launch_energy(technology: Technology) -> Sourced:
    """Energy in joules of one instruction of the sequencer.

    Fetch from a 1 KiB program memory, three register operands and an addition, 32 b each; decoding and the
    clock are left out.
    """
    fetch = sram_bank(technology, _PROGRAM)
    registers, add = register_energy(technology), arithmetic_energy(technology, "integer_add", _WORD_BITS)
    value = fetch.read_j + _OPERANDS * _WORD_BITS * registers.value + add.value
    return Sourced(value, f"fetch: {fetch.source}; 3 x 32 b registers: {registers.source}; add: {add.source}")
