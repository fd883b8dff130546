"""Trained weights from archives: what is accepted, what is refused, and what folding computes."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from archsim.config import shipped
from archsim.errors import InputError
from archsim.workload import BatchNorm, Conv2d, GlobalAveragePool, Linear, build_network, load_network
from archsim.workload.layer_weights import BatchNormStatistics, fold_batch_norm, weight_shape
from archsim.workload.weights import find_weights, load_parameters

RNG = np.random.default_rng(7)

PLAIN = build_network(
    "plain", (2, 4, 4), [Conv2d(name="conv", out_channels=3, kernel=3), Linear(name="fc", out_channels=2)]
)
NORMALISED = build_network(
    "normalised",
    (2, 6, 6),
    [
        Conv2d(name="conv", out_channels=4, kernel=3, groups=2, bias=False),
        BatchNorm(name="bn"),
        GlobalAveragePool(name="pool"),
        Linear(name="fc", out_channels=2, bias=False),
    ],
)


def plain_arrays() -> dict[str, Any]:
    return {
        "conv.weight": RNG.normal(size=(3, 2, 3, 3)).astype(np.float32),
        "conv.bias": np.array([1, 2, 3], np.float32),
        "fc.weight": RNG.normal(size=(2, 12)).astype(np.float32),
        "fc.bias": np.array([4, 5], np.float32),
    }


def normalised_arrays() -> dict[str, Any]:
    return {
        "conv.weight": RNG.normal(size=(4, 1, 3, 3)),
        "bn.weight": RNG.normal(size=4),
        "bn.bias": RNG.normal(size=4),
        "bn.running_mean": RNG.normal(size=4),
        "bn.running_var": RNG.uniform(0.1, 2, size=4),
        "bn.num_batches_tracked": np.int64(3),
        "fc.weight": RNG.normal(size=(2, 4)),
    }


def save(folder: Path, values: dict[str, Any]) -> Path:
    path = folder / "net.npz"
    np.savez(path, **values)
    return path


def convolve(image: np.ndarray, weight: np.ndarray, bias: np.ndarray, groups: int) -> np.ndarray:
    """Valid convolution of one image in float64, straight from its definition."""
    outputs, channels, rows, columns = weight.shape
    height, width = image.shape[1] - rows + 1, image.shape[2] - columns + 1
    result = np.zeros((outputs, height, width))
    for out in range(outputs):
        first = out // (outputs // groups) * channels
        for i in range(height):
            for j in range(width):
                window = image[first : first + channels, i : i + rows, j : j + columns]
                result[out, i, j] = np.sum(window * weight[out], dtype=np.float64) + bias[out]
    return result


def test_arrays_arrive_as_they_are_and_linear_weights_get_two_axes(tmp_path: Path) -> None:
    values = plain_arrays()
    parameters = load_parameters(save(tmp_path, values), PLAIN)
    assert list(parameters) == ["conv", "fc"]
    assert (parameters["conv"].weight == values["conv.weight"]).all()
    assert parameters["fc"].weight.shape == (2, 12, 1, 1)
    assert (parameters["fc"].weight[:, :, 0, 0] == values["fc.weight"]).all()
    assert (parameters["fc"].bias == [4, 5]).all()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    arrays(np.float32, (3, 2, 3, 3), elements=st.floats(-(2.0**99), 2.0**99, width=32)),
    arrays(np.float32, (2, 12), elements=st.floats(-(2.0**99), 2.0**99, width=32)),
)
def test_any_finite_values_survive_the_way_through_a_file(
    tmp_path: Path, conv: np.ndarray, fc: np.ndarray
) -> None:
    path = save(tmp_path, plain_arrays() | {"conv.weight": conv, "fc.weight": fc})
    parameters = load_parameters(path, PLAIN)
    assert (parameters["conv"].weight == conv).all()
    assert (parameters["fc"].weight.reshape(2, 12) == fc).all()


def test_folding_equals_convolution_then_normalisation(tmp_path: Path) -> None:
    values = normalised_arrays()
    folded = load_parameters(save(tmp_path, values), NORMALISED)["conv"]
    image = RNG.normal(size=(2, 6, 6))
    apart = convolve(image, values["conv.weight"], np.zeros(4), groups=2)
    shape = (4, 1, 1)
    deviation = np.sqrt(values["bn.running_var"] + 1e-5).reshape(shape)
    centred = (apart - values["bn.running_mean"].reshape(shape)) / deviation
    expected = centred * values["bn.weight"].reshape(shape) + values["bn.bias"].reshape(shape)
    assert convolve(image, folded.weight, folded.bias, groups=2) == pytest.approx(expected, abs=1e-5)


def test_the_files_epsilon_replaces_the_usual_one(tmp_path: Path) -> None:
    values = normalised_arrays()
    usual = load_parameters(save(tmp_path, values), NORMALISED)["conv"].weight
    larger = load_parameters(save(tmp_path, values | {"bn.eps": np.float64(0.5)}), NORMALISED)["conv"].weight
    ratio = np.sqrt((values["bn.running_var"] + 1e-5) / (values["bn.running_var"] + 0.5))
    assert larger / usual == pytest.approx(np.broadcast_to(ratio[:, None, None, None], usual.shape), rel=1e-5)


def test_layers_and_normalisations_may_have_other_names_in_the_file(tmp_path: Path) -> None:
    values = normalised_arrays()
    expected = load_parameters(save(tmp_path, values), NORMALISED)
    others = {"conv": "features.0", "bn": "features.1", "fc": "head"}
    renamed = {
        f"{others[name]}.{field}": array
        for (name, _, field), array in ((key.rpartition("."), array) for key, array in values.items())
    }
    network = replace(NORMALISED, weight_names=tuple(others.items()))
    parameters = load_parameters(save(tmp_path, renamed), network)
    for name, layer in expected.items():
        assert (parameters[name].weight == layer.weight).all()
        assert (parameters[name].bias == layer.bias).all()


def test_a_neutral_normalisation_changes_nothing() -> None:
    neutral = BatchNormStatistics(np.ones(3), np.zeros(3), np.zeros(3), np.ones(3), 0.0)
    weight, bias = RNG.normal(size=(3, 2, 1, 1)), RNG.normal(size=3)
    folded = fold_batch_norm(weight, bias, neutral)
    assert (folded[0] == weight).all()
    assert (folded[1] == bias).all()


def test_a_folded_file_needs_only_weight_and_bias(tmp_path: Path) -> None:
    values = {"conv.weight": np.ones((4, 1, 3, 3)), "conv.bias": np.arange(4.0), "fc.weight": np.ones((2, 4))}
    parameters = load_parameters(save(tmp_path, values), NORMALISED)
    assert (parameters["conv"].bias == [0, 1, 2, 3]).all()
    assert (parameters["fc"].bias == 0).all()


def changed(**updates: Any) -> dict[str, Any]:
    """Arrays of PLAIN with some replaced; `__` stands for the dot, None removes."""
    named = {key.replace("__", "."): value for key, value in updates.items()}
    return {key: value for key, value in (plain_arrays() | named).items() if value is not None}


NAN = np.full((3, 2, 3, 3), 0, np.float32)
NAN[1, 1, 1, 1] = math.nan


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (changed(fc__weight=None, fc__bias=None), "the file has no weights of layer 'fc'"),
        (
            changed(fc__weight=None, fc__bias=None, fc1__weight=np.ones((2, 12))),
            "no weights of layer 'fc'; did you mean 'fc1'",
        ),
        (changed(head__weight=np.ones(1)), "network 'plain' has no conv2d or linear layer 'head'"),
        (changed(convv__weight=np.ones(1)), "layer 'convv'; did you mean 'conv'"),
        (changed(conv__weight=None), "conv.weight: missing"),
        (changed(conv__bias=None), "conv.bias: missing"),
        (changed(conv__weigth=np.ones(1)), "conv.weigth: is no .*; did you mean 'conv.weight'"),
        (changed(weights=np.ones(1)), "weights: is no <layer>.weight"),
        (
            changed(conv__weight=np.ones((3, 2, 5, 5))),
            "conv.weight: expected shape 3x2x3x3, got 3x2x5x5",
        ),
        (changed(fc__weight=np.ones((12, 2))), "fc.weight: expected shape 2x12, got 12x2"),
        (changed(fc__bias=np.ones(3)), "fc.bias: expected shape 2, got 3"),
        (changed(conv__weight=NAN), "conv.weight: 1 of 54 values are not finite"),
        (changed(fc__bias=np.array([1, math.inf])), "fc.bias: 1 of 2 values are not finite"),
        (changed(fc__bias=np.array([1, 1e300])), "fc.bias: 1 of 2 values are not finite"),
        (changed(conv__bias=np.ones(3, np.int8)), "conv.bias: expected floating-point values, got int8"),
        (changed(conv__bias=np.array(["a", "b", "c"])), "conv.bias: expected floating-point values"),
        (changed(conv__bias=np.array([1, {}, 2], dtype=object)), "conv.bias: holds pickled Python objects"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    path = save(tmp_path, values)
    with pytest.raises(InputError, match=message) as caught:
        load_parameters(path, PLAIN)
    assert str(caught.value).startswith(f"{path}:1:1: ")


@pytest.mark.parametrize(
    ("updates", "message"),
    [
        ({"bn.bias": None}, "bn.bias: missing"),
        ({"bn.running_var": -np.ones(4)}, "variance . epsilon is not positive"),
        ({"bn.running_mean": np.ones(3)}, "conv.batch_norm.mean: expected shape 4, got 3"),
        ({"fc.bias": np.ones(2)}, "fc.bias: the trace says that the layer has no bias"),
        ({"conv.bias": np.ones(4)}, "conv.bias: the trace says that the layer has no bias"),
    ],
)
def test_normalisations_that_do_not_fit_are_refused(
    tmp_path: Path, updates: dict[str, Any], message: str
) -> None:
    values = {key: value for key, value in (normalised_arrays() | updates).items() if value is not None}
    with pytest.raises(InputError, match=message):
        load_parameters(save(tmp_path, values), NORMALISED)


def test_without_statistics_the_shift_of_the_normalisation_has_to_be_in_the_bias(tmp_path: Path) -> None:
    values = {key: value for key, value in normalised_arrays().items() if not key.startswith("bn")}
    with pytest.raises(InputError, match=r"conv\.bias: missing \(it carries the shift"):
        load_parameters(save(tmp_path, values), NORMALISED)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an .npz archive"),
        (b"\x93NUMPY", "not an .npz archive"),
        (b"weights: no", "not an .npz archive"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "net.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_parameters(path, PLAIN)


def test_missing_files_and_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_parameters(tmp_path / "nowhere.npz", PLAIN)
    with pytest.raises(InputError, match="expected a file"):
        load_parameters(tmp_path, PLAIN)


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.7, 0.99])
def test_a_truncated_archive_is_refused(tmp_path: Path, kept: float) -> None:
    path = save(tmp_path, plain_arrays())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(InputError, match="truncated"):
        load_parameters(path, PLAIN)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_flipped_byte_gives_an_error_or_the_values(tmp_path: Path, data: st.DataObject) -> None:
    values = {"conv.weight": np.ones((3, 2, 3, 3)), "conv.bias": np.ones(3), "fc.weight": np.ones((2, 12))}
    path = tmp_path / "net.npz"
    np.savez_compressed(path, **values, **{"fc.bias": np.ones(2)})
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        parameters = load_parameters(path, PLAIN)
    except InputError:
        return
    # Bytes that no reader looks at (time stamps, say) may differ.
    assert all((parameters[name].weight == 1).all() for name in ("conv", "fc"))


def test_weights_are_looked_for_in_the_data_folder_then_in_the_package(tmp_path: Path) -> None:
    own = tmp_path / "digits_cnn.npz"
    assert find_weights("digits_cnn.npz", tmp_path).parent.name == "tables"
    own.touch()
    assert find_weights("digits_cnn.npz", tmp_path) == own
    assert find_weights(str(own)) == own
    with pytest.raises(InputError, match="are not shipped: name the data folder with --data DIR"):
        find_weights("weights/lenet5_mnist.npz")
    with pytest.raises(InputError, match=r"lenet5_mnist.npz: no such file of weights; --data DIR"):
        find_weights("weights/lenet5_mnist.npz", tmp_path)


def test_a_network_names_its_weights_by_data_set() -> None:
    network = load_network("lenet5")
    assert network.weights_for() == network.weights_for("mnist") == "weights/lenet5_mnist.npz"
    assert network.weights_for("fashion_mnist") == "weights/lenet5_fashion_mnist.npz"
    with pytest.raises(InputError, match=r"no weights for data set 'fashion', expected one of mnist"):
        network.weights_for("fashion")
    with pytest.raises(InputError, match="trace of network 'vgg16' names no trained weights"):
        load_network("vgg16").weights_for()
    assert load_network("resnet8").weights_for("other") == "weights/resnet8_cifar10_float.npz"


WITH_WEIGHTS = [
    (name, file)
    for name in shipped("traces")
    for network in [load_network(name)]
    for file in (dict(network.weights_by_dataset).values() or [network.weights])
    if file is not None
]


@pytest.mark.parametrize(("name", "file"), WITH_WEIGHTS)
def test_every_named_file_fits_its_trace(name: str, file: str, request: pytest.FixtureRequest) -> None:
    folder = None if "/" not in file else request.getfixturevalue("shared_data")
    if file.endswith(".onnx"):
        pytest.importorskip("onnx")
    network = load_network(name)
    parameters = load_parameters(find_weights(file, folder), network)
    for layer in network.layers:
        if layer.is_mac:
            assert parameters[layer.name].weight.shape == weight_shape(layer)
            assert parameters[layer.name].weight.size == layer.weight_elements
            assert parameters[layer.name].bias.shape == (layer.output_shape.channels,)


def test_the_required_traces_name_weights() -> None:
    assert {name for name, _ in WITH_WEIGHTS} >= {
        "lenet5", "resnet8", "resnet20", "resnet32", "resnet56", "cnn2_mnist", "digits_cnn", "digits_exits",
        "mobilenet_v1_0.25_128", "mobilenet_v1_0.5_160", "mobilenet_v2_1.0_224", "squeezenet1_1",
        "resnet8_large", "mobilenet_v1_0.75_192", "digits_icnn", "fashion_icnn", "fashion_exits",
    }  # fmt: skip
