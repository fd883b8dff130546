"""Request patterns of the DRAM tests."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from archsim.hardware.dram_controller import Requests
from archsim.hardware.dram_parts import DramPart

_STEP, _MASK = 0x9E3779B97F4A7C15, 2**64 - 1


def splitmix64() -> Iterator[int]:
    """Vigna's generator, whose state starts at its own increment."""
    state = _STEP
    while True:
        state = (state + _STEP) & _MASK
        mixed = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & _MASK
        yield mixed ^ mixed >> 31


def reads(addresses: np.ndarray) -> Requests:
    return Requests(addresses.astype(np.uint64), np.zeros(len(addresses), np.uint8))


def stream(count: int, size: int = 64) -> Requests:
    return reads(np.arange(count) * size)


def random(count: int) -> Requests:
    numbers = splitmix64()
    return reads(np.array([64 * (next(numbers) % 2**26) for _ in range(count)]))


def mixed(part: DramPart, count: int, seed: int, span: int = 2**26, ranks: int = 1) -> Requests:
    """Half writes, half of all in runs of a few bursts, over some bytes of the part."""
    rng = np.random.default_rng(seed)
    size = part.burst_bytes
    starts = rng.integers(0, min(span, part.rank_bits // 8 * ranks) // size, count)
    runs = np.repeat(starts, rng.integers(1, 6, count))[:count]
    addresses = (runs + np.where(rng.random(count) < 0.5, np.arange(count) % 8, 0)) * size
    return Requests(
        (addresses % (part.rank_bits // 8 * ranks)).astype(np.uint64),
        (rng.random(count) < 0.5).astype(np.uint8),
    )
