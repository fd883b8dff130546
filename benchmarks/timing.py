"""The unit of all benchmarks, and how times are taken."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

import simpy

from archsim.mapping.extents import block_sums
from archsim.mapping.pass_search import best_passes
from archsim.mapping.tiling import best_tiling

LOOP_EVENTS = 100_000


@dataclass(frozen=True)
class Result:
    name: str
    seconds: float
    ratio: float
    meaning: str


def shortest(work: Callable[[], object], repeats: int) -> float:
    """Shortest time of some repetitions in seconds, without garbage collection inside."""
    times = []
    for _ in range(repeats):
        gc.collect()
        gc.disable()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
        gc.enable()
    return min(times)


def event_seconds(repeats: int) -> float:
    """Seconds of one timeout of an empty SimPy loop: one process that waits over and over."""
    return shortest(_bare_loop, repeats) / LOOP_EVENTS


def _bare_loop() -> None:
    env = simpy.Environment()

    def wait() -> Generator[simpy.Event, object, None]:
        for _ in range(LOOP_EVENTS):
            yield env.timeout(1)

    env.process(wait())
    env.run()


def forget_tilings() -> None:
    """Empty what the mapper keeps between runs, so that each repetition searches afresh."""
    best_tiling.cache_clear()
    best_passes.cache_clear()
    block_sums.cache_clear()
