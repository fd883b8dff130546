"""What a netlist costs: transistors, delay of its longest path, capacitance that its nets charge.

Energy counts the zero-delay transitions of each net between two operand pairs, weighted with the capacitance
that the net charges. Left out are glitches (in arrays of adders a large part of the power, and larger on
long carry chains), wires, leakage, and sizing of gates: all are of unit drive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.arithmetic.netlists.evaluation import Integers, net_words, unpacked
from archsim.arithmetic.netlists.gates import OUTPUT_LOAD
from archsim.arithmetic.netlists.netlist import ONE, ZERO, Netlist

EXHAUSTIVE_BITS: Final = 16
"""Input bits up to which all operand pairs are counted; wider netlists are sampled."""

SEED: Final = 0
"""Of the operand pairs on which wider netlists are measured."""

_SAMPLES: Final = 1 << 16


@dataclass(frozen=True)
class Figures:
    """Area, delay and energy of one netlist, comparable with those of others alone.

    Attributes
    ----------
    area
        Transistors.
    delay
        Longest path in tau, the delay of a unit inverter that drives another without parasitics.
    energy
        Mean capacitance charged or discharged from one uniform, independent operand pair to the next, in
        inputs of a unit inverter.
    """

    area: int
    delay: float
    energy: float


def figures(netlist: Netlist, tied: Mapping[str, int] | None = None) -> Figures:
    """Return area, delay and energy over uniform operands of a netlist; see :func:`uniform_energy`."""
    return Figures(area(netlist), delay(netlist), uniform_energy(netlist, tied))


def area(netlist: Netlist) -> int:
    """Return the number of transistors."""
    return sum(gate.type.transistors for gate in netlist.gates)


def delay(netlist: Netlist) -> float:
    """Return the longest path in tau: each gate adds its own delay and the load that its net drives.

    A gate of logical effort g and unit drive that drives the load C is late by ``g h + p`` with
    ``h = C / g``, i.e. by ``C + p`` (Sutherland, Sproull and Harris, Logical Effort, 1999, eq. 1.5). Inputs
    are in time whatever they drive; paths that no operands sensitise count too.
    """
    loads = fan_out_loads(netlist)
    arrival = dict.fromkeys([ZERO, ONE, *(net for bits in netlist.inputs.values() for net in bits)], 0.0)
    for gate in netlist.gates:
        own = gate.type.own_load + loads[gate.output]
        arrival[gate.output] = own + max(arrival[net] for net in gate.inputs)
    return max(arrival[net] for bits in netlist.outputs.values() for net in bits)


def toggle_energy(netlist: Netlist, operands: Mapping[str, ArrayLike]) -> float:
    """Return the mean energy per step of a stream of operands, in inputs of a unit inverter.

    Parameters
    ----------
    operands
        The stream of each input port: two or more integers in the order in which they are multiplied, e.g.
        the activations and weights that one multiplier of an array sees.
    """
    streams = {port: np.asarray(operands[port], dtype=np.int64).reshape(-1) for port in netlist.inputs}
    return sum(
        capacitance * float(np.count_nonzero(bits[1:] != bits[:-1])) / (bits.size - 1)
        for capacitance, bits in _charged_nets(netlist, streams)
    )


def uniform_energy(netlist: Netlist, tied: Mapping[str, int] | None = None) -> float:
    """Return the mean energy per step over uniform operands that are independent from step to step.

    Input ports in `tied` keep the value that it gives them, e.g. those that choose a mode.

    A net that is 1 for a share p of the operand pairs toggles with probability 2 p (1 - p). All pairs are
    evaluated up to `EXHAUSTIVE_BITS` input bits, 65,536 random ones beyond (seed `SEED`).
    """
    return sum(
        capacitance * 2 * share * (1 - share)
        for capacitance, bits in _charged_nets(netlist, _uniform_operands(netlist, tied or {}))
        for share in [np.count_nonzero(bits) / bits.size]
    )


def fan_out_loads(netlist: Netlist) -> dict[int, float]:
    """Return the capacitance of the inputs that each net drives, in inputs of a unit inverter."""
    loads: defaultdict[int, float] = defaultdict(float)
    for gate in netlist.gates:
        for net in gate.inputs:
            loads[net] += gate.type.input_load
    for bits in netlist.outputs.values():
        for net in bits:
            loads[net] += OUTPUT_LOAD
    return loads


def _charged_nets(
    netlist: Netlist, operands: Mapping[str, Integers]
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Yield the capacitance of each net, its driver's own included, and its bits over the operands."""
    loads = fan_out_loads(netlist)
    own = {gate.output: gate.type.own_load for gate in netlist.gates}
    size = next(iter(operands.values())).size
    for net, words in net_words(netlist, operands).items():
        yield loads.get(net, 0.0) + own.get(net, 0.0), unpacked(words, size)


def _uniform_operands(netlist: Netlist, tied: Mapping[str, int]) -> dict[str, Integers]:
    widths = {port: len(bits) for port, bits in netlist.inputs.items() if port not in tied}
    if sum(widths.values()) <= EXHAUSTIVE_BITS:
        grid = np.meshgrid(*(np.arange(1 << width) for width in widths.values()), indexing="ij")
        values = dict(zip(widths, (axis.reshape(-1) for axis in grid), strict=True))
    else:
        random = np.random.default_rng(SEED)
        values = {port: random.integers(0, 1 << width, _SAMPLES) for port, width in widths.items()}
    size = next(iter(values.values())).size
    return values | {port: np.full(size, value, dtype=np.int64) for port, value in tied.items()}
