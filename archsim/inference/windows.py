"""Sliding windows over channels-last tensors, and the pooling that real values and codes share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from archsim.inference.graph import Tensor
from archsim.workload.layer import Layer


def padded(values: Tensor, layer: Layer, fill: float) -> Tensor:
    """Return [image][row][column][channel] with the layer's padding, channels-last in memory."""
    rows = values.transpose(0, 2, 3, 1)
    if not any(layer.padding):
        return np.ascontiguousarray(rows)
    top, left, bottom, right = layer.padding
    images, height, width, channels = rows.shape
    whole = np.full((images, height + top + bottom, width + left + right, channels), fill, rows.dtype)
    whole[:, top : top + height, left : left + width] = rows
    return whole


def taps(whole: Tensor, layer: Layer) -> Iterator[tuple[tuple[int, int], Tensor]]:
    """Yield each position of the kernel with what the windows hold there: views of the padded tensor."""
    for row in range(layer.kernel[0]):
        for column in range(layer.kernel[1]):
            along_rows = _positions(row, layer, 0)
            along_columns = _positions(column, layer, 1)
            yield (row, column), whole[:, along_rows, along_columns]


def unrolled(whole: Tensor, layer: Layer) -> Tensor:
    """Return [image][pixel][kernel row x kernel column x channel] of padded images (im2col)."""
    rows, columns = layer.output_shape[1:]
    span = [(size - 1) * step + 1 for size, step in zip(layer.kernel, layer.dilation, strict=True)]
    view = sliding_window_view(whole, span, axis=(1, 2))
    down, across = layer.stride
    sampled = view[:, ::down, ::across, :, :: layer.dilation[0], :: layer.dilation[1]]
    ordered = sampled[:, :rows, :columns].transpose(0, 1, 2, 4, 5, 3)
    return ordered.reshape(len(whole), rows * columns, -1)


def largest(values: Tensor, layer: Layer) -> Tensor:
    """Return the maximum of each window; positions in the padding do not count."""
    integers = np.issubdtype(values.dtype, np.integer)
    least = np.iinfo(values.dtype).min if integers else -np.inf
    result: Tensor | None = None
    for _, part in taps(padded(values, layer, least), layer):
        result = part.copy() if result is None else np.maximum(result, part, out=result)
    assert result is not None
    return result.transpose(0, 3, 1, 2)


def window_sums(values: Tensor, layer: Layer, kind: type[Any]) -> Tensor:
    """Return the sum of each window, zeros in the padding."""
    result: Tensor | None = None
    for _, part in taps(padded(values, layer, 0), layer):
        result = part.astype(kind) if result is None else np.add(result, part, out=result)
    assert result is not None
    return result.transpose(0, 3, 1, 2)


def window_counts(layer: Layer) -> NDArray[np.int64]:
    """Return how many positions of each window lie inside the image, [1][1][row][column]."""
    inside = np.ones((1, 1, *layer.input_shapes[0][1:]), dtype=np.int64)
    return np.asarray(window_sums(inside, layer, np.int64))


def flattened(values: Tensor, layer: Layer) -> Tensor:
    """Return the input of a linear layer as [image][feature][row][1], features in the order of channels."""
    rows = layer.output_shape.rows
    if rows == 1:
        return np.ascontiguousarray(values).reshape(len(values), -1, 1, 1)
    return values.reshape(len(values), values.shape[1], rows, 1)


def copied(values: Tensor, layer: Layer, fill: float) -> Tensor:
    """Return every n-th row and column, with as many channels of `fill` added before as after."""
    kept = values[:, :, :: layer.stride[0], :: layer.stride[1]]
    added = layer.output_shape.channels - kept.shape[1]
    if not added:
        return kept
    images, channels, rows, columns = kept.shape
    whole = np.full((images, rows, columns, channels + added), fill, kept.dtype)
    whole[..., added // 2 : added // 2 + channels] = kept.transpose(0, 2, 3, 1)
    return whole.transpose(0, 3, 1, 2)


def _positions(tap: int, layer: Layer, axis: int) -> slice:
    first = tap * layer.dilation[axis]
    return slice(
        first,
        first + (layer.output_shape[axis + 1] - 1) * layer.stride[axis] + 1,
        layer.stride[axis],
    )
