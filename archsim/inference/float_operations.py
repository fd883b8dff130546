"""What layers compute in float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, reduce
from types import MappingProxyType
from typing import Final

import numpy as np
from threadpoolctl import ThreadpoolController

from archsim.errors import InputError, expected_one_of, nearest
from archsim.inference.functions import FUNCTIONS, softmax
from archsim.inference.graph import Operation, Tensor, identity
from archsim.inference.windows import (
    copied,
    flattened,
    largest,
    padded,
    taps,
    unrolled,
    window_counts,
    window_sums,
)
from archsim.workload.layer import Layer, Op
from archsim.workload.network import Network
from archsim.workload.parameters import LayerParameters, Parameters

_BLOCK_VALUES: Final = 1 << 20
"""Values that unrolled windows may hold at a time: 4 MiB."""

_ONE_THREAD: Final = 1 << 18
"""Multiplications up to which OpenBLAS does not split a product over threads (interface/gemm.c): waking them
costs more than they save here, and the result does not depend on how many there are."""

_FEWEST_ROWS: Final = 16
"""Rows below which a product is not cut smaller."""


Fill = Callable[[Tensor, Tensor], None]
"""Fills an output [image][row][column][channel] from padded images, channels-last, without the bias."""


def float_operations(network: Network, parameters: Parameters) -> dict[str, Operation]:
    """Return what each layer computes.

    Raises
    ------
    InputError
        For a layer without parameters or with those of another shape, or that has no defined function.
    """
    return {layer.name: _operation(layer, parameters) for layer in network.layers}


def without_weights(layer: Layer) -> Operation:
    """Return what a layer without MACs computes.

    Raises
    ------
    InputError
        If the trace does not define it.
    """
    if layer.folded:
        return identity
    if layer.op not in _BUILDERS:
        raise _undefined(layer, "its scale and shift are not folded into the layer before it")
    return _BUILDERS[layer.op](layer)


def parameters_of(layer: Layer, parameters: Parameters) -> LayerParameters:
    """Return a layer's parameters, checked.

    Raises
    ------
    InputError
        If there are none, or they have other shapes than the layer.
    """
    if layer.name not in parameters:
        raise InputError(
            f"no parameters for layer {layer.name!r}", suggestion=nearest(layer.name, list(parameters))
        )
    found, gemm = parameters[layer.name], layer.gemm
    taps_of = layer.kernel[0] * layer.kernel[1]
    shape = (layer.output_shape.channels, gemm.depth // taps_of, *layer.kernel)
    for name, array, expected in (("weight", found.weight, shape), ("bias", found.bias, shape[:1])):
        if array.shape != expected:
            message = f"{name} of layer {layer.name!r} has shape {array.shape}: expected {expected}"
            raise InputError(message)
    return found


def _operation(layer: Layer, parameters: Parameters) -> Operation:
    if not layer.is_mac:
        return without_weights(layer)
    own = parameters_of(layer, parameters)
    if own.weight.shape[1] == 1 and layer.groups > 1:
        depthwise = _depthwise(own.weight, layer)
        return lambda inputs: _convolved(inputs[0], own, layer, depthwise)
    products = _grouped(own.weight, layer)
    if layer.op is Op.LINEAR:
        return lambda inputs: _convolved(flattened(inputs[0], layer), own, layer, products)
    return lambda inputs: _convolved(inputs[0], own, layer, products)


def _convolved(values: Tensor, own: LayerParameters, layer: Layer, products: Fill) -> Tensor:
    """Convolve image by image with products of one shape, so that no result depends on the batch."""
    output = np.empty((len(values), *layer.output_shape[1:], layer.output_shape.channels), dtype=np.float32)
    step = max(1, _BLOCK_VALUES // (layer.gemm.depth * layer.gemm.pixels * layer.groups))
    # A second BLAS thread would spin on the cores of the integer kernels that run in turn with these.
    with _libraries().limit(limits=1, user_api="blas"):
        for first in range(0, len(values), step):
            block = output[first : first + step]
            products(padded(np.asarray(values[first : first + step], dtype=np.float32), layer, 0), block)
            # While the block is in the cache.
            block += own.bias
    return output.transpose(0, 3, 1, 2)


def _grouped(weight: Tensor, layer: Layer) -> Fill:
    """Return the products of each group's windows with its weights."""
    channels, filters = weight.shape[1], layer.gemm.filters
    by_group = weight.reshape(layer.groups, filters, *weight.shape[1:]).transpose(0, 3, 4, 2, 1)
    matrices = np.ascontiguousarray(by_group, dtype=np.float32).reshape(layer.groups, -1, filters)
    as_they_are = layer.op is Op.LINEAR or (layer.kernel == layer.stride == (1, 1))

    def fill(whole: Tensor, output: Tensor) -> None:
        for group, matrix in enumerate(matrices):
            windows = whole[..., group * channels : (group + 1) * channels]
            rows = windows.reshape(len(whole), -1, channels) if as_they_are else unrolled(windows, layer)
            _product(rows, matrix, output[..., group * filters : (group + 1) * filters])

    return fill


