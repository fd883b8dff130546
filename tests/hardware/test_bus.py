"""The bus: a width per cycle, an energy per bit with its source."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.hardware.links.bus import Bus
from archsim.hardware.technology import Technology

ENDS = ("dram", "buffer")


@given(st.integers(1, 4096), st.integers(1, 10**10))
def test_rate_is_exactly_a_width_per_cycle(width, clock):
    bus = Bus(width=width, clock=clock, connects=ENDS)
    assert bus.bits_per_ps() * 10**12 == Fraction(width) * clock
    assert bus.clock_hz == clock


def test_energy_per_bit_does_not_move_with_the_node():
    bus = Bus(width="128 b", clock="500 MHz", connects=ENDS)
    energies = [bus.energies(Technology(node=node, voltage=0.9))["transfer"] for node in (45, 7)]
    assert energies[0] == energies[1]
    # Published on-chip links: 0.08 to 0.25 pJ/b/hop.
    assert 0.08e-12 <= energies[0].value <= 0.25e-12
    assert energies[0].source.startswith("assumption")


def test_a_given_energy_loses_the_default_source():
    technology = Technology(node=45, voltage=0.9)
    given_energy = Bus(width=8, clock=1, connects=ENDS, energy="0.081 pJ/b")
    assert given_energy.energies(technology)["transfer"].source == "given by the architecture"
    named = Bus(
        width=8, clock=1, connects=ENDS, energy="0.081 pJ/b", energy_source="ISAAC router, 32 nm [pub]"
    )
    assert named.energies(technology)["transfer"].source == "ISAAC router, 32 nm [pub]"
    assert named.energies(technology)["transfer"].value == pytest.approx(0.081e-12)


@pytest.mark.parametrize("fields", [{"width": "0 b"}, {"clock": "0 Hz"}])
def test_a_bus_that_moves_nothing_is_refused(fields):
    with pytest.raises(ValidationError, match="greater than 0"):
        Bus(**{"width": "128 b", "clock": "500 MHz", "connects": ENDS} | fields)
