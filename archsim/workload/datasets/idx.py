"""IDX files of MNIST and its relatives: big-endian header, then bytes (LeCun, Cortes and Burges)."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from archsim.workload.datasets.source import ImageSource, checked_labels
from archsim.workload.npz_file import file_error

_UNSIGNED_BYTE = 0x08
_LARGEST_BYTES = 2**31
"""A header that states more is damaged."""
_STEMS = {"test": "t10k", "train": "train"}


def open_idx(name: str, folder: Path, part: str, classes: int) -> ImageSource:
    """Return a part of a data set that is kept as `<part>-images-idx3-ubyte(.gz)` and `-labels-idx1-`.

    Raises
    ------
    InputError
        If a file is missing, truncated or no IDX file, or the two do not belong together.
    """
    images_path, labels_path = (_present(folder / file, name) for file in _files(part))
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        message = f"{len(labels)} labels for the {len(images)} images of {images_path.name}"
        raise file_error(labels_path, message)
    checked = checked_labels(labels, classes, labels_path)
    return ImageSource(name, checked, lambda start, stop: images[start:stop, None])


def has_idx(folder: Path, part: str) -> bool:
    """Return whether the folder has the images or the labels of a part."""
    return any(_found(folder / file) for file in _files(part))


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Return the bytes of an IDX file, plain or compressed by gzip.

    Raises
    ------
    InputError
        If the file cannot be read, is cut short or goes on, or has another type or number of dimensions.
    """
    try:
        with _opened(path) as file:
            return _read(file, path, dimensions)
    except (OSError, EOFError, MemoryError, zlib.error) as error:
        raise file_error(path, f"truncated or corrupt: {error}") from None


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb"))


def _read(file: IO[bytes], path: Path, dimensions: int) -> NDArray[np.uint8]:
    magic = file.read(4)
    if magic != bytes([0, 0, _UNSIGNED_BYTE, dimensions]):
        expected = f"an IDX file of unsigned bytes in {dimensions} dimension{'s' * (dimensions > 1)}"
        raise file_error(path, f"expected {expected}, but it begins with {magic.hex() or 'nothing'}")
    header = file.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise file_error(path, "truncated in its header")
    shape = struct.unpack(f">{dimensions}I", header)
    size = math.prod(shape)
    if size > _LARGEST_BYTES:
        raise file_error(path, f"corrupt: the header states {size} bytes of data")
    content = file.read(size)
    if len(content) < size:
        raise file_error(path, f"truncated: {len(content)} of {size} bytes of data")
    if file.read(1):
        raise file_error(path, f"goes on after its {size} bytes of data")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _files(part: str) -> tuple[str, str]:
    return f"{_STEMS[part]}-images-idx3-ubyte", f"{_STEMS[part]}-labels-idx1-ubyte"


def _found(path: Path) -> Path | None:
    both = path, path.with_name(f"{path.name}.gz")
    return next((candidate for candidate in both if candidate.is_file()), None)


def _present(path: Path, name: str) -> Path:
    found = _found(path)
    if found is not None:
        return found
    message = f"data set {name!r} needs this file, plain or with .gz; --data DIR names the folder above"
    raise file_error(path, message)
