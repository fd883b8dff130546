"""Networks that are shipped quantized, against what other tools make of the same integers."""

import numpy as np
import pytest
import trained_networks as trained

from archsim.errors import InputError
from archsim.inference import LayerIntegers, shipped_network, top1
from archsim.workload import (
    Activation,
    Conv2d,
    GlobalAveragePool,
    TensorShape,
    build_network,
)


def integers_of(network, path):
    """Integers of a file whose layers come in execution order."""
    with np.load(path) as stored:
        names = [key.removesuffix(".weight") for key in stored if key.endswith(".weight")]
        layers = [layer for layer in network.layers if layer.is_mac]
        return {layer.name: _integers(stored, name) for layer, name in zip(layers, names, strict=True)}


def _integers(stored, name):
    weight = stored[f"{name}.weight"]
    return LayerIntegers(
        weight.reshape(*weight.shape, *[1] * (4 - weight.ndim)),
        stored[f"{name}.weight_scale"],
        stored[f"{name}.weight_zero_point"],
        stored[f"{name}.bias_i32"],
        *(kind(stored[f"{name}.{key}"]) for kind, key in (
            (float, "in_scale"), (int, "in_zero_point"), (float, "out_scale"), (int, "out_zero_point"),
        )),
    )  # fmt: skip


def mobilenet_v1(width, size):
    """Howard et al., arXiv:1704.04861, Table 1, with padding as TensorFlow's."""
    layers = [
        Conv2d(name="conv0", out_channels=int(32 * width), kernel=3, stride=2, padding="same"),
        Activation(name="relu0", function="relu6"),
    ]
    blocks = [
        (64, 1),
        (128, 2),
        (128, 1),
        (256, 2),
        (256, 1),
        (512, 2),
        *[(512, 1)] * 5,
        (1024, 2),
        (1024, 1),
    ]
    for index, (channels, stride) in enumerate(blocks, 1):
        layers += [
            Conv2d(name=f"dw{index}", groups="depthwise", kernel=3, stride=stride, padding="same"),
            Activation(name=f"dw{index}.relu6", function="relu6"),
            Conv2d(name=f"pw{index}", out_channels=int(channels * width), kernel=1),
            Activation(name=f"pw{index}.relu6", function="relu6"),
        ]
    layers += [GlobalAveragePool(name="pool"), Conv2d(name="classes", out_channels=1001, kernel=1)]
    return build_network("mobilenet_v1", TensorShape(3, size, size), layers)


@pytest.mark.parametrize("rounding", ["fixed_point", "float32_rne"])
def test_resnet8_as_shipped_has_the_published_accuracy(shared_data, rounding):
    network = trained.network("resnet8")
    integers = integers_of(network, shared_data / "weights/resnet8_cifar10_int8.npz")
    images = trained.cifar_test(shared_data / "cifar10", normalised=False)
    right = round(top1(shipped_network(network, integers, rounding), images) * len(images))
    # 878 of 1,000 by TFLite, whose optimised kernels round like neither.
    assert abs(right - 878) <= 2


def test_mobilenet_v1_in_uint8_gives_the_logits_of_onnxruntime(shared_data):
    runtime = pytest.importorskip("onnxruntime")
    network = mobilenet_v1(0.25, 128)
    integers = integers_of(network, shared_data / "weights/mobilenet_v1_0.25_128_imagenet_uint8.npz")
    pixels = np.random.default_rng(0).integers(0, 256, (6, 3, 128, 128)).astype(np.float32)
    values = (pixels - 128) / 128
    graph = shared_data / "onnx/weighted/mobilenet_v1_0.25_128_qdq_uint8.onnx"
    expected = runtime.InferenceSession(str(graph)).run(None, {"input": values})[0]
    found = shipped_network(network, integers, "float32_rne").run(values)
    step = integers["classes"].out_scale
    # The graph multiplies in float32, so a sum halfway between two codes may go the other way.
    different = np.rint(np.abs(found - expected) / step)
    assert different.max() <= 1
    assert different.mean() < 0.01
    in_integers = shipped_network(network, integers, "fixed_point").run(values)
    assert (in_integers.argmax(axis=1) == found.argmax(axis=1)).mean() >= 0.5
    assert np.abs(in_integers - found).max() / step <= 12


def test_missing_integers_are_named():
    network = trained.network("lenet5")
    with pytest.raises(InputError, match="no integers for layer 'conv1'"):
        shipped_network(network, {})
