"""What a network's accuracy becomes on the arithmetic of its units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.macs import MacFunction
from archsim.errors import InputError
from archsim.hardware.quantization import Quantization
from archsim.inference.accumulators import Tally
from archsim.inference.calibration import Calibration
from archsim.inference.coding import is_short, same, zero_code
from archsim.inference.exits import ExitRecord, Listener
from archsim.inference.float_operations import float_operations
from archsim.inference.graph import Operation, Tensor, images_at_a_time, steps
from archsim.inference.mac_layers import exact_alike
from archsim.inference.quantized import QuantizedNetwork, quantize
from archsim.inference.signal_noise import Ratio
from archsim.workload.network import Network
from archsim.workload.parameters import ImageSet, LabelledImages, Parameters

Progress = Callable[[int], None]
"""Called with the number of images done."""


@dataclass(frozen=True, slots=True)
class LayerError:
    """Signal-to-quantization-noise ratios of one layer's output, in dB; infinite where nothing differs.

    Attributes
    ----------
    against_float
        Signal: the float32 network's output.
    against_exact
        Signal: the output of the exact integer network. Noise: all errors up to here.
    own
        The same signal. Noise: what the layer's own arithmetic adds, on the inputs of the exact network;
        infinite for layers without MACs, which are exact.
    """

    against_float: float
    against_exact: float
    own: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares of the images, and errors by layer.

    Attributes
    ----------
    images
        Number of images.
    top1
        Share whose largest output is that of the label, at the exit where the image leaves.
    top1_float, top1_exact
        The same in float32 and with exact integer arithmetic, where images leave by their own answers.
    agreement
        Share whose class is that of float32.
    layers
        Errors by layer; a layer with a fused activation has that of the activation's output, and what is its
        own is told of the layer alone.
    overflowed
        Share of the sums of each layer with digital MACs that left the accumulator, before they wrapped or
        saturated.
    exits
        What exits and end said of every image.
    """

    images: int
    top1: float
    top1_float: float
    top1_exact: float
    agreement: float
    layers: Mapping[str, LayerError]
    overflowed: Mapping[str, float]
    exits: ExitRecord = field(compare=False)


def evaluate(
    parameters: Parameters,
    images: ImageSet,
    approximate: QuantizedNetwork,
    exact: QuantizedNetwork,
    progress: Progress | None = None,
) -> Accuracy:
    """Return the accuracy of a quantized network beside float32 and exact integers.

    The three networks run in step, layer by layer, so that no more than one batch is in memory. Each layer
    with MACs also runs on its unit's arithmetic with the exact network's inputs: its own error.

    Parameters
    ----------
    parameters
        Of the float32 network.
    images
        As the network takes them, with labels.
    approximate, exact
        The network on the units' arithmetic and on exact multipliers, by `quantize`; tensors coded alike.
    progress
        Called after each batch with the number of images done.

    Raises
    ------
    InputError
        If there are no images, or they do not fit the network.
    """
    network = approximate.network
    for tally in approximate.tallies.values():
        tally.clear()
    comparison = _Comparison(approximate, exact, float_operations(network, parameters))
    for batch in _batches(images, network, progress):
        comparison.add(batch.values)
    return comparison.result(images.labels)


def top1(network: QuantizedNetwork, images: ImageSet, progress: Progress | None = None) -> float:
    """Return the share of images whose largest output is that of the label, at the exit where they leave.

    Raises
    ------
    InputError
        If there are no images, or they do not fit the network.
    """
    listener = Listener(network.network)
    for batch in _batches(images, network.network, progress):
        for name, output in network.steps(batch.values):
            if name in listener.names:
                listener.hear(name, network.reals(name, output))
    found = listener.answers().given(dict(network.network.exit_conditions))
    return int(np.count_nonzero(found == images.labels)) / len(images)


def sensitivity(  # noqa: PLR0913, PLR0917 - what `quantize` takes, and the images
    network: Network,
    parameters: Parameters,
    calibration: Calibration,
    options: Quantization,
    functions: Mapping[str, MacFunction],
    images: ImageSet,
    progress: Progress | None = None,
    stored: Mapping[str, int] | None = None,
) -> dict[str, float]:
    """Return the top-1 accuracy when only this layer is on its unit's arithmetic, the others on exact one.

    Parameters
    ----------
    network, parameters, calibration, options, functions
        As for `quantize`; one entry for each of `functions`.
    images
        With labels.
    progress
        Called with the number of images done, over all layers.
    stored
        As for `quantize`.
    """
    found: dict[str, float] = {}
    exact = {name: exact_alike(function, network.layer(name)) for name, function in functions.items()}
    for done, (name, function) in enumerate(functions.items()):
        one = {**exact, name: function}
        alone = quantize(network, parameters, calibration, options, one, stored=stored)
        found[name] = top1(alone, images, _shifted(progress, done * len(images)))
    return found


