"""Arrays in which some outputs are computed by one multiplier and some by another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.kernels import Window
from archsim.arithmetic.macs import Codes, Convolve, DigitalMacs, Sums


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

    parts: tuple[tuple[DigitalMacs, int], ...]
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
        shares = [
            _Share(
                macs.convolver(weights[outputs], replace(window, groups=groups), bias[outputs], lowest),
                outputs,
                channels,
            )
            for macs, outputs, channels, groups in self._split(weights, window)
        ]
        return _Joined(tuple(shares), len(weights))

    def _split(
        self, weights: Codes, window: Window
    ) -> Iterator[tuple[DigitalMacs, NDArray[np.intp], NDArray[np.intp] | None, int]]:
        """Yield each multiplier in use with its outputs, the channels that they read (None: all), groups."""
        outputs = np.arange(len(weights)).reshape(window.groups, -1)
        owners = np.repeat(np.arange(len(self.parts)), [columns for _, columns in self.parts])
        positions = np.arange(outputs.shape[0 if self.by_groups else 1])
        owner = owners[positions % len(owners)]
        for index, (macs, _) in enumerate(self.parts):
            own = np.flatnonzero(owner == index)
            if self.by_groups and own.size:
                channels = np.arange(window.groups * weights.shape[1]).reshape(window.groups, -1)
                yield macs, outputs[own].ravel(), channels[own].ravel(), own.size
            elif own.size:
                yield macs, outputs[:, own].ravel(), None, window.groups


@dataclass(frozen=True, eq=False)
class _Share:
    convolve: Convolve
    outputs: NDArray[np.intp]
    channels: NDArray[np.intp] | None

    def __call__(self, activations: Codes) -> Sums:
        return self.convolve(activations if self.channels is None else activations[:, self.channels])


@dataclass(frozen=True, eq=False)
class _Joined:
    shares: tuple[_Share, ...]
    outputs: int

    def __call__(self, activations: Codes) -> Sums:
        """Return the sums of all shares in the order of the outputs."""
        found = [share(activations) for share in self.shares]
        first = found[0]
        sums = np.empty((first.shape[0], self.outputs, *first.shape[2:]), dtype=first.dtype)
        for share, part in zip(self.shares, found, strict=True):
            sums[:, share.outputs] = part
        return sums
