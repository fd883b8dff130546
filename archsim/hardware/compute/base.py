"""The contract of a compute unit: what it executes, how its array folds, what its actions cost."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from archsim.arithmetic.macs import MacFunction, exact_macs
from archsim.hardware.cost import Array, Operands, PassArray, Sourced, Work
from archsim.hardware.mac import Design
from archsim.hardware.technology import Technology
from archsim.registry import Component
from archsim.units import Frequency
from archsim.workload.layer import Layer


class ComputeUnit(Component, family="compute"):
    """A unit that executes layers tile by tile. Subclass with a ``kind`` to add one.

    The mapper asks for the geometry (:meth:`array`) and splits a layer into tiles; the ledger turns the
    work of the tiles into action counts (:meth:`counts`) and multiplies them with :meth:`energies`.
    """

    clock: Annotated[Frequency, Field(gt=0)]
    """Clock of the unit."""

    memory: str
    """The memory in which the unit stages its tiles, reached through a private port."""

    double_buffering: bool = True
    """Load the next tile and store the last one while computing; halves the room of a tile."""

    launch_instructions: int = Field(default=32, ge=0)
    """Instructions of the unit's sequencer per tile; assumption: four transfer descriptors of eight words."""

    @property
    def clock_hz(self) -> int:
        """Clock at which the unit runs, in hertz."""
        return self.clock

    @property
    def stages_in_memory(self) -> bool:
        """Whether operands pass through ``memory``; False: the unit's loads and stores cross a link."""
        return True

    @property
    def overlaps_activations(self) -> bool:
        """Whether double buffering covers inputs and outputs too; False: weights alone are prefetched."""
        return True

    @property
    def weight_capacity_bits(self) -> int | None:
        """Bits of weights that the unit's own cells hold; None where weights stage in ``memory``."""
        return None

    @property
    def streaming_capacity_bits(self) -> int | None:
        """Room for a tile of a layer without MACs where it does not stage in ``memory``."""
        return None

    @property
    def accumulator_capacity_bits(self) -> int:
        """Bits of partial sums that the unit holds between folds."""
        return 0

    def keeps_resident(self, layers: Sequence[Layer]) -> bool:  # noqa: ARG002
        """Whether the weights of all these layers stay in the unit's own cells between inferences.

        Raises
        ------
        InputError
            If the unit is told to keep them and they do not fit.
        """
        return False

    @property
    @abstractmethod
    def multipliers(self) -> int:
        """Multiply-accumulate operations per cycle at full utilization."""

    @abstractmethod
    def refusal(self, layer: Layer) -> str | None:
        """Why the unit cannot execute the layer, or None."""

    @abstractmethod
    def operands(self, layer: Layer) -> Operands:
        """Operand widths of a layer on this unit."""

    @abstractmethod
    def array(self, layer: Layer, *, resident: bool) -> Array:
        """Geometry for a layer with MACs; ``resident``: its weights stay in the unit's own cells."""

    def passes(self, layer: Layer, output_zeros: float | None = None) -> PassArray | None:  # noqa: ARG002
        """Geometry of an array that maps a layer with MACs in row-stationary passes; None: in folds.

        Parameters
        ----------
        output_zeros
            Fraction of zeros among the layer's outputs once they are stored, where it is known.
        """
        return None

    @abstractmethod
    def streaming_cycles(self, layer: Layer, elements: int) -> int:
        """Cycles to compute ``elements`` outputs of a layer without MACs."""

    @abstractmethod
    def counts(self, layer: Layer, work: Work) -> Mapping[str, int]:
        """Action counts of the work, keyed ``part.action`` (``mac.multiply``)."""

    @abstractmethod
    def energies(self, technology: Technology, layer: Layer) -> Mapping[str, Sourced]:
        """Energy of each action in joules, for the layer's operand statistics; keys as :meth:`counts`."""

    @abstractmethod
    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        """Power that flows whether or not the unit is used, in watts, by part."""

    @abstractmethod
    def area(self, technology: Technology) -> Mapping[str, Sourced]:
        """Area in mm2 by part, for the parts that have a source."""

    def designs(self) -> Mapping[str, Design]:
        """Arithmetic designs of the unit by part, for those that may be approximate."""
        return {}

    def mac_function(
        self,
        layer: Layer,
        seed: np.random.SeedSequence,  # noqa: ARG002
        *,
        technology: Technology | None = None,  # noqa: ARG002
        resident: Sequence[Layer] = (),  # noqa: ARG002
    ) -> MacFunction:
        """Return what the unit's multiply-accumulates compute for a layer; by default exact integers.

        Parameters
        ----------
        layer
            The layer, or the range of its output channels that is placed on the unit.
        seed
            Source of what differs from part to part of one chip; equal seeds give the same chip.
        technology
            Where the function depends on temperature or supply; None: nominal conditions.
        resident
            The layers whose weights stay in the unit's own cells together, in order; none: they are reloaded.

        Raises
        ------
        InputError
            If the unit's operands are too wide for a multiplier's function.
        """
        widths = self.operands(layer)
        bits = max(widths.weight_bits, widths.input_bits)
        return exact_macs(bits, widths.accumulator_bits)

    @property
    def width_field(self) -> str:
        """Field that says how wide operands are, for messages."""
        return "number_format"

    def fuses(self, layer: Layer) -> bool:  # noqa: ARG002
        """Whether the layer can run in the output stage of the producer, at no cycles and no traffic."""
        return False
