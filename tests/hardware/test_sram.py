"""SRAM against CACTI's own rows, and the physics between them."""

from __future__ import annotations

import csv
from fractions import Fraction
from importlib.resources import files
from math import log2, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.errors import InputError
from archsim.hardware.cacti import BankShape, sram_bank
from archsim.hardware.memories.sram import Sram
from archsim.hardware.technology import Technology

KIB = 1024
HOT_C = 350 - 273.15
CELLS = ("itrs-hp", "itrs-lop", "itrs-lstp")


def technology(node: float, celsius: float = HOT_C) -> Technology:
    return Technology(node=node, voltage=0.9, temperature=celsius)


def rows() -> list[dict[str, str]]:
    text = (files("archsim.hardware") / "tables" / "cacti_sram.csv").read_text()
    return list(csv.DictReader(text.splitlines()))


def test_every_row_without_check_bits_is_hit_exactly():
    for row in (row for row in rows() if row["ecc"] == "0"):
        celsius = float(row["temperature_K"]) - 273.15
        shape = BankShape(int(row["size_B"]), int(row["width_b"]), row["cell"])
        bank = sram_bank(technology(float(row["tech_nm"]), celsius), shape)
        expected = [float(row[name]) for name in ("access_ns", "cycle_ns", "read_pJ", "write_pJ", "area_mm2")]
        got = [
            bank.access_s * 1e9,
            bank.cycle_s * 1e9,
            bank.read_j * 1e12,
            bank.write_j * 1e12,
            bank.area_mm2,
        ]
        assert got == pytest.approx(expected, rel=1e-12)
        # The ratio to 350 K is taken from the nearest of four capacities, which differ by less than 0.1 %.
        tolerance = 1e-12 if row["temperature_K"] == "350" else 1e-3
        assert bank.leakage_w * 1e3 == pytest.approx(float(row["leak_mW"]), rel=tolerance)


# CACTI 7, 64 b port, 350 K, as printed in its report to four digits: ns, ns, pJ, pJ, mW, mm2.
@pytest.mark.parametrize(
    ("node", "cell", "kib", "printed"),
    [
        (65, "itrs-hp", 64, (0.7765, 1.021, 48.37, 29.93, 65.83, 0.3833)),
        (65, "itrs-lop", 512, (3.059, 3.202, 63.04, 42.8, 15.73, 3.432)),
        (45, "itrs-hp", 8, (0.2875, 0.2527, 5.288, 6.502, 8.753, 0.02629)),
        (32, "itrs-hp", 4096, (2.446, 0.613, 68.78, 61.12, 1154, 6.272)),
        (22, "itrs-hp", 2, (0.09319, 0.07523, 0.603, 0.8972, 0.367, 0.001805)),
    ],
)
def test_published_rows(node, cell, kib, printed):
    bank = sram_bank(technology(node), BankShape(kib * KIB, 64, cell))
    got = (
        bank.access_s * 1e9,
        bank.cycle_s * 1e9,
        bank.read_j * 1e12,
        bank.write_j * 1e12,
        bank.leakage_w * 1e3,
        bank.area_mm2,
    )
    assert got == pytest.approx(printed, rel=5e-4)


def test_high_performance_cells_leak_32_times_low_power_ones_at_65_nm():
    ratios = [
        sram_bank(technology(65), BankShape(size, 64, "itrs-hp")).leakage_w
        / sram_bank(technology(65), BankShape(size, 64, "itrs-lop")).leakage_w
        for size in (2 * KIB, 64 * KIB, 4096 * KIB)
    ]
    assert ratios == pytest.approx([32, 32, 32], rel=0.05)


nodes = st.floats(22, 65)
cells = st.sampled_from(CELLS)
capacities = st.integers(2048, 4 * 1024 * KIB)


@given(nodes, cells, capacities, capacities, st.sampled_from([32, 64, 100, 256, 512]))
def test_area_leakage_and_access_energy_never_fall_with_capacity(node, cell, first, second, width):
    small, large = (
        sram_bank(technology(node), BankShape(size, width, cell)) for size in sorted((first, second))
    )
    for figure in ("area_mm2", "leakage_w", "read_j", "write_j"):
        assert getattr(small, figure) <= getattr(large, figure) * (1 + 1e-12)


@given(st.integers(32, 512), st.integers(32, 512), st.integers(16 * KIB, 4096 * KIB))
def test_wider_accesses_cost_more_at_45_nm_low_power(first, second, capacity):
    narrow, wide = (
        sram_bank(technology(45), BankShape(capacity, width)) for width in sorted((first, second))
    )
    assert narrow.read_j <= wide.read_j * (1 + 1e-12)
    assert narrow.write_j <= wide.write_j * (1 + 1e-12)


