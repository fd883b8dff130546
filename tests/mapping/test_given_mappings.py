"""Mappings that a user gives: honoured to the letter, or refused with their place in the file."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from random_problems import ORDERS

from archsim.config import find
from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.mapping.layers import LayerMapper, Situation
from archsim.mapping.mapper import map_network
from archsim.mapping.placement import place
from archsim.mapping.prices import Prices
from archsim.mapping.schedule import Part, Schedule
from archsim.workload import Conv2d, MaxPool, Network, build_network


def conv(name: str = "c", filters: int = 64, *, groups: int = 1) -> Conv2d:
    return Conv2d(name=name, out_channels=filters, kernel=3, padding=1, groups=groups)


def one(shape: tuple[int, int, int], filters: int = 64) -> Network:
    return build_network("one", shape, [conv(filters=filters)])


def outputs(part: Part) -> int:
    return sum(run.count * run.tile.work.outputs for run in part.runs)


def config_file(folder: Path, text: str) -> Path:
    path = folder / "soc.yaml"
    path.write_text(f"archsim: 1\nextends: {find('configs', 'von_neumann')}\nname: soc\n{text}")
    return path


def given(rule: str) -> Schedule:
    machine = Architecture.load("von_neumann", [f"mapping=[{rule}]"])
    return map_network(one((32, 14, 14)), machine, batch=2)


def test_a_given_mapping_is_used_as_it_is() -> None:
    rule = (
        "{layer: c, filters: 20, channels: 12, rows: 5, columns: 7, images: 1, "
        "order: [pixels, channels, filters]}"
    )
    (part,) = given(rule).parts
    tiling = part.tiling
    assert tiling is not None
    sizes = (tiling.groups, tiling.filters, tiling.channels, tiling.images, tiling.rows, tiling.columns)
    assert sizes == (1, 20, 12, 1, 5, 7)
    assert tiling.order == ("pixels", "channels", "filters")
    assert part.tile_count == 4 * 3 * 2 * 3 * 2
    assert outputs(part) == 2 * 64 * 14 * 14


def test_sizes_that_are_left_out_are_whole() -> None:
    (part,) = given("{layer: c, rows: 7}").parts
    tiling = part.tiling
    assert tiling is not None
    assert (tiling.filters, tiling.channels, tiling.images, tiling.rows, tiling.columns) == (64, 32, 2, 7, 14)
    assert tiling.order == ("filters", "pixels", "channels")
    assert part.tile_count == 2


def test_the_first_given_mapping_that_matches_wins_and_other_layers_are_searched() -> None:
    machine = Architecture.load("von_neumann", ["mapping=[{layer: a, rows: 7}, {layer: 'a*', rows: 2}]"])
    net = build_network("n", (8, 14, 14), [conv("a"), conv("ab"), conv("b")])
    free = {part.layer.name: part.tiling for part in map_network(net, Architecture.load("von_neumann")).parts}
    found = {part.layer.name: part.tiling for part in map_network(net, machine).parts}
    rows = {name: tiling.rows for name, tiling in found.items() if tiling is not None}
    assert (rows["a"], rows["ab"]) == (7, 2)
    assert found["b"] == free["b"]


def objective_with(rules: list[str]) -> float:
    """Objective of a layer in a small buffer, with the mapping of the rules or the mapper's own."""
    machine = Architecture.load("von_neumann", ["memories.buffer.capacity=32 KiB", *rules])
    (step,) = place(one((32, 14, 14)), machine).steps
    mapper = LayerMapper(machine, Prices(machine), 1, frozenset())
    room = machine.memories["buffer"].capacity_bits
    mapped = mapper.map(step.shares[0], Situation(("dram",), "dram", room))
    assert mapped is not None
    return mapped.objective


