"""The contract of a run-time manager: observe at a boundary, return knob settings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from archsim.registry import Component


@dataclass(frozen=True, slots=True)
class Observation:
    """What a manager sees at a layer or frame boundary.

    Attributes
    ----------
    time_ps
        Simulated time in picoseconds.
    image, layer, unit
        Execution that is about to start.
    queued
        Executions that are ready and wait for the same unit.
    """

    time_ps: int
    image: int
    layer: str
    unit: str
    queued: int


class Manager(Component, family="managers"):
    """A policy that sets knobs while the network runs. Subclass with a ``kind`` to add one."""

    @abstractmethod
    def decide(self, observation: Observation) -> Mapping[str, str]:
        """Knob settings from now on, as ``{dotted field: value}``; empty to leave all as they are."""
