"""DRAM: energies per command and bit, and runs of two command-level simulators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archsim.hardware.dram_parts import dram_part
from archsim.hardware.memories.dram import Dram
from archsim.hardware.technology import Technology
from validation.rows import Row, Section

_TECHNOLOGY = Technology(node=45, voltage=0.9)
"""DRAM is another chip: its figures do not depend on it."""
_DDR4, _LPDDR4, _DDR3 = "DDR4-2400-x8-8Gb", "LPDDR4-3200-x16-8Gb", "DDR3-1600-x8-4Gb"

_COMMANDS = {
    _DDR4: (3450, 2932, 2550, 692.7, 89.2, 413),
    _DDR3: (9842, 6426, 4698, 553.2, 70.9, 410),
    _LPDDR4: (1205, 1348 + 825, 990 + 303, 22.4, 5.7, 37.0),
}
"""ACT+PRE, RD and WR in pJ, REF in nJ, refresh and active standby in mW."""
_GIGABYTES_PER_S = {_DDR4: 19.2, "DDR4-3200-x8-8Gb": 25.6, _DDR3: 12.8, _LPDDR4: 6.4}

_READS, _READ_BITS = 100_000, 64 * 8
_CONTROLLER = "The simulators' controllers take two cycles more; archsim has no controller."
_ALWAYS_CLOSED = (
    "archsim takes each transfer to find its bank closed: a row hit is faster, a conflict slower."
)
_NO_ROW_MISSES = (
    "archsim moves data at the peak rate less refresh: it knows no limit of four activations per "
    "tFAW, which decides here."
)
_ONE_BANK_GROUP = (
    "This order of addresses stays in one bank group for a whole row, where reads are 6 cycles apart "
    "instead of 4; archsim takes bank groups to be interleaved."
)
_TWO_RANKS = (
    "In archsim ranks add no bandwidth, and it knows neither the distance of reads in one bank group, "
    "which limits the simulator's stream, nor tFAW."
)
_SHORTER_RUN = (
    "The energy of standby and refresh is power times time, and archsim's run is as much shorter as its "
    "rate is higher."
)
_ROW_ORDER = (
    "archsim opens each row of the stream once; refreshes close rows in the simulator, which opens them "
    "again. The reference energy has one digit."
)


def sections() -> Iterable[Section]:
    """Return energies per command, flat energies per bit, and runs of reads."""
    yield Section(
        title="DRAM: energy per command",
        source=(
            "Supply currents of the DRAMsim3 (2981759) and DRAMSys (2107966) part files [sheet], formulas "
            "of DRAMPower [calc] (reference/memory.md §3); bandwidths of the standards [sheet]"
        ),
        intro=(
            "One rank of each part of [dram](models/dram.md) that the reference has; the rate is "
            "`bits_per_ps` before refresh."
        ),
        rows=(*_command_rows(), *_peak_rows()),
        basis="implementation",
    )
    yield Section(
        title="DRAM: flat energy per bit",
        source=(
            "accelergy-cacti-plug-in: LPDDR4, and DDR3 (Chatterjee et al., MICRO 2017) [pub] "
            "(reference/memory.md §3); Horowitz, ISSCC 2014, 45 nm table [pub] (reference/arithmetic.md "
            "§1)"
        ),
        intro="A long stream of reads in row order: bursts and activations, without standby and refresh.",
        rows=tuple(_flat_rows()),
    )
    yield Section(
        title="DRAM: DDR4-2400 in DRAMsim3 and Ramulator 2.1",
        source=(
            "DRAMsim3 2981759 and Ramulator 2.1 c5b1c3a, 100,000 reads of 64 B, 8 Gb x8, one rank, "
            "17-17-17, refresh on, open page, FR-FCFS [tool] (reference/memory.md §5)"
        ),
        intro=(
            "`dram` with `part: DDR4-2400-x8-8Gb`. A stream is one transfer of 6.4 MB, a random read one "
            "transfer of 64 B; many outstanding reads move at the port's rate, a single one adds the "
            "latency. Timing and currents are those of DRAMsim3's own part file: what is compared is the "
            "model, not the part."
        ),
        rows=(*_rate_rows(), *_latency_rows(), *_run_rows()),
    )


def _command_rows() -> Iterator[Row]:
    units = ("pJ", "pJ", "pJ", "nJ", "mW", "mW")
    names = ("ACT+PRE", "RD burst", "WR burst", "REF", "average refresh", "active standby")
    for name, printed in _COMMANDS.items():
        part = dram_part(name)
        energies = (part.activate_j * 1e12, part.read_j * 1e12, part.write_j * 1e12, part.refresh_j * 1e9)
        ours = (*energies, part.refresh_w * 1e3, part.background_w * 1e3)
        for what, unit, reference, found in zip(names, units, printed, ours, strict=True):
            yield Row(f"{name}: {what}", reference, found, unit)


def _peak_rows() -> Iterator[Row]:
    for name, reference in _GIGABYTES_PER_S.items():
        timing = dram_part(name).timing
        peak = _rate_gb_s(Dram(part=name)) / (1 - timing.tRFC / timing.tREFI)
        yield Row(f"{name}: peak rate", reference, peak, "GB/s")


def _flat_rows() -> Iterator[Row]:
    read_pj = {name: Dram(part=name).energy_per_bit(_TECHNOLOGY)[0] * 1e12 for name in (_LPDDR4, _DDR3)}
    yield Row("LPDDR4", 8, read_pj[_LPDDR4], "pJ/b")
    yield Row(
        "DDR3",
        70,
        read_pj[_DDR3],
        "pJ/b",
        "What the flat figure includes is not in the table; ours has neither I/O nor termination, which "
        "the part file does not give, and archsim books standby apart, by time.",
    )
    yield Row(
        "DRAM of the 45 nm table, 32 b read",
        20,
        read_pj[_LPDDR4],
        "pJ/b",
        "The table does not name its DRAM and counts a single word of 32 b; ours is LPDDR4-3200 in a long "
        "stream.",
    )


def _rate_rows() -> Iterator[Row]:
    ours = _rate_gb_s(Dram(part=_DDR4))
    two = _rate_gb_s(Dram(part=_DDR4, ranks=2))
    for simulator, interleaved, in_rows, random in (
        ("DRAMsim3", 18.33, 15.08, (11.19, 11.21)),
        ("Ramulator", 17.89, 14.33, (11.09, 11.08)),
    ):
        yield Row(f"{simulator}: stream, bank groups interleaved", interleaved, ours, "GB/s")
        yield Row(f"{simulator}: stream, row by row", in_rows, ours, "GB/s", _ONE_BANK_GROUP)
        for mapping, rate in zip(("row by row", "bank groups interleaved"), random, strict=True):
            yield Row(f"{simulator}: random, {mapping}", rate, ours, "GB/s", _NO_ROW_MISSES)
    yield Row("Ramulator's own harness, DDR4-2400R: stream", 18.24, ours, "GB/s")
    yield Row("DRAMsim3, two ranks: stream", 14.96, two, "GB/s", _TWO_RANKS)
    yield Row("DRAMsim3, two ranks: random", 16.89, two, "GB/s", _TWO_RANKS)
    size = _READ_BITS / 8
    alone = size / (size / ours + _latency_ns())
    yield Row("DRAMsim3, one outstanding read: random", 1.327, alone, "GB/s", _ALWAYS_CLOSED)
    yield Row("DRAMsim3, one outstanding read: stream", 3.17, alone, "GB/s", _ALWAYS_CLOSED)


def _latency_rows() -> Iterator[Row]:
    cycles = _latency_ns() * 1e3 / dram_part(_DDR4).clock_ps
    yield Row("DRAMsim3: latency, closed bank", 40, cycles, "cycles", _CONTROLLER)
    yield Row("DRAMsim3: latency, row hit", 23, cycles, "cycles", _ALWAYS_CLOSED)
    yield Row("DRAMsim3: latency, row conflict", 57, cycles, "cycles", _ALWAYS_CLOSED)
    yield Row(
        "Ramulator's own harness, DDR4-2400R: unloaded random latency",
        45.5,
        _latency_ns(),
        "ns",
        _ALWAYS_CLOSED,
    )


def _run_rows() -> Iterator[Row]:
    scattered = {name: _READS * count for name, count in Dram(part=_DDR4).counts(_READ_BITS, 0).items()}
    streamed = Dram(part=_DDR4).counts(_READS * _READ_BITS, 0)
    for what, counts, printed, activations in (
        ("random", scattered, (346, 293, 51, 233, 923), 100_185),
        ("stream", streamed, (3, 293, 37, 173, 507), 863),
    ):
        yield Row(
            f"{what}: activations",
            activations,
            counts["activate"],
            "",
            _ROW_ORDER if what == "stream" else "",
        )
        names = ("ACT+PRE", "RD", "REF", "standby", "all")
        for name, reference, ours in zip(names, printed, _microjoules(counts), strict=True):
            yield Row(f"{what}: energy, {name}", reference, ours, "uJ", _why_energy(name, what))


def _why_energy(name: str, what: str) -> str:
    if name == "RD":
        return ""
    if name == "ACT+PRE":
        return _ROW_ORDER if what == "stream" else ""
    return _SHORTER_RUN


def _microjoules(counts: dict[str, int]) -> tuple[float, ...]:
    memory = Dram(part=_DDR4)
    seconds = _READS * _READ_BITS / float(memory.bits_per_ps(0)) * 1e-12
    energies, power = memory.energies(_TECHNOLOGY), memory.static_power(_TECHNOLOGY)
    dynamic = [counts[name] * energies[name].value for name in ("activate", "read")]
    static = [power[name].value * seconds for name in ("refresh", "background")]
    parts = [joules * 1e6 for joules in (*dynamic, *static)]
    return (*parts, sum(parts))


def _rate_gb_s(memory: Dram) -> float:
    return float(memory.bits_per_ps(0)) / 8 * 1e3


def _latency_ns() -> float:
    return Dram(part=_DDR4).latency_ps(_TECHNOLOGY) / 1e3
