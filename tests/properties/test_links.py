"""Random systems on a crossbar or a mesh in place of the bus: invariants, bounds, and what a bus would do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from random_systems import System, dynamic, mapped, simulated, systems

from archsim.hardware.links.mesh import Mesh
from archsim.simulation.engine import Engine

few = settings(max_examples=50, deadline=None, derandomize=True)


def rewired(system: System, **link: object) -> System:
    """The system with another kind of link under the bus's name, of the same width and clock."""
    bus = system.data["links"]["bus"]
    kept = {name: bus[name] for name in ("width", "clock", "connects")}
    return replace(system, data=system.data | {"links": {"bus": kept | link}})


@st.composite
def on_meshes(draw: st.DrawFn) -> System:
    """A random system whose parts lie on a mesh of three columns, in a random order."""
    system = draw(systems())
    nodes = system.data["links"]["bus"]["connects"]
    places = draw(st.permutations([(column, row) for column in range(3) for row in range(3)]))
    positions = {node: list(place) for node, place in zip(nodes, places, strict=False)}
    return rewired(system, kind="mesh", columns=3, rows=3, positions=positions)


@few
@given(on_meshes())
def test_on_a_mesh_no_port_is_busier_than_the_run_and_hops_are_conserved(system):
    architecture = system.architecture
    schedule = mapped(system, architecture)
    done = Engine(architecture, schedule).run()
    mesh = architecture.links["bus"]
    assert isinstance(mesh, Mesh)
    loads: Counter[str] = Counter()
    for part in schedule.parts:
        for run in part.runs:
            for move in (*run.tile.loads, *run.tile.stores):
                moved = move.bits * run.count * schedule.repeats
                for port in mesh.ports(move.source, move.destination):
                    loads[f"bus {port}"] += moved
    for port, bits in loads.items():
        assert done.ports[port].read_bits == bits
        assert bits / mesh.bits_per_ps() <= done.makespan_ps
    hops = sum(bits for port, bits in loads.items() if ">" in port)
    report = simulated(system, architecture)
    setup = sum(row.count for row in report.setup.actions if row.action == "hop")
    assert dynamic(report)["bus", "hop"] == hops
    assert (setup > 0) == bool(schedule.setup)


@few
@given(systems())
def test_a_crossbar_moves_what_a_bus_moves_at_the_same_price(system):
    # Prices are equal, so the mapping is; the mapper sees rates, not contention.
    crossed = rewired(system, kind="crossbar")
    on_bus, on_crossbar = simulated(system), simulated(crossed)
    assert dynamic(on_bus) == dynamic(on_crossbar)
    assert on_bus.energy_by_component_j.get("bus", 0.0) == on_crossbar.energy_by_component_j.get("bus", 0.0)


@few
@given(systems(), st.sampled_from(["crossbar", "mesh"]))
def test_one_unit_alone_is_never_slower_over_a_link_with_more_ports(system, kind):
    """Its loads and stores take turns on a bus; on a crossbar, and a mesh of no latency, they may overlap."""
    fields = {"columns": 3, "rows": 3, "router_cycles": 0, "link_cycles": 0} if kind == "mesh" else {}
    other = rewired(system, kind=kind, **fields)
    schedule = mapped(system, system.architecture)
    for part in schedule.parts:
        alone = replace(schedule, parts=(replace(part, waits_for=()),), setup=())
        bus_ps, other_ps = (
            Engine(architecture, alone).run().makespan_ps
            for architecture in (system.architecture, other.architecture)
        )
        assert other_ps <= bus_ps
