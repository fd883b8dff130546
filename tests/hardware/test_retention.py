"""DRAM that is refreshed more rarely: what the model was fitted to, and what it costs and saves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.hardware.dram_parts import dram_part
from archsim.hardware.memories.dram import Dram
from archsim.hardware.retention import failing_share, leaking_cells, page_retention
from archsim.hardware.technology import Technology

PART = "DDR4-2400-x8-8Gb"
TECHNOLOGY = Technology(node=45, voltage=0.9)
TIMES = st.floats(0.065, 1e4)


def dram(**fields: object) -> Dram:
    return Dram(**{"part": PART} | fields)


def refresh_w(memory: Dram) -> float:
    return memory.static_power(TECHNOLOGY)["refresh"].value


# RAPID, HPCA 2006 [abs]: pages at room temperature.
@pytest.mark.parametrize(("seconds", "share"), [(3.0, 0.99), (10.0, 0.85)])
def test_as_many_pages_keep_their_data_as_published(seconds, share):
    assert page_retention(seconds, 25.0) == pytest.approx(share, abs=1e-9)


def test_the_worst_page_of_a_small_device_fails_within_half_a_second_as_published():
    # Not fitted: the expected number of cells of 64 MiB that fail within 500 ms is about one.
    assert 0.5 < failing_share(0.5, 25.0) * (64 << 23) < 5


@given(TIMES, TIMES, st.floats(0, 90), st.floats(0, 90))
def test_longer_and_hotter_loses_more(first, second, cool, hot):
    times, heats = sorted((first, second)), sorted((cool, hot))
    assert failing_share(times[0], heats[0]) <= failing_share(times[1], heats[1])


@given(TIMES)
def test_ten_degrees_are_twice_the_time(seconds):
    assert failing_share(seconds, 35.0) == pytest.approx(failing_share(2 * seconds, 25.0))


def test_data_that_is_read_before_the_next_refresh_has_leaked_only_until_then():
    assert leaking_cells(100.0, 25.0, 1.0) == leaking_cells(1.0, 25.0, 50.0)
    assert leaking_cells(100.0, 25.0, 1e-5).falls < 1e-12
    assert dram(refresh_interval="64 ms").faults(TECHNOLOGY) is None


@pytest.mark.parametrize("factor", [2, 4, 16, 1000])
def test_refresh_power_falls_as_one_over_the_interval(factor):
    longer = dram(refresh_interval=f"{64 * factor} ms")
    assert refresh_w(longer) * factor == pytest.approx(refresh_w(dram()), rel=1e-9)
    lost, lost_before = (1 - m.bits_per_ps(1) / _peak() for m in (longer, dram()))
    assert float(lost) * factor == pytest.approx(float(lost_before), rel=1e-6)
    assert longer.energies(TECHNOLOGY) == dram().energies(TECHNOLOGY)


def _peak():
    return dram(refresh_interval="1000000000 s").bits_per_ps(1)


def test_four_times_the_interval_saves_three_quarters_of_the_published_power():
    # 89.2 mW per rank, so at most 67 mW.
    saved = refresh_w(dram()) - refresh_w(dram(refresh_interval="256 ms"))
    assert saved == pytest.approx(66.9e-3, abs=0.2e-3)


def test_the_critical_share_is_refreshed_as_ever():
    memory = dram(refresh_interval="640 ms", critical={"share": 0.2, "data": [{"tensors": "weights"}]})
    assert refresh_w(memory) == pytest.approx((0.2 + 0.8 / 10) * refresh_w(dram()), rel=1e-4)


def test_temperature_is_that_of_the_technology_unless_the_memory_says_otherwise():
    hot = Technology(node=45, voltage=0.9, temperature=85)
    own = _lost(dram(refresh_interval="1 s", temperature="85 C"), TECHNOLOGY)
    assert own == _lost(dram(refresh_interval="1 s"), hot)
    assert 0 < _lost(dram(refresh_interval="1 s"), TECHNOLOGY) < 1e-3 * own


def _lost(memory: Dram, technology: Technology) -> float:
    faults = memory.faults(technology)
    assert faults is not None
    return faults.errors(1e9).falls


def test_check_bits_take_an_eighth_more():
    plain, protected = dram(), dram(ecc=True)
    for name, power in plain.static_power(TECHNOLOGY).items():
        assert protected.static_power(TECHNOLOGY)[name].value == pytest.approx(9 / 8 * power.value)
    for name, energy in plain.energies(TECHNOLOGY).items():
        assert protected.energies(TECHNOLOGY)[name].value == pytest.approx(9 / 8 * energy.value)
    assert protected.capacity_bits == plain.capacity_bits


@pytest.mark.parametrize(
    ("part", "window_ms"),
    [(PART, 64), ("DDR3-1600-x8-4Gb", 64), ("LPDDR4-3200-x16-8Gb", 32), ("HBM2-2000-x128-4Gb", 32)],
)
def test_the_interval_of_a_part_follows_from_its_refresh_command(part, window_ms):
    # DDR3 and DDR4: 64 ms; LPDDR4 and HBM2: 32 ms (JEDEC).
    assert dram_part(part).refresh_window_s == pytest.approx(window_ms * 1e-3)
    halved = dram(part=part, refresh_interval=f"{2 * window_ms} ms")
    assert refresh_w(halved) == pytest.approx(refresh_w(dram(part=part)) / 2)


def test_an_interval_below_that_of_the_part_is_refused_with_its_place():
    with pytest.raises(InputError, match="at least 32 ms") as caught:
        Architecture.load("von_neumann", ["memories.dram.refresh_interval=16 ms"])
    assert caught.value.field == "memories.dram.refresh_interval"