def _product(rows: Tensor, matrix: Tensor, output: Tensor) -> None:
    """Multiply each image's rows by a matrix, in stretches of rows of one size."""
    images, pixels, depth = rows.shape
    fitting = max(1, _ONE_THREAD // matrix.size)
    stretch = max(size for size in range(1, pixels + 1) if pixels % size == 0 and size <= fitting)
    if stretch < min(pixels, _FEWEST_ROWS):
        stretch = pixels
    cut = rows.reshape(images * pixels // stretch, stretch, depth)
    if output.flags.c_contiguous:
        np.matmul(cut, matrix, out=output.reshape(len(cut), stretch, -1))
    else:
        output[...] = np.matmul(cut, matrix).reshape(output.shape)


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def _depthwise(weight: Tensor, layer: Layer) -> Fill:
    multiplier = layer.gemm.filters

    def fill(whole: Tensor, output: Tensor) -> None:
        output[...] = 0
        for (row, column), part in taps(whole, layer):
            wide = part if multiplier == 1 else np.repeat(part, multiplier, axis=3)
            output += wide * weight[:, 0, row, column]

    return fill


def _activation(layer: Layer) -> Operation:
    function = FUNCTIONS.get(layer.function or "")
    if function is None:
        raise _undefined(layer, f"no parameters for {layer.function}")
    return lambda inputs: function(inputs[0])


def _average_pool(layer: Layer) -> Operation:
    counts = window_counts(layer).astype(np.float32)
    return lambda inputs: window_sums(inputs[0], layer, np.float32) / counts


def _global_average(_: Layer) -> Operation:
    def mean(inputs: tuple[Tensor, ...]) -> Tensor:
        # Each image's values in one order, whatever the layout and the batch.
        rows = np.ascontiguousarray(inputs[0]).reshape(*inputs[0].shape[:2], -1)
        means: Tensor = rows.mean(axis=2, dtype=np.float64).astype(np.float32)
        return means[:, :, None, None]

    return mean


def _elementwise(layer: Layer) -> Operation:
    if layer.function == "copy":
        return lambda inputs: copied(inputs[0], layer, 0)
    function = _COMBINED.get(layer.function or "")
    if function is None:
        known = expected_one_of(["copy", *_COMBINED])
        raise _undefined(layer, f"a trace does not say what {layer.function!r} computes, {known}")
    return lambda inputs: reduce(function, inputs)


def _undefined(layer: Layer, why: str) -> InputError:
    return InputError(f"layer {layer.name!r} ({layer.op}) cannot be executed: {why}")


_COMBINED: Final[Mapping[str, Callable[[Tensor, Tensor], Tensor]]] = MappingProxyType(
    {"multiply": np.multiply, "subtract": np.subtract, "maximum": np.maximum}
)

_BUILDERS: Final[Mapping[Op, Callable[[Layer], Operation]]] = MappingProxyType(
    {
        Op.MAX_POOL: lambda layer: lambda inputs: largest(inputs[0], layer),
        Op.AVERAGE_POOL: _average_pool,
        Op.GLOBAL_AVERAGE_POOL: _global_average,
        Op.ACTIVATION: _activation,
        Op.ADD: lambda _: lambda inputs: reduce(np.add, inputs),
        Op.CONCAT: lambda _: (
            lambda inputs: np.concatenate([one.transpose(0, 2, 3, 1) for one in inputs], axis=3).transpose(
                0, 3, 1, 2
            )
        ),
        Op.SOFTMAX: lambda _: lambda inputs: softmax(inputs[0]),
        Op.ELEMENTWISE: _elementwise,
    }
)
