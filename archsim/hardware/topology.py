"""Which links a transfer takes: the shortest path between two memories or units."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from archsim.hardware.links.base import Link


@dataclass(frozen=True, slots=True)
class Hop:
    """One link of a route and the node behind it."""

    link: str
    node: str


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
