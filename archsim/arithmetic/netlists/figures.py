"""What a netlist costs: transistors, delay of its longest path, energy without and with glitches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archsim.arithmetic.netlists.glitches import uniform_glitch_energy
from archsim.arithmetic.netlists.loads import area, delay
from archsim.arithmetic.netlists.netlist import Netlist
from archsim.arithmetic.netlists.toggles import uniform_energy


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
        inputs of a unit inverter; without glitches.
    glitch_energy
        The same with the glitches of gates of one size.
    """

    area: int
    delay: float
    energy: float
    glitch_energy: float


def figures(netlist: Netlist, tied: Mapping[str, int] | None = None) -> Figures:
    """Return the figures of a netlist over uniform operands; input ports in `tied` keep their values."""
    return Figures(
        area(netlist), delay(netlist), uniform_energy(netlist, tied), uniform_glitch_energy(netlist, tied)
    )
