"""DRAM: the command-level channel beside two simulators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np

from archsim.hardware.dram_controller import ControllerOptions, DramController, Requests
from archsim.hardware.dram_parts import dram_part
from archsim.hardware.dram_result import DramResult
from validation.rows import Row, Section

_PART = dram_part("DDR4-2400")
_READS = 100_000
_STEP, _MASK = 0x9E3779B97F4A7C15, 2**64 - 1
_OUTSTANDING = {
    1: {"random": (1.327, 58.1), "stream": (3.17, 24.3)},
    32: {"random": (11.22, 219.5), "stream": (14.12, 174.7)},
}
"""GB/s and mean latency in cycles."""
_ENERGIES = ("activate", "read", "refresh", "background")


def sections() -> Iterable[Section]:
    """Return cycles, rates, latencies, rows and energies of 100,000 reads, and of 20,000."""
    yield Section(
        title="DRAM channel: DDR4-2400 in DRAMsim3 and Ramulator 2.1",
        source=(
            "DRAMsim3 2981759 and Ramulator 2.1 c5b1c3a, 100,000 reads of 64 B, 8 Gb x8, one rank, "
            "17-17-17, refresh on, open page, FR-FCFS [tool] (reference/memory.md §5)"
        ),
        intro=(
            "`archsim dram DDR4-2400` on the same addresses: streamed, and random ones of splitmix64. Timing "
            "and currents are those of DRAMsim3's own part file: what is compared is the model, not the part."
        ),
        rows=(*_cycle_rows(), *_two_rank_rows(), *_outstanding_rows(32), *_count_rows(), *_energy_rows()),
    )
    yield Section(
        title="DRAM channel: one outstanding read",
        source="DRAMsim3 2981759, 20,000 reads of DDR4-2400 [tool] (reference/memory.md §5)",
        intro="The two cycles that requests take to the queues are those of DRAMsim3's controller.",
        rows=tuple(_outstanding_rows(1)),
        basis="calibration",
    )


def _cycle_rows() -> Iterator[Row]:
    for pattern, mapping, dramsim3, ramulator in (
        ("stream", "robabgco", 511_227, 536_199),
        ("stream", "robacobg", 420_764, 429_439),
        ("random", "robabgco", 688_847, 692_581),
        ("random", "robacobg", 687_875, 693_453),
    ):
        ours = _result(pattern, mapping=mapping).cycles
        yield Row(f"DRAMsim3: {pattern}, {mapping}", dramsim3, ours, "cycles")
        yield Row(f"Ramulator: {pattern}, {mapping}", ramulator, ours, "cycles")


def _two_rank_rows() -> Iterator[Row]:
    for pattern, reference in (("stream", 515_582), ("random", 456_537)):
        yield Row(f"DRAMsim3, two ranks: {pattern}", reference, _result(pattern, ranks=2).cycles, "cycles")


def _outstanding_rows(count: int) -> Iterator[Row]:
    for pattern, (rate, latency) in _OUTSTANDING[count].items():
        ours = _result(pattern, 20_000, outstanding=count)
        what = f"DRAMsim3, {count} outstanding: {pattern}"
        yield Row(what, rate, ours.bandwidth_gb_s, "GB/s")
        yield Row(f"{what}, mean latency", latency, ours.latency.mean, "cycles")


def _count_rows() -> Iterator[Row]:
    scattered, streamed = _result("random"), _result("stream")
    yield Row("DRAMsim3, random: activations", 100_185, scattered.commands["act"], "")
    yield Row("DRAMsim3, random: refreshes", 73, scattered.commands["refab"], "")
    yield Row("DRAMsim3, stream: activations", 863, streamed.commands["act"], "")
    yield Row("DRAMsim3, stream: refreshes", 54, streamed.commands["refab"], "")
    yield Row("DRAMsim3, stream: row hits", 99_138, streamed.row_hits, "")


def _energy_rows() -> Iterator[Row]:
    for pattern, printed, total in (("random", (346, 293, 51, 233), 923), ("stream", (3, 293, 37, 173), 507)):
        ours = _result(pattern)
        for name, reference in zip(_ENERGIES, printed, strict=True):
            yield Row(f"DRAMsim3, {pattern}: energy, {name}", reference, ours.energy_j[name] * 1e6, "uJ")
        yield Row(f"DRAMsim3, {pattern}: energy, all", total, ours.total_j * 1e6, "uJ")


@cache
def _result(pattern: str, count: int = _READS, **options: object) -> DramResult:
    controller = DramController(_PART, ControllerOptions(**options))
    addresses = _random(count) if pattern == "random" else np.arange(count, dtype=np.uint64) * np.uint64(64)
    controller.run(Requests(addresses, np.zeros(count, np.uint8)))
    return controller.result()


def _random(count: int) -> np.ndarray:
    """64 x (r mod 2^26), r from splitmix64 whose state starts at its increment."""
    state, found = _STEP, []
    for _ in range(count):
        state = (state + _STEP) & _MASK
        mixed = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & _MASK
        found.append(64 * ((mixed ^ mixed >> 31) % 2**26))
    return np.array(found, np.uint64)
