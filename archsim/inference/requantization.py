"""From the sums of a layer to the codes of its output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.kernels.codes import Limits, requantized
from archsim.arithmetic.quantization import Quantizer
from archsim.hardware.quantization import Rounding
from archsim.inference.coding import code_type, is_short, rounded, zero_code
from archsim.inference.graph import Tensor

"""``float32_rne``: times a float32 ratio of scales, ties to even, as ONNX's QLinear operators.
``fixed_point``: times an int32 multiplier and a shift, as TFLite (gemmlowp's doubling high product)."""

Integers = NDArray[np.int64]

_LARGEST_ROUNDED: Final = 0x7FFF0000
"""Multipliers from here on would round to more than 15 bits."""


@dataclass(frozen=True, slots=True)
class Clamp:
    """Smallest and largest code of an output: a fused relu or relu6 narrows the format's range."""

    lowest: int
    highest: int


def requantizer(
    scales: NDArray[np.floating[Any]],
    into: Quantizer,
    clamp: Clamp,
    rounding: Rounding,
    *,
    wide: bool = False,
) -> Callable[[Tensor], Tensor]:
    """Return the function from sums [image][output][row][column] to codes.

    Parameters
    ----------
    scales
        Values of one unit of the sums, [output] or a single one: input scale x weight scale.
    into
        Of the output.
    clamp
        Range of codes.
    rounding
        How the ratio of scales multiplies.
    wide
        Operands have more than 8 bits: fixed-point factors are those of sums of 64 bits.
    """
    if rounding == "fixed_point":
        ratios = scales.astype(np.float64).ravel() / float(into.scale.reshape(()))
        multipliers, shifts = fixed_point(ratios)
        factor = multiplied_wide if wide else multiplied
        return lambda sums: _by_multiplier(sums, lambda one: factor(one, multipliers, shifts), into, clamp)
    ratio = (scales.astype(np.float32) / into.scale.reshape(())).astype(np.float32).ravel()
    return lambda sums: _by_ratio(sums, ratio, into, clamp)


def fixed_point(ratios: NDArray[np.float64]) -> tuple[Integers, Integers]:
    """Return int32 multipliers and left shifts, as TFLite: ratio = multiplier x 2^(shift - 31)."""
    fractions, shifts = np.frexp(ratios)
    multipliers = np.floor(fractions * 2.0**31 + 0.5).astype(np.int64)
    carried = multipliers == 2**31
    return np.where(carried, multipliers // 2, multipliers), shifts.astype(np.int64) + carried


def multiplied(values: Tensor, multiplier: Any, shift: Any) -> Integers:
    """Return integers times multiplier x 2^(shift - 31), rounded as TFLite's MultiplyByQuantizedMultiplier.

    Saturating rounding doubling high product, then a rounding right shift, both to nearest with ties away
    from zero (Jacob et al., arXiv:1712.05877, appendix B; gemmlowp fixedpoint.h).
    """
    shift = np.asarray(shift, dtype=np.int64)
    right = np.maximum(-shift, 0)
    high = (values.astype(np.int64) << np.maximum(shift, 0)) * multiplier
    # Half away from zero and C's division towards zero together: floor of the product and a half.
    high += 1 << 30
    high >>= 31
    # A negative tie goes down, so that it needs one less than half; without a shift there is no tie.
    nudge = (high >> 63) * (right > 0)
    nudge += (np.int64(1) << right) >> 1
    high += nudge
    high >>= right
    return np.asarray(high, dtype=np.int64)


def multiplied_wide(values: Tensor, multiplier: Any, shift: Any) -> Integers:
    """Return wide integers times multiplier x 2^(shift - 31), as TFLite does for operands of 16 bits.

    The multiplier is rounded to 16 bits, so that 64 bits hold its product with a sum of 48, and the product
    is rounded once, ties up (MultiplyByQuantizedMultiplier for int64 in tensorflow/lite/kernels/internal).
    """
    wanted = np.asarray(multiplier, dtype=np.int64)
    reduced = np.where(wanted < _LARGEST_ROUNDED, (wanted + (1 << 15)) >> 16, 0x7FFF)
    right = np.minimum(15 - np.asarray(shift, dtype=np.int64), 62)
    product = values.astype(np.int64) * reduced + (np.int64(1) << (right - 1))
    return np.asarray(product >> right, dtype=np.int64)


def _by_multiplier(
    sums: Tensor, factor: Callable[[Tensor], Integers], into: Quantizer, clamp: Clamp
) -> Tensor:
    values = sums.transpose(0, 2, 3, 1)
    found = np.empty(values.shape, dtype=code_type(into))
    # One image at a time: its 64 bit products stay in the cache.
    for image, its_codes in zip(values, found, strict=True):
        codes = factor(image)
        codes += zero_code(into)
        np.clip(codes, clamp.lowest, clamp.highest, out=codes)
        its_codes[...] = codes
    return found.transpose(0, 3, 1, 2)


def _by_ratio(sums: Tensor, ratio: NDArray[np.float32], into: Quantizer, clamp: Clamp) -> Tensor:
    if sums.dtype == np.int32 and is_short(into):
        limits = Limits(zero_code(into), clamp.lowest, clamp.highest)
        return requantized(sums, ratio, limits, code_type(into))
    values = sums.transpose(0, 2, 3, 1)
    images, rows, columns, channels = values.shape
    scaled = values.reshape(images, rows, columns * channels).astype(np.float32)
    # A row's ratios side by side: the inner loop runs over columns and channels at once.
    scaled *= ratio if len(ratio) == 1 else np.tile(ratio, columns)
    codes = rounded(scaled, into, clamp.lowest, clamp.highest)
    return codes.reshape(values.shape).transpose(0, 3, 1, 2)
