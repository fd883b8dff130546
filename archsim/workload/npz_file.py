"""Reading of `.npz` archives that come from anywhere: nothing in them is executed."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import InputError, Position, nearest

Array = NDArray[Any]

_UNREADABLE = (
    EOFError, KeyError, MemoryError, NotImplementedError, OSError, RuntimeError, ValueError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read_npz(path: Path, names: Iterable[str] | None = None) -> dict[str, Array]:
    """Return the arrays of an archive: all, or those of these names.

    Raises
    ------
    InputError
        If the file is missing, no archive, truncated or corrupt, lacks a name, or holds pickled objects
        (they could run code and are never read).
    """
    archive = _open(path)
    with archive:
        wanted = archive.files if names is None else list(names)
        for name in wanted:
            if name not in archive.files:
                hint = nearest(name, archive.files)
                raise file_error(path, f"the archive has no array {name!r}", suggestion=hint)
        return {name: _array(archive, name, path) for name in wanted}


def file_error(
    path: Path, message: str, field: str | None = None, suggestion: str | None = None
) -> InputError:
    """Return the error about a file that is not text: it stands at the beginning of a file that exists."""
    if not path.exists():
        return InputError(f"{path}: {message}", field=field, suggestion=suggestion)
    return InputError(message, position=Position(str(path), 1, 1), field=field, suggestion=suggestion)


def _open(path: Path) -> Any:
    if not path.is_file():
        raise file_error(path, "no such file" if not path.exists() else "expected a file, this is none")
    if not zipfile.is_zipfile(path):
        cut = _starts_like_an_archive(path)
        raise file_error(path, "the archive is truncated" if cut else "not an .npz archive of arrays")
    try:
        return np.load(path, allow_pickle=False)
    except _UNREADABLE as error:
        raise file_error(path, f"the archive cannot be read: {error}") from None


def _starts_like_an_archive(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError as error:
        raise file_error(path, f"cannot be read: {error.strerror}") from None


def _array(archive: Any, name: str, path: Path) -> Array:
    try:
        array = archive[name]
    except _UNREADABLE as error:
        if "allow_pickle" in str(error):
            message = "holds pickled Python objects, which are not read because they can run code"
            raise file_error(path, message, field=name) from None
        raise file_error(path, f"truncated or corrupt: {error}", field=name) from None
    if not isinstance(array, np.ndarray):
        raise file_error(path, "is not an array", field=name)
    return array
