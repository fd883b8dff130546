"""Requests per second of the DRAM channel, on one core.

Usage: ``python benchmarks/dram.py [--json] [--repeats N]``

A row is one pattern of requests on one part: their arrays are there, the time is that of the controller and
the channel to the last data beat, latencies and counts included. Times are processor time, so that other work
on the machine counts little, and the shortest of N repetitions counts.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from archsim.hardware.dram_controller import DramController, Requests
from archsim.hardware.dram_parts import DramPart, dram_part

REQUESTS = 1_000_000
PARTS = ("DDR4-2400", "LPDDR4-3200", "HBM2")
PATTERNS = ("stream", "random", "random, half writes")


@dataclass(frozen=True)
class Row:
    part: str
    pattern: str
    requests: int
    requests_per_s: float


def requests_of(pattern: str, count: int, size: int, capacity: int) -> Requests:
    """Addresses one burst apart, or anywhere in the channel."""
    rng = np.random.default_rng(0)
    bursts = np.arange(count) if pattern == "stream" else rng.integers(0, capacity // size, count)
    writes = rng.random(count) < (0.5 if "writes" in pattern else 0)
    return Requests((bursts * size).astype(np.uint64), writes.astype(np.uint8))


def rows(repeats: int, count: int = REQUESTS) -> Iterator[Row]:
    for name in PARTS:
        part = dram_part(name)
        for pattern in PATTERNS:
            requests = requests_of(pattern, count, part.burst_bytes, part.rank_bits // 8)
            seconds = min(processor_seconds(part, requests) for _ in range(repeats))
            yield Row(name, pattern, count, count / seconds)


def processor_seconds(part: DramPart, requests: Requests) -> float:
    controller = DramController(part)
    start = time.process_time()
    controller.run(requests)
    return time.process_time() - start


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--repeats", type=int, default=3, help="repetitions; the shortest counts")
    given = parser.parse_args(arguments)
    found = list(rows(given.repeats))
    if given.json:
        print(json.dumps([asdict(row) for row in found], indent=1))
        return 0
    for row in found:
        print(f"{row.part:12} {row.pattern:20} {row.requests_per_s / 1e6:6.2f} million requests/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
