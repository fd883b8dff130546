"""Transfers over crossbars and meshes in the engine: who waits for whom, worked out on paper.

Links move 1 b/ps per port at 1 GHz; memories do not limit (1000 b/ps).
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from bench_parts import PlainMemory, machine, part, schedule, tile
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.errors import InvariantError
from archsim.hardware.links.crossbar import Crossbar
from archsim.hardware.links.mesh import Mesh
from archsim.mapping.prices import Prices
from archsim.simulation.engine import Engine
from archsim.simulation.invariants import check
from archsim.simulation.ledger import accounts
from archsim.simulation.ports import QUANTUM_BITS

BITS = 10_000
UNITS = ("a", "b")
STORES = ("dram", "dram2", "mem_a", "mem_b")


def system(link, *units):
    stores = {name: PlainMemory() for name in link.connects if not name.startswith("mem_")}
    return machine(*(units or UNITS), memories=stores, links={"noc": link})


def line(*order, **fields):
    """A mesh of one row with the nodes in that order; one cycle per hop."""
    return Mesh(
        **{
            "width": 1000,
            "clock": "1 GHz",
            "connects": order,
            "columns": len(order),
            "rows": 1,
            "router_cycles": 1,
            "link_cycles": 0,
        }
        | fields
    )


def crossbar():
    return Crossbar(width=1000, clock="1 GHz", connects=STORES)


def ends_ps(architecture, *drams, bits=BITS):
    """Last instants of ``a`` and ``b``, which load at the same time, each from a memory of its own choice."""
    parts = [
        part(unit, (tile(bits, unit=unit, dram=dram), 1)) for unit, dram in zip(UNITS, drams, strict=True)
    ]
    done = Engine(architecture, schedule(*parts)).run()
    return [record.intervals[-1][1] for record in done.records]


# dram -> mem_a takes 0>1 1>2, dram2 -> mem_b takes 1>2 2>3: both need 1>2. 2 hops are 2000 ps.
def test_two_transfers_over_one_directed_link_take_twice_the_serialization():
    noc = system(line("dram", "dram2", "mem_a", "mem_b"))
    assert ends_ps(noc, "dram", "dram2") == [BITS + 2000, 2 * BITS + 2000]


def test_transfers_over_disjoint_links_overlap_fully():
    noc = system(line("dram", "mem_a", "dram2", "mem_b"))
    assert ends_ps(noc, "dram", "dram2") == [BITS + 1000, BITS + 1000]


# dram -> mem_a takes 1>2 2>3, dram2 -> mem_b takes 2>1 1>0.
def test_the_two_directions_of_a_link_are_two_links():
    noc = system(line("mem_b", "dram", "dram2", "mem_a"))
    assert ends_ps(noc, "dram", "dram2") == [BITS + 2000, BITS + 2000]


def test_both_loads_leave_the_same_node_through_one_port():
    noc = system(line("mem_a", "dram", "mem_b"))
    assert ends_ps(noc, "dram", "dram") == [BITS + 1000, 2 * BITS + 1000]


# A U-turn of XY routing: 0,0 -> 1,1 goes by 1,0; 1,0 -> 1,1 shares 1,0>1,1. By 0,1 it would not.
def test_routes_turn_once_along_the_row_first():
    square = line("dram", "dram2", "mem_b", "mem_a", columns=2, rows=2)
    assert square.places == {"dram": (0, 0), "dram2": (1, 0), "mem_b": (0, 1), "mem_a": (1, 1)}
    done = ends_ps(system(square), "dram", "dram2")
    # dram2 -> mem_b: 1,0 > 0,0 > 0,1 and dram -> mem_a: 0,0 > 1,0 > 1,1 share nothing.
    assert done == [BITS + 2000, BITS + 2000]
    crossed = line("dram", "dram2", "mem_b", "mem_a", columns=2, rows=2, positions={"mem_b": (1, 1)})
    # mem_a is at 0,1 now: dram -> mem_a is 0,0 > 0,1; dram2 -> mem_b is 1,0 > 1,1.
    assert ends_ps(system(crossed), "dram", "dram2") == [BITS + 1000, BITS + 1000]


@pytest.mark.parametrize(("bits", "hops"), [(1, 1), (1000, 3), (10_000, 2), (3 * QUANTUM_BITS + 17, 3)])
@pytest.mark.parametrize(("router", "link"), [(0, 0), (1, 1), (3, 2)])
def test_an_idle_mesh_takes_hops_times_router_and_link_plus_serialization(bits, hops, router, link):
    order = ("dram", *("x", "y")[: hops - 1], "mem_a")
    noc = system(line(*order, router_cycles=router, link_cycles=link), "a")
    done = Engine(noc, schedule(part("a", (tile(bits), 1)))).run()
    expected = bits + hops * (router + link) * 1000
    # The part ends at the next edge of 1000 ps.
    assert done.makespan_ps == -(-expected // 1000) * 1000
    assert Prices(noc).latency_ps("dram", "mem_a") == hops * (router + link) * 1000
    assert Prices(noc).move("dram", "mem_a")[1] == 1


def test_a_crossbar_lets_different_pairs_move_at_the_same_time():
    assert ends_ps(system(crossbar()), "dram", "dram2") == [BITS, BITS]


def test_a_crossbar_serves_one_node_at_a_time():
    assert ends_ps(system(crossbar()), "dram", "dram") == [BITS, 2 * BITS]


@st.composite
def flows(draw):
    """A mesh with eight nodes at random places, and up to four units that load from any of four memories."""
    columns, rows = draw(st.sampled_from([(8, 1), (4, 2), (3, 3), (2, 4), (4, 4)]))
    units = tuple("abcd")[: draw(st.integers(1, 4))]
    nodes = ("dram", "dram1", "dram2", "dram3", *(f"mem_{unit}" for unit in units))
    grid = [(column, row) for column in range(columns) for row in range(rows)]
    places = draw(st.permutations(grid))
    link = line(
        *nodes,
        columns=columns,
        rows=rows,
        positions=dict(zip(nodes, places, strict=False)),
        link_cycles=draw(st.integers(0, 2)),
    )
    sizes = st.integers(1, 3 * QUANTUM_BITS)
    drams = st.sampled_from(nodes[:4])
    parts = [
        part(
            unit,
            *((tile(draw(sizes), 3, draw(sizes), unit=unit, dram=draw(drams)), draw(st.integers(1, 3))),),
        )
        for unit in units
    ]
    return link, units, schedule(*parts)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(flows())
def test_random_meshes_end_conserve_every_bit_per_hop_and_are_no_faster_than_any_link(case):
    link, units, plan = case
    noc = system(link, *units)
    done = Engine(noc, plan).run()
    loads, hops = Counter(), 0
    for one in plan.parts:
        for run in one.runs:
            for transfer in (*run.tile.loads, *run.tile.stores):
                bits, ends = transfer.bits * run.count, (transfer.source, transfer.destination)
                loads.update({f"noc {port}": bits for port in link.ports(*ends)})
                hops += bits * link.hops(*ends)
    for port, bits in loads.items():
        assert done.ports[port].read_bits == bits
        assert done.makespan_ps >= bits, "1 b/ps"
        assert done.ports[port].busy_ps == bits
    booked = [entry for row in accounts(noc, done) for entry in row.entries if entry.component == "noc"]
    assert sum(entry.count for entry in booked) == hops
    needs = {
        name: need for row in accounts(noc, done) for name, need in row.resource_ps.items() if "noc" in name
    }
    assert all(need <= done.makespan_ps for need in needs.values())
    check_ports(noc, done)


def check_ports(architecture, done):
    """The engine's own invariants of ports on hand-made schedules, which break those of MACs and outputs."""
    with pytest.raises(InvariantError) as broken:
        check(architecture, done, accounts(architecture, done))
    assert "port" not in str(broken.value)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(flows(), st.integers(2, 5))
def test_a_wider_mesh_carries_one_flow_that_much_faster(case, factor):
    link, units, plan = case
    alone = schedule(plan.parts[0])
    fields = link.model_dump() | {"width": link.width * factor}
    slow, fast = (
        Engine(system(one, *units), alone).run().ports for one in (link, Mesh(**fields | {"kind": "mesh"}))
    )
    for name, port in fast.items():
        if name.startswith("noc"):
            # Every quantum is rounded up to a whole picosecond.
            assert Fraction(slow[name].busy_ps, factor) <= port.busy_ps <= slow[name].busy_ps
