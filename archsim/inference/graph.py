"""Execution of a network layer by layer, whatever its tensors hold: order, and how long tensors are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from numpy.typing import NDArray

from archsim.errors import InputError
from archsim.workload.layer import Layer
from archsim.workload.network import INPUT, Network

_LARGEST_BATCH: Final = 32
"""More images at a time are not faster."""

_LARGEST_VALUES: Final = 1 << 22
"""Values that the inputs and the output of a layer may hold: 16 MiB in float32. No result depends on it."""

Tensor = NDArray[Any]
"""Values or codes [image][channel][row][column]; channels-last in memory where a convolution made them."""

Operation = Callable[[tuple[Tensor, ...]], Tensor]
"""What a layer computes from its inputs."""


def steps(
    network: Network, values: Tensor, operations: Mapping[str, Operation]
) -> Iterator[tuple[str, Tensor]]:
    """Yield the name and the output of every layer in order.

    A tensor is held until its last reader has run. `operations` may have an entry for `input`.

    Raises
    ------
    InputError
        If the images have not the network's shape, or its layers are unrelated rows.
    """
    _check(network, values)
    last_reader = {name: layer.name for layer in network.layers for name in layer.inputs}
    first = operations.get(INPUT)
    held = {INPUT: values if first is None else first((values,))}
    for layer in network.layers:
        result = operations[layer.name](tuple(held[name] for name in layer.inputs))
        for name in dict.fromkeys(layer.inputs):
            if last_reader[name] == layer.name:
                del held[name]
        if layer.name in last_reader:
            held[layer.name] = result
        yield layer.name, result


def final(network: Network, values: Tensor, operations: Mapping[str, Operation]) -> Tensor:
    """Return the output of the network's end."""
    wanted = network.end
    return next(result for name, result in steps(network, values, operations) if name == wanted)


def images_at_a_time(network: Network) -> int:
    """Return how many images keep the tensors of a few networks within some hundred MiB; at least one."""
    largest = max(
        sum(one.elements for one in (*layer.input_shapes, layer.output_shape)) for layer in network.layers
    )
    return max(1, min(_LARGEST_BATCH, _LARGEST_VALUES // largest))


def identity(inputs: tuple[Tensor, ...]) -> Tensor:
    """Return the one input."""
    return inputs[0]


def clamped_by(network: Network, layer: Layer) -> Layer | None:
    """Return the relu or relu6 that is the only reader of a layer's output, looking through a batch_norm."""
    name = layer.name
    while len(network.consumers(name)) == 1 and name not in network.exits:
        reader = network.layer(network.consumers(name)[0])
        if not reader.folded:
            return reader if reader.function in {"relu", "relu6"} else None
        name = reader.name
    return None


def _check(network: Network, values: Tensor) -> None:
    if network.independent:
        raise InputError(f"the layers of {network.name!r} are unrelated rows: nothing to execute")
    if values.ndim != 4 or values.shape[1:] != tuple(network.input_shape):
        found = "x".join(map(str, values.shape[1:]))
        raise InputError(f"images are {found}: {network.name!r} takes {network.input_shape}", field="images")
