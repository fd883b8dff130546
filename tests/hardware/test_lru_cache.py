"""The LRU cache against a plain one and closed forms."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import InputError
from archsim.hardware.lru_cache import CacheCounts, CacheShape, LruCache, simulate_cache

SMALL = st.builds(CacheShape, st.sampled_from([1, 2, 4, 8]), st.integers(1, 4), st.sampled_from([1, 4, 16]))
TRACES = st.lists(st.tuples(st.integers(0, 500), st.booleans()), max_size=200)


def plain(shape: CacheShape, trace: list[tuple[int, bool]]) -> tuple[CacheCounts, int]:
    """One ordered dictionary per set, from the least to the most recently used line."""
    sets: list[OrderedDict[int, bool]] = [OrderedDict() for _ in range(shape.sets)]
    hits = misses = write_backs = 0
    for address, write in trace:
        line = address // shape.line_bytes
        lines = sets[line % shape.sets]
        if line in lines:
            hits += 1
        else:
            misses += 1
            if len(lines) == shape.ways:
                write_backs += lines.popitem(last=False)[1]
            lines[line] = False
        lines[line] |= write
        lines.move_to_end(line)
    return CacheCounts(hits, misses, write_backs), sum(sum(lines.values()) for lines in sets)


def split(trace: list[tuple[int, bool]]) -> tuple[list[int], list[bool]]:
    return [address for address, _ in trace], [write for _, write in trace]


@given(SMALL, TRACES)
def test_every_count_is_that_of_a_plain_cache(shape, trace):
    cache = LruCache(shape)
    counts = cache.access(*split(trace))
    assert (counts, cache.dirty_lines) == plain(shape, trace)
    assert counts.accesses == len(trace)
    assert counts == simulate_cache(shape, *split(trace))


@given(SMALL, TRACES, st.integers(0, 200))
def test_a_sequence_may_be_cut_anywhere(shape, trace, at):
    cache = LruCache(shape)
    first, second = cache.access(*split(trace[:at])), cache.access(*split(trace[at:]))
    whole = simulate_cache(shape, *split(trace))
    assert (first.misses + second.misses, first.write_backs + second.write_backs) == (
        whole.misses,
        whole.write_backs,
    )


@given(st.sampled_from([1, 2, 8]), st.integers(1, 6), TRACES)
def test_more_ways_of_the_same_sets_never_hit_less(sets, ways, trace):
    # Inclusion (Mattson et al., IBM Systems Journal 9(2), 1970): what fewer ways hold, more ways hold.
    addresses, writes = split(trace)
    fewer, more = (simulate_cache(CacheShape(sets, n, 16), addresses, writes) for n in (ways, ways + 1))
    assert fewer.hits <= more.hits


@pytest.mark.parametrize("element_bytes", [1, 2, 4, 64])
def test_a_stream_misses_once_per_line(element_bytes):
    shape = CacheShape(64, 4, 64)
    addresses = np.arange(0, 1 << 20, element_bytes)
    counts = simulate_cache(shape, addresses)
    assert counts.misses == (1 << 20) // 64
    assert counts.misses / counts.accesses == element_bytes / 64
    assert counts.write_backs == 0


def test_a_written_stream_is_written_back_but_for_what_the_cache_holds():
    shape = CacheShape(64, 4, 64)
    cache = LruCache(shape)
    counts = cache.access(np.arange(0, 1 << 20, 4), True)
    held = shape.sets * shape.ways
    assert (counts.misses, counts.write_backs, cache.dirty_lines) == (16384, 16384 - held, held)


@pytest.mark.parametrize("rounds", [1, 2, 10])
def test_a_loop_over_what_fits_has_compulsory_misses_alone(rounds):
    shape = CacheShape(16, 4, 64)
    counts = simulate_cache(shape, np.tile(np.arange(0, 16 * 4 * 64, 8), rounds))
    assert counts.misses == 64


@pytest.mark.parametrize("ways", [1, 2, 4, 16])
def test_a_loop_over_one_line_more_than_a_set_holds_never_hits_in_it(ways):
    shape = CacheShape(1, ways, 64)
    counts = simulate_cache(shape, np.tile(np.arange(ways + 1) * 64, 9))
    assert (counts.hits, counts.misses) == (0, 9 * (ways + 1))


def test_a_loop_over_one_line_more_than_the_cache_holds_misses_in_one_set_alone():
    # 8 sets x 2 ways and 17 lines: set 0 has three lines and thrashes, 14 lines of the others stay.
    counts = simulate_cache(CacheShape(8, 2, 64), np.tile(np.arange(17) * 64, 5))
    assert counts.misses == 14 + 5 * 3


def test_lines_a_cache_size_apart_conflict():
    direct, two_way = CacheShape(128, 1, 64), CacheShape(64, 2, 64)
    apart = np.tile([0, 128 * 64], 50)
    assert simulate_cache(direct, apart).hits == 0
    assert simulate_cache(two_way, apart).misses == 2


@pytest.mark.parametrize(
    ("addresses", "writes", "field"), [([1, -1], False, "addresses"), ([1, 2], [True], "writes")]
)
def test_traces_that_mean_nothing_are_refused(addresses, writes, field):
    with pytest.raises(InputError) as caught:
        simulate_cache(CacheShape(4, 2, 64), addresses, writes)
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["sets", "ways", "line_bytes"])
def test_a_cache_of_nothing_is_refused(field):
    with pytest.raises(InputError) as caught:
        CacheShape(**{"sets": 4, "ways": 2, "line_bytes": 64} | {field: 0})
    assert caught.value.field == field
