"""Weights, images and preprocessing together: float execution reaches the accuracies that are stated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archsim.workload import Layer, Network, Op, load_network
from archsim.workload.datasets import open_dataset
from archsim.workload.parameters import LayerParameters, Parameters
from archsim.workload.weights import find_weights, load_parameters

BATCH = 50


def nearly(images: float) -> Any:
    """Another order of summation may turn one image whose two best classes nearly tie."""
    return pytest.approx(images, abs=1.01)


def windows(x: np.ndarray, layer: Layer, fill: float) -> np.ndarray:
    """[image][channel][row][column][kernel row][kernel column]."""
    top, left, bottom, right = layer.padding
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
    every = np.lib.stride_tricks.sliding_window_view(padded, layer.kernel, (2, 3))
    return every[:, :, :: layer.stride[0], :: layer.stride[1]]


def product(x: np.ndarray, layer: Layer, values: LayerParameters) -> np.ndarray:
    if layer.op is Op.LINEAR:
        return (x.reshape(len(x), -1) @ values.weight[:, :, 0, 0].T + values.bias)[:, :, None, None]
    sums = np.tensordot(windows(x, layer, 0), values.weight, ((1, 4, 5), (1, 2, 3)))
    return np.moveaxis(sums + values.bias, -1, 1)


def copied(x: np.ndarray, layer: Layer) -> np.ndarray:
    """Shortcut of option A: every second row and column, as many zero channels before as after."""
    kept = x[:, :, ::2, ::2]
    more = (layer.output_shape.channels - kept.shape[1]) // 2
    return np.pad(kept, ((0, 0), (more, more), (0, 0), (0, 0)))


def step(layer: Layer, inputs: list[np.ndarray], parameters: Parameters) -> np.ndarray:
    x = inputs[0]
    if layer.is_mac:
        return product(x, layer, parameters[layer.name])
    if layer.op in {Op.MAX_POOL, Op.AVERAGE_POOL}:
        reduce = np.max if layer.op is Op.MAX_POOL else np.mean
        return reduce(windows(x, layer, -np.inf), axis=(4, 5))
    simple = {
        Op.ACTIVATION: lambda: np.maximum(x, 0),
        Op.ADD: lambda: sum(inputs),
        Op.CONCAT: lambda: np.concatenate(inputs, axis=1),
        Op.GLOBAL_AVERAGE_POOL: lambda: x.mean((2, 3), keepdims=True),
        Op.ELEMENTWISE: lambda: copied(x, layer),
        Op.BATCH_NORM: lambda: x,
        Op.SOFTMAX: lambda: x,
    }
    return simple[layer.op]()


def right_answers(network: Network, dataset: str, folder: Path | None, count: int) -> dict[str, int]:
    """Images whose largest output is their class, by exit."""
    parameters = load_parameters(find_weights(network.weights_for(dataset), folder), network)
    right = dict.fromkeys(network.outputs, 0)
    for batch in open_dataset(dataset, folder).batches(count, network.preprocessing, BATCH):
        tensors = {"input": batch.values}
        for layer in network.layers:
            tensors[layer.name] = step(layer, [tensors[name] for name in layer.inputs], parameters)
        for name in right:
            classes = tensors[name].reshape(len(batch), -1).argmax(1)
            right[name] += int((classes == batch.labels).sum())
    return right


def test_the_embedded_networks_are_as_good_as_their_readme_says() -> None:
    assert right_answers(load_network("digits_cnn"), "digits", None, 500) == {"fc": nearly(494)}
    exits = right_answers(load_network("digits_exits"), "digits", None, 500)
    assert exits == {"exit1": nearly(481), "fc": nearly(495)}
    iterations = right_answers(load_network("digits_icnn"), "digits", None, 500)
    assert iterations == {"exit1": nearly(423), "exit2": nearly(484), "end": nearly(492)}


# Stated by those who made the files, measured with ONNX Runtime or PyTorch in float32 (docs/data.md).
@pytest.mark.parametrize(
    ("name", "dataset", "count", "accuracy"),
    [
        ("lenet5", "mnist", 10_000, 0.9933),
        ("lenet5", "fashion_mnist", 10_000, 0.8984),
        ("cnn2_mnist", "mnist", 10_000, 0.9891),
        ("resnet8", "cifar10", 1000, 0.881),
        pytest.param("resnet20", "cifar10", 1000, 0.915, marks=pytest.mark.slow),
    ],
)
def test_float_execution_reaches_the_stated_accuracy(
    name: str, dataset: str, count: int, accuracy: float, shared_data: Path
) -> None:
    (right,) = right_answers(load_network(name), dataset, shared_data, count).values()
    assert right == nearly(accuracy * count)


# Printed by scripts/train_exits.py, measured with PyTorch (the README beside the weights).
@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("fashion_icnn", {"exit1": 8590, "exit2": 8935, "end": 9084}),
        ("fashion_exits", {"exit1": 8914, "end": 9010}),
    ],
)
def test_each_exit_is_as_good_as_the_readme_says(name: str, right: dict[str, int], shared_data: Path) -> None:
    found = right_answers(load_network(name), "fashion_mnist", shared_data, 10_000)
    assert found == {output: nearly(images) for output, images in right.items()}
