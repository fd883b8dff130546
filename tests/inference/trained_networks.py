"""Networks with real weights and images, read straight from their files."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

import numpy as np

from archsim.workload import (
    Activation,
    Add,
    Conv2d,
    Elementwise,
    GlobalAveragePool,
    Linear,
    TensorShape,
    build_network,
    load_network,
)
from archsim.workload.parameters import LabelledImages, LayerParameters

TRACES = Path(__file__).resolve().parents[2] / "traces"
MEAN = np.array([0.485, 0.456, 0.406], np.float32)[None, :, None, None]
SPREAD = np.array([0.229, 0.224, 0.225], np.float32)[None, :, None, None]


def network(name):
    return load_network(TRACES / f"{name}.yaml")


def by_order(net, path):
    """Parameters of a file whose layers come in execution order."""
    with np.load(path) as stored:
        names = [key.removesuffix(".weight") for key in stored if key.endswith(".weight")]
        layers = [layer for layer in net.layers if layer.is_mac]
        return {
            layer.name: LayerParameters(_four(stored[f"{name}.weight"]), stored[f"{name}.bias"])
            for layer, name in zip(layers, names, strict=True)
        }


def _four(weight):
    return weight.reshape(*weight.shape, *[1] * (4 - weight.ndim))


@cache
def idx(folder, part, count=None):
    def read(kind, skip):
        with gzip.open(folder / f"{part}-{kind}-ubyte.gz") as file:
            return np.frombuffer(file.read(), np.uint8, offset=skip)

    pixels = read("images-idx3", 16).reshape(-1, 1, 28, 28)[:count]
    return LabelledImages((pixels / np.float32(255)), read("labels-idx1", 8)[:count].astype(np.int64))


@cache
def cifar_test(folder, normalised):
    with np.load(folder / "cifar10_test1000.npz") as stored:
        pixels, labels = stored["x"].transpose(0, 3, 1, 2), stored["y"].astype(np.int64)
    return LabelledImages(_prepared(pixels, normalised), labels)


@cache
def cifar_train(folder, normalised, count=500):
    with np.load(folder / "cifar10_train_1.npz") as stored:
        pixels = np.cumsum(stored["d"][:count], axis=2, dtype=np.uint8)
        labels = stored["y"][:count].astype(np.int64)
    pixels[:, 0] += pixels[:, 1]
    pixels[:, 2] += pixels[:, 1]
    return LabelledImages(_prepared(pixels, normalised), labels)


def _prepared(pixels, normalised):
    values = pixels.astype(np.float32)
    return (values / np.float32(255) - MEAN) / SPREAD if normalised else values


def resnet(depth):
    """He et al., CVPR 2016, section 4.2, with shortcuts of option A, batch normalisation folded."""
    layers = [Conv2d(name="conv1", out_channels=16, kernel=3, padding=1), relu("conv1.relu")]
    for stage, channels in enumerate((16, 32, 64)):
        for block in range((depth - 2) // 6):
            name, source = f"{stage}.{block}", layers[-1].name
            stride = 2 if stage and not block else 1
            size = {"out_channels": channels, "kernel": 3, "padding": 1}
            layers += [
                Conv2d(name=f"{name}.conv1", inputs=(source,), stride=stride, **size),
                relu(f"{name}.relu1"),
                Conv2d(name=f"{name}.conv2", **size),
            ]
            if stride == 2:
                shortcut = {"function": "copy", "stride": 2, "out_channels": channels, "inputs": (source,)}
                layers.append(Elementwise(name=f"{name}.shortcut", **shortcut))
                source = f"{name}.shortcut"
            layers += [Add(name=f"{name}.add", inputs=(f"{name}.conv2", source)), relu(f"{name}.relu2")]
    layers += [GlobalAveragePool(name="pool"), Linear(name="fc", out_channels=10)]
    return build_network(f"resnet{depth}", TensorShape(3, 32, 32), layers)


def relu(name):
    return Activation(name=name, function="relu")


def cifar_case(folder, name):
    """Network, parameters, training and test images."""
    small = name == "resnet8"
    deep = name in {"resnet32", "resnet56"}
    net = resnet(int(name.removeprefix("resnet"))) if deep else network(name)
    path = folder / f"weights/{name}_cifar10_{'float' if small else 'bnfolded'}.npz"
    images = folder / "cifar10"
    return net, by_order(net, path), cifar_train(images, not small), cifar_test(images, not small)
