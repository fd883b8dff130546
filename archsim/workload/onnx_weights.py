"""Trained weights out of an ONNX graph, in the order of the network's layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from archsim.errors import InputError
from archsim.workload.layer import Layer
from archsim.workload.layer_weights import BatchNormStatistics, layer_parameters
from archsim.workload.network import Network
from archsim.workload.npz_file import Array, file_error
from archsim.workload.parameters import Parameters

_PRODUCTS = frozenset({"Conv", "Gemm", "MatMul"})
_EPSILON = 1e-5
"""Default of ONNX's BatchNormalization."""


@dataclass(frozen=True, eq=False)
class _Product:
    """A convolution or matrix product of the graph, and what follows it in the same linear step."""

    name: str
    weight: Array
    bias: Array | None
    statistics: BatchNormStatistics | None = None


def read_onnx_weights(path: Path, network: Network) -> Parameters:
    """Return the parameters of a graph whose convolutions and products stand in the network's order.

    Raises
    ------
    InputError
        If onnx is not installed, the file is no graph with weights, or counts or shapes differ.
    """
    graph = _Graph(_load(path), path)
    products = graph.products()
    layers = [layer for layer in network.layers if layer.is_mac]
    if len(products) != len(layers):
        message = (
            f"the graph has {len(products)} convolutions and matrix products with weights, "
            f"network {network.name!r} has {len(layers)}"
        )
        raise file_error(path, message)
    pairs = zip(layers, products, strict=True)
    return {layer.name: _parameters(layer, product, path) for layer, product in pairs}


def _parameters(layer: Layer, product: _Product, path: Path) -> Any:
    origin = (path, f"{product.name} (for layer {layer.name})")
    return layer_parameters(layer, product.weight, product.bias, origin, product.statistics)


def _load(path: Path) -> Any:
    try:
        import onnx
    except ImportError:
        raise InputError("reading ONNX graphs needs onnx: pip install 'archsim[onnx]'") from None
    if not path.is_file():
        raise file_error(path, "no such file")
    try:
        return onnx.load(str(path)).graph
    except Exception as error:  # protobuf, onnx and the file system each raise their own
        raise file_error(path, f"the graph and its weights cannot be read: {error}") from None


class _Graph:
    """Constants of a graph, its products, and who reads what."""

    def __init__(self, graph: Any, path: Path) -> None:
        from onnx import numpy_helper

        self._path = path
        self._nodes = list(graph.node)
        self._constants: dict[str, Array] = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer
        }
        self._readers: dict[str, list[Any]] = {}
        for node in self._nodes:
            self._evaluate(node)
            for name in node.input:
                self._readers.setdefault(name, []).append(node)

    def products(self) -> list[_Product]:
        """Return the products with constant weights, in execution order, with bias and normalisation."""
        found = [node for node in self._nodes if self._is_product(node)]
        return [self._followed(node) for node in found]

    def _is_product(self, node: Any) -> bool:
        if node.op_type.startswith("QLinear"):
            message = (
                f"node {node.name or node.output[0]!r}: {node.op_type} is not read, only {sorted(_PRODUCTS)}"
            )
            raise file_error(self._path, message)
        return node.op_type in _PRODUCTS and node.input[1] in self._constants

    def _evaluate(self, node: Any) -> None:
        """Keep the value of a node that only reads constants."""
        rule = _RULES.get(node.op_type)
        if rule is None or any(name not in self._constants for name in node.input if name):
            return
        inputs = [self._constants[name] for name in node.input if name]
        self._constants[node.output[0]] = rule(inputs, _attributes(node))

    def _product(self, node: Any) -> _Product:
        attributes = _attributes(node)
        weight = self._constants[node.input[1]]
        bias = self._constants.get(node.input[2]) if len(node.input) > 2 else None
        if node.op_type == "MatMul" or (node.op_type == "Gemm" and not attributes.get("transB", 0)):
            weight = np.moveaxis(weight, -1, 0)
        if node.op_type == "Gemm":
            weight = weight * np.asarray(attributes.get("alpha", 1.0), weight.dtype)
            bias = None if bias is None else bias * np.asarray(attributes.get("beta", 1.0), bias.dtype)
        return _Product(node.name or node.output[0], weight, bias)

    def _followed(self, node: Any) -> _Product:
        """Return the product with the bias and the batch normalisation that its only reader adds."""
        product = self._product(node)
        reader = self._only_reader(node)
        if reader is not None and reader.op_type == "Add" and product.bias is None:
            product, reader = self._with_bias(product, reader)
        if reader is not None and reader.op_type == "BatchNormalization":
            product = replace(product, statistics=self._statistics(reader))
        return product

    def _only_reader(self, node: Any) -> Any | None:
        readers = self._readers.get(node.output[0], [])
        return readers[0] if len(readers) == 1 else None

    def _with_bias(self, product: _Product, add: Any) -> tuple[_Product, Any | None]:
        offsets = [self._constants[name] for name in add.input if name in self._constants]
        if not offsets or offsets[0].size != product.weight.shape[0]:
            return product, add
        return replace(product, bias=offsets[0].reshape(-1)), self._only_reader(add)

    def _statistics(self, node: Any) -> BatchNormStatistics:
        missing = [name for name in node.input[1:5] if name not in self._constants]
        if missing:
            raise file_error(self._path, f"batch normalisation reads {missing[0]!r}, which is no constant")
        scale, shift, mean, variance = (self._constants[name] for name in node.input[1:5])
        epsilon = float(_attributes(node).get("epsilon", _EPSILON))
        return BatchNormStatistics(scale, shift, mean, variance, epsilon)


def _attributes(node: Any) -> dict[str, Any]:
    from onnx.helper import get_attribute_value

    return {attribute.name: get_attribute_value(attribute) for attribute in node.attribute}


def _constant(_inputs: list[Array], attributes: Mapping[str, Any]) -> Array:
    from onnx import numpy_helper

    value = attributes.get("value")
    plain = next((item for key, item in attributes.items() if key != "value"), None)
    return np.asarray(plain) if value is None else numpy_helper.to_array(value)


def _reshape(inputs: list[Array], attributes: Mapping[str, Any]) -> Array:
    shape = inputs[1] if len(inputs) > 1 else attributes["shape"]
    return inputs[0].reshape(tuple(int(size) for size in shape))


def _dequantize(inputs: list[Array], attributes: Mapping[str, Any]) -> Array:
    values, scale = inputs[:2]
    zero = inputs[2].astype(np.int32) if len(inputs) > 2 else np.int32(0)
    if scale.ndim == 1:
        shape = [1] * values.ndim
        shape[attributes.get("axis", 1)] = -1
        scale, zero = scale.reshape(shape), np.reshape(zero, shape)
    real: Array = ((values.astype(np.int32) - zero) * scale).astype(np.float32)
    return real


_RULES: Mapping[str, Any] = {
    "Constant": _constant,
    "Identity": lambda inputs, _: inputs[0],
    "Reshape": _reshape,
    "DequantizeLinear": _dequantize,
    "Transpose": lambda inputs, attributes: np.transpose(inputs[0], attributes.get("perm")),
}
"""Value of the output from constant inputs and attributes."""
