"""Which links a transfer takes, and which ports it holds there: the shortest path between two nodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from archsim.hardware.links.base import Link
from archsim.hardware.memories.base import Memory
from archsim.hardware.technology import Technology


@dataclass(frozen=True, slots=True)
class Hop:
    """One link of a route and the node behind it."""

    link: str
    node: str


@dataclass(frozen=True, slots=True)
class Use:
    """A port that a transfer holds, its rate there, and whether the bits are written into a memory."""

    port: str
    bits_per_ps: Fraction
    written: bool = False


@dataclass(frozen=True, slots=True)
class Crossing:
    """One link of a route, from one node to the next.

    Attributes
    ----------
    name
        The link's name.
    memories
        Those of the two ends that are memories, as the ports behind the link.
    ports
        The link's own ports.
    memory_latency_ps, link_latency_ps
        Time to the first word: that of the memory that is read, and that of the link.
    """

    name: str
    link: Link
    source: str
    destination: str
    memories: tuple[Use, ...]
    ports: tuple[Use, ...]
    memory_latency_ps: int
    link_latency_ps: int

    @property
    def latency_ps(self) -> int:
        """Time to the first word."""
        return self.memory_latency_ps + self.link_latency_ps


def port_name(link: str, port: str) -> str:
    """Name of a link's port in the architecture: that of the link where it is the only one."""
    return f"{link} {port}" if port else link


def crossings(
    hops: Iterable[Hop],
    links: Mapping[str, Link],
    memories: Mapping[str, Memory],
    technology: Technology,
    source: str,
) -> Iterator[Crossing]:
    """Every link of a route that begins at ``source``, with all ports that it takes."""
    for hop in hops:
        link = links[hop.link]
        ends = ((source, False), (hop.node, True))
        yield Crossing(
            hop.link,
            link,
            source,
            hop.node,
            tuple(
                Use(end, memories[end].bits_per_ps(link.clock_hz), written)
                for end, written in ends
                if end in memories
            ),
            tuple(
                Use(port_name(hop.link, port), link.bits_per_ps()) for port in link.ports(source, hop.node)
            ),
            memories[source].latency_ps(technology) if source in memories else 0,
            link.latency_ps(source, hop.node),
        )
        source = hop.node


def route(
    links: Mapping[str, Link], memories: Iterable[str], source: str, destination: str
) -> tuple[Hop, ...] | None:
    """Fewest links from ``source`` to ``destination``; only memories are passed through.

    Returns None where there is no path. Ties go to the link that stands first in the file.
    """
    through = set(memories)
    reached: dict[str, tuple[Hop, ...]] = {source: ()}
    pending = deque([source])
    while pending:
        node = pending.popleft()
        if node == destination:
            return reached[node]
        if node != source and node not in through:
            continue
        for name, link in links.items():
            for neighbour in link.connects if node in link.connects else ():
                if neighbour not in reached:
                    reached[neighbour] = (*reached[node], Hop(name, neighbour))
                    pending.append(neighbour)
    return None
