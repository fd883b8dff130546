"""Bytes of a network's parameters in a number format, without pruning or coding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from archsim.arithmetic.number_format import AnyFormat, FloatFormat, storage_format
from archsim.workload.layer import Layer, Op
from archsim.workload.network import Network

_BIAS_BYTES: Final = 4
"""Biases of integer layers are 32 b: Jacob et al., CVPR 2018 (arXiv:1712.05877), section 2.4."""
_SCALE_BYTES: Final = 4
"""A scale is fp32: ONNX QuantizeLinear, y_scale."""


@dataclass(frozen=True, slots=True)
class ModelSize:
    """What a stored network takes.

    Attributes
    ----------
    weight_bytes
        Weights, packed; every tensor starts at a whole byte.
    bias_bytes
        Biases and, where they are not folded, scale and shift of batch normalisation.
    scale_bytes
        Scales and zero points of the weights.
    """

    weight_bytes: int
    bias_bytes: int
    scale_bytes: int

    @property
    def total_bytes(self) -> int:
        """All of it."""
        return self.weight_bytes + self.bias_bytes + self.scale_bytes


def model_size(
    network: Network, number_format: str, *, per_channel: bool = False, zero_points: bool = False
) -> ModelSize:
    """Return the size of the network's parameters in a number format.

    Floating-point formats hold the parameters as the trace states them. Integer and binary formats hold the
    weights; batch normalisation is folded where the network folds it, biases are 32 b, and each weight tensor
    has one fp32 scale.

    Parameters
    ----------
    number_format
        ``fp32``, ``fp16``, ``bf16``, ``binary``, ``int8``, ...
    per_channel
        A scale per output channel in place of one per tensor.
    zero_points
        A zero point beside each scale, as wide as a weight and in whole bytes (ONNX QuantizeLinear).

    Raises
    ------
    InputError
        If there is no such format.
    """
    found = storage_format(number_format)
    layers = network.layers
    weights = sum(-(-layer.weight_elements * found.bits // 8) for layer in layers)
    if isinstance(found, FloatFormat):
        rest = (network.parameters - sum(layer.weight_elements for layer in layers)) * found.bits // 8
        return ModelSize(weights, rest, 0)
    biases = sum(_unfolded_elements(layer) for layer in layers) * _BIAS_BYTES
    scales = sum(_scales(layer, per_channel=per_channel) for layer in layers)
    return ModelSize(weights, biases, scales * _scale_bytes(found, zero_points=zero_points))


def _unfolded_elements(layer: Layer) -> int:
    is_separate = layer.op is Op.BATCH_NORM and not layer.folded
    return layer.parameters if is_separate else layer.bias_elements


def _scales(layer: Layer, *, per_channel: bool) -> int:
    if not layer.is_mac:
        return 0
    return layer.output_shape.channels if per_channel else 1


def _scale_bytes(number_format: AnyFormat, *, zero_points: bool) -> int:
    return _SCALE_BYTES + (-(-number_format.bits // 8) if zero_points else 0)
