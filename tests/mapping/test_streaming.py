"""Layers without MACs: blocks that cover every output once, and what they read."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from math import prod

import pytest

from archsim.hardware.architecture import Architecture
from archsim.mapping.streaming import Stream, compulsory_bits, runs
from archsim.workload import (
    Activation,
    Add,
    AveragePool,
    BatchNorm,
    Conv2d,
    Elementwise,
    GlobalAveragePool,
    Layer,
    MaxPool,
    Softmax,
    Spec,
    build_network,
)

SHAPE = (12, 15, 13)
LAYERS: dict[str, Spec] = {
    "max_pool": MaxPool(name="x", kernel=3, stride=2, padding=1),
    "average_pool": AveragePool(name="x", kernel=2, stride=2),
    "overlapping_pool": MaxPool(name="x", kernel=5, stride=1, padding=2),
    "global_average_pool": GlobalAveragePool(name="x"),
    "activation": Activation(name="x", function="gelu"),
    "add": Add(name="x", inputs=("input", "input")),
    "batch_norm": BatchNorm(name="x"),
    "softmax": Softmax(name="x"),
    "local_response_norm": Elementwise(name="x", function="local_response_norm"),
}
BYTE = 8


def stream(layer: Layer, room_bytes: int, images: int = 1, *, doubled: bool = True) -> Stream:
    overrides = [f"compute.cpu.double_buffering={str(doubled).lower()}"]
    unit = Architecture.load("von_neumann", overrides).compute["cpu"]
    return Stream(
        layer=layer,
        unit=unit,
        images=images,
        operands=unit.operands(layer),
        homes=tuple("dram" for _ in layer.inputs),
        output_home="dram",
        stage="cpu",
        through_port=False,
        room_bits=room_bytes * BYTE,
    )


def only(spec: Spec) -> Layer:
    return build_network("n", SHAPE, [spec]).layers[-1]


def taps(layer: Layer, row: int, column: int) -> set[tuple[int, int]]:
    """Input positions of one output, by sliding the window over the padded map."""
    shape = layer.input_shapes[0]
    if layer.output_shape.rows == layer.output_shape.columns == 1 and layer.op.value.startswith("global"):
        return set(product(range(shape.rows), range(shape.columns)))
    found = {
        (row * layer.stride[0] - layer.padding[0] + r, column * layer.stride[1] - layer.padding[1] + s)
        for r in range(layer.kernel[0])
        for s in range(layer.kernel[1])
    }
    return {(y, x) for y, x in found if 0 <= y < shape.rows and 0 <= x < shape.columns}


def first_block(planned: Stream) -> tuple[int, int, int]:
    """Channels, rows and columns of a whole block, as its label says."""
    found = runs(planned)
    assert found is not None
    sizes = re.fullmatch(r"K(\d+) P(\d+) Q(\d+)", found[0].tile.label)
    assert sizes is not None
    return tuple(int(size) for size in sizes.groups())  # type: ignore[return-value]


def read_by_blocks(layer: Layer, size: tuple[int, int, int]) -> int:
    """Input elements of one map that the blocks read, every block its own."""
    out = layer.output_shape
    total = 0
    for k, p, q in product(*(range(0, extent, step) for extent, step in zip(out, size, strict=True))):
        channels = min(size[0], out.channels - k)
        outputs = product(range(p, min(p + size[1], out.rows)), range(q, min(q + size[2], out.columns)))
        total += channels * len({tap for at in outputs for tap in taps(layer, *at)})
    return total


ROOMS = (10**6, 4000, 1000, 600)


@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name", LAYERS)
def test_blocks_cover_every_output_once_and_read_their_halos(name: str, room: int, images: int) -> None:
    layer = only(LAYERS[name])
    planned = stream(layer, room, images)
    found = runs(planned)
    assert found is not None
    assert sum(run.count * run.tile.work.outputs for run in found) == images * layer.output_elements
    assert sum(run.count * run.tile.finished_bits for run in found) == images * layer.output_elements * BYTE
    size = first_block(planned)
    blocks = prod(-(-extent // step) for extent, step in zip(layer.output_shape, size, strict=True))
    assert sum(run.count for run in found) == images * blocks
    loaded = sum(run.count * transfer.bits for run in found for transfer in run.tile.loads)
    assert loaded == images * len(layer.inputs) * read_by_blocks(layer, size) * BYTE
    stored = sum(run.count * transfer.bits for run in found for transfer in run.tile.stores)
    assert stored == images * layer.output_elements * BYTE


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name", LAYERS)
def test_blocks_fit_the_room_twice_where_another_one_follows(name: str, room: int) -> None:
    for images, doubled in ((1, True), (1, False), (2, True)):
        planned = stream(only(LAYERS[name]), room, images, doubled=doubled)
        found = runs(planned)
        assert found is not None
        copies = 2 if doubled and sum(run.count for run in found) > 1 else 1
        for run in found:
            bits = sum(transfer.bits for transfer in (*run.tile.loads, *run.tile.stores))
            assert copies * bits <= room * BYTE


@pytest.mark.parametrize("name", LAYERS)
def test_the_compulsory_traffic_is_every_touched_input_and_every_output_once(name: str) -> None:
    layer = only(LAYERS[name])
    least = compulsory_bits(stream(layer, 10**6, images=2))
    whole = read_by_blocks(layer, layer.output_shape)
    assert least["inputs", "dram"] == 2 * len(layer.inputs) * whole * BYTE
    assert least["outputs", "dram"] == 2 * layer.output_elements * BYTE


def test_cutting_an_overlapping_window_reads_its_halo_again() -> None:
    layer = only(LAYERS["overlapping_pool"])
    whole, cut = (read_by_blocks(layer, size) for size in ((12, 15, 13), (12, 5, 13)))
    # Two cuts through rows of a 5 x 5 window with stride 1: four rows again at each.
    assert cut - whole == 12 * 2 * 4 * 13


def test_layers_keep_channels_together_as_long_as_they_can() -> None:
    """Some mix them, and the channels of a pixel are neighbours in memory."""
    for name in ("softmax", "local_response_norm", "activation"):
        assert first_block(stream(only(LAYERS[name]), 1000))[0] == 12


def test_a_room_for_less_than_one_output_is_refused_where_blocks_stay_in_a_memory() -> None:
    layer = only(LAYERS["global_average_pool"])
    npu = Architecture.load("von_neumann").compute["npu"]
    assert runs(replace(stream(layer, 15 * 13), unit=npu)) is None
    assert runs(replace(stream(layer, 2 * (15 * 13 + 1)), unit=npu)) is not None


def test_a_window_larger_than_the_data_buffer_passes_through_one_output_at_a_time() -> None:
    (run,) = runs(stream(only(LAYERS["global_average_pool"]), 15 * 13))
    assert (run.count, run.tile.work.elements) == (12, 1)


def test_tensors_that_live_where_the_unit_works_do_not_move() -> None:
    layer = only(LAYERS["add"])
    here = Stream(
        layer=layer,
        unit=Architecture.load("von_neumann").compute["npu"],
        images=1,
        operands=Architecture.load("von_neumann").compute["npu"].operands(layer),
        homes=("buffer", "dram"),
        output_home="buffer",
        stage="buffer",
        through_port=True,
        room_bits=10**9,
    )
    (run,) = runs(here) or ()
    assert [transfer.source for transfer in run.tile.loads] == ["dram"]
    assert run.tile.stores == ()
    assert run.tile.port_read_bits == 2 * layer.output_elements * BYTE
    assert run.tile.port_write_bits == layer.output_elements * BYTE


@pytest.mark.parametrize("gate_first", [False, True])
@pytest.mark.parametrize("room", ROOMS)
def test_one_value_per_channel_is_read_as_such_and_the_map_whole(gate_first: bool, room: int) -> None:
    inputs = ("gate", "map") if gate_first else ("map", "gate")
    specs = [
        Conv2d(name="map", out_channels=12, kernel=1),
        GlobalAveragePool(name="gate"),
        Elementwise(name="x", function="multiply", inputs=inputs),
    ]
    layer = build_network("squeeze_and_excite", SHAPE, specs).layers[-1]
    planned = stream(layer, room)
    found = runs(planned)
    assert found is not None
    size = first_block(planned)
    cuts = -(-15 // size[1]) * -(-13 // size[2])
    loaded = sum(run.count * transfer.bits for run in found for transfer in run.tile.loads)
    assert loaded == BYTE * (12 * 15 * 13 + 12 * cuts)
    assert compulsory_bits(planned)["inputs", "dram"] == BYTE * (12 * 15 * 13 + 12)
