"""Registers as a memory: per bit what they are elsewhere."""

from __future__ import annotations

from fractions import Fraction

import pytest
from pydantic import ValidationError

from archsim.hardware.cacti import BankShape, sram_bank
from archsim.hardware.memories.register_file import RegisterFile
from archsim.hardware.technology import Technology, register_area, register_energy

AT = Technology(node=45, voltage=0.9)


def test_an_access_costs_a_register_access_per_bit():
    file = RegisterFile(capacity="24 B", width="16 b")
    energies = file.energies(AT)
    assert energies["read"].value == energies["write"].value == 16 * register_energy(AT).value
    assert file.area(AT).value == 192 * register_area(AT).value
    assert file.counts(32, 17) == {"read": 2, "write": 2}


def test_every_port_moves_a_register_per_cycle():
    one, three = (RegisterFile(capacity="24 B", width="16 b", ports=n) for n in (1, 3))
    assert one.bits_per_ps(10**9) == Fraction(16, 1000)
    assert three.bits_per_ps(10**9) == 3 * one.bits_per_ps(10**9)
    assert one.latency_ps(AT) == 0


def test_a_register_is_larger_than_a_cell_and_leaks_by_its_area():
    file = RegisterFile(capacity="256 B", width="32 b")
    bank = sram_bank(AT, BankShape(256, 32))
    assert file.area(AT).value > bank.area_mm2
    twice = RegisterFile(capacity="512 B", width="32 b")
    leakage = [each.static_power(AT)["leakage"].value for each in (file, twice)]
    assert leakage[1] == pytest.approx(2 * leakage[0])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"capacity": "3 B", "width": "16 b"}, "16 b do not divide 3 B into whole registers"),
        ({"capacity": "0 B", "width": "16 b"}, "greater than 0"),
        ({"capacity": "4 B", "width": "16 b", "ports": 0}, "greater than or equal to 1"),
    ],
)
def test_impossible_shapes_are_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        RegisterFile(**fields)
