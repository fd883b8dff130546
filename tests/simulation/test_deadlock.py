"""Schedules that cannot come to an end: an error that says who waits for what, never a hang."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from bench_parts import machine, part, schedule, tile
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.errors import DeadlockError
from archsim.simulation.engine import Engine

UNITS = "abc"


@pytest.fixture(autouse=True)
def _watchdog() -> Iterator[None]:
    """A hang is a failure after 20 s, not a test run that never ends."""

    def give_up(*_: object) -> None:
        raise TimeoutError("the engine hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def plan(waits, units=UNITS, images=1, in_flight=1):
    """One part per tuple of awaited parts: p0, p1, ... on the units in turn."""
    parts = []
    for i, after in enumerate(waits):
        unit = units[i % len(units)]
        parts.append(part(unit, (tile(1000, 3, 500, unit=unit), 2), name=f"p{i}", after=tuple(after)))
    return schedule(*parts, images=images, in_flight=in_flight)


def run(*arguments, **options):
    return Engine(machine(*UNITS), plan(*arguments, **options)).run()


def ring(length, first=0):
    return [(first + (i - 1) % length,) for i in range(length)]


CASES = {
    "waits for itself": ([(0,)], {0}),
    "two for each other": (ring(2), {0, 1}),
    "ring of 3": (ring(3), {0, 1, 2}),
    "ring of 4": (ring(4), {0, 1, 2, 3}),
    "ring of 5": (ring(5), set(range(5))),
    "ring of 6": (ring(6), set(range(6))),
    "ring of 7": (ring(7), set(range(7))),
    "ring of 8": (ring(8), set(range(8))),
    "ring the other way round": ([(1,), (2,), (3,), (0,)], {0, 1, 2, 3}),
    "a part before the ring": ([(), *ring(3, 1)], {1, 2, 3}),
    "a part leads into the ring": ([(), (0, 3), (1,), (2,)], {1, 2, 3}),
    "a part behind the ring": ([*ring(2), (1,)], {0, 1, 2}),
    "a chain behind the ring": ([*ring(2), (1,), (2,), (3,)], {0, 1, 2, 3, 4}),
    "two rings": ([*ring(2), *ring(2, 2)], {0, 1, 2, 3}),
    "two rings that share a part": ([(1, 2), (0,), (0,)], {0, 1, 2}),
    "a ring in the middle of a chain": ([(), (0, 2), (1,), (2,)], {1, 2, 3}),
    "half of a diamond in a ring": ([(), (0,), (0, 3), (1, 2)], {2, 3}),
    "itself in a chain": ([(), (0, 1), (1,)], {1, 2}),
    "the last for the first, the first for the last": ([(3,), (0,), (), (1, 2)], {0, 1, 3}),
    "everybody for everybody": ([(1, 2, 3), (0, 2, 3), (0, 1, 3), (0, 1, 2)], {0, 1, 2, 3}),
    "a free branch beside a ring": ([(), (0,), (1,), (4,), (3,)], {3, 4}),
}


def stuck(error, waits, units=UNITS):
    """Parts that the message names, after checking what it says of each."""
    head, _, body = str(error).partition(": ")
    named = body.split("; ")
    assert head == f"no event is left, but {len(named)} parts are not done"
    found = set()
    for text in named:
        subject, _, reason = text.partition(" waits for ")
        name, _, unit = subject.partition(" on ")
        number = int(name.strip("'p"))
        assert unit == f"'{units[number % len(units)]}'"
        found.add(number)
        for other in reason.split(", "):
            assert int(other.strip("'p")) in waits[number]
    return found


@pytest.mark.parametrize(("waits", "expected"), CASES.values(), ids=list(CASES))
def test_a_ring_of_parts_is_named(waits, expected):
    with pytest.raises(DeadlockError) as caught:
        run(waits)
    assert stuck(caught.value, waits) == expected


@pytest.mark.parametrize("units", ["a", "ab", "abc"])
def test_whatever_units_are_concerned(units):
    with pytest.raises(DeadlockError) as caught:
        run(ring(3), units)
    assert stuck(caught.value, ring(3), units) == {0, 1, 2}


def test_there_are_at_least_twenty_cases():
    assert len(CASES) >= 20


def test_finished_parts_are_not_blamed():
    with pytest.raises(
        DeadlockError, match=r"^no event is left, but 2 parts are not done: 'p1' on 'b' waits for 'p2'; "
    ) as caught:
        run([(), (2, 0), (1,)])
    assert "p0" not in str(caught.value)


@pytest.mark.parametrize("images", [2, 3])
def test_every_image_is_counted(images):
    with pytest.raises(DeadlockError, match=f"but {2 * images} parts are not done"):
        run([(), (2,), (1,)], images=images, in_flight=images)


def test_an_image_that_waits_for_itself_to_leave():
    with pytest.raises(DeadlockError, match="'p0' on 'a' waits for 'p0', 'p1'; 'p1' on 'b' waits for 'p0'"):
        run([(), (0,)], in_flight=0)


def test_a_long_list_is_cut():
    with pytest.raises(DeadlockError, match="but 40 parts are not done") as caught:
        run(ring(40))
    assert str(caught.value).endswith("; ...")
    assert str(caught.value).count(" waits for ") == 8


def _finishable(waits):
    done = set()
    while more := {i for i, after in enumerate(waits) if i not in done and set(after) <= done}:
        done |= more
    return done


GRAPHS = st.integers(1, 7).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, n - 1), max_size=2, unique=True), min_size=n, max_size=n)
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(GRAPHS)
def test_exactly_the_graphs_with_a_ring_deadlock(waits):
    rest = set(range(len(waits))) - _finishable(waits)
    if not rest:
        spans = [record.intervals[0] for record in run(waits).records]
        assert all(spans[j][1] <= spans[i][0] for i, after in enumerate(waits) for j in after)
        return
    with pytest.raises(DeadlockError) as caught:
        run(waits)
    assert stuck(caught.value, waits) == rest
