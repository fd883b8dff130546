"""The operands of every output position of a convolution, side by side."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from archsim.arithmetic.kernels.geometry import Geometry


def patches(batch: NDArray[np.uint8], layer: Geometry) -> NDArray[np.uint8]:
    """Return the operands [group][image x row x column][tap x channel] of a batch.

    Parameters
    ----------
    batch
        [image][channel][row][column].
    layer
        Sizes, those of the batch included; positions outside the image are its `pad_value`.
    """
    window, groups = layer.window, layer.window.groups
    top, left, bottom, right = window.edges
    edges = ((0, 0), (0, 0), (top, bottom), (left, right))
    padded = np.pad(batch, edges, constant_values=window.pad_value)
    reach = tuple(d * (k - 1) + 1 for d, k in zip(window.dilations, layer.kernel, strict=True))
    if not layer.pixels:
        return np.empty((groups, 0, layer.depth), np.uint8)
    seen = sliding_window_view(padded, reach, axis=(2, 3))
    (down, right_by), (dy, dx) = window.strides, window.dilations
    seen = seen[:, :, ::down, ::right_by, ::dy, ::dx]
    shape = (layer.images, groups, layer.channels, *seen.shape[2:])
    ordered = seen.reshape(shape).transpose(1, 0, 3, 4, 5, 6, 2)
    return np.ascontiguousarray(ordered).reshape(groups, -1, layer.depth)
