"""A shared on-chip bus."""

from __future__ import annotations

from typing import ClassVar

from archsim.hardware.links.base import ClockedLink


class Bus(ClockedLink, kind="bus"):
    """A bus that moves ``width`` bits per cycle for one requester at a time.

    Left out: arbitration cycles, addresses and control wires, leakage and area, for which no source was
    found. The energy per bit covers wires and drivers and is not scaled with the node.
    """

    assumed: ClassVar[str] = (
        "assumption: middle of 0.08-0.25 pJ/b/hop of published on-chip links; no bus is published"
    )
