"""The shipped traces against published figures."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from archsim.config import shipped, shipped_folder
from archsim.errors import InputError
from archsim.workload import Op, TensorShape, TraceDocument, load_network

# Multiply-accumulates and parameters in millions, with the digits that the source prints; None where it
# prints none. Parameters of networks with a graph are checked against it elsewhere; alexnet's follow from its
# shapes with two groups [calc].
PUBLISHED = {
    "alexnet": ("724.4", "60.965224"),
    "googlenet": ("1498.38", "6.624904"),  # num_params of torchvision GoogLeNet_Weights [pub]
    "lenet5": (None, "0.061706"),
    "mobilenet_v2": ("300.8", "3.504872"),
    "resnet18": ("1814", "11.689512"),
    "resnet50": ("4089", "25.557032"),
    "squeezenet1_1": (None, "1.235496"),  # num_params of torchvision SqueezeNet1_1_Weights [pub]
    "vgg16": ("15470.264320", "138.357544"),
    "vgg16_cifar": ("313", "14.73"),  # by hand from the shapes: 14,714,688 + 8,448 + 5,130 [calc]
}


def in_millions(value: int, like: str) -> str:
    """Value in millions with as many decimals as the published text."""
    return f"{value / 1e6:.{len(like.partition('.')[2])}f}"


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_totals_equal_the_published_ones(name: str) -> None:
    macs, parameters = PUBLISHED[name]
    network = load_network(name)
    assert in_millions(network.parameters, parameters) == parameters
    assert macs is None or in_millions(network.macs, macs) == macs


def test_alexnet_has_the_matrix_of_scalesims_golden_report() -> None:
    # SCALE-Sim's golden report for AlexNet conv1: px 3025, K 363, M 96 [pub].
    assert load_network("alexnet").layer("conv1").gemm == (1, 96, 363, 3025)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("tiny_yolov2", (125, 13, 13)),
        ("lenet5", (10, 1, 1)),
        ("resnet20", (10, 1, 1)),
        ("googlenet", (1000, 1, 1)),
    ],
)
def test_output_shapes(name: str, shape: tuple[int, int, int]) -> None:
    network = load_network(name)
    assert [network.layer(output).output_shape for output in network.outputs] == [TensorShape(*shape)]


def test_every_required_network_is_shipped() -> None:
    required = (
        "lenet5 alexnet vgg16 resnet18 resnet50 mobilenet_v1 mobilenet_v2 squeezenet1_1 googlenet tiny_yolov2"
    )
    assert set(required.split()) | {"resnet8", "resnet20", "vgg16_cifar"} <= set(shipped("traces"))


@pytest.mark.parametrize("name", shipped("traces"))
def test_header_states_the_totals_that_the_trace_has(name: str) -> None:
    text = (shipped_folder("traces") / f"{name}.yaml").read_text(encoding="utf-8")
    network = load_network(name)
    stated = re.findall(r"([0-9,]+) (MACs|parameters)", text)
    assert {unit: int(number.replace(",", "")) for number, unit in stated} == {
        "MACs": network.macs,
        "parameters": network.parameters,
    }


@pytest.mark.parametrize("name", shipped("traces"))
def test_shipped_traces_are_one_chain_of_one_line_layers(name: str) -> None:
    network = load_network(name)
    text = (shipped_folder("traces") / f"{name}.yaml").read_text(encoding="utf-8")
    assert network.name == name
    assert text.count("\n  - {name: ") == len(network.layers)
    assert len([name for name in network.outputs if name not in network.exits]) == 1
    assert not network.independent


@pytest.mark.parametrize("name", shipped("traces"))
def test_a_tensor_has_the_shape_that_its_reader_sees(name: str) -> None:
    network = load_network(name)
    shapes = {"input": network.input_shape} | {layer.name: layer.output_shape for layer in network.layers}
    for layer in network.layers:
        assert layer.input_shapes == tuple(shapes[source] for source in layer.inputs)


def test_the_largest_trace_loads_in_a_tenth_of_a_second() -> None:
    durations = []
    for _ in range(5):
        start = time.process_time()
        load_network("googlenet")
        durations.append(time.process_time() - start)
    assert min(durations) < 0.1


def test_an_unknown_name_is_told_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'vgg16'"):
        load_network("vgg61")
    with pytest.raises(InputError, match="no such file"):
        load_network(tmp_path / "net.yaml")
    graph = tmp_path / "net.onnx"
    graph.write_bytes(b"\x08\x07")
    with pytest.raises(InputError, match=r"net.onnx:1:1: .*\.yaml trace or a \.csv topology"):
        load_network(graph)


def test_the_schema_describes_every_field() -> None:
    schema = TraceDocument.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    for model in models:
        for name, field in model.get("properties", {}).items():
            assert field.get("description"), f"{model['title']}.{name}"
    assert set(schema["properties"]["layers"]["items"]["discriminator"]["mapping"]) == set(Op)
