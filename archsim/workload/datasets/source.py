"""A data set that is read piece by piece: labels at once, pixels when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archsim.errors import InputError
from archsim.workload.npz_file import file_error
from archsim.workload.parameters import LabelledImages, blocks
from archsim.workload.preprocessing import Pixels, Preprocessing

BATCH = 100
"""Images that are decoded at once: 60 MB of float32 at 3x224x224."""

Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ImageSource:
    """Images of one part of a data set, in the order of its files."""

    name: str
    """Data set, as error messages call it."""
    labels: Labels
    """Class of every image."""
    read: Callable[[int, int], Pixels]
    """Pixels of the images from a first one up to, without, a last one."""

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)

    def batches(
        self, count: int | None = None, preprocessing: Preprocessing | None = None, size: int = BATCH
    ) -> Iterator[LabelledImages]:
        """Yield the first images in batches, so that only one batch is held in float32.

        Parameters
        ----------
        count
            Number of images; all by default.
        preprocessing
            What is done to the pixels; by default they stay as they are.
        size
            Images of a batch; the last one may be smaller.

        Raises
        ------
        InputError
            If there are fewer images, a file is damaged, or the preprocessing does not fit.
        """
        return self.first(count, preprocessing).batches(size)

    def first(self, count: int | None = None, preprocessing: Preprocessing | None = None) -> Images:
        """Return the first images to go through again and again; parameters as those of `batches`.

        Raises
        ------
        InputError
            If there are fewer images.
        """
        return Images(self, self._checked(count), preprocessing or Preprocessing())

    def load(self, count: int | None = None, preprocessing: Preprocessing | None = None) -> LabelledImages:
        """Return the first images at once; parameters and errors as those of `batches`."""
        parts = list(self.batches(count, preprocessing))
        values = np.concatenate([part.values for part in parts])
        return LabelledImages(values, np.concatenate([part.labels for part in parts]))

    def _checked(self, count: int | None) -> int:
        total = len(self) if count is None else count
        if total < 1:
            raise InputError(f"the number of images is at least 1, not {total}")
        if total > len(self):
            raise InputError(f"{total} images are asked for, but data set {self.name!r} has {len(self)} here")
        return total


@dataclass(frozen=True, eq=False)
class Images:
    """The first images of a source, as a network takes them; each pass reads the files again."""

    source: ImageSource
    """Where pixels come from."""
    count: int
    """Number of images."""
    preprocessing: Preprocessing
    """What is done to the pixels."""

    @property
    def labels(self) -> Labels:
        """Class of every image, with the preprocessing's offset."""
        return self.source.labels[: self.count] + self.preprocessing.label_offset

    def __len__(self) -> int:
        """Return the number of images."""
        return self.count

    def every(self, step: int) -> Images:
        """Return every so many of these images, from the first one on."""
        read = self.source.read

        def pixels(start: int, stop: int) -> Pixels:
            places = range(start * step, stop * step, step)
            return np.concatenate([read(place, place + 1) for place in places])

        labels = self.source.labels[: self.count : step]
        return Images(ImageSource(self.source.name, labels, pixels), len(labels), self.preprocessing)

    def batches(self, size: int = BATCH) -> Iterator[LabelledImages]:
        """Yield the images in batches of `size`, of which only the one in use is held in float32.

        Raises
        ------
        InputError
            If a file is damaged, or the preprocessing does not fit.
        """
        labels = self.labels
        for block in blocks(self.count, size):
            values = self.preprocessing.apply(self.source.read(block.start, block.stop))
            yield LabelledImages(values, labels[block])


def checked_labels(labels: NDArray[np.integer], classes: int | None, path: Path) -> Labels:
    """Return labels as int64; `InputError` with the first one that is no class of the data set."""
    wrong = np.flatnonzero((labels < 0) | (labels >= (np.inf if classes is None else classes)))
    if wrong.size:
        first = int(wrong[0])
        allowed = "not negative" if classes is None else f"one of 0 to {classes - 1}"
        raise file_error(path, f"the class of image {first} is {int(labels[first])}, expected {allowed}")
    return labels.astype(np.int64)


def joined(name: str, pieces: list[tuple[Labels, Callable[[], Pixels]]]) -> ImageSource:
    """Return one source of several files, of which only the one in use is held in memory."""
    starts = np.cumsum([0, *(len(labels) for labels, _ in pieces)])
    held: dict[int, Pixels] = {}

    def piece(index: int) -> Pixels:
        if index not in held:
            held.clear()
            held[index] = pieces[index][1]()
        return held[index]

    def read(start: int, stop: int) -> Pixels:
        first = int(np.searchsorted(starts, start, side="right")) - 1
        parts = []
        while start < stop:
            end = min(stop, int(starts[first + 1]))
            parts.append(piece(first)[start - starts[first] : end - starts[first]])
            start, first = end, first + 1
        return np.concatenate(parts)

    return ImageSource(name, np.concatenate([labels for labels, _ in pieces]), read)