class _Comparison:
    """Three networks in step."""

    def __init__(
        self, approximate: QuantizedNetwork, exact: QuantizedNetwork, operations: Mapping[str, Operation]
    ) -> None:
        self._approximate, self._exact, self._operations = approximate, exact, operations
        outputs = [
            layer.name for layer in approximate.network.executed_layers if layer.name not in approximate.fused
        ]
        self._against_float = {name: Ratio() for name in outputs}
        self._against_exact = {name: Ratio() for name in outputs}
        self._own = {name: Ratio() for name in approximate.macs}
        self._listeners = tuple(Listener(approximate.network) for _ in range(3))

    def add(self, values: NDArray[np.float32]) -> None:
        """Run one batch."""
        for name, real, exact, found, own in self._steps(values):
            if name in self._against_exact:
                self._against_float[name].add(real, found, self._approximate.coded.get(name))
                self._compare(self._against_exact[name], name, exact, found)
            if own is not None:
                self._compare(self._own[name], name, exact, own)
            if name in self._listeners[0].names:
                self._hear(name, real, exact, found)

    def _compare(self, ratio: Ratio, name: str, exact: Tensor, found: Tensor) -> None:
        """Add what differs from the exact network: codes, where both are coded alike."""
        coded, alike = self._approximate.coded.get(name), self._exact.coded.get(name)
        if coded is not None and alike is not None and is_short(coded) and same(coded, alike):
            ratio.add_codes(exact, found, zero_code(coded))
        else:
            ratio.add(self._exact.reals(name, exact), found, coded)

    def _hear(self, name: str, real: Tensor, exact: Tensor, found: Tensor) -> None:
        values = real, self._exact.reals(name, exact), self._approximate.reals(name, found)
        for listener, output in zip(self._listeners, values, strict=True):
            listener.hear(name, output)

    def result(self, labels: NDArray[np.int64]) -> Accuracy:
        """Return the shares and ratios of all batches."""
        real, exact, units = (listener.answers() for listener in self._listeners)
        conditions = dict(self._approximate.network.exit_conditions)
        in_float, in_exact, found = (one.given(conditions) for one in (real, exact, units))
        return Accuracy(
            images=len(labels),
            top1=float(np.mean(found == labels)),
            top1_float=float(np.mean(in_float == labels)),
            top1_exact=float(np.mean(in_exact == labels)),
            agreement=float(np.mean(found == in_float)),
            layers={
                layer.name: self._error(layer.name) for layer in self._approximate.network.executed_layers
            },
            overflowed={name: one.share for name, one in self._approximate.tallies.items() if one.sums},
            exits=ExitRecord(labels, units, exact, real),
        )

    def _error(self, name: str) -> LayerError:
        output = self._approximate.fused.get(name, name)
        own = self._own[name].db if name in self._own else inf
        return LayerError(self._against_float[output].db, self._against_exact[output].db, own)

    def _steps(
        self, values: NDArray[np.float32]
    ) -> Iterator[tuple[str, Tensor, Tensor, Tensor, Tensor | None]]:
        """Yield each layer's name and output: float32, exact, approximate, approximate on exact inputs.

        Outputs of the quantized networks are codes where they are coded.
        """
        network, own = self._approximate.network, dict[str, Tensor]()
        reals = steps(network, values, self._operations)
        exacts = steps(network, values, self._exact_beside(own))
        together = zip(reals, exacts, self._approximate.steps(values), strict=True)
        for (name, real), (_, exact), (_, found) in together:
            yield name, real, exact, found, own.pop(name, None)

    def _exact_beside(self, own: dict[str, Tensor]) -> dict[str, Operation]:
        """The exact network's operations; each leaves in `own` what the unit makes of the same inputs."""

        def beside(name: str, exact: Operation) -> Operation:
            approximate, tally = (
                self._approximate.operations[name],
                self._approximate.tallies.get(name, Tally()),
            )

            def both(inputs: tuple[Tensor, ...]) -> Tensor:
                with tally.paused():
                    own[name] = approximate(inputs)
                return exact(inputs)

            return both

        return {
            name: beside(name, operation) if name in self._own else operation
            for name, operation in self._exact.operations.items()
        }


def _batches(images: ImageSet, network: Network, progress: Progress | None) -> Iterator[LabelledImages]:
    """Go through images, telling how many are done after each batch."""
    if not len(images):
        raise InputError("no images", field="images")
    done = 0
    for batch in images.batches(images_at_a_time(network)):
        if len(batch.values) != len(batch):
            message = f"{len(batch.values)} images have {len(batch)} labels"
            raise InputError(message, field="images")
        yield batch
        done += len(batch)
        if progress is not None:
            progress(done)


def _shifted(progress: Progress | None, done: int) -> Progress | None:
    if progress is None:
        return None
    return lambda images: progress(done + images)
