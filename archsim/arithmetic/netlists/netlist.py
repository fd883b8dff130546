"""A combinational netlist: gates in topological order between ports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final

from archsim.arithmetic.netlists.gates import GATES, GateType
from archsim.errors import InputError

ZERO: Final = 0
"""Net of the constant 0."""

ONE: Final = 1
"""Net of the constant 1."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: the name of its type, the nets of its inputs in the order of the type's pins, its output."""

    kind: str
    inputs: tuple[int, ...]
    output: int

    @property
    def type(self) -> GateType:
        """Function and electrical figures of the gate."""
        return GATES[self.kind]


@dataclass(frozen=True)
class Netlist:
    """Ports and gates; every gate stands after those that drive it.

    Attributes
    ----------
    name
        Name of the module.
    inputs, outputs
        Nets of each port's bits, the least significant first.
    gates
        In topological order.
    """

    name: str
    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]
    gates: tuple[Gate, ...]

    @classmethod
    def build(
        cls,
        name: str,
        inputs: Mapping[str, tuple[int, ...]],
        outputs: Mapping[str, tuple[int, ...]],
        gates: Sequence[Gate],
    ) -> Netlist:
        """Return a netlist of gates in any order.

        Raises
        ------
        InputError
            If a net has no driver or several, or gates form a loop.
        """
        drivers = {gate.output: gate for gate in gates}
        sources = {ZERO, ONE}.union(*inputs.values())
        if len(drivers) < len(gates) or sources & drivers.keys():
            raise InputError(f"{name}: a net has several drivers")
        loads = [
            *(net for gate in gates for net in gate.inputs),
            *(n for bits in outputs.values() for n in bits),
        ]
        if set(loads) - sources - drivers.keys():
            raise InputError(f"{name}: a net has no driver")
        return cls(name, dict(inputs), dict(outputs), tuple(_sorted(name, drivers)))

    def counts(self) -> dict[str, int]:
        """Return the number of gates of each type."""
        kinds = [gate.kind for gate in self.gates]
        return {kind: kinds.count(kind) for kind in GATES if kind in kinds}


def _sorted(name: str, drivers: Mapping[int, Gate]) -> Iterator[Gate]:
    graph = {net: [i for i in gate.inputs if i in drivers] for net, gate in drivers.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise InputError(f"{name}: its gates form a loop, so it is not combinational") from error
    return (drivers[net] for net in order)
