"""Which instruction set the kernels use, and how many threads."""

from __future__ import annotations

import os
from typing import Final

from archsim._integer import supported_levels
from archsim.errors import InputError, expected_one_of, nearest

VARIABLE: Final = "ARCHSIM_ISA"
"""Environment variable that forces one instruction set."""

THREADS: Final = "OMP_NUM_THREADS"
"""Environment variable by which users of OpenMP limit threads."""

MOST_THREADS: Final = 1024
"""More have no use, and a system may refuse to start them."""


def instruction_sets() -> tuple[str, ...]:
    """Return the instruction sets that this processor and build have, the plainest first."""
    return tuple(supported_levels())


def instruction_set() -> str:
    """Return the instruction set in use: that of ``ARCHSIM_ISA``, else the best one here.

    Raises
    ------
    InputError
        If ``ARCHSIM_ISA`` names none that this processor has.
    """
    available = instruction_sets()
    forced = os.environ.get(VARIABLE)
    if not forced:
        return available[-1]
    if forced not in available:
        raise InputError(
            f"{VARIABLE}={forced}: {expected_one_of(available)} here", suggestion=nearest(forced, available)
        )
    return forced


def thread_count(threads: int | None) -> int:
    """Return how many threads to use: as told, else ``OMP_NUM_THREADS``, else one per processor."""
    if threads is None:
        wanted = os.environ.get(THREADS, "").split(",")[0].strip()
        if wanted.isdecimal() and int(wanted):
            return min(int(wanted), MOST_THREADS)
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if threads < 1:
        raise ValueError(f"{threads} threads: expected at least 1")
    return min(int(threads), MOST_THREADS)
