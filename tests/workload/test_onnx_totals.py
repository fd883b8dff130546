"""The shipped traces against real graphs, counted here from the graphs' own nodes and shapes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archsim.workload import load_network

onnx: Any = pytest.importorskip("onnx")

# Trace and graph of the same network; graphs come from torchvision, timm, darknet, onnx and mlcommons/tiny.
PAIRS = [
    ("vgg16", "structure/torchvision_vgg16_op13"),
    ("resnet18", "structure/torchvision_resnet18_op13"),
    ("resnet50", "structure/onnxlight_resnet50_op9"),
    ("mobilenet_v1", "structure/timm_mobilenetv1_100_op13"),
    ("mobilenet_v2", "structure/torchvision_mobilenet_v2_op13"),
    ("squeezenet1_1", "structure/torchvision_squeezenet1_1_op13"),
    ("tiny_yolov2", "structure/darknet_tiny_yolov2_voc_op8"),
    ("lenet5", "weighted/lenet5_mnist"),
    ("resnet8", "weighted/resnet8_cifar10"),
    ("resnet8_large", "weighted/resnet8large_cifar10"),
    ("resnet20", "weighted/resnet20_cifar10"),
    ("resnet32", "weighted/resnet32_cifar10"),
    ("resnet56", "weighted/resnet56_cifar10"),
    ("cnn2_mnist", "weighted/cnn2_mnist"),
    ("mobilenet_v1_0.25_128", "weighted/mobilenet_v1_0.25_128_float"),
    ("mobilenet_v1_0.5_160", "weighted/mobilenet_v1_0.5_160_qdq_uint8"),
    ("mobilenet_v2_1.0_224", "weighted/mobilenet_v2_1.0_224_qdq_uint8"),
]

Counts = list[tuple[int, int]]


def read_shapes(path: Path) -> tuple[list[Any], dict[str, list[int]]]:
    """Nodes and the shape of every tensor; a symbolic dimension is the batch, taken as 1."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(path, load_external_data=False)).graph
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        dims = [dim.dim_value or 1 for dim in value.type.tensor_type.shape.dim]
        shapes.setdefault(value.name, dims)
    return list(graph.node), shapes


def count_graph(path: Path) -> tuple[Counts, int]:
    """MACs and weights of each convolution and Gemm, and all learned parameters.

    Parameters are weights, biases, and scale and shift of a batch normalisation; its running mean and
    variance are statistics, not parameters.
    """
    nodes, shapes = read_shapes(path)
    layers: Counts = []
    parameters = 0
    for node in nodes:
        learned = [math.prod(shapes[name]) for name in node.input[1:3]]
        if node.op_type == "Conv":
            per_output = math.prod(shapes[node.input[1]][1:])
            layers.append((math.prod(shapes[node.output[0]]) * per_output, learned[0]))
        elif node.op_type == "Gemm":
            layers.append((learned[0], learned[0]))
        elif node.op_type != "BatchNormalization":
            continue
        parameters += sum(learned)
    return layers, parameters


@pytest.mark.parametrize(("trace", "graph"), PAIRS, ids=[trace for trace, _ in PAIRS])
def test_trace_equals_graph_exactly(trace: str, graph: str, shared_data: Path) -> None:
    network = load_network(trace)
    layers, parameters = count_graph(shared_data / "onnx" / f"{graph}.onnx")
    ours = [(layer.macs, layer.weight_elements) for layer in network.layers if layer.is_mac]
    # Independent branches may be listed in another order.
    assert sorted(ours) == sorted(layers)
    assert network.macs == sum(macs for macs, _ in layers)
    assert network.parameters == parameters


@pytest.mark.parametrize(("trace", "graph"), PAIRS, ids=[trace for trace, _ in PAIRS])
def test_trace_has_the_graphs_other_layers(trace: str, graph: str, shared_data: Path) -> None:
    nodes, _ = read_shapes(shared_data / "onnx" / f"{graph}.onnx")
    kinds = {
        "MaxPool": "max_pool",
        "Add": "add",
        "Sum": "add",
        "Concat": "concat",
        "BatchNormalization": "batch_norm",
        "Relu": "activation",
        "Clip": "activation",
        "LeakyRelu": "activation",
    }
    expected = sorted(kinds[node.op_type] for node in nodes if node.op_type in kinds)
    ours = sorted(layer.op for layer in load_network(trace).layers if layer.op in kinds.values())
    assert ours == expected


def test_a_folded_network_holds_as_many_values_as_its_folded_weights(shared_data: Path) -> None:
    # Trained weights of the same network after another tool has folded its batch normalisations.
    arrays = np.load(shared_data / "weights" / "resnet20_cifar10_bnfolded.npz")
    network = load_network("resnet20")
    held = sum(layer.weight_elements + layer.bias_elements for layer in network.layers)
    assert held == sum(arrays[name].size for name in arrays.files)
    assert not any(layer.op == "batch_norm" for layer in network.executed_layers)
