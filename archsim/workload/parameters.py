"""Trained values of a network's layers, and labelled images: plain arrays that the loaders return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
