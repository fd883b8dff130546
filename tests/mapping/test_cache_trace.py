"""The addresses of schedules in a cache: compulsory misses, reuse across layers, what the engine assumes."""

from __future__ import annotations

from typing import Any

import pytest

from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.hardware.lru_cache import CacheCounts
from archsim.mapping.cache_trace import cache_counts
from archsim.mapping.mapper import map_network
from archsim.simulation import simulate
from archsim.workload import Activation, Conv2d, Linear, MaxPool, Network, build_network, load_network

LINE = 64
MAP = 16 * 32 * 32
"""Bytes of the input and of the first result."""

STREAMS = build_network(
    "streams",
    (16, 32, 32),
    [
        Activation(name="relu", function="relu"),
        MaxPool(name="pool", kernel=2),
        Activation(name="last", function="relu"),
    ],
)
MIXED = build_network(
    "mixed",
    (8, 16, 16),
    [
        Conv2d(name="conv", out_channels=16, kernel=3, padding=1),
        Activation(name="relu", function="relu"),
        MaxPool(name="pool", kernel=2),
        Linear(name="fc", out_channels=10),
    ],
)


def cached(capacity: str, **fields: Any) -> Architecture:
    """A core that reaches its memory through a cache."""
    link = {"kind": "bus", "width": "128 b", "clock": "500 MHz"}
    return Architecture.from_dict(
        {
            "archsim": 1,
            "name": "cached",
            "technology": {"node": "45 nm", "voltage": "0.9 V"},
            "memories": {
                "dram": {"kind": "dram", "part": "LPDDR4-3200-x16-8Gb"},
                "l1": {"kind": "cache", "capacity": capacity, "width": "128 b", "backed_by": "dram"} | fields,
            },
            "links": {"bus": link | {"connects": ["dram", "l1"]}, "load": link | {"connects": ["l1", "cpu"]}},
            "compute": {"cpu": {"kind": "core", "clock": "500 MHz", "memory": "l1"}},
            "placement": [{"unit": "cpu"}],
        }
    )


def counted(network: Network, architecture: Architecture, batch: int = 1) -> dict[str, CacheCounts]:
    return dict(cache_counts(map_network(network, architecture, batch), architecture, "l1"))


def misses(network: Network, architecture: Architecture) -> int:
    return sum(counts.misses for counts in counted(network, architecture).values())


# relu reads 256 lines and writes 256; pool finds these and writes 64 new ones. The result of `last` takes the
# place of a dead tensor in the DRAM.
def test_a_cache_that_holds_everything_has_compulsory_misses_alone():
    found = counted(STREAMS, cached("64 KiB"))
    assert found["relu"] == CacheCounts(hits=0, misses=2 * MAP // LINE, write_backs=0)
    assert found["pool"] == CacheCounts(hits=MAP // LINE, misses=MAP // 4 // LINE, write_backs=0)
    assert found["last"].hits >= MAP // 4 // LINE
    assert sum(counts.write_backs for counts in found.values()) == 0


def test_the_engine_reads_from_memory_what_misses_on_reads_in_such_a_cache():
    report = simulate(cached("64 KiB"), STREAMS)
    read = sum(row.bytes["dram"].read for row in report.layers if "dram" in row.bytes)
    # Of the misses of relu half are of its result: write-allocate, which the engine leaves out.
    assert read == counted(STREAMS, cached("64 KiB"))["relu"].misses // 2 * LINE == MAP


def test_a_stream_longer_than_the_cache_misses_every_line_again():
    found = counted(STREAMS, cached("8 KiB"))
    assert found["relu"].misses == 2 * MAP // LINE
    assert found["pool"].misses == (MAP + MAP // 4) // LINE
    assert found["pool"].hits == 0
    # All but what the cache still holds has been written back.
    written = (2 * MAP + MAP // 2) // LINE - 8 * 1024 // LINE
    assert sum(counts.write_backs for counts in found.values()) <= written


@pytest.mark.parametrize("network", [STREAMS, MIXED])
def test_more_ways_of_the_same_sets_never_miss_more(network):
    # The schedule is that of the largest one for all of them.
    largest = cached("64 KiB", ways=16)
    schedule = map_network(network, largest)
    totals = []
    for ways in (1, 2, 4, 8, 16):
        part = cached(f"{4 * ways} KiB", ways=ways)
        assert part.memories["l1"].shape.sets == 64
        totals.append(sum(counts.misses for _, counts in cache_counts(schedule, part, "l1")))
    assert totals == sorted(totals, reverse=True)
    assert totals[0] > totals[-1]


def test_every_image_touches_lines_and_the_weights_stay():
    architecture = cached("64 KiB")
    one, three = (counted(MIXED, architecture, batch) for batch in (1, 3))
    assert three["relu"].accesses == 3 * one["relu"].accesses
    assert three["fc"].misses < 3 * one["fc"].misses


def test_another_memory_is_not_a_cache():
    architecture = cached("64 KiB")
    schedule = map_network(STREAMS, architecture)
    for name in ("dram", "l2"):
        with pytest.raises(InputError, match=f"'{name}' is not a cache"):
            cache_counts(schedule, architecture, name)


# The figures of docs/models/cache.md, in kB: fetches, write-backs, and what the engine reads and writes.
@pytest.mark.parametrize(
    ("capacity", "exact", "engine"),
    [
        ("16 KiB", (1336, 555), (892, 430)),
        ("64 KiB", (335, 51), (271, 0)),
        ("256 KiB", (321, 22), (271, 0)),
    ],
)
def test_the_engines_traffic_behind_a_cache_is_a_lower_bound_of_the_exact_one(capacity, exact, engine):
    architecture, network = cached(capacity), load_network("resnet20")
    found = counted(network, architecture).values()
    fetched = sum(counts.misses for counts in found) * LINE
    written_back = sum(counts.write_backs for counts in found) * LINE
    rows = [row.bytes["dram"] for row in simulate(architecture, network).layers if "dram" in row.bytes]
    read, written = sum(row.read for row in rows), sum(row.write for row in rows)
    assert read <= fetched
    assert written <= written_back
    assert fetched + written_back <= 1.6 * (read + written)
    assert [fetched / 1e3, written_back / 1e3] == pytest.approx(exact, abs=0.5)
    assert [read / 1e3, written / 1e3] == pytest.approx(engine, abs=0.5)
