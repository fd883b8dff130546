"""Arrays in which some outputs are computed by one multiplier and some by another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.kernels import Window
from archsim.arithmetic.macs import Codes, Convolve, MacFunction, Sums


@dataclass(frozen=True, eq=False)
class Share:
    """Some outputs of a layer on one function.

    Attributes
    ----------
    macs
        What computes them.
    outputs
        Their places among all outputs.
    groups
        Groups that they form.
    channels
        Input channels that they read; None: all.
    """

    macs: MacFunction
    outputs: NDArray[np.intp]
    groups: int
    channels: NDArray[np.intp] | None = None


@dataclass(frozen=True)
class MixedMacs:
    """Columns of different multipliers, filled with outputs from the first column on, again and again.

    Attributes
    ----------
    parts
        Multipliers in the order of the columns, each with the number of its columns.
    by_groups
        Groups of one output each lie side by side; else every group begins at the first column.
    """

    parts: tuple[tuple[MacFunction, int], ...]
    by_groups: bool = False

    @property
    def lowest(self) -> int:
        """Smallest operand, the same for all multipliers."""
        return self.parts[0][0].lowest

    @property
    def highest(self) -> int:
        """Largest operand."""
        return self.parts[0][0].highest

    def convolver(self, weights: Codes, window: Window, bias: NDArray[np.int64], lowest: int) -> Convolve:
        """Return the convolution whose output m of a group is computed in column m modulo the columns."""
        return joined(self._split(weights, window), weights, window, bias, lowest)

    def _split(self, weights: Codes, window: Window) -> Iterator[Share]:
        """Yield the outputs of each multiplier in use."""
        outputs = np.arange(len(weights)).reshape(window.groups, -1)
        owners = np.repeat(np.arange(len(self.parts)), [columns for _, columns in self.parts])
        positions = np.arange(outputs.shape[0 if self.by_groups else 1])
        owner = owners[positions % len(owners)]
        for index, (macs, _) in enumerate(self.parts):
            own = np.flatnonzero(owner == index)
            if self.by_groups and own.size:
                channels = np.arange(window.groups * weights.shape[1]).reshape(window.groups, -1)
                yield Share(macs, outputs[own].ravel(), own.size, channels[own].ravel())
            elif own.size:
                yield Share(macs, outputs[:, own].ravel(), window.groups)


def joined(
    shares: Iterable[Share], weights: Codes, window: Window, bias: NDArray[np.int64], lowest: int
) -> Convolve:
    """Return a convolution whose outputs are computed by several functions, in the order of the weights."""
    parts = [
        (
            share.macs.convolver(
                weights[share.outputs], replace(window, groups=share.groups), bias[share.outputs], lowest
            ),
            share,
        )
        for share in shares
    ]

    def convolve(activations: Codes) -> Sums:
        found = [
            (part(activations if share.channels is None else activations[:, share.channels]), share.outputs)
            for part, share in parts
        ]
        images, _, rows, columns = found[0][0].shape
        # Channels last in memory, as the kernels give and take them.
        sums = np.empty((images, rows, columns, len(weights)), dtype=found[0][0].dtype).transpose(0, 3, 1, 2)
        for some, outputs in found:
            sums[:, outputs] = some
        return sums

    return convolve
