"""Convolutions and matrix products of integers with any multiplier and adder."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from archsim.arithmetic.kernels.geometry import Geometry, Window
from archsim.arithmetic.kernels.layer import Arithmetic, Layer, Sums, checked
from archsim.arithmetic.multipliers.base import Multiplier


def conv2d(  # noqa: PLR0913 - operands, arithmetic and shape of one operation
    activations: ArrayLike,
    weights: ArrayLike,
    arithmetic: Multiplier | Arithmetic,
    window: Window | None = None,
    *,
    bias: ArrayLike | None = None,
    threads: int | None = None,
) -> Sums:
    """Convolve integers, every product and sum as the hardware computes it.

    Parameters
    ----------
    activations
        Integers [image][channel][row][column] in the multiplier's range. Channels-last memory (a transposed
        view) is packed fastest.
    weights
        Integers [output][channel of a group][row][column] in the multiplier's range.
    arithmetic
        The multiplier, or multiplier, adder and width of the accumulator. An approximate adder adds the
        products to the bias in the order of kernel rows, kernel columns, channels.
    window
        Stride, padding, dilation and groups; a plain convolution if ``None``.
    bias
        Integers [output]: what each sum starts from.
    threads
        Threads; all processors if ``None``. The result does not depend on it.

    Returns
    -------
    int32 array [image][output][row][column], int64 for accumulators of more than 32 bits; a view of
    channels-last memory.

    Raises
    ------
    ValueError
        If sizes do not fit each other or an operand is out of range.
    """
    given, used = np.asarray(activations), window or Window()
    lowest = min(int(given.min(initial=0)), used.pad_value)
    return prepare(weights, arithmetic, used, bias=bias, lowest=lowest)(given, threads=threads)


def matmul(
    activations: ArrayLike,
    weights: ArrayLike,
    arithmetic: Multiplier | Arithmetic,
    *,
    bias: ArrayLike | None = None,
    threads: int | None = None,
) -> Sums:
    """Multiply integer matrices: activations [m][k] by weights [k][n]; otherwise as `conv2d`.

    Returns
    -------
    int32 (or int64) array [m][n].
    """
    rows, columns = np.asarray(activations), np.asarray(weights)
    if rows.ndim != 2 or columns.ndim != 2 or rows.shape[1] != columns.shape[0]:
        raise ValueError(f"cannot multiply {rows.shape} by {columns.shape}: expected (m, k) by (k, n)")
    image = rows.T[None, :, :, None]
    sums = conv2d(image, columns.T[:, :, None, None], arithmetic, bias=bias, threads=threads)
    return sums[0, :, :, 0].T


def prepare(
    weights: ArrayLike,
    arithmetic: Multiplier | Arithmetic,
    window: Window | None = None,
    *,
    bias: ArrayLike | None = None,
    lowest: int | None = None,
) -> Layer:
    """Return a layer with checked weights, packed once, to be called with one batch after another.

    Parameters
    ----------
    weights, arithmetic, window, bias
        As in `conv2d`.
    lowest
        Smallest activation that will occur; half of a signed table is left out where it is at least 0, as
        after a ReLU.
    """
    used, shape = (
        arithmetic if isinstance(arithmetic, Arithmetic) else Arithmetic(arithmetic),
        window or Window(),
    )
    kernel = checked(weights, used.multiplier, "weights").astype(np.int64)
    outputs, channels, rows, columns = kernel.shape
    if not rows or not columns:
        raise ValueError(f"weights of shape {kernel.shape} have no kernel")
    if outputs % shape.groups:
        raise ValueError(f"{shape.groups} groups do not divide {outputs} outputs")
    checked(np.full((1, 1, 1, 1), shape.pad_value), used.multiplier, "pad_value")
    start = np.zeros(outputs, np.int64) if bias is None else np.asarray(bias)
    if start.shape != (outputs,) or not np.issubdtype(start.dtype, np.integer):
        raise ValueError(
            f"bias is {start.dtype} of shape {start.shape}: expected integers of shape ({outputs},)"
        )
    sizes = Geometry(shape, channels, outputs // shape.groups, (rows, columns))
    by_group = kernel.reshape(shape.groups, sizes.outputs, channels, sizes.taps).transpose(0, 1, 3, 2)
    nonnegative = lowest is not None and lowest >= 0
    return Layer(used, sizes, np.ascontiguousarray(by_group), start.astype(np.int64), nonnegative)