@given(nodes, cells, st.floats(0, 90), st.floats(0, 90))
def test_leakage_rises_with_temperature_and_energy_does_not_move(node, cell, first, second):
    cool, warm = (
        sram_bank(technology(node, celsius), BankShape(64 * KIB, 64, cell))
        for celsius in sorted((first, second))
    )
    assert cool.leakage_w <= warm.leakage_w * (1 + 1e-12)
    assert cool.read_j == warm.read_j


@given(nodes, cells)
def test_between_nodes_figures_lie_between_those_of_the_nodes(node, cell):
    low, high = max(n for n in (22, 32, 45, 65) if n <= node), min(n for n in (22, 32, 45, 65) if n >= node)
    shape = BankShape(64 * KIB, 64, cell)
    below, here, above = (sram_bank(technology(n), shape) for n in (low, node, high))
    for figure in ("area_mm2", "read_j", "leakage_w"):
        ends = sorted((getattr(below, figure), getattr(above, figure)))
        assert ends[0] * (1 - 1e-12) <= getattr(here, figure) <= ends[1] * (1 + 1e-12)


@pytest.mark.parametrize("node", [65, 45, 32, 22])
@pytest.mark.parametrize("cell", CELLS)
def test_error_correction_costs_about_a_seventh(node, cell):
    # CACTI with 64 + 8 bits: 12.5 % more storage; read +13 to +16 %, area +8 to +14 % over all rows [tool].
    plain, corrected = (
        sram_bank(technology(node), BankShape(64 * KIB, 64, cell, ecc)) for ecc in (False, True)
    )
    assert 1.10 < corrected.read_j / plain.read_j < 1.17
    assert 1.10 < corrected.write_j / plain.write_j < 1.18
    assert 1.10 < corrected.leakage_w / plain.leakage_w < 1.17
    assert 1.08 < corrected.area_mm2 / plain.area_mm2 < 1.14


def test_published_secded_overhead_at_65_nm():
    # 65 nm itrs-hp, 8 KiB to 1 MiB: read +13.2 to +14.8 %, leakage +11.2 to +11.8 % [tool].
    plain, corrected = (
        sram_bank(technology(65), BankShape(8 * KIB, 64, "itrs-hp", ecc)) for ecc in (False, True)
    )
    assert 1.132 <= corrected.read_j / plain.read_j <= 1.148
    assert 1.112 <= corrected.leakage_w / plain.leakage_w <= 1.118


def test_banks_share_the_capacity_and_only_one_is_accessed():
    whole = Sram(capacity="64 KiB", width="128 b")
    banked = Sram(capacity="512 KiB", width="128 b", banks=8)
    process = technology(45, 25)
    assert banked.energies(process)["read"].value == whole.energies(process)["read"].value
    assert banked.static_power(process)["leakage"].value == pytest.approx(
        8 * whole.static_power(process)["leakage"].value
    )
    assert banked.area(process).value == pytest.approx(8 * whole.area(process).value)
    assert banked.latency_ps(process) == whole.latency_ps(process)
    assert banked.capacity_bits == 8 * whole.capacity_bits == 512 * KIB * 8


def test_accesses_are_whole_words():
    memory = Sram(capacity="64 KiB", width="128 b")
    assert memory.counts(0, 0) == {"read": 0, "write": 0}
    assert memory.counts(128, 129) == {"read": 1, "write": 2}


def test_rate_is_a_word_per_cycle_of_the_port():
    assert Sram(capacity="64 KiB", width="128 b").bits_per_ps(500_000_000) == Fraction(64, 1000)
    own = Sram(capacity="64 KiB", width="128 b", clock="1 GHz")
    assert own.bits_per_ps(500_000_000) == Fraction(128, 1000)


def test_latency_is_the_access_time():
    # CACTI 65 nm itrs-lop 64 KiB 64 b: 1.608 ns [tool].
    assert Sram(capacity="64 KiB", width="64 b").latency_ps(technology(65)) == pytest.approx(1608, abs=1)


def test_a_bank_slower_than_the_clock_is_refused_with_its_cycle_time():
    # CACTI 65 nm itrs-lop 64 KiB 64 b: cycle 1.59 ns [tool].
    memory = Sram(capacity="64 KiB", width="64 b")
    text = "bank of 64 KiB cycles in 1.59 ns, slower than 1 GHz; use more banks or a slower clock"
    assert memory.refusal(technology(65), 10**9) == text
    assert memory.refusal(technology(65), 600_000_000) is None
    assert Sram(capacity="64 KiB", width="64 b", clock="600 MHz").refusal(technology(65), 10**9) is None


