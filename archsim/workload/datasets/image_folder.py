"""Folders of image files with a table of their classes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from archsim.errors import InputError, Position, nearest
from archsim.workload.datasets.source import ImageSource, Labels, checked_labels
from archsim.workload.npz_file import file_error
from archsim.workload.preprocessing import Pixels, import_pillow

TABLE = "labels.csv"
_COLUMNS = ("file", "class_index")


def open_image_folder(name: str, folder: Path, classes: int | None = None) -> ImageSource:
    """Return the images that `labels.csv` lists: columns `file` (beside it or below) and `class_index`.

    Images are decoded when they are read, so a broken one shows only then.

    Raises
    ------
    InputError
        If the table is missing or broken, a label is no class, or Pillow is not installed.
    """
    table = folder / TABLE
    rows = list(_rows(table, name))
    if not rows:
        raise file_error(table, "the table lists no image")
    image = import_pillow(f"data set {name!r}")
    files = [_located(folder, file, position) for file, _, position in rows]
    labels: Labels = np.array([label for _, label, _ in rows], dtype=np.int64)
    return ImageSource(
        name,
        checked_labels(labels, classes, table),
        lambda start, stop: _stacked(files[start:stop], files[0], image),
    )


def _rows(table: Path, name: str) -> Iterator[tuple[str, int, Position]]:
    """Yield file, class and place of every row."""
    if not table.is_file():
        message = f"data set {name!r} needs this table of images; --data DIR names the folder above"
        raise file_error(table, message)
    try:
        with table.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            _check_header(reader.fieldnames or [], table)
            for row in reader:
                position = Position(str(table), reader.line_num, 1)
                yield row["file"] or "", _class(row["class_index"], position), position
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise file_error(table, f"cannot be read as a table: {error}") from None


def _check_header(names: Any, table: Path) -> None:
    for column in _COLUMNS:
        if column not in names:
            message = f"the table has no column {column!r}"
            raise file_error(table, message, suggestion=nearest(column, names))


def _class(text: str | None, position: Position) -> int:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise InputError(f"expected a class index, got {text!r}", position=position, field="class_index")
    return int(text)


def _located(folder: Path, file: str, position: Position) -> Path:
    """Return an image's path: as the table writes it, else in one of the folders beside the table."""
    below = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    for path in (folder / file, *(entry / Path(file).name for entry in below)):
        if path.is_file():
            return path
    raise InputError(f"there is no image {file!r} in {folder}", position=position, field="file")


def _stacked(files: list[Path], first: Path, image: Any) -> Pixels:
    """Return the pixels of images; each has the size of the set's first one."""
    images = [_decoded(path, image) for path in files]
    expected = _decoded(first, image).shape if files[0] != first else images[0].shape
    for path, pixels in zip(files, images, strict=True):
        if pixels.shape != expected:
            sizes = [f"{shape[1]}x{shape[2]}" for shape in (pixels.shape, expected)]
            message = f"{sizes[0]} pixels, but {first.name} has {sizes[1]}: images of a set have one size"
            raise file_error(path, message)
    return np.stack(images)


def _decoded(path: Path, image: Any) -> Pixels:
    try:
        with image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"), dtype=np.uint8)
    except (OSError, SyntaxError, ValueError, image.DecompressionBombError) as error:
        raise file_error(path, f"not a readable image: {error}") from None
    return np.moveaxis(pixels, -1, 0)
