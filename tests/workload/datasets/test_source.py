"""Images that are read again for each pass."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.workload.datasets import ImageSource, open_dataset
from archsim.workload.preprocessing import Preprocessing


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_batches_of_any_size_hold_the_images_that_loading_gives(size: int) -> None:
    steps = Preprocessing(scale=16, label_offset=1)
    source = open_dataset("digits")
    images, loaded = source.first(123, steps), source.load(123, steps)
    for _ in range(2):
        parts = list(images.batches(size))
        assert max(map(len, parts)) <= size
        np.testing.assert_array_equal(np.concatenate([part.values for part in parts]), loaded.values)
        np.testing.assert_array_equal(np.concatenate([part.labels for part in parts]), loaded.labels)
    np.testing.assert_array_equal(images.labels, loaded.labels)


@pytest.mark.parametrize(("count", "step"), [(123, 10), (120, 10), (5, 10), (9, 1)])
def test_every_so_many_images_are_those_of_a_slice(count: int, step: int) -> None:
    source = open_dataset("digits")
    few, loaded = source.first(count).every(step), source.load(count)
    parts = list(few.batches(4))
    np.testing.assert_array_equal(np.concatenate([part.values for part in parts]), loaded.values[::step])
    np.testing.assert_array_equal(few.labels, loaded.labels[::step])
    assert len(few) == len(loaded.labels[::step])


def test_no_more_than_a_batch_is_read_at_a_time() -> None:
    asked: list[int] = []

    def read(start: int, stop: int) -> np.ndarray:
        asked.append(stop - start)
        return np.zeros((stop - start, 1, 2, 2), np.uint8)

    source = ImageSource("large", np.zeros(1000, np.int64), read)
    assert sum(len(batch) for batch in source.first(1000).batches(32)) == 1000
    assert max(asked) == 32
