"""Networks with real weights and images, read straight from their files."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

import numpy as np

from archsim.workload import load_network
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