def test_nodes_without_figures_are_refused():
    memory = Sram(capacity="64 KiB", width="64 b")
    assert "22 nm to 65 nm" in (memory.refusal(technology(14), 10**8) or "")
    with pytest.raises(InputError, match="no SRAM figures at 90 nm"):
        memory.energies(technology(90))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"capacity": "128 B", "width": "64 b"}, "256 B to 4 MiB"),
        ({"capacity": "8 MiB", "width": "64 b"}, "256 B to 4 MiB"),
        ({"capacity": "1 KiB", "width": "512 b"}, "2 KiB to 4 MiB"),
        ({"capacity": "1 MiB", "width": "16 b"}, "256 B to 64 KiB"),
        ({"capacity": "64 KiB", "width": "1024 b"}, "8 b to 512 b"),
        ({"capacity": "64 KiB", "width": "64 b", "banks": 3}, "does not divide into 3 equal banks"),
        ({"capacity": "64 KiB", "width": "64 b", "banks": 0}, "greater than or equal to 1"),
        ({"capacity": "64 KiB", "width": "64 b", "clock": "0 Hz"}, "greater than 0"),
        ({"capacity": "64 KiB", "width": "64 b", "cell": "lop"}, "itrs-lop"),
    ],
)
def test_impossible_shapes_are_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        Sram(**fields)


def test_sources_say_what_was_done():
    def source(node: float, **fields: object) -> str:
        return (
            Sram(**{"capacity": "64 KiB", "width": "64 b"} | fields).energies(technology(node))["read"].source
        )

    assert source(45) == "CACTI 7, 45 nm itrs-lop, 64 KiB, 64 b port [tool]"
    assert "between nodes" in source(40)
    assert "between capacities or widths" in source(45, capacity="48 KiB")
    assert "SECDED" in source(45, ecc=True)
    cool = Sram(capacity="64 KiB", width="64 b", cell="itrs-lstp").static_power(technology(45, 0))["leakage"]
    assert "300 K, the nearest that is tabulated" in cool.source
    assert "assumption" in cool.source


def test_between_capacities_and_nodes_figures_follow_a_power_law_and_between_widths_a_line():
    # In the logarithm of capacity and node, half way is the geometric mean; in the width, the mean.
    def read_j(node: float, capacity: int, width: int) -> float:
        return sram_bank(technology(node), BankShape(capacity, width)).read_j

    low, high = read_j(45, 64 * KIB, 64), read_j(45, 128 * KIB, 64)
    assert read_j(45, 96 * KIB, 64) == pytest.approx(low * (high / low) ** log2(1.5), rel=1e-12)
    assert read_j(45, 64 * KIB, 96) == pytest.approx((low + read_j(45, 64 * KIB, 128)) / 2, rel=1e-12)
    ends = read_j(32, 64 * KIB, 64), read_j(45, 64 * KIB, 64)
    assert read_j(sqrt(32 * 45), 64 * KIB, 64) == pytest.approx(sqrt(ends[0] * ends[1]), rel=1e-12)


def test_leakage_between_temperatures_is_exponential():
    cool, warm, between = (
        sram_bank(technology(45, kelvin - 273.15), BankShape(64 * KIB, 64)).leakage_w
        for kelvin in (300, 320, 310)
    )
    assert between == pytest.approx(sqrt(cool * warm), rel=1e-9)


# Eyeriss reads an input and a sum and writes a sum in one cycle, each in a bank of its own.
def test_banks_that_serve_at_the_same_time_add_bandwidth_and_nothing_else():
    def bank(**fields):
        return Sram(capacity="100 KiB", banks=25, width="64 b", cell="itrs-lstp", **fields)

    one, three = bank(), bank(accesses_per_cycle=3)
    assert one.bits_per_ps(200_000_000) == Fraction(64 * 200_000_000, 10**12)
    assert three.bits_per_ps(200_000_000) == 3 * one.bits_per_ps(200_000_000)
    at = technology(65)
    assert three.energies(at) == one.energies(at)
    assert three.counts(129, 64) == one.counts(129, 64) == {"read": 3, "write": 1}
    assert (three.area(at), three.static_power(at)) == (one.area(at), one.static_power(at))
    assert (three.latency_ps(at), three.refusal(at, 200_000_000)) == (one.latency_ps(at), None)


@pytest.mark.parametrize(("banks", "accesses"), [(1, 2), (4, 5)])
def test_no_more_banks_serve_than_there_are(banks, accesses):
    Sram(capacity="64 KiB", banks=banks, width="64 b", accesses_per_cycle=banks)
    with pytest.raises(ValidationError, match=f"{banks} banks cannot serve more accesses"):
        Sram(capacity="64 KiB", banks=banks, width="64 b", accesses_per_cycle=accesses)
