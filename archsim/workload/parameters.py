"""Trained values of a network's layers, and labelled images: plain arrays that the loaders return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from archsim.errors import InputError

Reals = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LayerParameters:
    """Weights and biases of one layer with MACs, batch normalisation folded.

    Attributes
    ----------
    weight
        float32 [output][channel of a group][row][column]; a linear layer has one row and one column.
    bias
        float32 [output]; zeros where the layer has none.
    """

    weight: Reals
    bias: Reals


Parameters = Mapping[str, LayerParameters]
"""By name of the layer."""


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images as the network takes them, and the classes that they belong to.

    Attributes
    ----------
    values
        float32 [image][channel][row][column], preprocessed as the trace says.
    labels
        int64 [image].
    """

    values: Reals
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)

    def batches(self, size: int) -> Iterator[LabelledImages]:
        """Yield the images in batches of `size`; the last one may be smaller.

        Raises
        ------
        InputError
            If the size is not positive.
        """
        for block in blocks(len(self), size):
            yield LabelledImages(self.values[block], self.labels[block])


class ImageSet(Protocol):
    """Images that can be gone through any number of times, a batch at a time: in memory or in files."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class of every image."""

    def __len__(self) -> int:
        """Return the number of images."""

    def batches(self, size: int) -> Iterator[LabelledImages]:
        """Yield all images in order, at most `size` at a time."""


def blocks(images: int, size: int) -> Iterator[slice]:
    """Yield stretches of at most `size` images.

    Raises
    ------
    InputError
        If the size is not positive.
    """
    if size < 1:
        raise InputError(f"{size} images at a time: expected at least 1", field="batch")
    return (slice(first, min(first + size, images)) for first in range(0, images, size))