def random_rule(rng: random.Random) -> str:
    sizes = {
        "filters": rng.randint(1, 64),
        "channels": rng.choice([8, 16, 32, 32]),
        "rows": rng.randint(1, 14),
        "columns": rng.randint(1, 14),
    }
    text = ", ".join(f"{name}: {size}" for name, size in sizes.items())
    return f"{{layer: c, {text}, order: {list(rng.choice(ORDERS))}}}"


@pytest.mark.parametrize("objective", ["traffic", "latency", "energy", "edp"])
def test_no_given_mapping_is_better_than_the_one_that_is_found(objective: str) -> None:
    rng = random.Random(objective)
    wanted = f"schedule.objective={objective}"
    least, seen = objective_with([wanted]), 0
    refusals: list[str] = []
    for _ in range(40):
        try:
            value = objective_with([wanted, f"mapping=[{random_rule(rng)}]"])
        except InputError as error:
            refusals.append(error.message)
            continue
        seen += 1
        assert value >= least * (1 - 1e-12)
    assert seen > 5
    assert all("does not fit" in refusal for refusal in refusals)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ("filters: 65", "layer 'c' has 64 filters, the tile asks for 65"),
        ("images: 2", "layer 'c' has 1 images, the tile asks for 2"),
        ("columns: 999", "layer 'c' has 224 columns, the tile asks for 999"),
    ],
)
def test_tiles_larger_than_the_layer_are_refused_with_their_place(
    tmp_path: Path, size: str, message: str
) -> None:
    path = config_file(tmp_path, f"mapping:\n  - {{layer: c, {size}}}\n")
    with pytest.raises(InputError) as caught:
        map_network(one((3, 224, 224)), Architecture.load(path))
    assert (caught.value.message, caught.value.field) == (
        message,
        f"mapping.0.{size.split(':', maxsplit=1)[0]}",
    )
    place_of_key = caught.value.position
    assert place_of_key is not None
    assert (place_of_key.file, place_of_key.line, place_of_key.column) == (str(path), 5, 16)


@pytest.mark.parametrize(
    "rule",
    ["{layer: c}", "{layer: c, rows: 112}", "{layer: c, filters: 1, order: [pixels, filters, channels]}"],
)
def test_a_given_mapping_that_does_not_fit_is_refused_with_its_place(tmp_path: Path, rule: str) -> None:
    path = config_file(tmp_path, f'mapping:\n  - {{layer: "other*"}}\n  - {rule}\n')
    with pytest.raises(InputError, match="the tile does not fit: layer 'c' needs smaller ones") as caught:
        map_network(one((3, 224, 224)), Architecture.load(path))
    assert caught.value.field == "mapping.1"
    assert caught.value.position is not None
    assert (caught.value.position.file, caught.value.position.line) == (str(path), 6)


def test_groups_share_a_tile_only_whole() -> None:
    net = build_network("n", (8, 6, 6), [conv(filters=16, groups=4)])
    machine = Architecture.load("von_neumann", ["mapping=[{layer: c, groups: 2}]"])
    assert map_network(net, machine).parts[0].tile_count == 2
    split = Architecture.load("von_neumann", ["mapping=[{layer: c, groups: 2, filters: 2}]"])
    with pytest.raises(InputError, match="or whole groups"):
        map_network(net, split)


@pytest.mark.parametrize(
    ("name", "message", "suggestion"),
    [("conv_1", "layer 'conv_1' is not in 'n'", "conv1"), ("pool", "layer 'pool' has no MACs to tile", None)],
)
def test_a_rule_for_a_layer_that_cannot_be_tiled_is_refused(
    tmp_path: Path, name: str, message: str, suggestion: str | None
) -> None:
    net = build_network("n", (3, 8, 8), [conv("conv1"), MaxPool(name="pool", kernel=2)])
    path = config_file(tmp_path, f"mapping:\n  - {{layer: {name}, rows: 2}}\n")
    with pytest.raises(InputError) as caught:
        map_network(net, Architecture.load(path))
    assert (caught.value.message, caught.value.suggestion) == (message, suggestion)
    assert caught.value.position is not None
    assert caught.value.position.line == 5
