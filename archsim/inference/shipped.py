"""Networks that come quantized: integers, scales and zero points as their file states them (TFLite, QDQ)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.macs import MacFunction
from archsim.arithmetic.number_format import NumberFormat
from archsim.arithmetic.quantization import Quantizer
from archsim.errors import InputError
from archsim.hardware.quantization import Rounding
from archsim.inference.coding import operand_format
from archsim.inference.encodings import ends_in_reals, fused_layers, keeps_codes
from archsim.inference.integer_operations import IntegerPlan
from archsim.inference.mac_layers import QuantizedMac, exact_macs
from archsim.inference.quantized import QuantizedNetwork
from archsim.workload.layer import Layer, Op
from archsim.workload.network import Network


@dataclass(frozen=True, slots=True, eq=False)
class LayerIntegers:
    """One layer with MACs as a quantized model states it.

    Attributes
    ----------
    weight
        Codes [output][channel of a group][row][column]; activations have its format, int8 or uint8.
    weight_scale, weight_zero_point
        One, or one per output.
    bias
        int32 [output], in units of input x weight scale.
    in_scale, in_zero_point, out_scale, out_zero_point
        Of the input and of the output after a fused activation.
    """

    weight: NDArray[np.integer]
    weight_scale: NDArray[np.float32]
    weight_zero_point: NDArray[np.integer]
    bias: NDArray[np.int32]
    in_scale: float
    in_zero_point: int
    out_scale: float
    out_zero_point: int

    @property
    def number_format(self) -> NumberFormat:
        """Format of weights and activations."""
        signed = bool(np.issubdtype(self.weight.dtype, np.signedinteger))
        return NumberFormat("int8" if signed else "uint8", 8, signed)


def shipped_network(
    network: Network,
    integers: Mapping[str, LayerIntegers],
    rounding: Rounding = "fixed_point",
    functions: Mapping[str, MacFunction] | None = None,
) -> QuantizedNetwork:
    """Return a network that runs on the integers of a quantized model.

    Parameters
    ----------
    network
        Its layers.
    integers
        By name of the layer, for all layers with MACs.
    rounding
        ``fixed_point`` as in TFLite, ``float32_rne`` as in ONNX.
    functions
        Arithmetic of the layers, by name; exact for those left out. Their operands must be the model's.

    Raises
    ------
    InputError
        If integers are missing or do not fit a layer or its unit.
    """
    layers = [layer for layer in network.layers if layer.is_mac]
    macs = {layer.name: _mac(layer, integers) for layer in layers}
    used = {layer.name: _function(layer, integers[layer.name], functions or {}) for layer in layers}
    coded = _coded(network, integers)
    operations = IntegerPlan(network, coded, macs, used, rounding).operations()
    return QuantizedNetwork(network, operations, coded, fused_layers(network), macs)


def _mac(layer: Layer, integers: Mapping[str, LayerIntegers]) -> QuantizedMac:
    if layer.name not in integers:
        raise InputError(f"no integers for layer {layer.name!r}", field="integers")
    own, outputs = integers[layer.name], layer.output_shape.channels
    shape = (outputs, layer.gemm.depth // (layer.kernel[0] * layer.kernel[1]), *layer.kernel)
    if own.weight.shape != shape or own.bias.shape != (outputs,):
        message = f"weight of layer {layer.name!r} has shape {own.weight.shape}: expected {shape}"
        raise InputError(message, field="integers")
    weight = Quantizer(
        own.number_format,
        np.asarray(own.weight_scale, dtype=np.float32).reshape(-1, 1, 1, 1),
        np.asarray(own.weight_zero_point, dtype=np.int64).reshape(-1, 1, 1, 1),
    )
    activation = _quantizer(own.in_scale, own.in_zero_point, own.number_format)
    return QuantizedMac(layer, activation, weight, own.weight.astype(np.int64), own.bias.astype(np.int64))


def _function(layer: Layer, own: LayerIntegers, functions: Mapping[str, MacFunction]) -> MacFunction:
    function = functions.get(layer.name, exact_macs(own.number_format))
    operands = operand_format(function, None)
    if operands != own.number_format:
        message = f"layer {layer.name!r} holds {own.number_format.name}: its unit takes {operands.name}"
        raise InputError(message, field="functions")
    return function


def _coded(network: Network, integers: Mapping[str, LayerIntegers]) -> dict[str, Quantizer]:
    """Return how each tensor is coded: as its readers and makers with MACs say, or as its like."""
    found: dict[str, Quantizer] = {}
    fused = fused_layers(network)
    for name, own in integers.items():
        layer = network.layer(name)
        found[layer.inputs[0]] = _quantizer(own.in_scale, own.in_zero_point, own.number_format)
        found[name] = _quantizer(own.out_scale, own.out_zero_point, own.number_format)
    alike = [(layer.name, layer.inputs[0]) for layer in network.layers if _keeps(layer)]
    alike += list(fused.items())
    # A chain of like tensors is as long as the network at most.
    for _ in network.layers:
        for one, other in alike:
            if one in found or other in found:
                found.setdefault(one, found.get(other) or found[one])
                found.setdefault(other, found[one])
    _check_all(network, found)
    return found


def _keeps(layer: Layer) -> bool:
    averages = layer.op in {Op.AVERAGE_POOL, Op.GLOBAL_AVERAGE_POOL}
    return layer.folded or keeps_codes(layer) or averages


def _check_all(network: Network, coded: Mapping[str, Quantizer]) -> None:
    for layer in network.layers:
        if layer.name not in coded and not ends_in_reals(network, layer):
            raise InputError(
                f"nothing says how the output of layer {layer.name!r} is coded", field="integers"
            )


def _quantizer(scale: float, zero_point: int, number_format: NumberFormat) -> Quantizer:
    return Quantizer(number_format, np.array(scale, dtype=np.float32), np.array(zero_point, dtype=np.int64))
