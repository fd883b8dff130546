"""DRAM energies and rates against the figures that follow from the data sheets."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.hardware.dram_parts import dram_part, dram_parts
from archsim.hardware.memories.dram import Dram
from archsim.hardware.technology import Technology

TECHNOLOGY = Technology(node=45, voltage=0.9)


# pJ of ACT+PRE, read and write burst; nJ of a refresh; mW of refresh and of active standby, to the digits of
# reference/memory.md §3 (currents of the DRAMsim3 and DRAMSys part files [sheet], formulas [calc]).
@pytest.mark.parametrize(
    ("part", "commands_pj", "refresh", "standby_mw"),
    [
        ("DDR4-2400-x8-8Gb", (3450, 2932, 2550), (692.7, 89.2), 413),
        ("DDR3-1600-x8-4Gb", (9842, 6426, 4698), (553.2, 70.9), 410),
        ("LPDDR4-3200-x16-8Gb", (1205, 1348 + 825, 990 + 303), (22.4, 5.7), 37.0),
    ],
)
def test_command_energies(part, commands_pj, refresh, standby_mw):
    figures = dram_part(part)
    activate, read, write = commands_pj
    refresh_nj, refresh_mw = refresh
    # A sum of two rounded figures, core and output supply, may be off by twice half a picojoule.
    rounding = 1.0 if part.startswith("LP") else 0.5001
    assert figures.activate_j * 1e12 == pytest.approx(activate, abs=0.5001)
    assert figures.read_j * 1e12 == pytest.approx(read, abs=rounding)
    assert figures.write_j * 1e12 == pytest.approx(write, abs=rounding)
    assert figures.refresh_j * 1e9 == pytest.approx(refresh_nj, abs=0.05)
    assert figures.refresh_w * 1e3 == pytest.approx(refresh_mw, abs=0.05)
    assert figures.background_w * 1e3 == pytest.approx(standby_mw, abs=0.5)


def test_lpddr4_output_supply_is_part_of_reads_and_writes():
    # LPDDR4-3200 x16: VDDQ 825 pJ of a read, 303 pJ of a write; 3.22 and 1.18 pJ/b [calc].
    part = dram_part("LPDDR4-3200-x16-8Gb")
    core = part.model_copy(update={"output": None})
    assert (part.read_j - core.read_j) * 1e12 / 256 == pytest.approx(3.22, abs=0.005)
    assert (part.write_j - core.write_j) * 1e12 / 256 == pytest.approx(1.18, abs=0.005)


# 8 Gb x 8 devices, 8 Gb x 8, 4 Gb x 8, one 8 Gb device; bursts of 64 B and 32 B; data-sheet organisation.
@pytest.mark.parametrize(
    ("part", "gibibits", "burst_bytes", "gigabytes_per_s"),
    [
        ("DDR4-2400-x8-8Gb", 64, 64, Fraction(192, 10)),
        ("DDR4-3200-x8-8Gb", 64, 64, Fraction(256, 10)),
        ("DDR3-1600-x8-4Gb", 32, 64, Fraction(128, 10)),
        ("LPDDR4-3200-x16-8Gb", 8, 32, Fraction(64, 10)),
    ],
)
def test_organisation(part, gibibits, burst_bytes, gigabytes_per_s):
    figures = dram_part(part)
    memory = Dram(part=part)
    assert memory.capacity_bits == gibibits * 2**30
    assert figures.burst_bits == burst_bytes * 8
    refreshed = 1 - Fraction(figures.timing.tRFC, figures.timing.tREFI)
    assert memory.bits_per_ps(1) * 1000 / 8 == gigabytes_per_s * refreshed


def test_every_clock_is_that_of_its_data_rate():
    # A part file may round its clock (0.83 and 0.63 ns for 0.833 and 0.625 ns), by less than one percent.
    for part in dram_parts().values():
        assert part.clock_ps == pytest.approx(2e6 / part.data_rate_mts, rel=0.01)


def test_ddr4_stream_is_as_fast_as_the_simulators_say():
    # DRAMsim3 18.33 GB/s and Ramulator 2.1 17.89 GB/s on the interleaved DDR4-2400 stream [tool]; the model
    # knows no row misses, so it may be up to 3 % above the slower.
    rate = Dram(part="DDR4-2400-x8-8Gb").bits_per_ps(10**9) * 1000 / 8
    assert float(rate) == pytest.approx(18.33, rel=0.005)
    assert float(rate) == pytest.approx(17.89, rel=0.03)


def test_latency_is_that_of_a_closed_bank():
    # DRAMsim3: tRCD + CL + 4 + 2 = 40 cycles of 0.83 ns, two of them in the controller [tool].
    assert Dram(part="DDR4-2400-x8-8Gb").latency_ps(TECHNOLOGY) == (40 - 2) * 830


def test_rows_are_opened_for_reads_and_writes_apart():
    memory = Dram(part="LPDDR4-3200-x16-8Gb")
    row, burst = 2048 * 8, 32 * 8
    assert memory.counts(0, 0) == {"activate": 0, "read": 0, "write": 0}
    assert memory.counts(row, row) == {"activate": 2, "read": row // burst, "write": row // burst}
    assert memory.counts(row + 1, 1) == {"activate": 3, "read": row // burst + 1, "write": 1}


def test_energy_per_streamed_bit():
    # LPDDR4: 5.26 + 3.22 pJ/b for the burst, plus 1205 pJ per 2 KB row [calc].
    read, write = Dram(part="LPDDR4-3200-x16-8Gb", channels=2).energy_per_bit(TECHNOLOGY)
    assert read * 1e12 == pytest.approx(5.26 + 3.22 + 1205 / 16384, abs=0.01)
    assert write * 1e12 == pytest.approx(3.87 + 1.18 + 1205 / 16384, abs=0.01)


@given(st.sampled_from(sorted(dram_parts())), st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 4]))
def test_channels_add_rate_and_ranks_add_standby(part, channels, ranks):
    one, many = Dram(part=part), Dram(part=part, channels=channels, ranks=ranks)
    assert many.bits_per_ps(1) == channels * one.bits_per_ps(1)
    assert many.capacity_bits == channels * ranks * one.capacity_bits
    for cause, power in many.static_power(TECHNOLOGY).items():
        assert power.value == pytest.approx(channels * ranks * one.static_power(TECHNOLOGY)[cause].value)
    assert many.energies(TECHNOLOGY) == one.energies(TECHNOLOGY)


def test_an_unknown_part_is_told_with_the_nearest():
    with pytest.raises(ValidationError, match="did you mean 'LPDDR4-3200-x16-8Gb'"):
        Dram(part="LPDDR4-3200-x16")


def test_sources_say_what_the_currents_leave_out():
    assert "without I/O and termination" in Dram(part="DDR4-2400-x8-8Gb").energies(TECHNOLOGY)["read"].source
    assert "VDDQ" in Dram(part="LPDDR4-3200-x16-8Gb").energies(TECHNOLOGY)["read"].source
