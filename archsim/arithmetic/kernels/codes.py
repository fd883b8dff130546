"""Loops over whole tensors [image][channel][row][column] of codes, fastest on channels-last memory."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim._codes import add_codes, add_difference_squares, add_signal_and_noise, requantize

Tensor = NDArray[Any]


class Limits(NamedTuple):
    """Code of 0 and the smallest and largest code, within 16 bits."""

    zero: int
    lowest: int
    highest: int


def requantized(sums: NDArray[np.int32], ratio: NDArray[np.float32], limits: Limits, kind: Any) -> Tensor:
    """Return codes of sums: sums x ratio in float32 to the nearest integer, ties to even, + zero, saturated.

    Parameters
    ----------
    sums
        Of a layer.
    ratio
        One, or one per channel.
    kind
        Type of the codes, 8 or 16 bits.
    """
    values = _channels_last(sums)
    codes = np.empty(values.shape, dtype=kind)
    ratios = np.ascontiguousarray(np.broadcast_to(ratio, values.shape[3:]), dtype=np.float32)
    if codes.size:
        rows = -1, values.shape[3]
        requantize(values.reshape(rows), ratios, limits, codes.reshape(rows))
    return codes.transpose(0, 3, 1, 2)


def added(first: Tensor, second: Tensor, factors: tuple[float, float, float], limits: Limits) -> Tensor:
    """Return codes of first x factor + start + second x factor, added in float32 in this order.

    Nearest, ties to even, saturated; codes of 8 or 16 bits, all of one type.

    Parameters
    ----------
    first, second
        Codes of one shape.
    factors
        (of the first, start, of the second); the start holds all zero points, so that of `limits` is 0.
    """
    one, other = _channels_last(first), _channels_last(second)
    codes = np.empty_like(one)
    add_codes(one.reshape(-1), other.reshape(-1), factors, limits[1:], codes.reshape(-1))
    return codes.transpose(0, 3, 1, 2)


def difference_squares(first: Tensor, second: Tensor | int) -> NDArray[np.int64]:
    """Return the sum of (first - second)^2 of each image's codes of 8 or 16 bits; `second` may be one."""
    one = _rows(first)
    other = np.full_like(one, second) if isinstance(second, int) else _rows(second)
    squares = np.zeros(len(one), dtype=np.int64)
    add_difference_squares(one, other, squares)
    return squares


def signal_and_noise(
    wanted: Tensor, found: Tensor, zero: int = 0, scale: float = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sums of wanted^2 and (wanted - value)^2 of each image; value = (found - zero) x scale.

    Differences are float32, squares and sums float64, in an order that no batch and no processor changes.

    Parameters
    ----------
    wanted
        Values in float32.
    found
        Codes of 8 or 16 bits, or values in float32.
    """
    one, other = _rows(wanted.astype(np.float32, copy=False)), _rows(found)
    signal, noise = np.zeros(len(one)), np.zeros(len(one))
    add_signal_and_noise(one, other, (zero, scale), signal, noise)
    return signal, noise


def _channels_last(values: Tensor) -> Tensor:
    return np.ascontiguousarray(values.transpose(0, 2, 3, 1))


def _rows(values: Tensor) -> Tensor:
    return _channels_last(values).reshape(len(values), math.prod(values.shape[1:]))
