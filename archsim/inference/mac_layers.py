"""A layer with MACs in integers: codes of its weights, and the sums of its unit's arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.kernels import Arithmetic, Window
from archsim.arithmetic.macs import DigitalMacs, MacFunction
from archsim.arithmetic.macs import exact_macs as exact_operands
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.arithmetic.number_format import NumberFormat
from archsim.arithmetic.quantization import Quantizer
from archsim.inference.coding import encode, quantizer, zero_code
from archsim.inference.graph import Tensor
from archsim.inference.windows import flattened
from archsim.registry import create
from archsim.workload.layer import Layer, Op
from archsim.workload.parameters import LayerParameters

Integers = NDArray[np.int64]

_FAST_SUM: Final = 32
"""Width of sums that the compiled kernels add in."""

_LARGEST_BIAS: Final = 2**30
"""Half of what a sum of 32 bits holds: the bias leaves room for the products."""

_WIDE_SUM: Final = 64
"""Width that no sum of 16-bit operands leaves."""


@dataclass(frozen=True, slots=True, eq=False)
class QuantizedMac:
    """Integers of one layer: its sums are those of (x - x0)(w - w0), in units of input x weight scale.

    Attributes
    ----------
    layer
        What is computed.
    activation
        Of the layer's input.
    weight
        One scale and zero point, or one per output [output][1][1][1].
    codes
        Of the weights, [output][channel of a group][row][column].
    bias
        [output], in units of input scale x weight scale.
    read
        Codes of the weights as they come from memories that err; None: as they are.
    """

    layer: Layer
    activation: Quantizer
    weight: Quantizer
    codes: Integers
    bias: Integers
    read: Integers | None = None

    @property
    def multiplied(self) -> Integers:
        """Codes of the weights as the unit reads them."""
        return self.codes if self.read is None else self.read

    @property
    def scales(self) -> NDArray[np.float32]:
        """Value of one unit of the sums, one or [output]: float32 product of the scales, as ONNX's."""
        return np.asarray(self.activation.scale.reshape(()) * self.weight.scale.ravel(), dtype=np.float32)


def quantized_mac(
    layer: Layer,
    own: LayerParameters,
    activation: Quantizer,
    number_format: NumberFormat,
    *,
    per_channel: bool,
) -> QuantizedMac:
    """Quantize a layer's weights to a unit's operands and its bias to the scale of the sums, half to even.

    Weights are divided by their scale in float32, as activations are (ONNX QuantizeLinear). It matters where
    weights were quantized before: many are then halfway between two codes.
    """
    weight = quantizer(own.weight, number_format, even=True, axis=0 if per_channel else None)
    weight = _with_room_for(own.bias, weight, activation)
    step = activation.scale.reshape(()).astype(np.float64) * weight.scale.ravel().astype(np.float64)
    bias = np.rint(own.bias.astype(np.float64) / step).astype(np.int64)
    codes = encode(np.asarray(own.weight, dtype=np.float32), weight).astype(np.int64)
    return QuantizedMac(layer, activation, weight, codes, bias)


def _with_room_for(bias: NDArray[np.float32], weight: Quantizer, activation: Quantizer) -> Quantizer:
    """Return larger scales for weights so small beside the bias that its code would leave 32 bits."""
    least = np.abs(bias.astype(np.float64)) / (
        activation.scale.astype(np.float64).reshape(()) * _LARGEST_BIAS
    )
    per_scale = least if weight.scale.size > 1 else least.max(initial=0.0)
    least_scale = np.asarray(per_scale, dtype=np.float32).reshape(weight.scale.shape)
    return replace(weight, scale=np.maximum(weight.scale, least_scale))


def exact_macs(number_format: NumberFormat, accumulator_bits: int = 32) -> DigitalMacs:
    """Return exact multipliers for operands of a format, with two's-complement sums."""
    fields = {"kind": "exact", "width": max(2, number_format.bits), "signed": number_format.signed}
    multiplier = create("multipliers", fields)
    assert isinstance(multiplier, Multiplier)
    return DigitalMacs(Arithmetic(multiplier, accumulator_bits=accumulator_bits))


def exact_alike(function: MacFunction, layer: Layer) -> DigitalMacs:
    """Return exact arithmetic on operands of a unit's width, with sums that no layer's operands overflow."""
    bits = (function.highest - function.lowest).bit_length()
    # depth products of at most 2^(2 bits - 2), and the bias: one bit more.
    fits = 2 * bits - 2 + layer.gemm.depth.bit_length() < _FAST_SUM - 1
    return exact_operands(bits, _FAST_SUM if fits else _WIDE_SUM)


def sums_of(mac: QuantizedMac, function: MacFunction, lowest: int) -> Callable[[Tensor], Tensor]:
    """Return the sums of a layer on a unit, from the codes of its input.

    The unit multiplies the codes as they are; what zero points add is known with the weights, and the sum of
    each window's codes where weights have one.

    Parameters
    ----------
    function
        The unit's arithmetic.
    lowest
        Smallest code that will occur.
    """
    layer, first = mac.layer, zero_code(mac.activation)
    origin = mac.weight.zero_point.reshape(-1, 1, 1, 1)
    start = mac.bias - first * (mac.codes - origin).sum(axis=(1, 2, 3))
    window = Window(layer.stride, layer.padding, layer.dilation, layer.groups, first)
    convolve = function.convolver(mac.multiplied, window, start, lowest)
    shaped = flattened if layer.op is Op.LINEAR else _as_it_is
    if not origin.any():
        return lambda codes: convolve(shaped(codes, layer))
    totals = _window_totals(mac, window, lowest)
    each = origin.reshape(1, -1, 1, 1)
    return lambda codes: convolve(shaped(codes, layer)) - each * totals(shaped(codes, layer))


def _window_totals(mac: QuantizedMac, window: Window, lowest: int) -> Callable[[Tensor], Tensor]:
    """Sum of the codes under each window of each group, for every output."""
    ones = np.ones((mac.layer.groups, *mac.codes.shape[1:]), dtype=np.int64)
    assert isinstance(mac.activation.format, NumberFormat)
    none: Any = np.zeros(mac.layer.groups, dtype=np.int64)
    total = exact_macs(mac.activation.format).convolver(ones, window, none, lowest)
    filters = mac.layer.gemm.filters
    return lambda codes: np.repeat(total(codes).astype(np.int64), filters, axis=1)


def _as_it_is(codes: Tensor, _: Layer) -> Tensor:
    return codes
