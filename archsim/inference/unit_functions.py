"""Which arithmetic each layer of a mapped network runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.kernels import Window
from archsim.arithmetic.macs import Codes, Convolve, MacFunction, Sums
from archsim.errors import InputError
from archsim.mapping.placement import Placement


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
        ends = list(accumulate(count for _, count in self.parts))
        pieces = []
        for (function, count), end in zip(self.parts, ends, strict=True):
            own = slice(end - count, end)
            groups = window.groups * count // len(weights) if window.groups > 1 else 1
            narrow = replace(window, groups=groups)
            read = groups * weights.shape[1] if window.groups > 1 else 0
            first = (end - count) * window.groups // len(weights) * weights.shape[1]
            channels = slice(first, first + read) if read else slice(None)
            pieces.append((function.convolver(weights[own], narrow, bias[own], lowest), channels))

        def convolve(codes: Codes) -> Sums:
            parts = [piece(codes[:, channels]).transpose(0, 2, 3, 1) for piece, channels in pieces]
            joined: Any = np.concatenate(parts, axis=3).transpose(0, 3, 1, 2)
            return cast(Sums, joined)

        return convolve


def layer_functions(placement: Placement, units: Mapping[str, MacFunction]) -> dict[str, MacFunction]:
    """Return the arithmetic of every placed layer with MACs, by its name.

    Parameters
    ----------
    placement
        Which units execute which layer.
    units
        Arithmetic of each compute unit, by name; units that are left out compute exactly in int8.

    Raises
    ------
    InputError
        If a layer is shared by units with different operands.
    """
    found: dict[str, MacFunction] = {}
    for step in placement.steps:
        shares = [share for share in step.shares if share.unit in units]
        if not step.layer.is_mac or not shares:
            continue
        parts = tuple((units[share.unit], share.layer.output_shape.channels) for share in shares)
        ranges = {(function.lowest, function.highest) for function, _ in parts}
        if len(ranges) > 1 or len(shares) < len(step.shares):
            message = (
                f"units of layer {step.layer.name!r} have different operands: one layer is quantized once"
            )
            raise InputError(message, field="placement")
        found[step.layer.name] = parts[0][0] if len(parts) == 1 else SplitMacs(parts)
    return found
