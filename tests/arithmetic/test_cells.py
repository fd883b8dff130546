"""Numbers of cells at random access, and shares that are nested."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.arithmetic.cells import CellErrors, CellMap
from archsim.errors import InputError

MAP = CellMap("buffer", 3)
shares = st.floats(0, 0.5)


@given(first=st.integers(0, 5000), count=st.integers(1, 300))
def test_a_cell_has_its_number_wherever_one_begins(first, count):
    assert np.array_equal(MAP.draws(first, count), MAP.draws(0, 5300)[first : first + count])


def test_far_cells_have_numbers_too():
    assert np.array_equal(MAP.draws(10**12, 9)[3:], MAP.draws(10**12 + 3, 6))


def test_other_chips_and_other_memories_have_other_numbers():
    maps = [CellMap("buffer", seed) for seed in range(10)] + [CellMap("dram", 0)]
    assert len({one.draws(0, 64).tobytes() for one in maps}) == len(maps)


@given(first=shares, second=shares)
def test_cells_that_fail_at_a_share_fail_at_every_larger_one_in_the_same_way(first, second):
    few, many = sorted((first, second))
    for name in ("flips", "falls", "rises"):
        found = [MAP.failing(100, 3000, CellErrors(**{name: share})) for share in (few, many)]
        kept = np.isin(found[1].positions, found[0].positions)
        assert np.array_equal(found[1].positions[kept], found[0].positions)
        assert np.array_equal(found[1].keeps[kept], found[0].keeps)
        assert np.array_equal(found[1].inverts[kept], found[0].inverts)


def test_more_than_one_block_is_drawn_as_one():
    size = (1 << 22) + 1000
    errors = CellErrors(falls=1e-3, rises=2e-3)
    found = MAP.failing(7, size, errors)
    numbers = MAP.draws(7, size)
    low, high = numbers < round(1e-3 * 2**32), numbers >= 2**32 - round(2e-3 * 2**32)
    assert np.array_equal(found.positions, np.flatnonzero(low | high))
    assert np.array_equal(found.inverts, high[found.positions])


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_none_and_all_cells(share):
    assert len(MAP.failing(0, 1000, CellErrors(flips=share)).positions) == 1000 * share
    assert len(MAP.failing(0, 1000, CellErrors(rises=share)).positions) == 1000 * share


@pytest.mark.parametrize(
    "fields", [{"flips": -0.1}, {"falls": 0.6, "rises": 0.5}, {"flips": 0.1, "falls": 0.1}]
)
def test_impossible_shares_are_refused(fields):
    with pytest.raises(InputError, match="shares of failing cells"):
        CellErrors(**fields)
