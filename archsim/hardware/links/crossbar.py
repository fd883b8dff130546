"""A crossbar switch: any pairs of nodes at the same time."""

from __future__ import annotations

from typing import ClassVar

from pydantic import field_validator

from archsim.errors import InputError
from archsim.hardware.links.base import ClockedLink


class Crossbar(ClockedLink, kind="crossbar"):
    """A crossbar: every node has an input and an output of ``width`` bits per cycle.

    Transfers contend where they leave the same node or arrive at the same one; all other pairs move at the
    same time. The switch itself never blocks. Left out: arbitration cycles, addresses and control wires, the
    growth of energy with the number of nodes, leakage and area, for which no source was found.
    """

    assumed: ClassVar[str] = (
        "assumption: as one hop of published on-chip links, 0.08-0.25 pJ/b/hop; a router has one in it, "
        "none alone is published"
    )

    @field_validator("connects")
    @classmethod
    def _named_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if twice is not None:
            raise InputError(f"'{twice}' is named twice; a node has one input and one output")
        return names

    @property
    def all_ports(self) -> tuple[str, ...]:
        """The inputs and outputs of the switch."""
        return tuple(port for node in self.connects for port in (_from(node), _to(node)))

    def ports(self, source: str, destination: str) -> tuple[str, ...]:
        """Return the input at the source and the output at the destination."""
        return (_from(source), _to(destination))


def _from(node: str) -> str:
    return f"from {node}"


def _to(node: str) -> str:
    return f"to {node}"
