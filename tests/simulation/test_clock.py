"""Clock edges: floor(n x 10^12 / f), whatever the frequency."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.simulation.clock import Clock

FREQUENCIES = st.integers(1, 10**12)


# 166.667 MHz: 10^12 / 166,667,000 = 5999.988... ps. A rounded period of 6000 ps would be 12 ps late
# after 10^6 / 1000 = 1000 cycles (5,999,988 ps) and 12 ns late after a million.
@pytest.mark.parametrize(
    ("frequency_hz", "cycle", "edge_ps"),
    [
        (166_667_000, 1, 5_999),
        (166_667_000, 1000, 5_999_988),
        (166_667_000, 1_000_000, 5_999_988_000),
        (166_667_000, 166_667_000, 10**12),
        (333_000_000, 1, 3_003),
        (333_000_000, 2, 6_006),
        (333_000_000, 3, 9_009),
        (333_000_000, 1000, 3_003_003),
        (333_000_000, 333_000_000, 10**12),
        (500_000_000, 7, 14_000),
    ],
)
def test_edges_by_hand(frequency_hz, cycle, edge_ps):
    assert Clock(frequency_hz).edge_ps(cycle) == edge_ps


@given(FREQUENCIES, st.integers(0, 10**15))
def test_an_edge_is_the_floor_of_the_exact_time(frequency_hz, cycle):
    assert Clock(frequency_hz).edge_ps(cycle) == floor(Fraction(cycle * 10**12, frequency_hz))


@given(FREQUENCIES, st.integers(0, 10**16))
def test_cycle_at_is_the_first_edge_that_is_not_before(frequency_hz, time_ps):
    clock = Clock(frequency_hz)
    cycle = clock.cycle_at(time_ps)
    assert clock.edge_ps(cycle) >= time_ps
    assert cycle == 0 or clock.edge_ps(cycle - 1) < time_ps


@given(FREQUENCIES, st.integers(0, 10**15))
def test_an_edge_is_its_own_cycle(frequency_hz, cycle):
    clock = Clock(frequency_hz)
    assert clock.cycle_at(clock.edge_ps(cycle)) == cycle
