"""Schedules of whole networks: what fits and what does not, batches, weights that stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from archsim.config import find
from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.mapping.mapper import map_network
from archsim.mapping.schedule import Part, Schedule
from archsim.workload import (
    Activation,
    Conv2d,
    GlobalAveragePool,
    Linear,
    MaxPool,
    Network,
    build_network,
    load_network,
)


def conv(name: str = "c", filters: int = 64) -> Conv2d:
    return Conv2d(name=name, out_channels=filters, kernel=3, padding=1)


def one(shape: tuple[int, int, int], filters: int = 64) -> Network:
    return build_network("one", shape, [conv(filters=filters)])


def loaded(part: Part, tensor: str) -> int:
    return sum(
        run.count * transfer.bits
        for run in part.runs
        for transfer in run.tile.loads
        if transfer.tensor == tensor
    )


def outputs(part: Part) -> int:
    return sum(run.count * run.tile.work.outputs for run in part.runs)


def config_file(folder: Path, text: str, base: str = "von_neumann") -> Path:
    path = folder / "soc.yaml"
    path.write_text(f"archsim: 1\nextends: {find('configs', base)}\nname: soc\n{text}")
    return path


# Large layers and small memories.


@pytest.mark.parametrize("config", ["von_neumann", "pim_3d_edge"])
def test_nothing_is_refused_because_it_is_large(config: str) -> None:
    shape = (3, 4096, 4096)
    (part,) = map_network(one(shape), Architecture.load(config)).parts
    assert outputs(part) == 64 * 4096 * 4096
    assert loaded(part, "inputs") >= 8 // (2 if config == "pim_3d_edge" else 1) * 3 * 4096 * 4096
    assert part.tile_count > 1


def test_a_large_matrix_is_cut_to_size() -> None:
    net = build_network("n", (40_000, 1, 1), [Linear(name="fc", out_channels=20_000)])
    (part,) = map_network(net, Architecture.load("von_neumann")).parts
    assert sum(run.count * run.tile.work.macs for run in part.runs) == 40_000 * 20_000
    assert loaded(part, "weights") == 8 * 40_000 * 20_000


SMALLEST = ["memories.buffer.capacity=2 KiB", "memories.buffer.banks=1"]


def test_a_layer_whose_smallest_tile_does_not_fit_says_so(tmp_path: Path) -> None:
    # One channel of one output: its 50 x 50 window is more than 2 KiB.
    net = build_network("one", (1, 50, 50), [Conv2d(name="c", out_channels=1, kernel=50)])
    path = config_file(tmp_path, "memories: {buffer: {capacity: 2 KiB, banks: 1}}\n")
    with pytest.raises(InputError) as caught:
        map_network(net, Architecture.load(path))
    text = str(caught.value)
    assert "layer 'c' does not fit: even its smallest tile needs more room than 'buffer' (2048 bytes)" in text
    assert caught.value.field == "compute.npu"
    assert caught.value.position is not None


def test_the_smallest_memory_still_runs_what_has_small_tiles() -> None:
    net = one((64, 30, 30))
    (part,) = map_network(net, Architecture.load("von_neumann", SMALLEST)).parts
    assert outputs(part) == 64 * 30 * 30
    wide = map_network(net, Architecture.load("von_neumann")).parts[0]
    assert part.tile_count > wide.tile_count


def test_weights_that_the_outermost_memory_cannot_hold_are_refused(tmp_path: Path) -> None:
    net = build_network("n", (70_000, 1, 1), [Linear(name="fc", out_channels=70_000)])
    path = config_file(tmp_path, "")
    with pytest.raises(InputError) as caught:
        map_network(net, Architecture.load(path))
    # Two channels of 8 Gb in x16 parts hold 2 GiB; the weights take 4.9 GB, input and result 70 kB each.
    holds = Architecture.load(path).memories["dram"].capacity_bits // 8
    expected = f"'dram' holds {holds} bytes, but weights and activations of 'n' take {70_002 * 70_000}"
    assert (caught.value.message, caught.value.field) == (expected, "memories.dram")
    assert caught.value.position is not None


def test_activations_that_fill_the_outermost_memory_are_refused_by_its_name() -> None:
    net = build_network("n", (3, 30_000, 30_000), [Conv2d(name="c", out_channels=1, kernel=1)])
    with pytest.raises(InputError, match=r"'dram' holds .* weights and activations of 'n' take 3600000003"):
        map_network(net, Architecture.load("von_neumann"))


def test_a_window_larger_than_the_data_buffer_passes_through_it() -> None:
    net = build_network("n", (4, 200, 200), [GlobalAveragePool(name="p")])
    (part,) = map_network(net, Architecture.load("von_neumann")).parts
    assert part.tile_count == 4
    assert sum(load.bits * run.count for run in part.runs for load in run.tile.loads) == 8 * 4 * 200 * 200


def test_a_core_executes_convolutions_if_it_must() -> None:
    machine = Architecture.load("von_neumann", ['placement=[{op: "*", unit: cpu}]'])
    (part,) = map_network(one((3, 8, 8), filters=4), machine).parts
    assert part.unit == "cpu"
    assert sum(run.count * run.tile.work.macs for run in part.runs) == 4 * 64 * 27


# Batches.


def resnet(batch: int, *overrides: str) -> Schedule:
    machine = Architecture.load("von_neumann", list(overrides))
    return map_network(load_network(find("traces", "resnet8")), machine, batch)


def test_layer_major_takes_the_whole_batch_through_each_layer() -> None:
    schedule = resnet(3)
    assert (schedule.repeats, schedule.images_in_flight) == (1, 1)
    for part in schedule.parts:
        assert part.images == 3
        assert outputs(part) == 3 * part.layer.output_elements


@pytest.mark.parametrize(
    ("batch", "option", "slots"),
    [(5, None, 2), (5, 3, 3), (2, 8, 2), (1, 4, 1)],
    ids=["one per unit", "as told", "at most the batch", "one image"],
)
def test_image_major_has_slots_for_several_images(batch: int, option: int | None, slots: int) -> None:
    overrides = ["schedule.batch_order=image_major"]
    overrides += [f"schedule.images_in_flight={option}"] if option else []
    schedule = resnet(batch, *overrides)
    assert (schedule.repeats, schedule.images_in_flight) == (batch, slots)
    assert {part.images for part in schedule.parts} == {1}
    for part in schedule.parts:
        assert outputs(part) == part.layer.output_elements


def test_images_in_flight_share_the_buffer() -> None:
    def tile_bits(slots: int) -> int:
        overrides = ["schedule.batch_order=image_major", f"schedule.images_in_flight={slots}"]
        machine = Architecture.load("von_neumann", [*overrides, "memories.buffer.capacity=64 KiB"])
        (part,) = map_network(one((32, 28, 28)), machine, batch=8).parts
        return max(sum(transfer.bits for transfer in run.tile.loads) for run in part.runs)

    room = 64 * 1024 * 8
    for slots in (1, 2, 4, 8):
        assert tile_bits(slots) <= room // slots
    assert tile_bits(8) < tile_bits(1)


# Weights that stay.


def test_resident_weights_are_loaded_once_before_the_first_inference() -> None:
    net = load_network(find("traces", "vgg16"))
    schedule = map_network(net, Architecture.load("pim_3d"))
    mac_layers = [layer for layer in net.layers if layer.is_mac]
    assert [layer.name for _, layer, _ in schedule.setup] == [layer.name for layer in mac_layers]
    for unit, layer, transfer in schedule.setup:
        assert (unit, transfer.source, transfer.destination) == ("pim", "dram", "pim")
        assert transfer.bits == 4 * layer.weight_elements
    for part in schedule.parts:
        assert part.resident == part.layer.is_mac
        assert loaded(part, "weights") == 0
        assert sum(run.count * run.tile.work.weight_writes for run in part.runs) == 0


def test_reloaded_weights_are_written_into_the_cells_for_every_inference() -> None:
    net = load_network(find("traces", "resnet18"))
    schedule = map_network(net, Architecture.load("pim_3d_edge"))
    assert schedule.setup == ()
    for part in schedule.parts:
        if part.layer.is_mac:
            written = sum(run.count * run.tile.work.weight_writes for run in part.runs)
            assert written >= part.layer.weight_elements
            assert loaded(part, "weights") == 4 * written


def test_banks_behind_the_outermost_memory_still_load_their_weights() -> None:
    overrides = ["compute.pim.memory=dram", "placement=[{op: conv2d, unit: pim}]"]
    (part,) = map_network(one((3, 8, 8)), Architecture.load("pim_3d_edge", overrides)).parts
    weights = 64 * 27
    assert loaded(part, "weights") == 4 * weights
    assert part.compulsory_bits["weights", "dram"] == 4 * weights


def test_resident_weights_that_do_not_fit_are_refused_with_their_place(tmp_path: Path) -> None:
    path = config_file(tmp_path, "compute: {pim: {banks: 16}}\n", base="pim_3d")
    with pytest.raises(InputError, match=r"resident weights need [0-9]+ banks") as caught:
        map_network(load_network(find("traces", "vgg16")), Architecture.load(path))
    assert caught.value.field == "compute.pim.banks"
    assert caught.value.position is not None
    assert (caught.value.position.file, caught.value.position.line) == (str(path), 4)


# Dependences.


def test_parts_wait_for_the_writers_of_what_they_read() -> None:
    net = load_network(find("traces", "googlenet"))
    schedule = map_network(net, Architecture.load("von_neumann"))
    writer = {part.layer.name: i for i, part in enumerate(schedule.parts)}
    writer |= {layer.name: i for i, part in enumerate(schedule.parts) for layer in part.fused}

    def producers(name: str) -> set[int]:
        if name == "input":
            return set()
        if name in writer:
            return {writer[name]}
        return {index for source in net.layer(name).inputs for index in producers(source)}

    for i, part in enumerate(schedule.parts):
        needed = {index for name in part.layer.inputs for index in producers(name)}
        assert needed <= set(part.waits_for)
        assert all(index < i for index in part.waits_for)


def test_every_layer_has_a_home_and_results_are_outside() -> None:
    specs = [conv("a"), Activation(name="r", function="relu"), MaxPool(name="p", kernel=2), conv("b")]
    net = build_network("n", (3, 32, 32), specs)
    homes = map_network(net, Architecture.load("von_neumann")).homes
    assert set(homes) == {"a", "r", "p", "b"}
    assert homes["a"] == homes["r"]
    assert homes["b"] == "dram"
