"""Additions and averages of codes in integers alone, as TensorFlow Lite's reference kernels compute them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.quantization import Quantizer
from archsim.inference.coding import BYTE, code_type, zero_code
from archsim.inference.graph import Operation, Tensor
from archsim.inference.requantization import Clamp, fixed_point, multiplied
from archsim.inference.windows import window_sums
from archsim.workload.layer import Layer

_HEADROOM: Final = 20
_WIDE_HEADROOM: Final = 15
"""Left shifts of both inputs of an addition (tensorflow/lite/kernels/add.cc): to 8 bits, and to 16."""


def fixed_point_add(first: Quantizer, second: Quantizer, into: Quantizer, clamp: Clamp) -> Operation:
    """Return the addition of two tensors: both rescaled to twice the larger scale, then to the output's."""
    headroom = _HEADROOM if max(one.format.bits for one in (first, second, into)) <= BYTE else _WIDE_HEADROOM
    scales = [float(one.scale.reshape(())) for one in (first, second)]
    common = 2 * max(scales)
    ratios = [*(scale / common for scale in scales), common / (2.0**headroom * float(into.scale))]
    parts = [(int(m), int(s)) for m, s in zip(*fixed_point(np.array(ratios)), strict=True)]
    zeros = [zero_code(first), zero_code(second)]

    def added(inputs: tuple[Tensor, ...]) -> Tensor:
        total: Any = 0
        for codes, zero, (multiplier, shift) in zip(inputs, zeros, parts[:2], strict=True):
            total = total + multiplied((codes.astype(np.int64) - zero) << headroom, multiplier, shift)
        result = multiplied(total, *parts[2]) + zero_code(into)
        return np.asarray(np.clip(result, clamp.lowest, clamp.highest), dtype=code_type(into))

    return added


def fixed_point_average(layer: Layer, counts: NDArray[np.int64], coded: Quantizer) -> Operation:
    """Return the mean of each window's codes, rounded to nearest with ties away from zero."""

    def average(inputs: tuple[Tensor, ...]) -> Tensor:
        sums = window_sums(inputs[0], layer, np.int64)
        # C divides towards zero.
        means: Tensor = np.sign(sums) * ((np.abs(sums) + counts // 2) // counts)
        codes: Tensor = means.astype(code_type(coded))
        return codes

    return average
