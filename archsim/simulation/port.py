"""One port of a memory or link."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import simpy

from archsim.simulation.banks import Banks

QUANTUM_BITS = 64 * 1024 * 8
"""Most bits that one request holds a port for; two streams alternate with this grain."""

Events = Generator[simpy.Event, object, None]


@dataclass(slots=True)
class Port:
    """One port: when it is free again, and what it has moved.

    Attributes
    ----------
    busy_ps
        Time during which the port served requests.
    read_bits, written_bits
        Bits out of and into a memory; a link counts all as read.
    banks
        Those of a memory in which clients hinder each other.
    """

    name: str
    free_at_ps: int = 0
    busy_ps: int = 0
    read_bits: int = 0
    written_bits: int = 0
    banks: Banks | None = None
