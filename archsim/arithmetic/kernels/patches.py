"""The operands of every output position of a convolution, side by side."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from archsim.arithmetic.kernels.geometry import Geometry

_Code = TypeVar("_Code", bound=np.integer)


def patches(batch: NDArray[np.uint8], layer: Geometry) -> NDArray[np.uint8]:
    """Return the operands [group][image x row x column][tap x channel] of a batch.

    Parameters
    ----------
    batch
        [image][channel][row][column].
    layer
        Sizes, those of the batch included; positions outside the image are its `pad_value`.
    """
    ordered = window_view(batch, layer).swapaxes(0, 1)
    return np.ascontiguousarray(ordered).reshape(layer.window.groups, -1, layer.depth)


def window_view(batch: NDArray[_Code], layer: Geometry) -> NDArray[_Code]:
    """Return a view [image][group][row][column][kernel row][kernel column][channel] of the padded batch.

    Parameters as those of :func:`patches`.
    """
    window = layer.window
    top, left, bottom, right = window.edges
    edges = ((0, 0), (0, 0), (top, bottom), (left, right))
    padded = np.pad(batch, edges, constant_values=window.pad_value)
    shape = (layer.images, window.groups, layer.channels)
    if not layer.pixels:
        return np.empty((*shape[:2], layer.out_rows, layer.out_columns, *layer.kernel, shape[2]), batch.dtype)
    reach = tuple(d * (k - 1) + 1 for d, k in zip(window.dilations, layer.kernel, strict=True))
    seen = sliding_window_view(padded, reach, axis=(2, 3))
    (down, across), (dy, dx) = window.strides, window.dilations
    sampled = seen[:, :, ::down, ::across, ::dy, ::dx]
    return sampled.reshape(*shape, *sampled.shape[2:]).transpose(0, 1, 3, 4, 5, 6, 2)
