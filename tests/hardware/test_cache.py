"""The cache as a memory: shape, energies of its parts, and what streams through it."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.hardware.architecture import Architecture
from archsim.hardware.cacti import BankShape, sram_bank
from archsim.hardware.lru_cache import CacheShape, LruCache
from archsim.hardware.memories.cache import Cache
from archsim.hardware.technology import Technology
from archsim.simulation import simulate
from archsim.workload import Activation, MaxPool, build_network

AT = Technology(node=45, voltage=0.9)
KIB = 1024


def cache(**fields: object) -> Cache:
    return Cache(**{"capacity": "32 KiB", "width": "128 b"} | fields)


def test_sets_are_the_capacity_over_ways_and_lines():
    assert cache().shape == CacheShape(128, 4, 64)
    assert cache(ways=1, line="32 B").shape == CacheShape(1024, 1, 32)


def test_an_access_reads_all_tags_of_a_set_and_one_way():
    energies = cache().energies(AT)
    way = sram_bank(AT, BankShape(8 * KIB, 128))
    # 32 b addresses, 128 sets of 64 B lines: 19 b of tag, valid, dirty and 2 b of age, times 4 ways.
    tags = sram_bank(AT, BankShape(128 * 92 // 8, 92))
    assert (energies["read"].value, energies["write"].value) == (way.read_j, way.write_j)
    assert energies["tag_access"].value == tags.read_j
    assert cache().counts(1280, 129) == {"tag_access": 12, "read": 10, "write": 2}
    assert cache().latency_ps(AT) == pytest.approx((way.access_s + tags.access_s) * 1e12, abs=1)
    leakage = cache().static_power(AT)["leakage"].value
    assert leakage == pytest.approx(4 * way.leakage_w + tags.leakage_w)
    assert cache().area(AT).value == pytest.approx(4 * way.area_mm2 + tags.area_mm2)


@given(st.integers(0, 4), st.integers(0, 10**6), st.integers(0, 10**6))
def test_every_access_is_protected_or_not_in_proportion_to_the_ways(protected, read, written):
    counts = cache(protected_ways=protected).counts(read, written)
    for action, bits in (("read", read), ("write", written)):
        words = -(-bits // 128)
        safe, plain = counts.get(f"protected_{action}", 0), counts.get(action, 0)
        assert words <= safe + plain <= words + 1
        assert abs(safe - Fraction(words * protected, 4)) < 1
    assert ("read" in counts, "protected_read" in counts) == (protected < 4, protected > 0)


def test_protected_ways_cost_the_check_bits():
    half = cache(protected_ways=2).energies(AT)
    shapes = [BankShape(8 * KIB, 128, "itrs-lop", ecc) for ecc in (False, True)]
    plain, corrected = (sram_bank(AT, shape) for shape in shapes)
    assert half["read"].value == plain.read_j
    assert half["protected_read"].value == corrected.read_j > 1.1 * plain.read_j
    assert "SECDED" in half["protected_write"].source
    leaking = [cache(protected_ways=n).static_power(AT)["leakage"].value for n in range(5)]
    steps = np.diff(leaking)
    assert steps == pytest.approx([corrected.leakage_w - plain.leakage_w] * 4)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"capacity": "1000 B"}, "1 kB does not divide into 4 ways of 64 B lines"),
        ({"capacity": "48 KiB"}, "sets, 48 KiB in 4 ways of 64 B lines: are a power of two, got 192"),
        ({"line": "48 B", "capacity": "48 KiB"}, "bytes of a line are a power of two, got 48"),
        ({"line": "8 B"}, "a line of 8 B is not made of whole accesses"),
        ({"protected_ways": 5}, "there are 4 ways"),
        ({"address_bits": 13}, "13 b do not address 32 KiB"),
        ({"ways": 32, "capacity": "256 KiB"}, "tags: a port of .* is outside the SRAM table"),
        ({"capacity": "1 KiB", "ways": 1, "width": "512 b"}, "way: a bank of 1 KiB .* is outside the SRAM"),
        ({"ways": 0}, "greater than or equal to 1"),
        ({"capacity": "0 B"}, "greater than 0"),
    ],
)
def test_impossible_shapes_are_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        cache(**fields)


def test_a_clock_that_is_too_fast_is_refused():
    assert cache(cell="itrs-hp").refusal(AT, 10**9) is None
    assert "use more ways or a slower clock" in cache(capacity="1 MiB", ways=4).refusal(AT, 10**9)


def cached(capacity: str, **fields: object) -> Architecture:
    """A core behind a cache, and nothing else: every access passes through the cache."""
    return Architecture.from_dict(
        {
            "archsim": 1,
            "name": "cached",
            "technology": {"node": "45 nm", "voltage": "0.9 V"},
            "memories": {
                "dram": {"kind": "dram", "part": "LPDDR4-3200-x16-8Gb"},
                "l1": {"kind": "cache", "capacity": capacity, "width": "128 b", "backed_by": "dram"} | fields,
            },
            "links": {
                "bus": {"kind": "bus", "width": "128 b", "clock": "500 MHz", "connects": ["dram", "l1"]},
                "port": {"kind": "bus", "width": "128 b", "clock": "500 MHz", "connects": ["l1", "cpu"]},
            },
            "compute": {"cpu": {"kind": "core", "clock": "500 MHz", "memory": "l1"}},
            "placement": [{"unit": "cpu"}],
        }
    )


NETWORK = build_network(
    "streams",
    (16, 32, 32),
    [
        Activation(name="relu", function="relu"),
        MaxPool(name="pool", kernel=2),
        Activation(name="last", function="relu"),
    ],
)
INPUT, RELU, POOL, LAST = 16 * 1024, 16 * 1024, 4 * 1024, 4 * 1024


def trace(cache_shape: CacheShape) -> tuple[LruCache, list[int]]:
    """Lines fetched by every layer of the network, its tensors one behind the other in memory."""
    state, fetched, base = LruCache(cache_shape), [], 0
    for inputs, outputs in ((INPUT, RELU), (RELU, POOL), (POOL, LAST)):
        ratio = inputs // outputs
        reads = np.arange(base, base + inputs)
        writes = np.arange(base + inputs, base + inputs + outputs)
        # One output behind the inputs that it needs.
        order = np.concatenate([reads.reshape(-1, ratio), writes[:, None]], axis=1).ravel()
        flags = np.tile([False] * ratio + [True], outputs)
        fetched.append(state.access(order, flags).misses)
        base += inputs
    return state, fetched


def moved(report, memory: str) -> list[tuple[int, int]]:
    return [(row.bytes[memory].read, row.bytes[memory].write) for row in report.layers if memory in row.bytes]


def test_a_cache_that_holds_everything_fetches_the_input_alone_as_lru_does():
    report = simulate(cached("64 KiB"), NETWORK)
    state, fetched = trace(CacheShape(256, 4, 64))
    # Lines of outputs are fetched before they are written (write-allocate), which no line of a stream needs.
    assert fetched == [(INPUT + RELU) // 64, POOL // 64, LAST // 64]
    reads = [read for read, _ in moved(report, "dram")]
    assert [read for read in reads if read] == [INPUT]
    assert state.shape.ways * state.shape.sets * 64 == 64 * KIB


def test_tensors_that_do_not_fit_stream_through_with_compulsory_misses():
    report = simulate(cached("8 KiB"), NETWORK)
    _, fetched = trace(CacheShape(32, 4, 64))
    written = [RELU, POOL, LAST]
    # LRU keeps nothing of a stream that is longer than the cache but its end, which the next pass evicts.
    reads = [INPUT, RELU, 0]
    lines = [(read + write) // 64 for read, write in zip(reads, written, strict=True)]
    assert fetched[:2] == lines[:2]
    dram = moved(report, "dram")
    assert [read for read, _ in dram][:2] == reads[:2]
    assert report.layers[0].bytes["l1"].write == INPUT + RELU
    assert report.layers[0].bytes["l1"].read == INPUT + RELU


def test_what_streams_through_is_counted_with_its_tags():
    report = simulate(cached("8 KiB", protected_ways=1), NETWORK)
    counts = {
        row.action: row.count for row in report.actions if row.component == "l1" and "leak" not in row.action
    }
    moves = sum(row.bytes["l1"].read + row.bytes["l1"].write for row in report.layers if "l1" in row.bytes)
    assert counts["tag_access"] == moves // 16
    assert set(counts) == {"tag_access", "read", "write", "protected_read", "protected_write"}
    assert sum(counts.values()) - counts["tag_access"] == pytest.approx(counts["tag_access"], abs=12)
    assert prod(counts.values()) > 0
