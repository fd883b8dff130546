"""Places of tensors: inside the memory, aligned, apart while both live, and stated when they do not fit."""

from __future__ import annotations

from collections.abc import Set
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.mapping import addresses
from archsim.mapping.addresses import Place, _Block, _pack
from archsim.mapping.mapper import map_network
from archsim.mapping.schedule import Schedule
from archsim.workload import load_network

_CASES = [
    (config, trace, batch, overrides)
    for config, trace in (("von_neumann", "resnet18"), ("pim_3d", "squeezenet1_1"), ("eyeriss", "lenet5"))
    for batch, overrides in ((1, ()), (3, ()), (3, ("schedule.batch_order=image_major",)))
]


def _mapped(config: str, trace: str, batch: int, overrides: tuple[str, ...]) -> tuple[Architecture, Schedule]:
    architecture = Architecture.load(config, overrides)
    return architecture, map_network(load_network(trace), architecture, batch)


@pytest.mark.parametrize(("config", "trace", "batch", "overrides"), _CASES)
def test_every_tensor_has_a_place_inside_its_memory(
    config: str, trace: str, batch: int, overrides: tuple[str, ...]
) -> None:
    architecture, schedule = _mapped(config, trace, batch, overrides)
    network = load_network(trace)
    for layer in network.layers:
        assert (layer.name, schedule.homes[layer.name]) in schedule.places
    weighted = {layer.name for layer in network.layers if layer.weight_elements}
    assert {name for name, _ in schedule.places if name.endswith(".weights")} == {
        addresses.weights_of(name) for name in weighted
    }
    for (_, memory), place in schedule.places.items():
        last = max(place.first_byte(image) for image in range(batch)) + place.size_bytes
        assert place.base_bytes >= 0
        assert last <= architecture.memories[memory].capacity_bits // 8


@pytest.mark.parametrize(("config", "trace", "batch", "overrides"), _CASES)
def test_weights_overlap_nothing_and_are_aligned(
    config: str, trace: str, batch: int, overrides: tuple[str, ...]
) -> None:
    architecture, schedule = _mapped(config, trace, batch, overrides)
    for ((one, memory), a), ((other, elsewhere), b) in combinations(schedule.places.items(), 2):
        if memory == elsewhere and (one.endswith(".weights") or other.endswith(".weights")):
            first, second = sorted((a, b), key=lambda place: place.base_bytes)
            assert first.base_bytes + first.size_bytes <= second.base_bytes
    for (name, memory), place in schedule.places.items():
        if name.endswith(".weights"):
            assert place.base_bytes % architecture.memories[memory].alignment_bytes == 0


def test_images_in_flight_have_activations_of_their_own() -> None:
    overrides = ("schedule.batch_order=image_major", "schedule.images_in_flight=2")
    _, schedule = _mapped("von_neumann", "lenet5", 4, overrides)
    activations = {key: place for key, place in schedule.places.items() if not key[0].endswith(".weights")}
    for memory in {memory for _, memory in activations}:
        places = [place for (_, home), place in activations.items() if home == memory]
        ends = max(place.base_bytes + place.size_bytes for place in places)
        starts = min(place.base_bytes for place in places)
        assert all(place.stride_bytes >= ends - starts for place in places)
    places = list(activations.values())
    assert all(place.first_byte(2) == place.first_byte(0) != place.first_byte(1) for place in places)


def test_inputs_of_a_concatenation_lie_in_it_side_by_side() -> None:
    _, schedule = _mapped("von_neumann", "squeezenet1_1", 1, ())
    network = load_network("squeezenet1_1")
    concatenated = [layer for layer in network.layers if layer.op == "concat"]
    assert concatenated
    for layer in concatenated:
        home = schedule.homes[layer.name]
        whole = schedule.places[layer.name, home]
        parts = [schedule.places[name, home] for name in layer.inputs]
        assert sum(part.size_bytes for part in parts) == whole.size_bytes
        assert min(part.base_bytes for part in parts) == whole.base_bytes
        ends = sorted(part.base_bytes + part.size_bytes for part in parts)
        assert ends[-1] == whole.base_bytes + whole.size_bytes


def test_a_memory_that_is_too_small_is_named_with_demand_and_field() -> None:
    with pytest.raises(InputError, match=r"'dram' holds \d+ bytes, but .* take \d+") as caught:
        _mapped("von_neumann", "vgg16", 8192, ("memories.dram.channels=1",))
    assert caught.value.field == "memories.dram"


_STEPS = 8


@st.composite
def _problems(draw: st.DrawFn) -> tuple[list[_Block], list[Set[int]], int]:
    awaited: list[Set[int]] = [draw(st.sets(st.integers(0, i - 1))) if i else set() for i in range(_STEPS)]
    blocks = []
    for name in range(draw(st.integers(1, 7))):
        first = draw(st.integers(-1, _STEPS - 1))
        last = draw(st.integers(max(first, 0), _STEPS))
        touched = frozenset(range(max(first, 0), min(last, _STEPS - 1) + 1))
        size = draw(st.integers(1, 40))
        blocks.append(_Block(str(name), size, size, first, last, touched))
    return blocks, awaited, draw(st.sampled_from([1, 4, 16]))


def _reachable(awaited: list[Set[int]], step: int) -> set[int]:
    found: set[int] = set()
    left = set(awaited[step])
    while left:
        found |= left
        left = {j for i in left for j in awaited[i]} - found
    return found


@given(_problems())
def test_bytes_are_shared_only_by_tensors_whose_steps_are_in_order(
    problem: tuple[list[_Block], list[Set[int]], int],
) -> None:
    blocks, awaited, alignment = problem
    bases = _pack(blocks, awaited, alignment)
    assert all(base % alignment == 0 for base in bases.values())
    for a, b in combinations(blocks, 2):
        first, second = sorted((a, b), key=lambda block: bases[block.name])
        if bases[first.name] + first.bytes <= bases[second.name]:
            continue
        early, late = sorted((a, b), key=lambda block: block.last)
        assert early.last < late.first
        assert early.touched <= _reachable(awaited, late.first)


def test_a_chain_takes_no_more_than_its_two_largest_neighbours() -> None:
    sizes = [30, 10, 40, 5, 25]
    blocks = [
        _Block(str(i), size, size, i - 1, i, frozenset({max(i - 1, 0), i})) for i, size in enumerate(sizes)
    ]
    awaited: list[Set[int]] = [{i - 1} if i else set() for i in range(5)]
    bases = _pack(blocks, awaited, 1)
    peak = max(bases[block.name] + block.bytes for block in blocks)
    assert peak == max(a + b for a, b in pairwise(sizes))


def test_a_place_repeats_after_its_copies() -> None:
    place = Place(100, 10, 20, 2)
    assert [place.first_byte(i) for i in range(3)] == [100, 120, 100]
