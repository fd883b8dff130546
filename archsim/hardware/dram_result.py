"""What a run of a DRAM channel has come to: cycles, latencies, rows, commands, states and energies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archsim.hardware.dram_parts import DramPart
from archsim.hardware.dram_rules import Command

_PERCENTILES: Final = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class LatencySummary:
    """Cycles from the acceptance of requests by the controller to their last data beat.

    A percentile is the smallest latency that so many percent of the requests do not exceed.
    """

    mean: float
    p50: int
    p95: int
    p99: int
    max: int


@dataclass(frozen=True, slots=True)
class DramResult:
    """A run from cycle 0 to its last data beat; energies and times of all ranks together."""

    cycles: int
    seconds: float
    bytes_moved: int
    """Of bursts on the data lines; a read that found its data in the queue of writes moves none."""
    reads: int
    writes: int
    forwarded: int
    """Reads that found their data in the queue of writes; part of `reads`."""
    latency: LatencySummary
    """Of reads; of writes where there are no reads."""
    row_hits: int
    """Bursts of a row that another one had used before; the first after each activation is none."""
    row_conflicts: int
    """Precharges for a request that wanted another row."""
    data_cycles: int
    """Cycles in which the data lines are busy."""
    commands: Mapping[str, int]
    state_cycles: Mapping[str, int]
    """Cycles by state, of all ranks together: `active` with rows open, `precharged`, `power_down` and
    `self_refresh`."""
    energy_j: Mapping[str, float]

    @property
    def bandwidth_gb_s(self) -> float:
        """Bytes of all requests over the whole time, in 10^9 bytes per second."""
        return self.bytes_requested / self.seconds / 1e9 if self.seconds else 0.0

    @property
    def bytes_requested(self) -> int:
        """Bytes of all requests, forwarded reads included."""
        bursts = self.reads - self.forwarded + self.writes
        return self.bytes_moved // bursts * (self.reads + self.writes) if bursts else 0

    @property
    def total_j(self) -> float:
        """Energy of all commands and states."""
        return fsum(self.energy_j.values())

    def to_data(self) -> dict[str, Any]:
        """Return the result as plain data for JSON."""
        return {
            "cycles": self.cycles,
            "seconds": self.seconds,
            "bandwidth_gb_s": self.bandwidth_gb_s,
            "data_bus_utilisation": self.data_cycles / self.cycles if self.cycles else 0.0,
            "latency_cycles": {
                name: getattr(self.latency, name) for name in ("mean", "p50", "p95", "p99", "max")
            },
            "reads": self.reads,
            "writes": self.writes,
            "forwarded_reads": self.forwarded,
            "bytes": self.bytes_requested,
            "row_hits": self.row_hits,
            "row_conflicts": self.row_conflicts,
            "commands": dict(self.commands),
            "state_cycles": dict(self.state_cycles),
            "energy_j": dict(self.energy_j),
            "average_power_w": self.total_j / self.seconds if self.seconds else 0.0,
        }


def result_of(part: DramPart, tally: Mapping[str, Any], latencies: NDArray[np.int64]) -> DramResult:
    """Return the result that the kernel's tally of some ranks of a part stands for.

    Parameters
    ----------
    latencies
        Requests by [write][cycles].
    """
    forwarded, bursts = tally["forwarded"], sum(tally["served"])
    read = tally["served"][0] + forwarded
    kind = 0 if read else 1
    states = {
        "active": tally["cycles_active"],
        "precharged": tally["cycles_idle"],
        "power_down": tally["cycles_down"],
        "self_refresh": tally["cycles_self"],
    }
    commands = {command.name.lower(): tally["counted"][command] for command in Command}
    return DramResult(
        cycles=tally["last_beat"],
        seconds=tally["last_beat"] * part.clock_ps * 1e-12,
        bytes_moved=bursts * part.burst_bytes,
        reads=read,
        writes=tally["served"][1],
        forwarded=forwarded,
        latency=_summary(latencies[kind], tally["waited"][kind], tally["longest"][kind]),
        row_hits=tally["hits"],
        row_conflicts=tally["conflicts"],
        data_cycles=bursts * part.burst_cycles,
        commands=commands,
        state_cycles=states,
        energy_j=_energies(part, commands, states),
    )


def _summary(counts: NDArray[np.int64], waited: int, longest: int) -> LatencySummary:
    total = int(counts.sum())
    if not total:
        return LatencySummary(0.0, 0, 0, 0, 0)
    upto = np.cumsum(counts)
    ranks = [-(-total * percent // 100) for percent in _PERCENTILES]
    places = [int(np.searchsorted(upto, rank)) for rank in ranks]
    p50, p95, p99 = (longest if place == len(counts) - 1 else place for place in places)
    return LatencySummary(waited / total, p50, p95, p99, longest)


def _energies(part: DramPart, commands: Mapping[str, int], states: Mapping[str, int]) -> dict[str, float]:
    powers = {
        "active": part.background_w,
        "precharged": part.precharged_w,
        "power_down": part.power_down_w,
        "self_refresh": part.self_refresh_w,
    }
    cycle_s = part.clock_ps * 1e-12
    return {
        "activate": commands["act"] * part.activate_j,
        "read": (commands["rd"] + commands["rda"]) * part.read_j,
        "write": (commands["wr"] + commands["wra"]) * part.write_j,
        "refresh": commands["refab"] * part.refresh_j + commands["refpb"] * part.refresh_bank_j,
        "background": fsum(states[name] * power * cycle_s for name, power in powers.items()),
    }
