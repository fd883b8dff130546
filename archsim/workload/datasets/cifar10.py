"""CIFAR-10: the binary batches as published, and `.npz` shards (Krizhevsky, 2009)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from archsim.errors import InputError
from archsim.workload.datasets.source import ImageSource, Labels, checked_labels, joined
from archsim.workload.npz_file import file_error, read_npz
from archsim.workload.preprocessing import Pixels

CLASSES = 10
SHAPE = (3, 32, 32)
_RECORD = 1 + 3 * 32 * 32
_SUBFOLDER = "cifar-10-batches-bin"
_BINARY = {"test": ["test_batch.bin"], "train": [f"data_batch_{number}.bin" for number in range(1, 6)]}
_SHARDS = {"test": "cifar10_test*.npz", "train": "cifar10_train_*.npz"}

Piece = tuple[Labels, Callable[[], Pixels]]


def open_cifar10(name: str, folder: Path, part: str) -> ImageSource:
    """Return a part of CIFAR-10: binary batches where there are some, else `.npz` shards.

    A shard holds labels `y` and either images `x` [image][row][column][channel] or `d`, [image][channel]
    [row][column] coded as differences: to the row above, and of red and blue to green.

    Raises
    ------
    InputError
        If there is no file of this part, or one is truncated or holds something else.
    """
    batches = _binary_batches(folder, part)
    if batches:
        return joined(name, [_batch(path) for path in batches])
    shards = _shards(folder, part)
    if not shards:
        wanted = f"{', '.join(_BINARY[part])} or {_SHARDS[part]}"
        raise InputError(
            f"data set {name!r} ({part}): {folder} has none of {wanted}; --data DIR names the folder above"
        )
    return joined(name, [_shard(path) for path in shards])


def has_cifar10(folder: Path, part: str) -> bool:
    """Return whether the folder has a file of a part of CIFAR-10."""
    return bool(_binary_batches(folder, part) or _shards(folder, part))


def _shards(folder: Path, part: str) -> list[Path]:
    return sorted(folder.glob(_SHARDS[part]))


def _binary_batches(folder: Path, part: str) -> list[Path]:
    places = [place / name for place in (folder, folder / _SUBFOLDER) for name in _BINARY[part]]
    return [path for path in places if path.is_file()]


def _batch(path: Path) -> Piece:
    size = path.stat().st_size
    if not size or size % _RECORD:
        message = f"truncated: {size} bytes are no whole number of {_RECORD} byte records"
        raise file_error(path, message)
    try:
        records = np.memmap(path, np.uint8, mode="r").reshape(-1, _RECORD)
    except OSError as error:
        raise file_error(path, f"cannot be read: {error.strerror}") from None
    labels = checked_labels(records[:, 0], CLASSES, path)
    return labels, lambda: records[:, 1:].reshape(-1, *SHAPE)


def _shard(path: Path) -> Piece:
    labels = read_npz(path, ["y"])["y"]
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise file_error(path, f"expected one whole number per image, got {labels.dtype}", field="y")
    checked = checked_labels(labels, CLASSES, path)
    return checked, lambda: _shard_pixels(path, len(checked))


def _shard_pixels(path: Path, count: int) -> Pixels:
    arrays = read_npz(path)
    key = "d" if "d" in arrays else "x"
    if key not in arrays:
        raise file_error(path, "the archive has neither images x nor differences d")
    expected = (count, *SHAPE) if key == "d" else (count, *SHAPE[1:], SHAPE[0])
    if arrays[key].shape != expected or arrays[key].dtype != np.uint8:
        message = f"expected uint8 {expected}, got {arrays[key].dtype} {arrays[key].shape}"
        raise file_error(path, message, field=key)
    return _undone(arrays["d"]) if key == "d" else np.moveaxis(arrays["x"], -1, 1)


def _undone(differences: Pixels) -> Pixels:
    """Return the pixels of differences modulo 256: along the rows, then of red and blue to green."""
    pixels = np.cumsum(differences, axis=2, dtype=np.uint8)
    pixels[:, 0] += pixels[:, 1]
    pixels[:, 2] += pixels[:, 1]
    return pixels
