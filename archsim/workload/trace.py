"""The trace format: a versioned list of layers in YAML, one line each."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from archsim.config import build, check_version
from archsim.errors import InputError, expected_one_of, nearest
from archsim.workload.building import resolve_layers
from archsim.workload.exits import ExitCondition, ExitEntry, check_conditions, conditions_of
from archsim.workload.geometry import Size
from archsim.workload.layer import Op, TensorShape
from archsim.workload.mac_specs import Conv2d, Linear
from archsim.workload.network import Network
from archsim.workload.pool_specs import AveragePool, GlobalAveragePool, MaxPool
from archsim.workload.preprocessing import Preprocessing
from archsim.workload.simple_specs import Activation, Add, BatchNorm, Concat, Elementwise, Softmax
from archsim.workload.spec import LayerName, Spec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archsim.config import Document
    from archsim.errors import Position

LayerSpec = Annotated[
    Conv2d
    | Linear
    | MaxPool
    | AveragePool
    | GlobalAveragePool
    | Activation
    | Add
    | Concat
    | BatchNorm
    | Softmax
    | Elementwise,
    Field(discriminator="op"),
]
"""One layer of a trace, told apart by its `op`."""


WeightsFile = Annotated[str, Field(min_length=1, strict=True)]


class InputSpec(BaseModel):
    """Shape of one image."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    channels: Size
    """Channels, such as 3 for red, green and blue."""
    rows: Size
    """Height in pixels."""
    columns: Size
    """Width in pixels."""


class TraceDocument(BaseModel):
    """A trace: the layers of a network in execution order."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    archsim: Literal[1]
    """Version of the format."""
    name: LayerName
    """Name of the network."""
    weights: WeightsFile | dict[str, WeightsFile] | None = None
    """File of trained weights, in the data folder or shipped; or one file for each data set."""
    weight_names: dict[LayerName, WeightsFile] = {}
    """Names that layers have in the file of weights, where they differ from the trace's."""
    dataset: str | None = Field(default=None, min_length=1, strict=True)
    """Data set on which accuracy is measured."""
    preprocessing: Preprocessing = Preprocessing()
    """What is done to an image before it enters the network."""
    exits: tuple[ExitEntry, ...] = ()
    """Layers whose output is an answer before the end; with a condition, images that meet it leave there."""
    input: InputSpec
    """Shape of the network's input."""
    layers: tuple[LayerSpec, ...] = Field(min_length=1)
    """Layers; each reads the one before it unless it names its inputs."""


def read_trace(document: Document) -> Network:
    """Return the network that a trace describes.

    Raises
    ------
    InputError
        With file, line and column, for anything that is not a valid trace.
    """
    check_version(document)
    _check_keys(document)
    trace = build(TraceDocument, document)
    shape = TensorShape(trace.input.channels, trace.input.rows, trace.input.columns)
    exits = _exits(trace, document)
    network = Network(
        name=trace.name,
        input_shape=shape,
        layers=resolve_layers(shape, trace.layers, lambda index, field: _locate(document, index, field)),
        weights=_default_weights(trace, document),
        dataset=trace.dataset,
        weights_by_dataset=tuple(trace.weights.items()) if isinstance(trace.weights, dict) else (),
        weight_names=tuple(trace.weight_names.items()),
        preprocessing=trace.preprocessing,
        exits=tuple(exits),
        exit_conditions=tuple((name, found) for name, found in exits.items() if found is not None),
    )
    with _located(document):
        check_conditions(network)
    _check_weight_names(network, document)
    return network


def _locate(document: Document, index: int, field: str | None) -> Position:
    """Return where a layer's field (or `field.item`) stands, or the layer where it is not written."""
    steps = [int(step) if step.isdecimal() else step for step in field.split(".")] if field else []
    return document.position(("layers", index, *steps))


def _check_keys(document: Document) -> None:
    """Refuse unknown ops, and keys that the op does not have: a hint needs to know the op."""
    data = document.data
    layers = data.get("layers")
    for index, layer in enumerate(layers if isinstance(layers, list) else []):
        if isinstance(layer, dict) and "op" in layer:
            _check_op(document, index, layer["op"])
            for key in layer:
                _check_key(document, index, layer, key)


def _check_op(document: Document, index: int, op: object) -> None:
    if not isinstance(op, str) or op not in frozenset(Op):
        suggestion = nearest(op, Op) if isinstance(op, str) else None
        raise InputError(
            f"unknown op {op!r}" + ("" if suggestion else f", {expected_one_of(Op)}"),
            position=document.position(("layers", index, "op")),
            field=f"layers.{index}.op",
            suggestion=suggestion,
        )


def _check_key(document: Document, index: int, layer: Mapping[str, object], key: str) -> None:
    own = _fields(str(layer["op"]))
    if key in own:
        return
    free = [name for name in own if name not in layer]
    suggestion = nearest(key, free)
    known = "does not fit" if any(key in _fields(op) for op in Op) else "is not a key of"
    hint = "" if suggestion else f", {expected_one_of(free)}"
    raise InputError(
        f"{key!r} {known} op {layer['op']}{hint}",
        position=document.key_position(("layers", index, key)),
        field=f"layers.{index}.{key}",
        suggestion=suggestion,
    )


def _fields(op: str) -> tuple[str, ...]:
    """Return the keys that a layer of this op may have."""
    members: tuple[type[Spec], ...] = get_args(get_args(LayerSpec)[0])
    return next(tuple(spec.model_fields) for spec in members if spec.model_fields["op"].default == op)


def _exits(trace: TraceDocument, document: Document) -> Mapping[str, ExitCondition | None]:
    names = [layer.name for layer in trace.layers]
    for index, spec in enumerate(trace.exits):
        name = spec if isinstance(spec, str) else spec.layer
        if name not in names:
            message = f"there is no layer {name!r}"
            place = document.position(("exits", index))
            raise InputError(message, position=place, field=f"exits.{index}", suggestion=nearest(name, names))
    with _located(document):
        return conditions_of(trace.exits)


@contextmanager
def _located(document: Document) -> Iterator[None]:
    """Give errors about an exit its place."""
    try:
        yield
    except InputError as error:
        number = int((error.field or "").rpartition(".")[2])
        place = document.position(("exits", number))
        raise InputError(error.message, position=place, field=error.field) from None


def _default_weights(trace: TraceDocument, document: Document) -> str | None:
    """Return the file of weights for the trace's own data set."""
    if not isinstance(trace.weights, dict):
        return trace.weights
    if trace.dataset not in trace.weights:
        message = (
            f"weights are given by data set, and dataset is none of them: {expected_one_of(trace.weights)}"
        )
        place = document.position(("dataset",) if trace.dataset else ("weights",))
        raise InputError(message, position=place, field="dataset")
    return trace.weights[trace.dataset]


def _check_weight_names(network: Network, document: Document) -> None:
    names = [layer.name for layer in network.layers if layer.is_mac or layer.folded]
    for name, _ in network.weight_names:
        if name not in names:
            message = f"there is no conv2d, linear or folded batch_norm layer {name!r}"
            place = document.key_position(("weight_names", name))
            suggestion = nearest(name, names)
            raise InputError(message, position=place, field=f"weight_names.{name}", suggestion=suggestion)
