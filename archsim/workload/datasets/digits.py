"""The handwritten digits that come with the package: 8x8 pixels of 0 to 16 (`tables/README.md`)."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from archsim.workload.datasets.source import ImageSource, checked_labels
from archsim.workload.npz_file import read_npz

CLASSES = 10


def open_digits(name: str, part: str) -> ImageSource:
    """Return the 1,297 images for training or the 500 for testing."""
    path = Path(str(importlib.resources.files("archsim.workload") / "tables" / "digits.npz"))
    arrays = read_npz(path, [f"{part}_images", f"{part}_labels"])
    images = arrays[f"{part}_images"]
    labels = checked_labels(arrays[f"{part}_labels"], CLASSES, path)
    return ImageSource(name, labels, lambda start, stop: images[start:stop])
