"""Distributions over images, by nearest rank."""

from __future__ import annotations

from math import ceil, fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.results.exits import Distribution

PATHS = st.lists(
    st.tuples(st.floats(1e-9, 1e-3, allow_nan=False), st.integers(0, 40)), min_size=1, max_size=6
).filter(lambda paths: any(count for _, count in paths))


@given(PATHS)
def test_percentiles_are_those_of_the_sorted_images(paths: list[tuple[float, int]]) -> None:
    found = Distribution.of([value for value, _ in paths], [count for _, count in paths])
    images = sorted(value for value, count in paths for _ in range(count))
    assert (found.min, found.max) == (images[0], images[-1])
    for percent, value in ((50, found.p50), (95, found.p95), (99, found.p99)):
        assert value == images[ceil(percent * len(images) / 100) - 1]
    assert found.mean * len(images) == pytest.approx(fsum(images), rel=1e-12)


def test_a_percentile_is_reached_exactly() -> None:
    found = Distribution.of([3.0, 1.0, 2.0], [5, 50, 45])
    assert (found.p50, found.p95, found.p99) == (1.0, 2.0, 3.0)
