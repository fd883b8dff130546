"""Ports of memories and links: first come, first served, in bounded quanta."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import simpy

from archsim.hardware.architecture import Architecture
from archsim.mapping.patterns import Pattern
from archsim.simulation.banks import Banks
from archsim.simulation.dram_port import DramActivity, DramPort
from archsim.simulation.port import QUANTUM_BITS, Events, Port


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
    """All ports between two places, used at the same time by each quantum.

    Attributes
    ----------
    latency_ps
        Of the memories that are read, but for those with a controller, which have no constant one.
    controlled
        Whether a memory with a controller is on the way.
    """

    stages: tuple[Stage, ...]
    latency_ps: int
    controlled: bool = False


Booked = Callable[[Path, int, int], None]
"""Called for each quantum with its path, its bits and its start in picoseconds, once its ports are booked."""


@dataclass(frozen=True, slots=True)
class Requests:
    """Whose transfer it is, and where it goes in each memory."""

    owner: int
    patterns: Callable[[str], Sequence[Pattern]]


@dataclass(slots=True)
class Fabric:
    """The ports of an architecture and the paths between its memories and units."""

    architecture: Architecture
    owners: int = 1
    ports: dict[str, Port] = field(default_factory=dict)
    _paths: dict[tuple[str, str], Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        machine = self.architecture
        for name, memory in machine.memories.items():
            channels = memory.controlled
            self.ports[name] = Port(name) if channels is None else DramPort.of(name, channels, self.owners)
            if memory.conflict_share:
                self.ports[name].banks = Banks(memory.conflict_share)
        self.ports.update((name, Port(name)) for link in machine.links for name in machine.link_ports(link))

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
        controlled = any(isinstance(stage.port, DramPort) for stage in stages)
        latency_ps = sum(crossing.link_latency_ps for crossing in crossings)
        # Memories with a controller serve their first word as all others.
        latency_ps += sum(
            crossing.memory_latency_ps
            for crossing in crossings
            if not isinstance(self.ports.get(crossing.source), DramPort)
        )
        return Path(stages, latency_ps, controlled)

    def finish(self, makespan_ps: int) -> dict[str, DramActivity]:
        """Serve what memories with a controller still hold; return what they did."""
        drams = {name: port for name, port in self.ports.items() if isinstance(port, DramPort)}
        last_ps = max([makespan_ps, *(port.drain() for port in drams.values())])
        return {name: port.finish(last_ps) for name, port in drams.items()}

    @property
    def has_controllers(self) -> bool:
        """Whether requests have to say where they go."""
        return any(isinstance(port, DramPort) for port in self.ports.values())

    def move(
        self,
        env: simpy.Environment,
        path: Path,
        bits: int,
        booked: Booked | None = None,
        requests: Requests | None = None,
    ) -> Events:
        """Move bits along a path: one event per quantum, the latency of the first word at the end."""
        if path.controlled and bits:
            assert requests is not None, "memories with a controller are told where to read and write"
            yield from _move_to_places(env, path, bits, requests, booked)
            return
        left = bits
        while left:
            quantum = min(left, QUANTUM_BITS)
            left -= quantum
            start_ps, end_ps = serve(path.stages, quantum, int(env.now))
            if booked is not None:
                booked(path, quantum, start_ps)
            yield env.timeout(end_ps - int(env.now) + (0 if left else path.latency_ps))


def _move_to_places(
    env: simpy.Environment, path: Path, bits: int, requests: Requests, booked: Booked | None
) -> Events:
    """Move bits along a path through a memory with a controller.

    Its requests are handed over at the pace of the slowest other port. What is read is there when the last
    burst is; writes are done once they are accepted.
    """
    rated = tuple(stage for stage in path.stages if not isinstance(stage.port, DramPort))
    transfers = [
        stage.port.transfer(requests.patterns(stage.port.name), requests.owner, written=stage.written)
        for stage in path.stages
        if isinstance(stage.port, DramPort)
    ]
    quanta = max(transfer.quanta for transfer in transfers)
    for i in range(quanta):
        quantum = bits * (i + 1) // quanta - bits * i // quanta
        start_ps = max([int(env.now), *(stage.port.free_at_ps for stage in path.stages)])
        _, end_ps = serve(rated, quantum, start_ps)
        for transfer in transfers:
            transfer.hand_over(start_ps, end_ps - start_ps, quantum)
        end_ps = max([end_ps, *(stage.port.free_at_ps for stage in path.stages)])
        if booked is not None:
            booked(path, quantum, start_ps)
        yield env.timeout(end_ps - int(env.now))
    for transfer in transfers:
        yield from transfer.arrive(env)
    if path.latency_ps:
        yield env.timeout(path.latency_ps)


def serve(stages: Iterable[Stage], bits: int, now_ps: int) -> tuple[int, int]:
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
