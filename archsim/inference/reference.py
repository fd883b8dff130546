"""The network in float32: what quantized and approximate execution are measured against."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from archsim.inference.float_operations import float_operations
from archsim.inference.graph import Tensor, steps
from archsim.workload.network import Network
from archsim.workload.parameters import Parameters, blocks

Observe = Callable[[str, Tensor], None]
"""Called with the name and the output of a layer, for one batch after another."""


def run_float(
    network: Network,
    parameters: Parameters,
    values: NDArray[np.float32],
    *,
    batch: int = 32,
    observe: Observe | None = None,
) -> NDArray[np.float32]:
    """Return the outputs [image][class] of the last layer in float32.

    Parameters
    ----------
    values
        Images [image][channel][row][column], preprocessed as the trace says.
    batch
        Images that are in memory at a time; the result does not depend on it.
    observe
        Called with each layer's output.

    Raises
    ------
    InputError
        If parameters or images do not fit the network, or a layer has no defined function.
    """
    operations = float_operations(network, parameters)
    last = network.outputs[-1]
    output = np.empty((len(values), network.layer(last).output_elements), np.float32)
    for block in blocks(len(values), batch):
        for name, tensor in steps(network, np.asarray(values[block], np.float32), operations):
            if observe is not None:
                observe(name, tensor)
            if name == last:
                output[block] = tensor.reshape(len(tensor), -1)
    return output
