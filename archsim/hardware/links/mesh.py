"""A two-dimensional mesh of routers, a network on chip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from archsim.errors import InputError, expected_one_of, nearest
from archsim.hardware.cost import Sourced
from archsim.hardware.links.base import ASSUMED_ENERGY, ClockedLink
from archsim.hardware.technology import Technology, area_scale
from archsim.units import EnergyPerBit, text_default

_PS_PER_S = 10**12
_ROUTER_UM2, _ROUTER_BITS, _ROUTER_NODE_NM = 150_000, 256, 32.0
_ROUTER = "ISAAC router, 256 b, 32 nm, as in accelergy-library-plug-in [pub]"

Place = tuple[int, int]


class Mesh(ClockedLink, kind="mesh"):
    """A mesh of ``columns`` x ``rows`` routers with at most one node at each, XY routing and cut-through.

    A transfer holds the port from its node into the mesh, the directed link of every hop, first along the
    row, then along the column, and the port to the destination, all at the same time. Two transfers contend
    where they share one of these and nowhere else. One that waits for a port has the others of its path
    reserved, as a blocked worm has; XY routing turns only once, so nothing deadlocks. The first bit takes
    ``router_cycles + link_cycles`` per hop. Left out: headers and other overhead of packets, buffers and
    virtual channels that would let others pass, the network interfaces, leakage.
    """

    action: ClassVar[str] = "hop"
    assumed: ClassVar[str] = "assumption: within 0.08-0.25 pJ/b/hop of published on-chip links"

    energy: EnergyPerBit = text_default(ASSUMED_ENERGY)
    """Energy of moving one bit by one hop: a router and the link to the next."""

    columns: Annotated[int, Field(ge=1, le=1024)]
    """Routers in a row."""

    rows: Annotated[int, Field(ge=1, le=1024)]
    """Routers in a column."""

    positions: Mapping[str, Place] = Field(default_factory=dict)
    """Column and row of nodes, from 0; nodes without take the free places row by row in their order."""

    router_cycles: Annotated[int, Field(ge=0)] = 1
    """Cycles that a router takes for the first bit; assumption: a single-stage router."""

    link_cycles: Annotated[int, Field(ge=0)] = 1
    """Cycles that the wires between two routers take; assumption: a register at each end."""

    @model_validator(mode="after")
    def _check_places(self) -> Mesh:
        for error in self._misplaced():
            raise error
        return self

    def _misplaced(self) -> Iterator[InputError]:
        nodes = list(self.connects)
        for name, place in self.positions.items():
            field = f"positions.{name}"
            if name not in nodes:
                message = f"the mesh connects no '{name}': {expected_one_of(nodes)}"
                yield InputError(message, field=field, suggestion=nearest(name, nodes))
            if not (0 <= place[0] < self.columns and 0 <= place[1] < self.rows):
                yield InputError(f"{_told(place)} lies outside {self._size}", field=field)
            other = next(other for other, taken in self.positions.items() if taken == place)
            if other != name:
                yield InputError(f"'{other}' is at {_told(place)} already", field=field)
        twice = next((name for i, name in enumerate(nodes) if name in nodes[:i]), None)
        if twice is not None:
            yield InputError(f"'{twice}' is named twice; a node has one router", field="connects")
        if len(nodes) > self.columns * self.rows:
            yield InputError(f"{len(nodes)} nodes do not fit into {self._size}", field="connects")

    @property
    def _size(self) -> str:
        return f"a mesh of {self.columns} x {self.rows}"

    @property
    def places(self) -> Mapping[str, Place]:
        """Column and row of every node."""
        return _places(self.connects, tuple(self.positions.items()), self.columns)

    @property
    def all_ports(self) -> tuple[str, ...]:
        """Every directed link between routers, and the ports between a node and its router."""
        grid = [(column, row) for row in range(self.rows) for column in range(self.columns)]
        between = (_link(one, other) for one in grid for other in self._beside(one))
        return (*(port for node in self.connects for port in (_into(node), _out_to(node))), *between)

    def _beside(self, place: Place) -> Iterator[Place]:
        column, row = place
        for across, down in ((column + 1, row), (column - 1, row), (column, row + 1), (column, row - 1)):
            if 0 <= across < self.columns and 0 <= down < self.rows:
                yield across, down

    def ports(self, source: str, destination: str) -> tuple[str, ...]:
        """Return the port into the mesh, the directed links on the XY path and the port out of it."""
        path = _xy_path(self.places[source], self.places[destination])
        links = (_link(one, other) for one, other in pairwise(path))
        return (_into(source), *links, _out_to(destination))

    def hops(self, source: str, destination: str) -> int:
        """Return the links between routers on the way: the Manhattan distance."""
        one, other = self.places[source], self.places[destination]
        return abs(one[0] - other[0]) + abs(one[1] - other[1])

    def latency_ps(self, source: str, destination: str) -> int:
        """Return router and link cycles of every hop, rounded up to whole picoseconds."""
        cycles = self.hops(source, destination) * (self.router_cycles + self.link_cycles)
        return -(-cycles * _PS_PER_S // self.clock)

    def counts(self, bits: int, source: str, destination: str) -> Mapping[str, int]:
        """Return bits times hops."""
        return {self.action: bits * self.hops(source, destination)}

    def area(self, technology: Technology) -> Sourced:
        """Return the area in mm2 of the routers, without the wires between them."""
        routers, scale = self.columns * self.rows, area_scale(technology, _ROUTER_NODE_NM)
        value = routers * _ROUTER_UM2 * 1e-6 * self.width / _ROUTER_BITS * scale
        note = f"{self.width} b of {_ROUTER_BITS} b (assumption: linear in the width)"
        scaled = f"x {scale:.4g} to {technology.node:g} nm (Stillmaker and Baas 2017)"
        return Sourced(value, f"{routers} routers x {_ROUTER}; {note}; {scaled}")


@cache
def _places(
    nodes: tuple[str, ...], given: tuple[tuple[str, Place], ...], columns: int
) -> Mapping[str, Place]:
    """Nodes where they were put, the others on the free places row by row."""
    fixed = dict(given)
    taken, found, index = set(fixed.values()), dict[str, Place](), 0
    for node in nodes:
        while node not in fixed and (index % columns, index // columns) in taken:
            index += 1
        found[node] = fixed.get(node, (index % columns, index // columns))
        taken.add(found[node])
    return found


def _xy_path(source: Place, destination: Place) -> Iterator[Place]:
    """Routers on the way, both ends included: along the row, then along the column."""
    column, row = source
    yield column, row
    while column != destination[0]:
        column += 1 if destination[0] > column else -1
        yield column, row
    while row != destination[1]:
        row += 1 if destination[1] > row else -1
        yield column, row


def _link(one: Place, other: Place) -> str:
    return f"{_told(one)}>{_told(other)}"


def _told(place: Place) -> str:
    return f"{place[0]},{place[1]}"


def _into(node: str) -> str:
    return f"from {node}"


def _out_to(node: str) -> str:
    return f"to {node}"
