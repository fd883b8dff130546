"""Input positions that blocks of outputs need, against windows put down one by one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from archsim.mapping.extents import Extent, block_sums

EXTENTS = st.builds(
    Extent,
    outputs=st.integers(1, 12),
    inputs=st.integers(1, 20),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
    before=st.integers(0, 4),
)


def read_positions(axis: Extent, first: int, count: int) -> set[int]:
    """Walk over a padded line: 1 where the input is, 0 where padding is; note what each window touches."""
    length = axis.before + max(axis.inputs, (first + count) * axis.stride + axis.kernel * axis.dilation)
    line = [axis.before <= place < axis.before + axis.inputs for place in range(length)]
    touched = set()
    for output in range(first, first + count):
        place = output * axis.stride
        for _ in range(axis.kernel):
            if line[place]:
                touched.add(place - axis.before)
            place += axis.dilation
    return touched


@given(EXTENTS, st.data())
def test_needed_counts_the_distinct_inputs_under_the_windows(axis: Extent, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, axis.outputs - 1))
    count = data.draw(st.integers(1, axis.outputs - first))
    assert axis.needed(first, count) == len(read_positions(axis, first, count))


@given(EXTENTS)
def test_sums_and_largest_are_over_the_blocks(axis: Extent) -> None:
    sums, largest = block_sums(axis)
    for size in range(1, axis.outputs + 1):
        blocks = [range(axis.outputs)[first : first + size] for first in range(0, axis.outputs, size)]
        counts = [len(read_positions(axis, block.start, len(block))) for block in blocks]
        assert axis.split(size) == counts
        assert (sums[size - 1], largest[size - 1]) == (sum(counts), max(counts))


@given(EXTENTS)
def test_splitting_reads_everything_at_least_once(axis: Extent) -> None:
    sums, largest = block_sums(axis)
    assert axis.distinct == len(read_positions(axis, 0, axis.outputs)) == sums[-1] == largest[-1]
    assert (sums >= axis.distinct).all()
    assert (largest <= axis.distinct).all()


def test_windows_that_do_not_overlap_are_read_once_however_they_are_split() -> None:
    sums, _ = block_sums(Extent(outputs=8, inputs=24, kernel=3, stride=3))
    assert (sums == 24).all()


def test_a_halo_of_kernel_less_stride_is_read_again_per_cut() -> None:
    # 16 outputs of a 5-wide window with stride 2: each of the cuts repeats 3 positions.
    sums, _ = block_sums(Extent(outputs=16, inputs=35, kernel=5, stride=2))
    cuts = np.array([-(-16 // size) - 1 for size in range(1, 17)])
    assert (sums == 35 + 3 * cuts).all()


def test_positions_that_a_large_stride_skips_are_not_read() -> None:
    assert Extent(outputs=4, inputs=16, kernel=1, stride=5).distinct == 4
    assert Extent(outputs=3, inputs=9, kernel=2, stride=1, dilation=3, before=0).distinct == 6


def test_padding_is_not_read() -> None:
    axis = Extent(outputs=7, inputs=3, kernel=1, before=2)
    assert axis.split(1) == [0, 0, 1, 1, 1, 0, 0]


def test_a_whole_axis_is_searched_in_order() -> None:
    sums, _ = block_sums(Extent(outputs=40, inputs=40, kernel=3, before=1))
    whole = [total for size, total in enumerate(sums, 1) if 40 % size == 0]
    assert all(later < earlier for earlier, later in pairwise(whole))
