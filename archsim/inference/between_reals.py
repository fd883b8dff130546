"""Layers with MACs in integers, everything between them in float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.macs import MacFunction
from archsim.arithmetic.quantization import Quantizer
from archsim.inference.coding import code_type, encode
from archsim.inference.encodings import nonnegative
from archsim.inference.float_operations import without_weights
from archsim.inference.graph import Operation, Tensor
from archsim.inference.mac_layers import QuantizedMac, sums_of
from archsim.workload.layer import Layer
from archsim.workload.network import Network
from archsim.workload.parameters import Parameters

Build = Callable[[Layer], Operation]


def static_operations(
    network: Network, macs: Mapping[str, QuantizedMac], functions: Mapping[str, MacFunction]
) -> dict[str, Operation]:
    """Return operations whose inputs of layers with MACs have scales from calibration."""

    def build(layer: Layer) -> Operation:
        mac = macs[layer.name]
        lowest, sums = _sums(network, mac, functions[layer.name])
        scales = mac.scales

        def computed(inputs: tuple[Tensor, ...]) -> Tensor:
            return _valued(sums(encode(inputs[0], mac.activation, lowest)), scales)

        return computed

    return _operations(network, build)


def dynamic_operations(
    network: Network,
    parameters: Parameters,
    macs: Mapping[str, QuantizedMac],
    functions: Mapping[str, MacFunction],
) -> dict[str, Operation]:
    """Return operations whose inputs of layers with MACs are scaled to their own largest value, per image.

    round(y / max(y) x 127) after each layer, as ACE-CNN's pipeline (Shakibhamedan et al., IEEE TCAS-I 2024);
    the bias is added to the rescaled sums, as the scale of a sum is known only then.
    """

    def build(layer: Layer) -> Operation:
        mac, bias = macs[layer.name], parameters[layer.name].bias
        _, sums = _sums(network, mac, functions[layer.name])
        highest = mac.activation.format.highest

        def computed(inputs: tuple[Tensor, ...]) -> Tensor:
            codes, largest = own_scale(inputs[0], mac.activation)
            values = _valued(sums(codes), mac.weight.scale.ravel())
            values *= largest / np.float32(highest)
            values += bias[:, None, None]
            return values

        return computed

    return _operations(network, build)


def own_scale(values: Tensor, coded: Quantizer) -> tuple[Tensor, Tensor]:
    """Return codes round(y / max |y| x highest), each image by its own maximum, and the maxima."""
    largest = np.abs(values).max(axis=(1, 2, 3), keepdims=True)
    largest = np.where(largest > 0, largest, np.float32(1))
    codes = np.rint(values / largest * np.float32(coded.format.highest))
    return codes.astype(code_type(coded)), largest


def _operations(network: Network, build: Build) -> dict[str, Operation]:
    return {layer.name: build(layer) if layer.is_mac else without_weights(layer) for layer in network.layers}


def _sums(
    network: Network, mac: QuantizedMac, function: MacFunction
) -> tuple[int, Callable[[Tensor], Tensor]]:
    """Return the smallest code that the layer's input can have, and its sums."""
    origin = int(mac.activation.zero_point.reshape(()))
    positive = nonnegative(network, mac.layer.inputs[0])
    lowest = origin if positive else mac.activation.format.lowest
    return lowest, sums_of(mac, function, lowest)


def _valued(sums: Tensor, scales: NDArray[np.float32]) -> NDArray[np.float32]:
    values = sums.transpose(0, 2, 3, 1).astype(np.float32)
    values *= scales
    return values.transpose(0, 3, 1, 2)
