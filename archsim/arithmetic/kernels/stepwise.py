"""Convolutions one product at a time, in NumPy: wide operands, and adders without a compiled cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from archsim.arithmetic.adders.base import Adder, wrapped
from archsim.arithmetic.adders.exact import ExactAdder
from archsim.arithmetic.kernels.geometry import Geometry
from archsim.arithmetic.kernels.patches import window_view
from archsim.arithmetic.kernels.properties import Integers
from archsim.arithmetic.multipliers.base import Multiplier

_BLOCK_WORDS: Final = 1 << 21
"""Numbers that one block of windows may hold."""

_EXACT_FLOAT: Final = 2**53
"""Integers below this are exact in float64."""


def convolve_stepwise(
    activations: Integers,
    held: tuple[Integers, Integers],
    layer: Geometry,
    arithmetic: tuple[Multiplier, Adder, int],
) -> Integers:
    """Return the sums [image][row][column][group x output].

    Parameters
    ----------
    activations
        [image][channel][row][column].
    held
        Weights [group][output][tap][channel] and bias [group x output], what sums start from.
    layer
        Sizes.
    arithmetic
        Multiplier, adder and width of the accumulator; products are added in the order of taps, then
        channels.
    """
    (weights, bias), groups, bits = held, layer.window.groups, arithmetic[2]
    sums = np.empty((layer.images, layer.pixels, groups, layer.outputs), dtype=np.int64)
    starts = wrapped(bias.reshape(groups, -1), bits)
    seen = window_view(activations, layer)
    for image in range(layer.images):
        for group in range(groups):
            flat = weights[group].reshape(layer.outputs, -1).T
            for block, windows in _stretches(seen[image, group], layer):
                sums[image, block, group] = _accumulate(windows, flat, starts[group], arithmetic)
    return sums.reshape(layer.images, layer.out_rows, layer.out_columns, -1)


def _stretches(seen: Integers, layer: Geometry) -> Iterator[tuple[slice, Integers]]:
    """Yield stretches of whole rows of pixels with their operands, [pixel][tap x channel]."""
    columns = layer.out_columns
    step = max(1, _BLOCK_WORDS // max(1, layer.depth * columns))
    for first in range(0, layer.out_rows, step):
        rows = seen[first : first + step]
        windows = np.ascontiguousarray(rows).reshape(-1, layer.depth)
        yield slice(first * columns, first * columns + len(windows)), windows


def _accumulate(
    windows: Integers, weights: Integers, start: Integers, arithmetic: tuple[Multiplier, Adder, int]
) -> Integers:
    multiplier, adder, bits = arithmetic
    if multiplier.kind == "exact" and isinstance(adder, ExactAdder):
        return wrapped(_exact(windows, weights) + start, bits)
    sums = np.broadcast_to(start, (len(windows), weights.shape[1]))
    for activation, weight in zip(windows.T, weights, strict=True):
        sums = adder.sums(sums, multiplier.layer_products(activation[:, None], weight[None, :]), bits)
    return sums


def _exact(windows: Integers, weights: Integers) -> Integers:
    """Matrix product; in float64, whose library is much faster, where every sum is exact in it."""
    if not weights.size or not windows.size:
        return windows @ weights
    largest = int(np.abs(windows).max()) * int(np.abs(weights).max()) * len(weights)
    if largest >= _EXACT_FLOAT:
        return windows @ weights
    return (windows.astype(np.float64) @ weights.astype(np.float64)).astype(np.int64)
