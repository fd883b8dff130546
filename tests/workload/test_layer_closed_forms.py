"""Shapes and counts of single layers against enumeration."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import InputError
from archsim.workload import (
    Activation,
    Add,
    AveragePool,
    BatchNorm,
    Concat,
    Conv2d,
    Elementwise,
    GlobalAveragePool,
    Layer,
    Linear,
    MaxPool,
    Spec,
    TensorShape,
    build_network,
)

SIZES = st.integers(1, 40)


def only_layer(spec: Spec, shape: tuple[int, int, int]) -> Layer:
    return build_network("one", shape, [spec]).layers[0]


def window_starts(padded_size: int, kernel: int, stride: int, dilation: int) -> list[int]:
    """Positions of a window in the padded input, found one by one."""
    padded = range(padded_size)
    taps = [tap * dilation for tap in range(kernel)]
    return [at for at in padded if at % stride == 0 and all(at + tap in padded for tap in taps)]


def random_conv(rng: random.Random) -> tuple[Conv2d, tuple[int, int, int]]:
    groups = rng.choice([1, 1, 2, 3, 4])
    kernel = [rng.randint(1, 5), rng.randint(1, 5)]
    dilation = [rng.randint(1, 2), rng.randint(1, 3)]
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    shape = (groups * rng.randint(1, 4), spans[0] + rng.randint(0, 9), spans[1] + rng.randint(0, 9))
    spec = Conv2d(
        name="conv",
        out_channels=groups * rng.randint(1, 4),
        kernel=kernel,
        stride=[rng.randint(1, 4), rng.randint(1, 4)],
        padding=[rng.randint(0, 3) for _ in range(4)],
        dilation=dilation,
        groups=groups,
        bias=rng.random() < 0.5,
    )
    return spec, shape


def count_macs(layer: Layer) -> int:
    """Walk the filters, their group's input channels, the windows and the taps; no closed form."""
    shape, filters = layer.input_shapes[0], layer.output_shape.channels
    top, left, bottom, right = layer.padding
    rows = window_starts(top + shape.rows + bottom, layer.kernel[0], layer.stride[0], layer.dilation[0])
    columns = window_starts(left + shape.columns + right, layer.kernel[1], layer.stride[1], layer.dilation[1])
    taps = [(r, s) for r in range(layer.kernel[0]) for s in range(layer.kernel[1])]
    per_window = [
        len(taps)
        for m in range(filters)
        for c in range(shape.channels)
        if m * layer.groups // filters == c * layer.groups // shape.channels
    ]
    return sum(per_window) * sum(1 for _ in rows for _ in columns)


def test_macs_of_2000_random_convolutions_are_conserved() -> None:
    rng = random.Random(0)
    for _ in range(2000):
        layer = only_layer(*random_conv(rng))
        assert layer.macs == count_macs(layer) == layer.gemm.macs
        assert layer.weight_elements * layer.gemm.pixels == layer.macs


def test_macs_of_500_random_linear_layers_are_conserved() -> None:
    rng = random.Random(1)
    for _ in range(500):
        shape = (rng.randint(1, 30), rng.randint(1, 6), rng.randint(1, 6))
        positions = shape[1] * shape[2]
        rows = rng.choice([1, positions])
        layer = only_layer(Linear(name="fc", out_channels=rng.randint(1, 30), rows=rows), shape)
        features = shape[0] if rows > 1 else shape[0] * positions
        expected = sum(features for _ in range(rows) for _ in range(layer.output_shape.channels))
        assert layer.macs == expected
        assert layer.parameters == (features + 1) * layer.output_shape.channels
        assert layer.input_elements == layer.gemm.depth * layer.gemm.pixels
        assert layer.output_elements == layer.gemm.filters * layer.gemm.pixels


@given(size=SIZES, kernel=st.integers(1, 9), stride=st.integers(1, 5), dilation=st.integers(1, 3))
def test_same_padding_gives_one_output_per_stride(size: int, kernel: int, stride: int, dilation: int) -> None:
    spec = Conv2d(name="c", out_channels=1, kernel=kernel, stride=stride, dilation=dilation, padding="same")
    layer = only_layer(spec, (1, size, size))
    top, _, bottom, _ = layer.padding
    assert layer.output_shape.rows == len(range(0, size, stride))
    assert 0 <= bottom - top <= 1  # SAME_UPPER: the odd row goes to the far side


@given(rows=SIZES, kernel=st.integers(1, 7), stride=st.integers(1, 4), pad=st.integers(0, 3))
def test_pooling_windows_are_those_that_fit(rows: int, kernel: int, stride: int, pad: int) -> None:
    pad = min(pad, kernel - 1)
    starts = window_starts(rows + 2 * pad, kernel, stride, 1)
    spec = MaxPool(name="p", kernel=kernel, stride=stride, padding=pad)
    if not starts:
        with pytest.raises(InputError, match="padded input"):
            only_layer(spec, (2, rows, rows))
        return
    layer = only_layer(spec, (2, rows, rows))
    assert layer.output_shape == TensorShape(2, len(starts), len(starts))
    assert layer.macs == layer.parameters == 0


