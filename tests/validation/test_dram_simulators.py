"""DDR4-2400 8 Gb x8 beside DRAMsim3 2981759 and Ramulator 2.1 c5b1c3a [tool] (reference/memory.md §5)."""

from __future__ import annotations

import sys
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from archsim.hardware.dram_controller import ControllerOptions, DramController
from archsim.hardware.dram_parts import dram_part
from archsim.hardware.dram_result import DramResult

sys.path.append(str(Path(__file__).resolve().parents[1] / "hardware"))
from dram_patterns import random, splitmix64, stream

DDR4 = dram_part("DDR4-2400")
READS = 100_000


@cache
def result(pattern: str, count: int = READS, **options: object) -> DramResult:
    controller = DramController(DDR4, ControllerOptions(**options))
    controller.run(random(count) if pattern == "random" else stream(count))
    return controller.result()


def test_the_random_addresses_are_those_of_the_reference() -> None:
    first = [64 * (number % 2**26) for number in islice(splitmix64(), 5)]
    assert first == [0x6E597D00, 0x25153C0, 0x93207B00, 0x6A1D26C0, 0x1FA8BA80]


# Cycles of DRAMsim3 and of Ramulator 2.1; the latter's nearest mapping to robacobg is MOP4CLXOR.
@pytest.mark.parametrize(
    ("pattern", "mapping", "dramsim3", "ramulator"),
    [
        ("stream", "robacobg", 420_764, 429_439),
        ("random", "robabgco", 688_847, 692_581),
        ("random", "robacobg", 687_875, 693_453),
    ],
)
def test_throughput_is_within_five_percent_of_both(
    pattern: str, mapping: str, dramsim3: int, ramulator: int
) -> None:
    cycles = result(pattern, mapping=mapping).cycles
    assert cycles == pytest.approx(dramsim3, rel=0.05)
    assert cycles == pytest.approx(ramulator, rel=0.05)


def test_a_stream_in_rows_is_between_the_two() -> None:
    assert 511_227 <= result("stream").cycles <= 536_199


def test_throughput_follows_from_the_mechanism() -> None:
    # Less refresh, four activations per tFAW bound random reads, tCCD_S interleaved streams.
    left = 1 - DDR4.timing.tRFC / DDR4.timing.tREFI
    assert 1 <= result("random").cycles / (READS * DDR4.timing.tFAW / 4 / left) < 1.03
    assert 1 <= result("stream", mapping="robacobg").cycles / (READS * DDR4.timing.tCCD_S / left) < 1.01


@pytest.mark.parametrize(("pattern", "cycles"), [("stream", 515_582), ("random", 456_537)])
def test_two_ranks_are_within_five_percent_of_dramsim3(pattern: str, cycles: int) -> None:
    assert result(pattern, ranks=2).cycles == pytest.approx(cycles, rel=0.05)


# GB/s and mean latency in cycles of 20,000 reads in DRAMsim3.
@pytest.mark.parametrize(
    ("pattern", "outstanding", "rate", "latency"),
    [
        ("random", 1, 1.327, 58.1),
        ("random", 32, 11.22, 219.5),
        ("stream", 1, 3.17, 24.3),
        ("stream", 32, 14.12, 174.7),
    ],
)
def test_outstanding_reads_are_as_fast_as_in_dramsim3(
    pattern: str, outstanding: int, rate: float, latency: float
) -> None:
    found = result(pattern, 20_000, outstanding=outstanding)
    assert found.bandwidth_gb_s == pytest.approx(rate, rel=0.02)
    assert found.latency.mean == pytest.approx(latency, rel=0.02)


def test_rows_and_refreshes_are_those_of_dramsim3() -> None:
    scattered, streamed = result("random"), result("stream")
    assert scattered.commands["act"] == pytest.approx(100_185, rel=0.001)
    assert abs(scattered.commands["refab"] - 73) <= 1
    assert streamed.commands["act"] == pytest.approx(863, rel=0.01)
    assert abs(streamed.commands["refab"] - 54) <= 2
    assert streamed.row_hits == pytest.approx(99_138, rel=0.001)


# Microjoules of DRAMsim3: activate, read, refresh, background, all; one digit for the stream's activations.
@pytest.mark.parametrize(
    ("pattern", "energies", "total"),
    [("random", (346, 293, 51, 233), 923), ("stream", (3, 293, 37, 173), 507)],
)
def test_energy_is_within_ten_percent_of_dramsim3(
    pattern: str, energies: tuple[float, ...], total: float
) -> None:
    found = result(pattern)
    for name, expected in zip(("activate", "read", "refresh", "background"), energies, strict=True):
        assert found.energy_j[name] * 1e6 == pytest.approx(expected, rel=0.1), name
    assert found.total_j * 1e6 == pytest.approx(total, rel=0.05)
