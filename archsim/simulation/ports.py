"""Ports of memories and links: first come, first served, in bounded quanta."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from fractions import Fraction

import simpy

from archsim.hardware.architecture import Architecture
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


@dataclass(frozen=True, slots=True)
class Stage:
    """A port on a route, its rate there and the direction of the traffic."""

    port: Port
    bits_per_ps: Fraction
    written: bool

    def service_ps(self, bits: int) -> int:
        """Time that the port needs, rounded up to whole picoseconds."""
        return -(-bits * self.bits_per_ps.denominator // self.bits_per_ps.numerator)


@dataclass(frozen=True, slots=True)
class Path:
    """All ports between two places, used at the same time by each quantum."""

    stages: tuple[Stage, ...]
    latency_ps: int


Booked = Callable[[Path, int, int], None]
"""Called for each quantum with its path, its bits and its start in picoseconds, once its ports are booked."""


@dataclass(slots=True)
class Fabric:
    """The ports of an architecture and the paths between its memories and units."""

    architecture: Architecture
    ports: dict[str, Port] = field(default_factory=dict)
    _paths: dict[tuple[str, str], Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        machine = self.architecture
        names = [*machine.memories, *(port for link in machine.links for port in machine.link_ports(link))]
        self.ports.update((name, Port(name)) for name in names)
        for name, memory in machine.memories.items():
            if memory.conflict_share:
                self.ports[name].banks = Banks(memory.conflict_share)

    def path(self, source: str, destination: str) -> Path:
        """Ports from one memory or unit to another."""
        key = (source, destination)
        if key not in self._paths:
            self._paths[key] = self._find(source, destination)
        return self._paths[key]

    def _find(self, source: str, destination: str) -> Path:
        crossings = self.architecture.crossings(source, destination)
        stages = tuple(
            Stage(self.ports[use.port], use.bits_per_ps, use.written)
            for crossing in crossings
            for use in (*crossing.memories, *crossing.ports)
        )
        return Path(stages, sum(crossing.latency_ps for crossing in crossings))

    def move(self, env: simpy.Environment, path: Path, bits: int, booked: Booked | None = None) -> Events:
        """Move bits along a path: one event per quantum, the latency of the first word at the end."""
        left = bits
        while left:
            quantum = min(left, QUANTUM_BITS)
            left -= quantum
            start_ps, end_ps = _serve(path.stages, quantum, int(env.now))
            if booked is not None:
                booked(path, quantum, start_ps)
            yield env.timeout(end_ps - int(env.now) + (0 if left else path.latency_ps))


def _serve(stages: Iterable[Stage], bits: int, now_ps: int) -> tuple[int, int]:
    """Book a quantum on all ports from the first instant at which all are free; return that and its end.

    A memory on the way is one port with two stages, which it serves one after the other.
    """
    start_ps = max([now_ps, *(stage.port.free_at_ps for stage in stages)])
    end_ps = start_ps
    for stage in stages:
        service_ps = stage.service_ps(bits)
        port = stage.port
        begin_ps = max(start_ps, port.free_at_ps)
        port.free_at_ps = begin_ps + service_ps
        if port.banks is not None:
            port.banks.quanta.append((begin_ps, port.free_at_ps, bits))
        port.busy_ps += service_ps
        if stage.written:
            port.written_bits += bits
        else:
            port.read_bits += bits
        end_ps = max(end_ps, port.free_at_ps)
    return start_ps, end_ps
