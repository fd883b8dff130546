"""How many input rows (or columns) a block of output rows (or columns) needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Extent:
    """One spatial axis of a sliding window.

    Attributes
    ----------
    outputs, inputs
        Length of the output and of the unpadded input, in positions.
    kernel, stride, dilation
        The window along this axis.
    before
        Padding before the first input position.
    """

    outputs: int
    inputs: int
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0

    def needed(self, first: int, count: int) -> int:
        """Distinct input positions that outputs ``first .. first + count - 1`` read; padding is not read."""
        if self.dilation == 1 and self.kernel >= self.stride:
            start = max(0, first * self.stride - self.before)
            end = min(self.inputs, (first + count - 1) * self.stride - self.before + self.kernel)
            return max(0, end - start)
        touched = {
            (first + i) * self.stride - self.before + r * self.dilation
            for i in range(count)
            for r in range(self.kernel)
        }
        return sum(0 <= position < self.inputs for position in touched)

    @property
    def distinct(self) -> int:
        """Distinct input positions that the whole axis reads."""
        return self.needed(0, self.outputs)

    def split(self, tile: int) -> list[int]:
        """Input positions of each block when the outputs are split into blocks of ``tile``."""
        return [self.needed(*block) for block in spans(self.outputs, tile)]


def spans(total: int, size: int) -> list[tuple[int, int]]:
    """Return (first, count) of each block when ``total`` positions are split into blocks of ``size``."""
    return [(first, min(size, total - first)) for first in range(0, total, size)]


@cache
def block_sums(extent: Extent) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Input positions summed over the blocks, and of the largest, for block sizes 1 .. outputs."""
    splits = [extent.split(tile) for tile in range(1, extent.outputs + 1)]
    return (
        np.array([sum(blocks) for blocks in splits], dtype=np.int64),
        np.array([max(blocks) for blocks in splits], dtype=np.int64),
    )
