"""The mesh: XY paths against a walk step by step, latency and energy in closed form, clear errors."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.errors import InputError
from archsim.hardware.links.mesh import Mesh
from archsim.hardware.technology import Technology

NAMES = tuple("abcdefghijkl")


def mesh(*nodes: str, **fields: object) -> Mesh:
    return Mesh(**{"width": "100 b", "clock": "1 GHz", "connects": nodes, "columns": 4, "rows": 3} | fields)


@st.composite
def meshes(draw: st.DrawFn) -> Mesh:
    """A mesh of random size with nodes at random places, some of them left to the default."""
    columns, rows = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    grid = [(column, row) for column in range(columns) for row in range(rows)]
    nodes = NAMES[: draw(st.integers(1, min(len(grid), len(NAMES))))]
    places = draw(st.permutations(grid))
    given_names = draw(st.sets(st.sampled_from(nodes)))
    positions = {name: place for name, place in zip(nodes, places, strict=False) if name in given_names}
    cycles = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    return mesh(
        *nodes,
        columns=columns,
        rows=rows,
        positions=positions,
        router_cycles=cycles[0],
        link_cycles=cycles[1],
    )


def walked(link: Mesh, source: str, destination: str) -> list[str]:
    """Directed links by taking one step after the other towards the destination, columns first."""
    here, goal, found = link.places[source], link.places[destination], []
    while here != goal:
        axis = 0 if here[0] != goal[0] else 1
        step = 1 if goal[axis] > here[axis] else -1
        there = (here[0] + step, here[1]) if axis == 0 else (here[0], here[1] + step)
        found.append(f"{here[0]},{here[1]}>{there[0]},{there[1]}")
        here = there
    return found


@given(meshes())
def test_every_path_is_the_walk_and_as_long_as_the_manhattan_distance(link):
    for source, destination in permutations(link.connects, 2):
        entry, *between, last = link.ports(source, destination)
        assert (entry, last) == (f"from {source}", f"to {destination}")
        assert between == walked(link, source, destination)
        (one, two), (three, four) = link.places[source], link.places[destination]
        assert len(between) == link.hops(source, destination) == abs(one - three) + abs(two - four)


@given(meshes())
def test_uniform_traffic_loads_the_links_as_the_walk_does(link):
    loads, expected = Counter(), Counter()
    for source, destination in permutations(link.connects, 2):
        loads.update(link.ports(source, destination)[1:-1])
        expected.update(walked(link, source, destination))
    assert loads == expected
    assert set(loads) <= set(link.all_ports)


@pytest.mark.parametrize("width", [2, 3, 4, 6])
def test_the_busiest_link_of_a_full_row_carries_the_bisection(width):
    # All to all on a line of n nodes: a link after k nodes carries k (n - k) flows in each direction.
    line = mesh(*NAMES[:width], columns=width, rows=1)
    loads = Counter(
        port for ends in permutations(line.connects, 2) for port in line.ports(*ends) if ">" in port
    )
    for k in range(1, width):
        assert loads[f"{k - 1},0>{k},0"] == loads[f"{k},0>{k - 1},0"] == k * (width - k)


@given(meshes())
def test_ports_are_two_per_node_and_two_per_pair_of_neighbours(link):
    pairs = link.columns * (link.rows - 1) + link.rows * (link.columns - 1)
    assert len(set(link.all_ports)) == len(link.all_ports) == 2 * len(link.connects) + 2 * pairs


@given(meshes(), st.integers(1, 10**9))
def test_latency_and_energy_are_proportional_to_the_hops(link, bits):
    for ends in permutations(link.connects, 2):
        hops = link.hops(*ends)
        assert link.counts(bits, *ends) == {"hop": bits * hops}
        # 1 GHz: 1000 ps per cycle.
        assert link.latency_ps(*ends) == 1000 * hops * (link.router_cycles + link.link_cycles)


@given(meshes())
def test_xy_routing_makes_no_cycle_of_links_that_wait_for_each_other(link):
    """Dally and Seitz: without a cycle in the channel dependency graph nothing deadlocks."""
    follows: dict[str, set[str]] = {}
    for ends in permutations(link.connects, 2):
        ports = link.ports(*ends)
        for one, other in pairwise(ports):
            follows.setdefault(one, set()).add(other)
    left = set(follows) | {other for others in follows.values() for other in others}
    while left:
        free = {port for port in left if not follows.get(port, set()) & left}
        assert free, left
        left -= free


def test_a_latency_that_is_no_whole_picosecond_is_rounded_up():
    # One hop of 2 cycles at 3 GHz: 666.67 ps.
    assert mesh("a", "b", clock="3 GHz").latency_ps("a", "b") == 667


def test_nodes_take_the_free_places_row_by_row():
    link = mesh("a", "b", "c", "d", columns=2, rows=2, positions={"c": (1, 0)})
    assert link.places == {"a": (0, 0), "b": (0, 1), "c": (1, 0), "d": (1, 1)}


def test_energy_is_the_assumed_one_or_the_given_one_per_hop():
    technology = Technology(node=45, voltage=0.9)
    assumed = mesh("a", "b").energies(technology)["hop"]
    # Published on-chip links: 0.08 to 0.25 pJ/b/hop.
    assert 0.08e-12 <= assumed.value <= 0.25e-12
    assert assumed.source.startswith("assumption")
    stated = mesh("a", "b", energy="0.25 pJ/b", energy_source="22 nm network [pub]").energies(technology)
    assert (stated["hop"].value, stated["hop"].source) == (0.25e-12, "22 nm network [pub]")


def test_routers_at_32_nm_have_the_published_area():
    # ISAAC's router of 256 b: 0.15 mm2 at 32 nm [pub].
    area = mesh("a", "b", width="256 b", columns=2, rows=2).area(Technology(node=32, voltage=0.9))
    assert area.value == pytest.approx(4 * 0.15, rel=1e-9)
    assert "assumption" in area.source


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"positions": {"sensor": (0, 0)}}, "positions.sensor", "connects no 'sensor'"),
        ({"positions": {"dram": (1, 1), "buffer": (1, 1)}}, "positions.buffer", "'dram' is at 1,1 already"),
        ({"positions": {"dram": (2, 0)}}, "positions.dram", "2,0 lies outside a mesh of 2 x 2"),
        ({"positions": {"dram": (0, -1)}}, "positions.dram", "0,-1 lies outside"),
        ({"columns": 1}, "connects", "3 nodes do not fit into a mesh of 1 x 2"),
        ({"connects": ("dram", "cpu", "dram")}, "connects", "'dram' is named twice"),
    ],
)
def test_nodes_without_a_place_of_their_own_are_refused(fields, field, message):
    given_fields = {"connects": ("dram", "buffer", "cpu"), "columns": 2, "rows": 2} | fields
    with pytest.raises(InputError, match=message) as caught:
        Mesh.model_construct(**{"positions": {}, "width": 8, "clock": 1} | given_fields)._check_places()
    assert caught.value.field == field


@pytest.mark.parametrize("fields", [{"columns": 0}, {"rows": 0}, {"router_cycles": -1}, {"width": "0 b"}])
def test_impossible_sizes_are_refused(fields):
    with pytest.raises(ValidationError, match="greater than"):
        mesh("a", "b", **fields)
