"""From layer descriptions to a checked network: names, order, shapes, folding of batch_norm."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from archsim.errors import InputError, Position, nearest
from archsim.workload.layer import Layer, Op, TensorShape
from archsim.workload.network import INPUT, Network

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archsim.workload.spec import Spec

    Locate = Callable[[int, str | None], Position | None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a layer stands: its index, and how to find its text."""

    locate: Locate
    index: int

    def error(self, message: str, field: str | None, suggestion: str | None = None) -> InputError:
        """Return the error about one field of the layer, or about all of it."""
        steps = ("layers", str(self.index), field) if field else ("layers", str(self.index))
        position = self.locate(self.index, field)
        return InputError(message, position=position, field=".".join(steps), suggestion=suggestion)


def _nowhere(_index: int, _field: str | None) -> None:
    """Locate layers that were not read from a file."""


def build_network(name: str, input_shape: tuple[int, int, int], layers: Sequence[Spec]) -> Network:
    """Return the network of these layers, listed in execution order.

    Parameters
    ----------
    name
        Name of the network.
    input_shape
        Channels, rows and columns of one image.
    layers
        Descriptions such as `Conv2d(name="conv1", out_channels=8, kernel=3)`.

    Raises
    ------
    InputError
        For a repeated name, an unknown input, or shapes that do not fit.
    """
    if len(input_shape) != 3 or min(input_shape) < 1:
        raise InputError(f"input shape {input_shape} of network {name!r} is not three positive sizes")
    shape = TensorShape(*input_shape)
    return Network(name=name, input_shape=shape, layers=resolve_layers(shape, layers))


def resolve_layers(
    input_shape: TensorShape, specs: Sequence[Spec], locate: Locate = _nowhere
) -> tuple[Layer, ...]:
    """Return the layers with all shapes inferred; `locate` says where a layer's field stands in the text."""
    _check_names(specs, locate)
    order = {spec.name: index for index, spec in enumerate(specs)}
    shapes = {INPUT: input_shape}
    layers = []
    previous = INPUT
    for index, spec in enumerate(specs):
        place = Place(locate, index)
        inputs = spec.inputs or (previous,)
        for number, source in enumerate(inputs):
            _check_source(spec.name, source, order, place, f"inputs.{number}")
        layers.append(_resolve(spec, inputs, tuple(shapes[source] for source in inputs), place))
        shapes[spec.name] = layers[-1].output_shape
        previous = spec.name
    return _fold_batch_norms(layers)


def _check_names(specs: Sequence[Spec], locate: Locate) -> None:
    first: dict[str, int] = {}
    for index, spec in enumerate(specs):
        place = Place(locate, index)
        if spec.name == INPUT:
            raise place.error(f"a layer cannot be called {INPUT!r}: that is the network's input", "name")
        if spec.name in first:
            other = locate(first[spec.name], "name")
            where = f" on line {other.line}" if other else ""
            raise place.error(f"layer name {spec.name!r} is already taken{where}", "name")
        first[spec.name] = index


def _check_source(name: str, source: str, order: dict[str, int], place: Place, field: str) -> None:
    if source == INPUT:
        return
    if source not in order:
        message = f"layer {name!r} reads {source!r}, which does not exist"
        raise place.error(message, field, nearest(source, [INPUT, *order]))
    if order[source] >= order[name]:
        message = (
            f"layer {name!r} reads {source!r}, which is not listed before it: layers run in order, no cycles"
        )
        raise place.error(message, field)


def _resolve(spec: Spec, inputs: tuple[str, ...], shapes: tuple[TensorShape, ...], place: Place) -> Layer:
    try:
        return spec.resolve(inputs, shapes)
    except InputError as error:
        message = f"layer {spec.name!r}: {error.message}"
        raise place.error(message, error.field, error.suggestion) from None


def _fold_batch_norms(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Mark each batch_norm that vanishes into the conv2d or linear before it, and that producer.

    Scale and shift fold into weights and bias only where nothing else reads the unscaled output.
    """
    readers = Counter(source for layer in layers for source in layer.inputs)
    mac_layers = {layer.name for layer in layers if layer.is_mac and readers[layer.name] == 1}
    norms = {layer.name for layer in layers if layer.op is Op.BATCH_NORM and layer.inputs[0] in mac_layers}
    producers = {layer.inputs[0] for layer in layers if layer.name in norms}
    return tuple(
        replace(layer, folded=layer.name in norms, folds_batch_norm=layer.name in producers)
        for layer in layers
    )
