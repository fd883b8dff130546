"""CIFAR-10: binary batches, shards, and the real images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from archsim.errors import InputError
from archsim.workload.datasets import load_images, open_dataset

RNG = np.random.default_rng(5)
IMAGES = RNG.integers(0, 256, size=(7, 3, 32, 32)).astype(np.uint8)
LABELS = np.arange(7, dtype=np.uint8)


def coded(images: np.ndarray) -> np.ndarray:
    """Differences that the reader undoes: of red and blue to green, then of each row to the one above."""
    planes = images.copy()
    planes[:, 0] -= images[:, 1]
    planes[:, 2] -= images[:, 1]
    return np.diff(planes, axis=2, prepend=np.zeros_like(planes[:, :, :1]))


def shard(folder: Path, name: str, **values: Any) -> Path:
    (folder / "cifar10").mkdir(exist_ok=True)
    np.savez_compressed(folder / "cifar10" / name, **values)
    return folder


def batch(folder: Path, name: str, content: bytes) -> Path:
    (folder / "cifar10").mkdir(exist_ok=True)
    (folder / "cifar10" / name).write_bytes(content)
    return folder


def records(images: np.ndarray, labels: np.ndarray) -> bytes:
    return np.concatenate([labels[:, None], images.reshape(len(images), -1)], axis=1).tobytes()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 3), st.just(3), st.just(32), st.just(32))))
def test_differences_are_undone(tmp_path: Path, images: np.ndarray) -> None:
    folder = shard(tmp_path, "cifar10_train_1.npz", d=coded(images), y=np.zeros(len(images), np.uint8))
    assert (load_images("cifar10", folder, part="train").values == images).all()


@pytest.mark.parametrize("packed", [False, True])
def test_both_layouts_give_the_same_images(tmp_path: Path, packed: bool) -> None:
    if packed:
        folder = shard(tmp_path, "cifar10_test7.npz", x=np.moveaxis(IMAGES, 1, -1), y=LABELS)
    else:
        folder = batch(tmp_path, "test_batch.bin", records(IMAGES, LABELS))
    images = load_images("cifar10", folder)
    assert (images.values == IMAGES).all()
    assert (images.labels == LABELS).all()


def test_batches_run_over_the_ends_of_files(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        chosen = IMAGES[2 * number - 2 : 2 * number]
        batch(tmp_path, f"data_batch_{number}.bin", records(chosen, LABELS[2 * number - 2 : 2 * number]))
    parts = list(open_dataset("cifar10", tmp_path, "train").batches(5, size=3))
    assert [len(part) for part in parts] == [3, 2]
    assert (np.concatenate([part.values for part in parts]) == IMAGES[:5]).all()
    assert np.concatenate([part.labels for part in parts]).tolist() == [0, 1, 2, 3, 4]


def test_the_archive_as_published_may_lie_in_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "cifar10" / "cifar-10-batches-bin").mkdir(parents=True)
    batch(tmp_path, "cifar-10-batches-bin/test_batch.bin", records(IMAGES, LABELS))
    assert len(open_dataset("cifar10", tmp_path)) == 7


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"x": np.moveaxis(IMAGES, 1, -1)}, "the archive has no array 'y'"),
        ({"y": LABELS}, "neither images x nor differences d"),
        ({"x": IMAGES, "y": LABELS}, r"x: expected uint8 \(7, 32, 32, 3\), got uint8 \(7, 3, 32, 32\)"),
        ({"x": np.zeros((7, 32, 32, 3)), "y": LABELS}, "x: expected uint8 .*, got float64"),
        (
            {"x": np.moveaxis(IMAGES, 1, -1), "y": LABELS + 4},
            "class of image 6 is 10, expected one of 0 to 9",
        ),
        ({"x": np.moveaxis(IMAGES, 1, -1), "y": LABELS / 2}, "y: expected one whole number per image"),
    ],
)
def test_broken_shards_are_refused(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_images("cifar10", shard(tmp_path, "cifar10_test.npz", **values))


@pytest.mark.parametrize("content", [b"", records(IMAGES, LABELS)[:-1]])
def test_a_truncated_batch_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match="no whole number of 3073 byte records"):
        load_images("cifar10", batch(tmp_path, "test_batch.bin", content))


def test_a_folder_without_files_says_what_is_expected(tmp_path: Path) -> None:
    (tmp_path / "cifar10").mkdir()
    with pytest.raises(InputError, match=r"has none of test_batch.bin or cifar10_test\*.npz; --data DIR"):
        load_images("cifar10", tmp_path)


def test_the_real_images_are_those_of_the_published_set(shared_data: Path) -> None:
    test = open_dataset("cifar10", shared_data)
    assert len(test) == 1000
    # First labels of the official test_batch and data_batch_1: cat ship ship airplane, frog truck truck deer.
    assert test.labels[:4].tolist() == [3, 8, 8, 0]
    train = open_dataset("cifar10", shared_data, "train")
    assert len(train) == 40000
    assert train.labels[:4].tolist() == [6, 9, 9, 4]
    # The first pixels of image 0 (frog) of data_batch_1: red 59 43 50, green 62 46 48 [pub].
    first = train.read(0, 1)[0]
    assert first[0, 0, :3].tolist() == [59, 43, 50]
    assert first[1, 0, :3].tolist() == [62, 46, 48]


def test_more_images_than_there_are_is_told(shared_data: Path) -> None:
    with pytest.raises(InputError, match="5000 images are asked for, but data set 'cifar10' has 1000 here"):
        load_images("cifar10", shared_data, 5000)