def test_pooling_moves_by_its_own_size_by_default() -> None:
    layer = only_layer(AveragePool(name="p", kernel=[2, 3]), (1, 8, 9))
    assert layer.stride == (2, 3)
    assert layer.output_shape == TensorShape(1, 4, 3)


def test_global_average_pool_is_one_window_over_everything() -> None:
    layer = only_layer(GlobalAveragePool(name="p"), (5, 7, 3))
    assert layer.kernel == (7, 3)
    assert layer.output_shape == TensorShape(5, 1, 1)


def test_depthwise_has_one_filter_per_channel_and_answers_to_its_names() -> None:
    layer = only_layer(Conv2d(name="d", kernel=3, groups="depthwise", bias=False), (6, 5, 5))
    assert layer.op_names == ("conv2d", "grouped", "depthwise")
    assert layer.gemm == (6, 1, 9, 9)
    assert layer.parameters == 54


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        (MaxPool(name="x", kernel=2), ("max_pool", "pooling")),
        (GlobalAveragePool(name="x"), ("global_average_pool", "pooling")),
        (Conv2d(name="x", out_channels=2, kernel=1), ("conv2d",)),
        (Conv2d(name="x", out_channels=2, kernel=1, groups=2), ("conv2d", "grouped")),
        (Activation(name="x", function="relu"), ("activation", "relu")),
    ],
)
def test_op_names(spec: Spec, names: tuple[str, ...]) -> None:
    assert only_layer(spec, (4, 4, 4)).op_names == names


def test_only_mac_layers_have_a_matrix_view() -> None:
    layer = only_layer(Activation(name="relu", function="relu"), (1, 2, 2))
    with pytest.raises(ValueError, match="not a matrix product"):
        _ = layer.gemm


def test_copy_drops_rows_and_adds_channels() -> None:
    layer = only_layer(Elementwise(name="s", function="copy", stride=2, out_channels=32), (16, 7, 8))
    assert layer.output_shape == TensorShape(32, 4, 4)


def test_elementwise_takes_one_value_per_channel_on_either_side() -> None:
    gate = [GlobalAveragePool(name="gate")]
    for inputs in (("input", "gate"), ("gate", "input")):
        spec = Elementwise(name="scaled", function="multiply", inputs=inputs)
        assert build_network("se", (4, 6, 5), [*gate, spec]).layers[1].output_shape == TensorShape(4, 6, 5)


def test_concat_stacks_channels_and_add_keeps_them() -> None:
    specs = [
        Conv2d(name="a", out_channels=3, kernel=1),
        Conv2d(name="b", out_channels=5, kernel=1, inputs=("input",)),
        Concat(name="c", inputs=("a", "b")),
        Add(name="d", inputs=("c", "c")),
    ]
    network = build_network("n", (2, 4, 4), specs)
    assert network.layer("c").output_shape == network.layer("d").output_shape == TensorShape(8, 4, 4)
    assert network.layer("d").input_elements == 2 * 8 * 16


def test_batch_norm_folds_only_where_nothing_else_reads_its_producer() -> None:
    specs = [
        Conv2d(name="a", out_channels=4, kernel=1, bias=False),
        BatchNorm(name="a.bn"),
        Conv2d(name="b", out_channels=4, kernel=1, bias=False),
        BatchNorm(name="b.bn"),
        Add(name="sum", inputs=("b", "b.bn")),
        BatchNorm(name="sum.bn"),
    ]
    network = build_network("n", (2, 3, 3), specs)
    assert [layer.name for layer in network.layers if layer.folded] == ["a.bn"]
    assert [layer.name for layer in network.executed_layers] == ["a", "b", "b.bn", "sum", "sum.bn"]
    assert network.source("a.bn") == "a"
    assert network.source("b.bn") == "b.bn"
    assert network.layer("a").bias_elements == 4
    assert network.layer("b").bias_elements == 0
    assert network.parameters == 4 * 2 + 4 * 4 + 3 * 2 * 4


def test_consumers_and_outputs_follow_the_graph() -> None:
    specs = [
        Conv2d(name="a", out_channels=2, kernel=1),
        Activation(name="b", function="tanh"),
        Add(name="c", inputs=("a", "b")),
        MaxPool(name="d", kernel=2, inputs=("a",)),
    ]
    network = build_network("n", (2, 4, 4), specs)
    assert network.consumers("input") == ("a",)
    assert network.consumers("a") == ("b", "c", "d")
    assert network.outputs == ("c", "d")
    with pytest.raises(InputError, match="has no layer 'bb'"):
        network.layer("bb")


def test_building_in_python_tells_errors_without_a_place() -> None:
    with pytest.raises(InputError, match=r"layer 'a': kernel spans 9 but the padded input has only 4"):
        build_network("n", (1, 4, 4), [Conv2d(name="a", out_channels=1, kernel=9)])
    with pytest.raises(InputError, match="three positive sizes"):
        build_network("n", (0, 4, 4), [])
