"""The run's time divided among the layers that were active, to the picosecond."""

from __future__ import annotations

from fractions import Fraction

from bench_parts import layer
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.simulation.ledger import Account, apportion


def rows_of(*intervals):
    return [
        Account(layer=layer(f"l{i}"), unit="a", intervals=list(spans)) for i, spans in enumerate(intervals)
    ]


def shares(rows):
    return [row.share_ps for row in rows]


# 0-4: first alone (4). 4-6: first and second (1 each). 6-9: all three (1 each). 9-10: first and second share
# 1 ps, which goes to the first. 10-12: nobody.
def test_overlapping_layers_by_hand():
    rows = rows_of([(0, 10)], [(4, 10)], [(6, 9)])
    assert apportion(rows, 12) == 2
    assert shares(rows) == [4 + 1 + 1 + 1, 1 + 1 + 0, 1]


# Three share 10 ps: 4 + 3 + 3, then two share 7 ps: 4 + 3.
def test_the_first_rows_get_what_does_not_divide():
    rows = rows_of([(0, 10)], [(0, 17)], [(0, 17)])
    assert apportion(rows, 17) == 0
    assert shares(rows) == [4, 3 + 4, 3 + 3]


def test_a_row_that_is_active_twice():
    rows = rows_of([(0, 5), (10, 15)], [(5, 8)])
    assert apportion(rows, 20) == 2 + 5
    assert shares(rows) == [10, 3]


def test_rows_without_time_get_none():
    rows = rows_of([], [(3, 3)], [(0, 9)])
    assert apportion(rows, 9) == 0
    assert shares(rows) == [0, 0, 9]


def test_one_row_in_two_places_counts_once():
    # 0-5 the first alone; 5-10 and 10-15 both, 3 + 2 each, although the first is there twice from 5 to 10.
    rows = rows_of([(0, 10), (5, 15)], [(5, 15)])
    assert apportion(rows, 15) == 0
    assert shares(rows) == [5 + 3 + 3, 2 + 2]


SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    max_size=3,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(SPANS, max_size=5), st.integers(0, 10))
def test_no_picosecond_is_lost_or_counted_twice(intervals, tail):
    rows = rows_of(*intervals)
    end = max((end for spans in intervals for _, end in spans), default=0) + tail
    idle = apportion(rows, end)
    assert sum(shares(rows)) + idle == end
    # An independent account, picosecond by picosecond.
    exact = [Fraction(0)] * len(rows)
    quiet = 0
    for now in range(end):
        active = [i for i, spans in enumerate(intervals) if any(start <= now < stop for start, stop in spans)]
        quiet += not active
        for i in active:
            exact[i] += Fraction(1, len(active))
    assert idle == quiet
    borders = 2 * sum(len(spans) for spans in intervals)
    assert all(abs(share - fair) <= borders for share, fair in zip(shares(rows), exact, strict=True))
