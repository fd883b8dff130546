"""Ranges of a network's tensors, from images: what the scales of activations are chosen by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.number_format import NumberFormat
from archsim.errors import InputError
from archsim.hardware.quantization import CalibrationOptions
from archsim.inference.coding import quantizer
from archsim.inference.float_operations import float_operations
from archsim.inference.graph import Tensor, images_at_a_time, steps
from archsim.workload.network import INPUT, Network
from archsim.workload.parameters import ImageSet, Parameters

_BINS: Final = 2048
"""Bins between the smallest and the largest value of a tensor; TensorRT and ONNX Runtime use as many."""

_CLIPS: Final = np.arange(100, 9, -1) / 100
"""Shares of the whole range that the search for the least square error tries."""


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Values of one tensor over all calibration images.

    Attributes
    ----------
    low, high
        Smallest and largest value.
    counts
        How many values lie in each of equal bins from `low` to `high`; empty for method ``min_max``.
    """

    low: float
    high: float
    counts: NDArray[np.int64]

    @property
    def centres(self) -> NDArray[np.float64]:
        """Middle of each bin."""
        width = (self.high - self.low) / len(self.counts)
        return np.asarray(self.low + width * (np.arange(len(self.counts)) + 0.5), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Observed tensors by name of their layer (and ``input``), the images, and how ranges follow."""

    tensors: Mapping[str, Observed]
    options: CalibrationOptions
    images: ImageSet

    def limits(self, name: str, number_format: NumberFormat, *, even: bool) -> tuple[float, float]:
        """Return the range of real values that a tensor's codes should span."""
        found = self.tensors[name]
        if self.options.method == "min_max" or found.low == found.high:
            return found.low, found.high
        if self.options.method == "percentile":
            return _percentile(found, self.options.share)
        return _least_square(found, number_format, even=even)


def calibrate(
    network: Network,
    parameters: Parameters,
    images: ImageSet,
    options: CalibrationOptions | None = None,
) -> Calibration:
    """Return the ranges of all tensors of the float32 network over a sample of images.

    Parameters
    ----------
    images
        As the network takes them; a few hundred training images do. They are gone through once, and once more
        where the method needs to know how values are distributed.
    options
        Method; every value seen is in range by default. How many images there are is the caller's choice.

    Raises
    ------
    InputError
        If there are no images.
    """
    chosen = options or CalibrationOptions()
    if not len(images):
        raise InputError("no images to calibrate with", field="images")
    ranges = _ranges(network, parameters, images)
    none = np.zeros(0, dtype=np.int64)
    counts = {} if chosen.method == "min_max" else _counts(network, parameters, images, ranges)
    tensors = {name: Observed(low, high, counts.get(name, none)) for name, (low, high) in ranges.items()}
    return Calibration(tensors, chosen, images)


def tensors(network: Network, parameters: Parameters, images: ImageSet) -> Iterator[tuple[str, Tensor]]:
    """Yield the name and values of every tensor of the float32 network, for one batch after another."""
    operations = float_operations(network, parameters)
    for batch in images.batches(images_at_a_time(network)):
        yield INPUT, batch.values
        yield from steps(network, batch.values, operations)


def _ranges(network: Network, parameters: Parameters, images: ImageSet) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for name, tensor in tensors(network, parameters, images):
        low, high = found.get(name, (np.inf, -np.inf))
        found[name] = min(low, float(tensor.min())), max(high, float(tensor.max()))
    return found


def _counts(
    network: Network,
    parameters: Parameters,
    images: ImageSet,
    ranges: Mapping[str, tuple[float, float]],
) -> dict[str, NDArray[np.int64]]:
    counts = {name: np.zeros(_BINS, dtype=np.int64) for name in ranges}
    for name, tensor in tensors(network, parameters, images):
        counts[name] += np.histogram(tensor, bins=_BINS, range=ranges[name])[0]
    return counts


def _percentile(found: Observed, percentile: float) -> tuple[float, float]:
    """Return the range clipped to the magnitude that the given share of values does not exceed."""
    magnitudes = np.abs(found.centres)
    order = np.argsort(magnitudes, kind="stable")
    total = np.cumsum(found.counts[order])
    place = int(np.searchsorted(total, percentile / 100 * int(total[-1])))
    half_bin = (found.high - found.low) / _BINS / 2
    largest = float(magnitudes[order][min(place, _BINS - 1)]) + half_bin
    return max(found.low, -largest), min(found.high, largest)


def _least_square(found: Observed, number_format: NumberFormat, *, even: bool) -> tuple[float, float]:
    """Return the share of the range with the least square error of the bins' centres."""
    errors = []
    for clip in _CLIPS:
        limits = found.low * clip, found.high * clip
        coded = quantizer(limits, number_format, even=even)
        difference = coded.dequantize(coded.quantize(found.centres)) - found.centres
        errors.append(float((difference.ravel() ** 2) @ found.counts))
    best = float(_CLIPS[int(np.argmin(errors))])
    return found.low * best, found.high * best
