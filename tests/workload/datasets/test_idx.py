"""IDX files: round trips, refusals, and the real MNIST and Fashion-MNIST."""

from __future__ import annotations

import gzip
import hashlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from archsim.errors import InputError
from archsim.workload.datasets import has_part, load_images, open_dataset
from archsim.workload.datasets.idx import read_idx

IMAGES = np.arange(5 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(5, 28, 28)
LABELS = np.array([3, 1, 4, 1, 9], np.uint8)


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def mnist(folder: Path, images: bytes = idx(IMAGES), labels: bytes = idx(LABELS)) -> Path:
    (folder / "mnist").mkdir()
    (folder / "mnist" / "t10k-images-idx3-ubyte").write_bytes(images)
    (folder / "mnist" / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    return folder


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(arrays(np.uint8, array_shapes(min_dims=1, max_dims=3, max_side=6)), st.booleans())
def test_what_is_written_is_read(tmp_path: Path, array: np.ndarray, packed: bool) -> None:
    path = tmp_path / ("file.gz" if packed else "file")
    path.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    assert (read_idx(path, array.ndim) == array).all()


def test_images_and_labels_come_in_order_and_only_as_many_as_asked(tmp_path: Path) -> None:
    images = load_images("mnist", mnist(tmp_path), 3)
    assert images.values.shape == (3, 1, 28, 28)
    assert (images.values[:, 0] == IMAGES[:3]).all()
    assert images.labels.tolist() == [3, 1, 4]
    assert images.labels.dtype == np.int64


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (idx(IMAGES)[:-1], idx(LABELS), "images-idx3-ubyte:1:1: truncated: 3919 of 3920 bytes"),
        (idx(IMAGES) + b"\0", idx(LABELS), "goes on after its 3920 bytes"),
        (idx(IMAGES)[:7], idx(LABELS), "truncated in its header"),
        (b"", idx(LABELS), "begins with nothing"),
        (idx(LABELS), idx(LABELS), "expected an IDX file of unsigned bytes in 3 dimensions, .* 00000801"),
        (idx(IMAGES), idx(LABELS[:4]), "4 labels for the 5 images of t10k-images-idx3-ubyte"),
        (idx(IMAGES), idx(np.array([0, 1, 10, 2, 3])), "class of image 2 is 10, expected one of 0 to 9"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, images: bytes, labels: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_images("mnist", mnist(tmp_path, images, labels))


@pytest.mark.parametrize("position", [0, 15, 40, -5, -1])
def test_a_damaged_or_cut_gzip_file_is_refused(tmp_path: Path, position: int) -> None:
    content = bytearray(gzip.compress(idx(IMAGES)))
    path = tmp_path / "images.gz"
    path.write_bytes(content[:position])
    with pytest.raises(InputError):
        read_idx(path, 3)
    content[position] ^= 0x55
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_idx(path, 3)


def test_a_missing_file_is_told_with_its_place(tmp_path: Path) -> None:
    folder = mnist(tmp_path)
    (folder / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(InputError, match=r"labels-idx1-ubyte: data set 'mnist' needs .*--data DIR"):
        load_images("mnist", folder)
    with pytest.raises(InputError, match="train-images-idx3-ubyte: data set 'mnist' needs"):
        load_images("mnist", folder, part="train")
    assert not has_part("mnist", folder, "train")
    (folder / "mnist" / "train-images-idx3-ubyte").write_bytes(b"broken")
    assert has_part("mnist", folder, "train")


# sha256 of the unpacked images as torchvision distributes them, number of images, first labels.
REAL = [
    ("mnist", "train", "ba891046e650", 60000, [5, 0, 4, 1, 9]),
    ("fashion_mnist", "train", "c59f468a2f67", 60000, [9, 0, 0, 3, 0]),
    ("fashion_mnist", "test", "5b4141f0afba", 10000, [9, 2, 1, 1, 6]),
    ("mnist", "test", None, 10000, [7, 2, 1, 0, 4]),
]


@pytest.mark.parametrize("known", REAL, ids=lambda known: f"{known[0]}-{known[1]}")
def test_the_real_files_are_bit_exact(known: tuple[Any, ...], shared_data: Path) -> None:
    name, part, digest, count, labels = known
    source = open_dataset(name, shared_data, part)
    assert len(source) == count
    assert source.labels[:5].tolist() == labels
    assert len(np.unique(source.labels)) == 10
    if digest is not None:
        pixels = source.read(0, count)
        assert hashlib.sha256(idx(pixels[:, 0])).hexdigest().startswith(digest)
