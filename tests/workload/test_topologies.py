"""SCALE-Sim topologies: real files, the partial last window, broken rows."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import InputError
from archsim.workload import Layer, Network, Op, TensorShape, load_network, read_topology

CONV = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
GEMM = "Layer, M, N, K,\n"


def manifest_rows(shared_data: Path) -> dict[str, tuple[int, float]]:
    """Number of layers and MACs in millions of each file, from the manifest's table."""
    text = (shared_data / "MANIFEST.md").read_text(encoding="utf-8")
    row = r"\| `([^`]+\.csv)` \| \d+ \| \S+ \| [^|]+ \| (\d+) \| 0 \| ([0-9.]+) \|"
    return {name: (int(layers), float(macs)) for name, layers, macs in re.findall(row, text)}


def whole_windows_macs(layer: Layer) -> int:
    """MACs of the windows that lie wholly inside the input, which is how the manifest counts."""
    if layer.op is not Op.CONV2D:
        return layer.macs
    sizes = zip(layer.input_shapes[0][1:], layer.kernel, layer.stride, strict=True)
    return math.prod((size - kernel) // stride + 1 for size, kernel, stride in sizes) * layer.weight_elements


def test_every_topology_has_the_macs_of_the_manifest(shared_data: Path) -> None:
    rows = manifest_rows(shared_data)
    assert len(rows) == 38
    for name, (layers, macs) in rows.items():
        network = load_network(shared_data / "scalesim_topologies" / name)
        whole = sum(whole_windows_macs(layer) for layer in network.layers)
        assert (len(network.layers), round(whole / 1e6, 1)) == (layers, macs), name
        assert network.macs >= whole
        assert network.independent


def test_resnet18_keeps_the_partial_windows_that_scalesim_keeps(shared_data: Path) -> None:
    network = load_network(shared_data / "scalesim_topologies" / "conv_nets" / "Resnet18.csv")
    # ceil((224 - 7 + 2) / 2) = 110 and ceil((56 - 3 + 2) / 2) = 28, by hand from SCALE-Sim's form.
    assert network.layer("Conv1").output_shape == (64, 110, 110)
    assert network.layer("Conv3_1a").output_shape == (128, 28, 28)
    assert network.layer("Conv3_1a").macs == 28 * 28 * 128 * 3 * 3 * 64


def test_a_topology_of_another_tool_is_refused(shared_data: Path) -> None:
    path = shared_data / "scalesim_topologies" / "conv_nets" / "UNet_maestro.csv"
    with pytest.raises(InputError, match=r"UNet_maestro.csv:1:1: columns are separated by tabs"):
        load_network(path)


@given(
    size=st.integers(1, 60),
    kernel=st.integers(1, 11),
    stride=st.integers(1, 6),
    channels=st.integers(1, 9),
    filters=st.integers(1, 9),
)
def test_the_partial_last_window_is_kept(
    size: int, kernel: int, stride: int, channels: int, filters: int
) -> None:
    kernel = min(kernel, size)
    layer = read_topology(
        f"{CONV}a,{size},{size},{kernel},{kernel},{channels},{filters},{stride},", "t.csv"
    ).layers[0]
    expected = math.ceil((size - kernel + stride) / stride)  # SCALE-Sim's own form
    assert layer.output_shape == TensorShape(filters, expected, expected)
    assert layer.macs == expected**2 * kernel**2 * channels * filters
    padded = size + layer.padding[2]
    assert (padded - kernel) // stride + 1 == expected
    assert (expected - 1) * stride + kernel == padded


def test_gemm_rows_are_linear_layers() -> None:
    layer = read_topology(GEMM + "QKT, 1024, 512, 64,", "g.csv").layers[0]
    assert layer.gemm == (1, 512, 64, 1024)
    assert (layer.input_elements, layer.output_elements) == (1024 * 64, 1024 * 512)
    assert layer.parameters == 64 * 512


def test_untidy_files_are_read() -> None:
    text = (
        "\ufeff"
        + CONV.replace(",\n", ", Sparsity,,\r\n")
        + "\r\n  a , 5,5, 3,3, 2, 6, 1, 1:4,\r\n\r\na,5,5,3,3,2,6,1"
    )
    network = read_topology(text, "folder/net.csv")
    assert network.name == "net"
    assert [layer.name for layer in network.layers] == ["a", "a_2"]
    assert [layer.weight_sparsity for layer in network.layers] == [0.75, None]


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", "1:1", "empty"),
        ("\n \n", "1:1", "empty"),
        ("a,b,c\n", "1:1", "not a SCALE-Sim header"),
        (GEMM.replace("K", "L"), "1:1", "not a SCALE-Sim header"),
        (GEMM, "1:1", "no layers"),
        (GEMM + "a,1,2,\n", "2:5", "'k' is missing"),
        (GEMM + "a,1,2,x,\n", "2:7", "k: expected an integer"),
        (GEMM + "a,1, -2,3,\n", "2:6", "n: expected an integer"),
        (GEMM + "a,1,2,0,\n", "2:7", "k: expected an integer"),
        (GEMM + "a,1,2,3.5,\n", "2:7", "k: expected an integer"),
        (GEMM + "a,1,2,²,\n", "2:7", "k: expected an integer"),
        (GEMM + "a,1,2,99999999999999999999,\n", "2:7", "k: expected an integer"),
        (GEMM + ",1,2,3,\n", "2:1", "no layer name"),
        (GEMM + "\n\ninput,1,2,3,\n", "4:1", "cannot be called 'input'"),
        (GEMM.replace("\n", " Sparsity,\n") + "a,1,2,3,4,\n", "2:9", "sparsity: expected a ratio"),
        (GEMM.replace("\n", " Sparsity,\n") + "a,1,2,3,4:2,\n", "2:9", "at most all"),
        (CONV + "c,5,5,7,3,1,1,1,\n", "2:7", "filter of 7 is larger than its input of 5"),
        (CONV + "c,5,5,3,3,1,1,\n", "2:13", "'strides' is missing"),
    ],
)
def test_broken_topologies_are_told_with_their_place(text: str, place: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read_topology(text, "net.csv")
    message = str(caught.value)
    assert message.startswith(f"net.csv:{place}: ")
    assert reason in message
    assert "\n" not in message


def parsed(text: str) -> Network | str:
    """Network, or the error; anything but an InputError escapes and fails the test."""
    try:
        return read_topology(text, "net.csv")
    except InputError as error:
        return str(error)


@given(st.text(max_size=200), st.sampled_from([CONV, GEMM, ""]))
def test_no_text_raises_anything_but_an_input_error(text: str, header: str) -> None:
    result = parsed(header + text)
    assert result.startswith("net.csv:") if isinstance(result, str) else result.macs > 0


@given(
    st.lists(st.text("0123456789:-. ax,", max_size=6), min_size=3, max_size=9), st.sampled_from([CONV, GEMM])
)
def test_rows_of_odd_cells_are_read_or_refused(cells: list[str], header: str) -> None:
    result = parsed(header.replace(",\n", ",Sparsity,\n") + ",".join(cells))
    assert result.startswith("net.csv:") if isinstance(result, str) else result.macs > 0
