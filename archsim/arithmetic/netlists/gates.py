"""The gates a netlist is mapped to: what each computes, its transistors, its loads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class GateType:
    """One static CMOS gate of unit drive.

    Attributes
    ----------
    pins
        Names of its inputs, in the order of `function`'s arguments.
    function
        Its output from 64 operand pairs a word.
    transistors
        As yosys' ``stat -tech cmos`` counts them.
    input_load
        Capacitance of one input in units of a unit inverter's input: the logical effort of the gate.
    own_load
        Capacitance that the gate itself charges when its output toggles, in the same unit, which is also its
        delay without a load in units of tau.
    """

    pins: tuple[str, ...]
    function: Callable[..., Words]
    transistors: int
    input_load: float
    own_load: float


# Transistors: yosys' estimate for static CMOS (kernel/cost.h; `stat -tech cmos`).
# Loads: Sutherland, Sproull and Harris, Logical Effort, 1999, tables 1.1 and 1.2 with gamma = 2 and
# p_inv = 1: inverter g = 1, p = 1; NAND2 g = 4/3, p = 2; NOR2 g = 5/3, p = 2; two-way multiplexer g = 2,
# p = 4; XOR2 and XNOR2 g = 4, p = 4 (an input counts with its complement). AND is NAND and an inverter, OR
# is NOR and an inverter, so that each charges p = 2, the inverter's input 1 and its p = 1.
GATES: Final[Mapping[str, GateType]] = MappingProxyType(
    {
        "NOT": GateType(("A",), lambda a: ~a, 2, 1.0, 1.0),
        "NAND": GateType(("A", "B"), lambda a, b: ~(a & b), 4, 4 / 3, 2.0),
        "NOR": GateType(("A", "B"), lambda a, b: ~(a | b), 4, 5 / 3, 2.0),
        "AND": GateType(("A", "B"), lambda a, b: a & b, 6, 4 / 3, 4.0),
        "OR": GateType(("A", "B"), lambda a, b: a | b, 6, 5 / 3, 4.0),
        "XOR": GateType(("A", "B"), lambda a, b: a ^ b, 12, 4.0, 4.0),
        "XNOR": GateType(("A", "B"), lambda a, b: ~(a ^ b), 12, 4.0, 4.0),
        "MUX": GateType(("A", "B", "S"), lambda a, b, s: (a & ~s) | (b & s), 12, 2.0, 4.0),
    }
)
"""Gate types by name; the names are those of yosys' cells without ``$_`` and ``_``."""

OUTPUT_LOAD: Final = 1.0
"""What an output bit of a netlist drives: one unit inverter (source: assumption, the least that reads it)."""
