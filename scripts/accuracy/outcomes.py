"""Which images a network gets right on an arithmetic, so that two arithmetics compare in pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from accuracy.cases import Arithmetic, Case, up_to
from archsim import Architecture, load_network
from archsim.inference import Calibration, QuantizedNetwork, calibrate, layer_macs, quantize, run_float
from archsim.inference.compensation import is_biased
from archsim.inference.graph import images_at_a_time
from archsim.inference.measuring import images_for_ranges, stored_bits
from archsim.mapping.placement import place
from archsim.workload.datasets import Images, open_dataset
from archsim.workload.network import Network
from archsim.workload.parameters import Parameters
from archsim.workload.weights import find_weights, load_parameters

Rights = NDArray[np.bool_]
_CALIBRATION_IMAGES: Final = 200
"""As architectures have it by default; none here says otherwise."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the images.

    Attributes
    ----------
    exact
        Whether each image is right with exact int8.
    found, compensated
        The same on the arithmetic, as it is and with compensated biases; the latter None where there is
        nothing to compensate.
    """

    exact: Rights
    found: Rights
    compensated: Rights | None


@dataclass(frozen=True)
class Trained:
    """A network with its parameters, the images, and the ranges of its tensors."""

    network: Network
    parameters: Parameters
    images: Images
    calibration: Calibration

    def on(self, arithmetic: Arithmetic, *, compensate: bool = False) -> Rights | None:
        """Return which images are right; None if there are no biases to compensate."""
        architecture = Architecture.load(arithmetic.config, arithmetic.overrides)
        placement = place(self.network, architecture)
        functions = layer_macs(placement, architecture, arithmetic.seed)
        if compensate and not any(map(is_biased, functions.values())):
            return None
        quantized = quantize(
            self.network,
            self.parameters,
            self.calibration,
            architecture.quantization,
            functions,
            compensate=compensate,
            stored=stored_bits(placement, architecture),
        )
        return self._right(quantized)

    def _right(self, quantized: QuantizedNetwork) -> Rights:
        return np.concatenate(
            [
                quantized.run(batch.values).argmax(1) == batch.labels
                for batch in self.images.batches(images_at_a_time(self.network))
            ]
        )

    def in_float(self) -> float:
        """Return the accuracy in float32."""
        right = sum(
            np.count_nonzero(run_float(self.network, self.parameters, batch.values).argmax(1) == batch.labels)
            for batch in self.images.batches(images_at_a_time(self.network))
        )
        return right / len(self.images)


def outcome(case: Case, arithmetic: Arithmetic, data: Path | None) -> Outcome:
    """Execute the images of a row on its arithmetic, as it is and with compensated biases, and on exact int8.

    Raises
    ------
    InputError
        If images or weights are missing.
    """
    images = case.images_of(arithmetic)
    network = trained(case, images, data)
    found = network.on(arithmetic)
    assert found is not None
    return Outcome(_exact(case, images, data), found, network.on(arithmetic, compensate=True))


@lru_cache(maxsize=2)
def _exact(case: Case, images: int, data: Path | None) -> Rights:
    found = trained(case, images, data).on(up_to(case.depth)[0])
    assert found is not None
    return found


@lru_cache(maxsize=2)
def trained(case: Case, images: int, data: Path | None) -> Trained:
    """Return the network of a case with its first test images.

    Raises
    ------
    InputError
        If images or weights are missing.
    """
    network = load_network(case.network)
    parameters = load_parameters(find_weights(network.weights_for(case.dataset), data), network)
    tested = open_dataset(case.dataset, data).first(images, network.preprocessing)
    _, sample = images_for_ranges(network, case.dataset, data, _CALIBRATION_IMAGES)
    return Trained(network, parameters, tested, calibrate(network, parameters, sample))
