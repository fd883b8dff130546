"""Data sets by name, and images as a network takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from archsim.errors import InputError, expected_one_of, nearest
from archsim.workload.datasets.cifar10 import has_cifar10, open_cifar10
from archsim.workload.datasets.digits import open_digits
from archsim.workload.datasets.idx import has_idx, open_idx
from archsim.workload.datasets.image_folder import TABLE, open_image_folder
from archsim.workload.datasets.source import ImageSource
from archsim.workload.network import Network
from archsim.workload.npz_file import file_error
from archsim.workload.parameters import ImageSet, LabelledImages
from archsim.workload.preprocessing import Preprocessing

Part = Literal["test", "train"]

EMBEDDED = "digits"
"""The data set that comes with the package and needs no folder."""


@dataclass(frozen=True)
class _Format:
    """How the folder of a data set is read."""

    open: Callable[[Path, Part], ImageSource]
    """Returns the images of a part."""
    has: Callable[[Path, Part], bool]
    """Whether the folder has any file of a part, sound or not."""


def _idx(name: str) -> _Format:
    return _Format(lambda folder, part: open_idx(name, folder, part, classes=10), has_idx)


def _folder_of_images(name: str, classes: int | None = None) -> _Format:
    return _Format(
        lambda folder, part: _only_test(part, open_image_folder(name, folder, classes)),
        lambda _, part: part == "test",
    )


_FORMATS: Mapping[str, _Format] = {
    "mnist": _idx("mnist"),
    "fashion_mnist": _idx("fashion_mnist"),
    "cifar10": _Format(lambda folder, part: open_cifar10("cifar10", folder, part), has_cifar10),
    "imagenet_sample": _folder_of_images("imagenet_sample", classes=1000),
}

DATASETS = (EMBEDDED, *_FORMATS)
"""Names of the data sets that are known; others are folders of images with a table."""


def open_dataset(name: str, directory: str | Path | None = None, part: Part = "test") -> ImageSource:
    """Return a data set to read batches from.

    Parameters
    ----------
    name
        One of `DATASETS`, or a folder in `directory` that holds images and `labels.csv`.
    directory
        Folder that has a folder for each data set; `digits` needs none.
    part
        Images to test with, or to train (and calibrate) with.

    Raises
    ------
    InputError
        If the name or the folder is not known, or a file in it is missing or broken.
    """
    if part not in ("test", "train"):
        raise InputError(f"part {part!r} of a data set: {expected_one_of(('test', 'train'))}")
    if name == EMBEDDED:
        return open_digits(name, part)
    return _format(name).open(_folder(name, directory), part)


def has_part(name: str, directory: str | Path | None = None, part: Part = "train") -> bool:
    """Return whether a data set has images of a part here, as far as the names of its files tell.

    A file that is there and broken counts: `open_dataset` says what is wrong with it.

    Raises
    ------
    InputError
        If the name or the folder is not known.
    """
    return name == EMBEDDED or _format(name).has(_folder(name, directory), part)


def load_images(
    name: str,
    directory: str | Path | None = None,
    count: int | None = None,
    *,
    part: Part = "test",
    preprocessing: Preprocessing | None = None,
) -> LabelledImages:
    """Return the first `count` images of a data set at once; see `open_dataset` and `ImageSource.batches`."""
    return open_dataset(name, directory, part).load(count, preprocessing)


def check_images(images: ImageSet, network: Network, field: str = "images") -> None:
    """Raise `InputError` unless the images have the network's input shape and classes among its outputs.

    The first image stands for the shape of all; execution refuses a batch of another one.

    Parameters
    ----------
    field
        What an error names.
    """
    first = next(images.batches(1), None)
    if first is None:
        raise InputError("no images", field=field)
    if first.values.shape[1:] != tuple(network.input_shape):
        got = "x".join(str(size) for size in first.values.shape[1:])
        message = f"network {network.name!r} takes images of {network.input_shape}, these are {got}"
        raise InputError(message, field=field)
    classes = network.layer(network.end).output_shape.elements
    place = int(np.argmax(images.labels))
    highest = int(images.labels[place])
    if highest >= classes:
        message = f"label {highest} of image {place} is none of the {classes} classes of {network.name!r}"
        raise InputError(message, field=field)


def check_data_folder(directory: str | Path | None) -> None:
    """Raise `InputError` if there is no such folder; ``None`` is fine."""
    if directory is not None and not Path(directory).is_dir():
        there = Path(directory).exists()
        message = "is not a folder" if there else "there is no such folder"
        raise file_error(Path(directory), f"{message} (--data takes the folder of data sets and weights)")


def _format(name: str) -> _Format:
    return _FORMATS[name] if name in _FORMATS else _folder_of_images(name)


def _folder(name: str, directory: str | Path | None) -> Path:
    if directory is None and name in DATASETS:
        message = f"data set {name!r} is not part of the package: name its folder with --data DIR"
        raise InputError(f"{message} (files in DIR/{name})")
    folder = None if directory is None else Path(directory) / name
    check_data_folder(directory)
    if folder is None or (name not in DATASETS and not (folder / TABLE).is_file()):
        message = f"unknown data set {name!r}, {expected_one_of(DATASETS)} or a folder with {TABLE}"
        raise InputError(message, suggestion=nearest(name, DATASETS))
    if not folder.is_dir():
        raise file_error(
            folder, f"data set {name!r} is expected in this folder (--data DIR names the one above)"
        )
    return folder


def _only_test(part: Part, source: ImageSource) -> ImageSource:
    if part != "test":
        raise InputError(f"data set {source.name!r} has no training images")
    return source
