"""Which arithmetic each layer of a mapped network runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.kernels import Window
from archsim.arithmetic.macs import Codes, Convolve, MacFunction
from archsim.arithmetic.mixed_macs import Share, joined
from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.mapping.mapper import resident_layers
from archsim.mapping.placement import Placement, Step
from archsim.mapping.placement import Share as PlacedShare

_NARROWEST: Final = 2
"""Operands of one bit have no exact multiplier to be compared with."""


@dataclass(frozen=True)
class SplitMacs:
    """A layer whose output channels are shared out over several units, the first ones to the first.

    Attributes
    ----------
    parts
        Arithmetic and number of output channels of each unit; all take the same operands.
    """

    parts: tuple[tuple[MacFunction, int], ...]

    @property
    def lowest(self) -> int:
        """Smallest operand."""
        return self.parts[0][0].lowest

    @property
    def highest(self) -> int:
        """Largest operand."""
        return self.parts[0][0].highest

    def convolver(self, weights: Codes, window: Window, bias: NDArray[np.int64], lowest: int) -> Convolve:
        """Return the layer's convolution, every unit on its own channels."""
        return joined(
            self._split(len(weights), weights.shape[1], window.groups), weights, window, bias, lowest
        )

    def _split(self, outputs: int, channels: int, groups: int) -> Iterator[Share]:
        """Yield the outputs of each unit; of a grouped convolution a unit has whole groups."""
        first = 0
        for macs, count in self.parts:
            own = np.arange(first, first + count)
            if groups == 1:
                yield Share(macs, own, 1)
            else:
                start, size = first * groups // outputs, count * groups // outputs
                yield Share(macs, own, size, np.arange(start * channels, (start + size) * channels))
            first += count


def layer_macs(placement: Placement, architecture: Architecture, seed: int) -> dict[str, MacFunction]:
    """Return the arithmetic of every placed layer with MACs, by its name.

    Parameters
    ----------
    placement
        Of the network on the architecture.
    seed
        Of what differs from part to part: every unit has a sequence of its own.

    Raises
    ------
    InputError
        If a layer is shared by units with different operands, or a unit's operands have no function.
    """
    sequences = np.random.SeedSequence(seed).spawn(len(architecture.compute))
    chips = dict(zip(architecture.compute, sequences, strict=True))
    resident = resident_layers(placement, architecture)

    def function(share: PlacedShare) -> MacFunction:
        unit = architecture.compute[share.unit]
        with _named(share, architecture):
            found = unit.mac_function(
                share.layer,
                chips[share.unit],
                technology=architecture.technology,
                resident=resident.get(share.unit, ()),
            )
            bits = (found.highest - found.lowest).bit_length()
            if bits < _NARROWEST:
                message = f"operands of {bits} b cannot be executed: expected 2 to 16 b"
                raise InputError(message, field=unit.width_field)
            return found

    return {step.layer.name: _joined(step, function) for step in placement.steps if step.layer.is_mac}


@contextmanager
def _named(share: PlacedShare, architecture: Architecture) -> Iterator[None]:
    """Say of an error which layer on which unit it is about, and where in the file."""
    try:
        yield
    except InputError as error:
        message = f"layer {share.layer.name!r} on {share.unit!r}: {error.message}"
        field = error.field or architecture.compute[share.unit].width_field
        raise architecture.fault(message, f"compute.{share.unit}.{field}", error.suggestion) from None


def _joined(step: Step, function: Callable[[PlacedShare], MacFunction]) -> MacFunction:
    parts = tuple((function(share), share.layer.output_shape.channels) for share in step.shares)
    if len({(one.lowest, one.highest) for one, _ in parts}) > 1:
        message = f"units of layer {step.layer.name!r} have different operands: one layer is quantized once"
        raise InputError(message, field="placement")
    return parts[0][0] if len(parts) == 1 else SplitMacs(parts)
