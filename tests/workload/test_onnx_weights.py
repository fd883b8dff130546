"""Trained weights out of ONNX graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archsim.errors import InputError
from archsim.workload import Conv2d, Linear, build_network, load_network
from archsim.workload.weights import find_weights, load_parameters

onnx: Any = pytest.importorskip("onnx")

RNG = np.random.default_rng(3)
NETWORK = build_network(
    "net", (2, 4, 4), [Conv2d(name="conv", out_channels=3, kernel=3), Linear(name="fc", out_channels=5)]
)
CONV, FC = (RNG.normal(size=shape).astype(np.float32) for shape in ((3, 2, 3, 3), (5, 12)))
OFFSET, SHIFT = (RNG.normal(size=size).astype(np.float32) for size in (3, 5))


def graph(folder: Path, nodes: list[Any], constants: dict[str, np.ndarray]) -> Path:
    value = onnx.helper.make_tensor_value_info
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            nodes,
            "net",
            [value("x", onnx.TensorProto.FLOAT, [1, 2, 4, 4])],
            [value("y", onnx.TensorProto.FLOAT, [1, 5])],
            [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
        )
    )
    path = folder / "net.onnx"
    onnx.save(model, path)
    return path


def node(op: str, inputs: str, output: str, **attributes: Any) -> Any:
    return onnx.helper.make_node(op, inputs.split(), [output], **attributes)


CONV_NODE = node("Conv", "x cw cb", "c")
GEMM_NODE = node("Gemm", "f fw fb", "y", transB=1)
CONSTANTS = {"cw": CONV, "cb": OFFSET, "fw": FC, "fb": SHIFT}


@pytest.mark.parametrize(
    ("nodes", "constants"),
    [
        ([CONV_NODE, node("Flatten", "c", "f"), GEMM_NODE], {}),
        ([CONV_NODE, node("Flatten", "c", "f"), node("Gemm", "f fw fb", "y")], {"fw": FC.T}),
        (
            [CONV_NODE, node("Flatten", "c", "f"), node("MatMul", "f fw", "m"), node("Add", "fb m", "y")],
            {"fw": FC.T},
        ),
        (
            [
                node("Conv", "x cw", "p"),
                node("Add", "p cb", "c"),
                node("Flatten", "c", "f"),
                node("Gemm", "f fw fb", "y", transB=1, alpha=0.5, beta=4.0),
            ],
            {"cb": OFFSET.reshape(3, 1, 1), "fw": FC * 2, "fb": SHIFT / 4},
        ),
        (
            [
                node("Reshape", "flat shape", "cw"),
                CONV_NODE,
                node("Flatten", "c", "f"),
                node("Transpose", "tw", "fw", perm=[1, 0]),
                GEMM_NODE,
            ],
            {"cw": None, "flat": CONV.reshape(-1), "shape": np.array([3, 2, 3, 3]), "fw": None, "tw": FC.T},
        ),
    ],
    ids=["gemm transposed", "gemm plain", "matmul and add", "add and factors", "reshaped and transposed"],
)
def test_every_way_to_write_the_same_layers_gives_the_same_values(
    tmp_path: Path, nodes: list[Any], constants: dict[str, Any]
) -> None:
    kept = {name: array for name, array in (CONSTANTS | constants).items() if array is not None}
    parameters = load_parameters(graph(tmp_path, nodes, kept), NETWORK)
    assert (parameters["conv"].weight == CONV).all()
    assert (parameters["conv"].bias == OFFSET).all()
    assert (parameters["fc"].weight[:, :, 0, 0] == FC).all()
    assert (parameters["fc"].bias == SHIFT).all()


def test_quantised_constants_are_multiplied_by_their_scales(tmp_path: Path) -> None:
    integers = RNG.integers(-128, 128, size=CONV.shape).astype(np.int8)
    scales, zeros = np.array([0.5, 0.25, 2], np.float32), np.array([0, 3, -1], np.int8)
    nodes = [
        node("DequantizeLinear", "q s z", "cw", axis=0),
        CONV_NODE,
        node("Flatten", "c", "f"),
        GEMM_NODE,
    ]
    constants = {name: CONSTANTS[name] for name in ("cb", "fw", "fb")} | {
        "q": integers,
        "s": scales,
        "z": zeros,
    }
    weight = load_parameters(graph(tmp_path, nodes, constants), NETWORK)["conv"].weight
    for channel in range(3):
        expected = (integers[channel].astype(float) - float(zeros[channel])) * float(scales[channel])
        assert (weight[channel] == expected).all()


@pytest.mark.parametrize(
    ("name", "graph_name"),
    [
        ("lenet5", "lenet5_mnist"),
        ("resnet8", "resnet8_cifar10"),
        ("resnet8", "mlperftiny_resnet8_op11"),
        ("resnet8_large", "resnet8large_cifar10"),
        ("cnn2_mnist", "cnn2_mnist"),
        ("cnn2_mnist", "zoo_mnist_cntk_op1"),
    ],
)
def test_graph_and_archive_of_one_network_hold_the_same_values(
    name: str, graph_name: str, shared_data: Path
) -> None:
    network = load_network(name)
    archive = load_parameters(find_weights(network.weights_for(), shared_data), network)
    from_graph = load_parameters(shared_data / "onnx" / "weighted" / f"{graph_name}.onnx", network)
    for layer, values in archive.items():
        assert (values.weight == from_graph[layer].weight).all()
        assert (values.bias == from_graph[layer].bias).all()


@pytest.mark.parametrize("name", ["resnet20", "resnet32", "resnet56"])
def test_folding_a_graphs_normalisations_gives_the_folded_archive(name: str, shared_data: Path) -> None:
    network = load_network(name)
    archive = load_parameters(find_weights(network.weights_for(), shared_data), network)
    from_graph = load_parameters(shared_data / "onnx" / "weighted" / f"{name}_cifar10.onnx", network)
    # Another program folded the archive: float32 may round the last bit the other way.
    for layer, values in archive.items():
        np.testing.assert_array_max_ulp(values.weight, from_graph[layer].weight, maxulp=1)
        assert values.bias == pytest.approx(from_graph[layer].bias, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(
    ("nodes", "constants", "message"),
    [
        (
            [CONV_NODE],
            {},
            "the graph has 1 convolutions and matrix products with weights, network 'net' has 2",
        ),
        (
            [CONV_NODE, node("Flatten", "c", "f"), GEMM_NODE],
            {"fw": FC[:, :9]},
            "expected shape 5x12, got 5x9",
        ),
        ([CONV_NODE, node("QLinearConv", "c", "y")], {}, "QLinearConv is not read"),
        (
            [
                CONV_NODE,
                node("BatchNormalization", "c cb cb cb absent", "n"),
                node("Flatten", "n", "f"),
                GEMM_NODE,
            ],
            {},
            "batch normalisation reads 'absent', which is no constant",
        ),
        (
            [CONV_NODE, node("Flatten", "c", "f"), GEMM_NODE],
            {"cb": np.full(3, np.nan, np.float32)},
            r"c \(for layer conv\).bias: 3 of 3 values are not finite",
        ),
    ],
)
def test_graphs_that_do_not_fit_are_refused(
    tmp_path: Path, nodes: list[Any], constants: dict[str, Any], message: str
) -> None:
    path = graph(tmp_path, nodes, CONSTANTS | constants)
    with pytest.raises(InputError, match=message):
        load_parameters(path, NETWORK)


def test_files_that_are_no_graph_are_refused(tmp_path: Path, shared_data: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_parameters(tmp_path / "nowhere.onnx", NETWORK)
    path = tmp_path / "text.onnx"
    path.write_text("layers: []\n", encoding="utf-8")
    with pytest.raises(InputError, match="the graph and its weights cannot be read"):
        load_parameters(path, NETWORK)
    stripped = shared_data / "onnx" / "structure" / "torchvision_resnet18_op13.onnx"
    with pytest.raises(InputError, match="the graph and its weights cannot be read"):
        load_parameters(stripped, load_network("resnet18"))


def test_without_onnx_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(InputError, match=r"pip install 'archsim\[onnx\]'"):
        load_parameters(tmp_path / "net.onnx", NETWORK)
