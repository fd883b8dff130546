"""Data sets by name, and images as a network takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from archsim.errors import InputError, expected_one_of, nearest
from archsim.workload.datasets.cifar10 import open_cifar10
from archsim.workload.datasets.digits import open_digits
from archsim.workload.datasets.idx import open_idx
from archsim.workload.datasets.image_folder import TABLE, open_image_folder
from archsim.workload.datasets.source import ImageSource
from archsim.workload.network import Network
from archsim.workload.npz_file import file_error
from archsim.workload.parameters import LabelledImages
from archsim.workload.preprocessing import Preprocessing

Part = Literal["test", "train"]

EMBEDDED = "digits"
"""The data set that comes with the package and needs no folder."""

_OPENERS: Mapping[str, Callable[[Path, Part], ImageSource]] = {
    "mnist": lambda folder, part: open_idx("mnist", folder, part, classes=10),
    "fashion_mnist": lambda folder, part: open_idx("fashion_mnist", folder, part, classes=10),
    "cifar10": lambda folder, part: open_cifar10("cifar10", folder, part),
    "imagenet_sample": lambda folder, part: _only_test(
        part, open_image_folder("imagenet_sample", folder, classes=1000)
    ),
}
"""How the folder of each data set is read."""

DATASETS = (EMBEDDED, *_OPENERS)
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
    folder = _folder(name, directory)
    if name in _OPENERS:
        return _OPENERS[name](folder, part)
    return _only_test(part, open_image_folder(name, folder))


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


def check_images(images: LabelledImages, network: Network) -> None:
    """Raise `InputError` unless the images have the network's input shape and classes among its outputs."""
    shape = tuple(network.input_shape)
    if images.values.shape[1:] != shape:
        got = "x".join(str(size) for size in images.values.shape[1:])
        raise InputError(f"network {network.name!r} takes images of {network.input_shape}, these are {got}")
    classes = network.layer(network.end).output_shape.elements
    highest = int(np.max(images.labels, initial=0))
    if highest >= classes:
        message = f"label {highest} is none of the {classes} classes of network {network.name!r}"
        raise InputError(message)


def _folder(name: str, directory: str | Path | None) -> Path:
    if directory is None and name in DATASETS:
        message = f"data set {name!r} is not part of the package: name its folder with --data DIR"
        raise InputError(f"{message} (files in DIR/{name})")
    folder = None if directory is None else Path(directory) / name
    if directory is not None and not Path(directory).is_dir():
        raise file_error(Path(directory), "no such folder of data sets (--data)")
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
