"""Networks that are shipped quantized, layer by layer, against ONNX Runtime on their QDQ graphs.

Every layer is given our codes of its inputs, so a difference is its own.
"""

import numpy as np
import pytest
from test_shipped_networks import integers_of

from archsim.inference import shipped_network
from archsim.workload import Op, load_network
from archsim.workload.datasets import open_dataset

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
import qdq_layers

NETWORKS = {
    "resnet8": ("resnet8_cifar10_qdq_int8", "resnet8_cifar10_int8", 32),
    "mobilenet_v1_0.25_128": (
        "mobilenet_v1_0.25_128_qdq_uint8",
        "mobilenet_v1_0.25_128_imagenet_uint8",
        8,
    ),
    "mobilenet_v2_1.0_224": ("mobilenet_v2_1.0_224_qdq_uint8", "mobilenet_v2_1.0_224_imagenet_uint8", 2),
}
"""Graph, integers, number of images."""

AVERAGES = (Op.AVERAGE_POOL, Op.GLOBAL_AVERAGE_POOL)

NEAR_A_TIE = 1e-4
"""In codes: float32 has 24 bits, 8 of them for the code, and three roundings add up."""


@pytest.fixture(params=NETWORKS)
def case(request, shared_data):
    graph, weights, count = NETWORKS[request.param]
    network = load_network(request.param)
    integers = integers_of(network, shared_data / f"weights/{weights}.npz")
    quantized = shipped_network(network, integers, "float32_rne")
    images = open_dataset(network.dataset, shared_data).first(count, network.preprocessing)
    values = np.concatenate([batch.values for batch in images.batches(count)])
    codes = {"input": quantized.operations["input"]((values,)), **dict(quantized.steps(values))}
    return qdq_layers.QdqLayers(shared_data / f"onnx/weighted/{graph}.onnx"), quantized, codes


def added(quantized, layer, codes):
    """Codes of a sum before they are rounded, in float64."""
    into = quantized.coded[layer.name]
    total = np.zeros(codes[layer.name].shape)
    for name in layer.inputs:
        source = quantized.coded[name]
        total += (codes[name].astype(np.int64) - source.zero_point) * np.float64(source.scale)
    return total / np.float64(into.scale) + into.zero_point


def test_every_layer_in_integers_is_bit_equal_but_for_sums_next_to_a_tie(case):
    layers, quantized, codes = case
    network = quantized.network
    found = qdq_layers.differences(layers, network, codes, optimised=True)
    assert len(found) == len(layers.stored) - 1
    for name, difference in found.items():
        layer = network.layer(name)
        if layer.op is Op.ADD:
            # Its kernel for AVX2 rounds once where a product is added: what differs is all but a tie.
            exact = added(quantized, layer, codes)[difference > 0]
            assert np.abs(exact - np.floor(exact) - 0.5).max(initial=0) < NEAR_A_TIE
            assert difference.max() <= 1
        else:
            assert not difference.any(), name


def test_the_graphs_run_on_integer_operators(case, tmp_path):
    layers, quantized, _ = case
    kinds = {Op.ADD: "QLinearAdd", **dict.fromkeys(AVERAGES, "QLinearAveragePool")}
    for stored, layer in zip(layers.stored[1:], qdq_layers.stored_layers(quantized.network), strict=True):
        # A Flatten before the linear layer keeps ONNX Runtime from making it a QGemm.
        if layer.op is not Op.LINEAR:
            left = layers.operators(stored, tmp_path / "run.onnx")
            assert left == [kinds.get(layer.op, "QLinearConv")]


def test_every_layer_between_reals_differs_where_float32_breaks_a_tie(case):
    layers, quantized, codes = case
    found = qdq_layers.differences(layers, quantized.network, codes, optimised=False)
    for name, difference in found.items():
        layer = quantized.network.layer(name)
        assert difference.max() <= 1, name
        # The average of n codes is a tie once in n times, and float32 averages reals to either side of it.
        allowed = 1 / np.prod(layer.kernel) if layer.op in AVERAGES else 1e-3
        assert (difference > 0).mean() <= allowed, name
