"""Area, loads and delays of a netlist's gates, all of unit drive; wires are left out."""

from __future__ import annotations

from collections import defaultdict

from archsim.arithmetic.netlists.gates import OUTPUT_LOAD
from archsim.arithmetic.netlists.netlist import ONE, ZERO, Netlist


def area(netlist: Netlist) -> int:
    """Return the number of transistors."""
    return sum(gate.type.transistors for gate in netlist.gates)


def capacitances(netlist: Netlist) -> defaultdict[int, float]:
    """Return the capacitance of each net, its driver's included, in inputs of a unit inverter."""
    loads: defaultdict[int, float] = defaultdict(float)
    for gate in netlist.gates:
        loads[gate.output] += gate.type.own_load
        for net in gate.inputs:
            loads[net] += gate.type.input_load
    for bits in netlist.outputs.values():
        for net in bits:
            loads[net] += OUTPUT_LOAD
    return loads


def gate_delays(netlist: Netlist) -> dict[int, float]:
    """Return the delay of each gate in tau by the net that it drives.

    A gate of logical effort g and unit drive that drives the load C is late by ``g h + p`` with
    ``h = C / g``, i.e. by ``C + p`` (Sutherland, Sproull and Harris, Logical Effort, 1999, eq. 1.5): by the
    capacitance that its net charges.
    """
    charged = capacitances(netlist)
    return {gate.output: charged[gate.output] for gate in netlist.gates}


def delay(netlist: Netlist) -> float:
    """Return the longest path in tau; inputs are in time, and paths that no operands sensitise count too."""
    delays = gate_delays(netlist)
    arrival = dict.fromkeys([ZERO, ONE, *(net for bits in netlist.inputs.values() for net in bits)], 0.0)
    for gate in netlist.gates:
        arrival[gate.output] = delays[gate.output] + max(arrival[net] for net in gate.inputs)
    return max(arrival[net] for bits in netlist.outputs.values() for net in bits)
