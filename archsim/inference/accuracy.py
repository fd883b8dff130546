"""What a network's accuracy becomes on the arithmetic of its units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import fsum, inf, log10
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.macs import MacFunction
from archsim.errors import InputError
from archsim.inference.calibration import Calibration
from archsim.inference.float_operations import float_operations
from archsim.inference.graph import Operation, Tensor, batches, steps
from archsim.inference.quantized import Options, QuantizedNetwork, quantize
from archsim.workload.network import Network
from archsim.workload.parameters import LabelledImages, Parameters

Progress = Callable[[int], None]
"""Called with the number of images done."""

_BATCH: Final = 32
"""Images in memory at a time; no result depends on it."""


@dataclass(frozen=True, slots=True)
class LayerError:
    """Signal-to-quantization-noise ratios of one layer's output, in dB; infinite where nothing differs.

    Attributes
    ----------
    against_float
        Signal: the float32 network's output.
    against_exact
        Signal: the output of the exact integer network.
    """

    against_float: float
    against_exact: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares of the images, and errors by layer.

    Attributes
    ----------
    images
        Number of images.
    top1
        Share whose largest output is that of the label.
    top1_float, top1_exact
        The same in float32 and with exact integer arithmetic.
    agreement
        Share whose class is that of float32.
    layers
        Errors by layer; a layer with a fused activation has that of the activation's output.
    """

    images: int
    top1: float
    top1_float: float
    top1_exact: float
    agreement: float
    layers: Mapping[str, LayerError]


def sqnr_db(signal: float, noise: float) -> float:
    """Return 10 log10(signal / noise) of two sums of squares; infinite without noise."""
    if noise == 0:
        return inf
    return 10 * log10(signal / noise) if signal > 0 else -inf


def evaluate(
    parameters: Parameters,
    images: LabelledImages,
    approximate: QuantizedNetwork,
    exact: QuantizedNetwork,
    progress: Progress | None = None,
) -> Accuracy:
    """Return the accuracy of a quantized network beside float32 and exact integers.

    The three networks run in step, layer by layer, so that no more than one batch is in memory.

    Parameters
    ----------
    parameters
        Of the float32 network.
    images
        As the network takes them, with labels.
    approximate, exact
        The network on the units' arithmetic and on exact multipliers, by `quantize`.
    progress
        Called after each batch with the number of images done.

    Raises
    ------
    InputError
        If there are no images, or they do not fit the network.
    """
    _check(images)
    comparison = _Comparison(approximate, exact, float_operations(approximate.network, parameters))
    for block in batches(len(images), _BATCH):
        comparison.add(images.values[block])
        if progress is not None:
            progress(block.stop)
    return comparison.result(images.labels)


def top1(network: QuantizedNetwork, images: LabelledImages, progress: Progress | None = None) -> float:
    """Return the share of images whose largest output is that of the label.

    Raises
    ------
    InputError
        If there are no images, or they do not fit the network.
    """
    _check(images)
    right = 0
    for block in batches(len(images), _BATCH):
        right += int(np.count_nonzero(classes(network.run(images.values[block])) == images.labels[block]))
        if progress is not None:
            progress(block.stop)
    return right / len(images)


def classes(outputs: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the class of each image: the first of its largest outputs."""
    return np.asarray(outputs.reshape(len(outputs), -1).argmax(axis=1), dtype=np.int64)


def sensitivity(  # noqa: PLR0913, PLR0917 - what `quantize` takes, and the images
    network: Network,
    parameters: Parameters,
    calibration: Calibration,
    options: Options,
    functions: Mapping[str, MacFunction],
    images: LabelledImages,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Return the top-1 accuracy when only this layer is on its unit's arithmetic, the others on exact int8.

    Parameters
    ----------
    network, parameters, calibration, options, functions
        As for `quantize`; one entry for each of `functions`.
    images
        With labels.
    progress
        Called with the number of images done, over all layers.
    """
    found: dict[str, float] = {}
    for done, (name, function) in enumerate(functions.items()):
        alone = quantize(network, parameters, calibration, options, {name: function})
        found[name] = top1(alone, images, _shifted(progress, done * len(images)))
    return found


@dataclass(slots=True, eq=False)
class _Noise:
    """Sums of squares of one layer, image by image: their exact total does not depend on batches."""

    signal_float: list[float]
    noise_float: list[float]
    signal_exact: list[float]
    noise_exact: list[float]

    def add(self, real: Tensor, exact: Tensor, found: Tensor) -> None:
        """Add one batch."""
        self.signal_float.extend(_squares(real))
        self.noise_float.extend(_squares(real - found))
        self.signal_exact.extend(_squares(exact))
        self.noise_exact.extend(_squares(exact - found))

    def result(self) -> LayerError:
        """Return the ratios of the totals."""
        return LayerError(
            sqnr_db(fsum(self.signal_float), fsum(self.noise_float)),
            sqnr_db(fsum(self.signal_exact), fsum(self.noise_exact)),
        )


class _Comparison:
    """Three networks in step."""

    def __init__(
        self, approximate: QuantizedNetwork, exact: QuantizedNetwork, operations: Mapping[str, Operation]
    ) -> None:
        self._approximate, self._exact, self._operations = approximate, exact, operations
        self._noise = {
            layer.name: _Noise([], [], [], [])
            for layer in approximate.network.executed_layers
            if layer.name not in approximate.fused
        }
        self._classes: list[NDArray[np.int64]] = []

    def add(self, values: NDArray[np.float32]) -> None:
        """Run one batch."""
        last = self._approximate.network.outputs[-1]
        for name, real, exact, found in self._steps(values):
            if name in self._noise:
                self._noise[name].add(real, exact, found)
            if name == last:
                self._classes.append(np.stack([classes(one) for one in (real, exact, found)]))

    def result(self, labels: NDArray[np.int64]) -> Accuracy:
        """Return the shares and ratios of all batches."""
        in_float, in_exact, found = np.concatenate(self._classes, axis=1)
        errors = {name: noise.result() for name, noise in self._noise.items()}
        fused = self._approximate.fused
        names = [layer.name for layer in self._approximate.network.executed_layers]
        return Accuracy(
            images=len(labels),
            top1=float(np.mean(found == labels)),
            top1_float=float(np.mean(in_float == labels)),
            top1_exact=float(np.mean(in_exact == labels)),
            agreement=float(np.mean(found == in_float)),
            layers={name: errors[fused.get(name, name)] for name in names},
        )

    def _steps(self, values: NDArray[np.float32]) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
        reals = steps(self._approximate.network, values, self._operations)
        together = zip(reals, self._exact.steps(values), self._approximate.steps(values), strict=True)
        for (name, real), (_, exact), (_, found) in together:
            yield name, real, self._exact.reals(name, exact), self._approximate.reals(name, found)


def _squares(values: Tensor) -> list[float]:
    # One order of additions for each image, whatever the layout: that of channels-last tensors, which copies
    # the fewest. A dot product of BLAS would split long rows over its threads and add in another order.
    rows = np.ascontiguousarray(values.transpose(0, 2, 3, 1)).reshape(len(values), -1).astype(np.float64)
    return np.square(rows, out=rows).sum(axis=1).tolist()  # type: ignore[no-any-return]


def _check(images: LabelledImages) -> None:
    if not len(images):
        raise InputError("no images", field="images")
    if len(images.values) != len(images):
        message = f"{len(images.values)} images have {len(images)} labels"
        raise InputError(message, field="images")


def _shifted(progress: Progress | None, done: int) -> Progress | None:
    if progress is None:
        return None
    return lambda images: progress(done + images)
