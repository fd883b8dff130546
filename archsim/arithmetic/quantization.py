"""From real values to the codes of a number format and back: scale, zero point, rounding, saturation.

Affine quantization of Jacob et al., CVPR 2018 (arXiv:1712.05877), eq. 1: value = scale x (code - zero point).
One scale serves a tensor, or each slice of it along an axis (output channels of weights).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.arithmetic.number_format import BF16, BINARY, FP16, BinaryFormat, FloatFormat, NumberFormat
from archsim.errors import InputError

Codes = NDArray[np.int64]
Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quantizer:
    """How the values of one tensor are coded: value = scale x (code - zero point).

    Attributes
    ----------
    format
        Format of the codes.
    scale
        Positive, float32, of a shape that broadcasts with the tensor.
    zero_point
        Code of 0, of the same shape; 0 where the quantizer is symmetric.
    """

    format: NumberFormat | BinaryFormat
    scale: NDArray[np.float32]
    zero_point: Codes

    def quantize(self, values: ArrayLike) -> Codes:
        """Return codes: nearest, ties to even, values out of range saturated; binary takes the sign, + for 0.

        Raises
        ------
        InputError
            If a value is not finite.
        """
        reals = _finite(values)
        if isinstance(self.format, BinaryFormat):
            return np.where(reals >= 0, 1, -1).astype(np.int64)
        codes = np.rint(reals / self.scale.astype(np.float64)) + self.zero_point
        return np.clip(codes, self.format.lowest, self.format.highest).astype(np.int64)

    def dequantize(self, codes: ArrayLike) -> Reals:
        """Return the values that codes stand for."""
        return np.asarray(self.scale.astype(np.float64) * (np.asarray(codes) - self.zero_point))


def symmetric(values: ArrayLike, number_format: NumberFormat, axis: int | None = None) -> Quantizer:
    """Return the quantizer whose largest code is the largest magnitude of `values`; its zero point is 0.

    Parameters
    ----------
    values
        The tensor, or a sample of what it will hold.
    number_format
        A signed format.
    axis
        One scale for each index of this axis; left out, one for the tensor.

    Raises
    ------
    InputError
        If there are no values, or one is not finite.
    """
    largest = _reduced(np.maximum, np.abs(_finite(values)), axis)
    return _quantizer(number_format, largest / number_format.highest, np.zeros_like(largest))


def asymmetric(values: ArrayLike, number_format: NumberFormat, axis: int | None = None) -> Quantizer:
    """Return the quantizer whose lowest and highest codes are the range of `values`, widened to hold 0.

    Zero is a code, so padding and ReLU stay exact. Parameters and errors as those of :func:`symmetric`.
    """
    reals = _finite(values)
    low = np.minimum(_reduced(np.minimum, reals, axis), 0.0)
    high = np.maximum(_reduced(np.maximum, reals, axis), 0.0)
    scale = _usable((high - low) / (number_format.highest - number_format.lowest))
    zero_point = np.rint(number_format.lowest - low / scale.astype(np.float64))
    return _quantizer(number_format, scale, np.clip(zero_point, number_format.lowest, number_format.highest))


def binary(values: ArrayLike, axis: int | None = None) -> Quantizer:
    """Return the quantizer to -scale and +scale, where scale is the mean magnitude: the least square error.

    Rastegari et al., ECCV 2016 (XNOR-Net), section 3.1. Parameters and errors as those of :func:`symmetric`.
    """
    reals = np.abs(_finite(values))
    mean = np.mean(reals, axis=_others(reals.ndim, axis), keepdims=True)
    return _quantizer(BINARY, mean, np.zeros_like(mean))


def rounded(values: ArrayLike, float_format: FloatFormat) -> NDArray[np.float32]:
    """Return float32 values rounded to a floating-point format: nearest, ties to even, overflow to infinity.

    Parameters
    ----------
    values
        Read as float32; NaN stays NaN.
    float_format
        ``fp32`` changes nothing.
    """
    singles = np.asarray(values, dtype=np.float32)
    if float_format == BF16:
        return _rounded_to_bf16(singles)
    if float_format == FP16:
        with np.errstate(over="ignore"):
            return singles.astype(np.float16).astype(np.float32)
    return singles


def _rounded_to_bf16(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the values with the lower half of their bits rounded away."""
    words = np.ascontiguousarray(values).view(np.uint32)
    # Half of the last kept place, less one where that place is even, carries exactly where rounding goes up.
    kept = (words + (0x7FFF + ((words >> 16) & 1))) & np.uint32(0xFFFF0000)
    # The carry would turn the payload of a NaN into an infinity.
    return np.where(np.isnan(values), values, kept.view(np.float32).reshape(values.shape))


def _quantizer(
    number_format: NumberFormat | BinaryFormat, scale: NDArray[Any], zero_point: NDArray[Any]
) -> Quantizer:
    return Quantizer(number_format, _usable(scale), zero_point.astype(np.int64))


def _usable(scale: NDArray[Any]) -> NDArray[np.float32]:
    """Return the scale as it is stored; where all values are zero any scale does.

    A scale below the smallest normal float32 would lose bits: that one is taken in its place.
    """
    stored = np.maximum(scale.astype(np.float32), np.finfo(np.float32).tiny)
    return np.where(scale > 0, stored, np.float32(1))


def _reduced(function: np.ufunc, values: Reals, axis: int | None) -> Reals:
    return np.asarray(function.reduce(values, axis=_others(values.ndim, axis), keepdims=True))


def _others(dimensions: int, axis: int | None) -> tuple[int, ...]:
    """Return the axes that share one scale."""
    kept = () if axis is None else (range(dimensions)[axis],)
    return tuple(one for one in range(dimensions) if one not in kept)


def _finite(values: ArrayLike) -> Reals:
    reals = np.asarray(values, dtype=np.float64)
    if not reals.size:
        raise InputError("no values to quantize")
    if not np.isfinite(reals).all():
        raise InputError("a value to quantize is not finite")
    return reals
