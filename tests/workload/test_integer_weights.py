"""Networks that were quantised elsewhere, read as their integers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archsim.errors import InputError
from archsim.workload import Conv2d, build_network, load_network
from archsim.workload.integer_weights import load_integer_parameters
from archsim.workload.weights import load_parameters

NETWORK = build_network("net", (1, 4, 4), [Conv2d(name="conv", out_channels=2, kernel=3)])


def values(**updates: Any) -> dict[str, Any]:
    own = {
        "weight": np.arange(18, dtype=np.uint8).reshape(2, 1, 3, 3),
        "weight_scale": np.array([0.5, 2], np.float32),
        "weight_zero_point": np.array([10, 0], np.int32),
        "bias_i32": np.array([4, -8], np.int32),
        "bias_scale": np.array([0.125, 0.5], np.float32),
        "in_scale": np.float32(0.25),
        "in_zero_point": np.int32(3),
        "out_scale": np.float32(0.1),
        "out_zero_point": np.int32(-128),
    }
    return {f"conv.{key}": value for key, value in (own | updates).items() if value is not None}


def save(folder: Path, arrays: dict[str, Any]) -> Path:
    np.savez(folder / "net.npz", **arrays)
    return folder / "net.npz"


def test_integers_and_scales_arrive_as_they_are(tmp_path: Path) -> None:
    layer = load_integer_parameters(save(tmp_path, values()), NETWORK)["conv"]
    assert layer.weight.dtype == np.uint8
    assert layer.weight.ravel().tolist() == list(range(18))
    assert (layer.in_zero_point, layer.out_zero_point) == (3, -128)
    assert (float(layer.in_scale), float(layer.out_scale)) == (0.25, pytest.approx(0.1))


def test_the_same_file_read_as_real_numbers_is_scale_times_integer_less_zero_point(tmp_path: Path) -> None:
    real = load_parameters(save(tmp_path, values()), NETWORK)["conv"]
    assert real.weight[0].ravel().tolist() == [(q - 10) * 0.5 for q in range(9)]
    assert real.weight[1].ravel().tolist() == [q * 2.0 for q in range(9, 18)]
    assert real.bias.tolist() == [0.5, -4.0]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (values(bias_i32=None), "conv.bias_i32: missing"),
        (values(in_scale=None, in_scal=np.float32(1)), "conv.in_scale: missing; did you mean 'conv.in_scal'"),
        (values() | {"fc.weight_scale": np.ones(1)}, "fc.weight_scale: network 'net' has no layer for this"),
        (values(weight=np.zeros((2, 1, 5, 5), np.uint8)), "conv.weight: expected shape 2x1x3x3, got 2x1x5x5"),
        (values(weight=np.zeros((2, 1, 3, 3), np.int16)), "conv.weight: expected int8 or uint8, got int16"),
        (values(weight=np.zeros((2, 1, 3, 3))), "conv.weight: expected integer values, got float64"),
        (
            values(weight_scale=np.array([1, 0], np.float32)),
            "conv.weight_scale: a scale is a positive number",
        ),
        (values(out_scale=np.float32(np.nan)), "conv.out_scale: a scale is a positive number"),
        (values(weight_scale=np.ones(3, np.float32)), "conv.weight_scale: expected one value or 2, got 3"),
        (values(weight_zero_point=np.int32(0)), "conv.weight_zero_point: expected 2 values, got 1"),
        (values(bias_i32=np.zeros(3, np.int32)), "conv.bias_i32: expected 2 values of int32, got 3 of int32"),
        (values(in_zero_point=np.zeros(2, np.int32)), "conv.in_zero_point: expected one value, got 2"),
        ({"conv.weight": np.zeros((2, 1, 3, 3))}, "the file holds no quantised network"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_integer_parameters(save(tmp_path, arrays), NETWORK)


@pytest.mark.parametrize(
    ("name", "file", "layers", "per_channel"),
    [
        ("mobilenet_v1_0.25_128", "mobilenet_v1_0.25_128_imagenet_uint8", 28, False),
        ("mobilenet_v1_0.5_160", "mobilenet_v1_0.5_160_imagenet_uint8", 28, False),
        ("mobilenet_v1_0.75_192", "mobilenet_v1_0.75_192_imagenet_uint8", 28, False),
        ("mobilenet_v2_1.0_224", "mobilenet_v2_1.0_224_imagenet_uint8", 53, False),
        ("resnet8", "resnet8_cifar10_int8", 10, True),
        ("resnet8_large", "resnet8large_cifar10_int8", 10, True),
    ],
)
def test_published_networks_are_complete_and_consistent(
    name: str, file: str, layers: int, per_channel: bool, shared_data: Path
) -> None:
    network = load_network(name)
    integers = load_integer_parameters(shared_data / "weights" / f"{file}.npz", network)
    assert len(integers) == layers
    for layer in integers.values():
        # TFLite's rule for int32 biases, and its per-tensor (uint8) or per-channel (int8) scales.
        assert layer.bias_scale == pytest.approx(layer.in_scale * layer.weight_scale, rel=1e-5)
        # Weights of int8 are symmetric, those of uint8 are not.
        assert bool(layer.weight_zero_point.any()) == (layer.weight.dtype == np.uint8)
    assert any(len(layer.weight_scale) > 1 for layer in integers.values()) == per_channel


def test_the_integers_of_resnet8_stand_for_its_float_weights(shared_data: Path) -> None:
    network = load_network("resnet8")
    floats = load_parameters(shared_data / "weights" / "resnet8_cifar10_float.npz", network)
    integers = load_integer_parameters(shared_data / "weights" / "resnet8_cifar10_int8.npz", network)
    for name, layer in integers.items():
        scale = layer.weight_scale[:, None, None, None]
        # Rounding to the nearest integer: half a step, and the step itself is rounded to float32.
        assert (np.abs(layer.dequantized().weight - floats[name].weight) <= 0.5001 * scale).all()
