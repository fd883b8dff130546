"""Addresses of transfers: as many bits as asked for, and every stored bit where nobody else stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product

import pytest

from archsim.hardware.architecture import Architecture
from archsim.mapping.addresses import Place, weights_of
from archsim.mapping.mapper import map_network
from archsim.mapping.patterns import Addresses, Pattern
from archsim.mapping.schedule import Part, Schedule, Transfer
from archsim.workload import load_network

_CASES = [
    ("von_neumann", "lenet5", 1),
    ("von_neumann", "lenet5", 3),
    ("pim_3d", "digits_exits", 2),
    ("systolic_scaleout", "resnet8", 1),
    ("eyeriss", "lenet5", 2),
    ("hybrid_soc", "resnet8", 1),
]


def _moved(schedule: Schedule) -> Iterator[tuple[Part, Transfer, Pattern]]:
    addresses = Addresses(schedule)
    for part in schedule.parts:
        tiles = [run.tile for run in part.runs for _ in range(run.count)]
        for tile, patterns in zip(tiles, addresses.of_loads(part, 0), strict=True):
            yield from ((part, *pair) for pair in zip(tile.loads, patterns, strict=True))
        for tile, patterns in zip(tiles, addresses.of_stores(part, 0), strict=True):
            yield from ((part, *pair) for pair in zip(tile.stores, patterns, strict=True))


def _bits(pattern: Pattern) -> int:
    first, length, *loops = pattern
    counts, strides = loops[0::2], loops[1::2]
    return length * counts[0] * counts[1] * counts[2] * counts[3] * (first >= 0 and min(strides) >= 0)


def _runs(pattern: Pattern) -> Iterator[tuple[int, int]]:
    first, length, *loops = pattern
    counts, strides = loops[0::2], loops[1::2]
    for at in product(*(range(count) for count in counts)):
        start = first + sum(i * stride for i, stride in zip(at, strides, strict=True))
        yield start, start + length


def _bytes(pattern: Pattern) -> Counter[int]:
    return Counter(byte for start, end in _runs(pattern) for byte in range(start // 8, -(-end // 8)))


def _inside(place: Place, images: int) -> range:
    """Bytes of a tensor and of what shares its pixels, of all images."""
    last = max(place.first_byte(image) for image in range(images)) + place.size_bytes
    return range(place.base_bytes - place.shift_bytes, last + (1 << 20 if place.channels else 0))


@pytest.mark.parametrize(("config", "trace", "batch"), _CASES)
def test_runs_hold_the_bits_that_are_asked_for(config: str, trace: str, batch: int) -> None:
    schedule = map_network(load_network(trace), Architecture.load(config), batch)
    for part, transfer, pattern in _moved(schedule):
        exact = max(part.layer.stride, default=1) <= 1 or part.layer.op != "conv2d"
        assert _bits(pattern) == transfer.bits or (_bits(pattern) > transfer.bits and not exact)


@pytest.mark.parametrize(("config", "trace", "batch"), _CASES)
def test_every_byte_of_a_result_is_stored_once(config: str, trace: str, batch: int) -> None:
    schedule = map_network(load_network(trace), Architecture.load(config), batch)
    stored: dict[tuple[str, str], Counter[int]] = {}
    for part, transfer, pattern in _moved(schedule):
        if transfer.tensor == "outputs" and not transfer.saved_bits:
            stored.setdefault((part.layer.name, transfer.destination), Counter()).update(_bytes(pattern))
    asked: dict[tuple[str, str], list[int]] = {}
    for part in schedule.parts:
        homes = {one.destination for run in part.runs for one in run.tile.stores if one.tensor == "outputs"}
        for home in homes:
            bits = sum(run.count * run.tile.finished_bits for run in part.runs)
            asked.setdefault((part.layer.name, home), []).append(bits // 8)
    assert stored
    for key, found in stored.items():
        place = schedule.places[key]
        assert set(found.values()) == {1}
        # A share whose unit owns the home stores in place, without a transfer.
        assert len(found) == sum(asked[key])
        assert len(found) <= place.size_bytes * batch
        assert min(found) in _inside(place, batch)
        assert max(found) in _inside(place, batch)


@pytest.mark.parametrize(("config", "trace", "batch"), _CASES)
def test_every_byte_of_the_weights_is_loaded_equally_often(config: str, trace: str, batch: int) -> None:
    schedule = map_network(load_network(trace), Architecture.load(config), batch)
    loaded: dict[tuple[str, str], Counter[int]] = {}
    for part, transfer, pattern in _moved(schedule):
        if transfer.tensor == "weights":
            key = (weights_of(part.layer.name), transfer.source)
            loaded.setdefault(key, Counter()).update(_bytes(pattern))
    for key, found in loaded.items():
        place = schedule.places[key]
        assert len(set(found.values())) == 1
        assert (min(found), max(found) + 1) == (place.base_bytes, place.base_bytes + place.size_bytes)
        assert len(found) == place.size_bytes
