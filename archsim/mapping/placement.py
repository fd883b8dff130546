"""Which unit executes which layer, which activations run in an output stage, which tensors are one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from archsim.hardware.architecture import Architecture
from archsim.hardware.options import PlacementRule, first_match
from archsim.workload.layer import Layer, Op, TensorShape
from archsim.workload.network import INPUT, Network


@dataclass(frozen=True, slots=True)
class Share:
    """A layer, or a range of its output channels, on one unit."""

    unit: str
    layer: Layer


@dataclass(frozen=True, slots=True)
class Step:
    """A layer that is executed, with its shares and the activations in its output stage.

    Attributes
    ----------
    index
        Position of the layer in the network.
    inputs, output
        Names of the stored tensors that it reads and writes (see :class:`Placement`).
    """

    index: int
    layer: Layer
    shares: tuple[Share, ...]
    fused: tuple[Layer, ...]
    inputs: tuple[str, ...]
    output: str

    @property
    def begins(self) -> Iterator[tuple[int, int]]:
        """Group, and channel of it, at which each share begins."""
        groups, channels = 0, 0
        for share in self.shares:
            yield groups, channels
            if self.layer.is_mac and self.layer.groups > 1:
                groups += share.layer.groups
            else:
                channels += share.layer.output_shape.channels


@dataclass(frozen=True, slots=True)
class Placement:
    """Steps in execution order and the elements of every stored tensor.

    Tensors that share storage have one name: a folded batch_norm, a fused activation and its producer,
    a concatenation and its inputs (producers write straight into it).

    Attributes
    ----------
    stored
        Name of the stored tensor that holds the result of each layer (and ``input``).
    results
        Names of the stored tensors that hold the network's results.
    """

    steps: tuple[Step, ...]
    elements: dict[str, int]
    stored: dict[str, str]
    results: frozenset[str]

    @property
    def shares(self) -> Iterator[tuple[Step, Share]]:
        """Every share with its step, in execution order."""
        return ((step, share) for step in self.steps for share in step.shares)


def place(network: Network, architecture: Architecture) -> Placement:
    """Place every layer by the first rule that matches.

    Raises
    ------
    InputError
        If no rule matches a layer or the unit of the first match cannot execute it.
    """
    rules = {layer.name: _rule(layer, architecture) for layer in network.layers if is_executed(layer)}
    units = {name: rule.unit for name, rule in rules.items()}
    fused = {
        layer.name: producer
        for layer in network.layers
        if (producer := _producer_to_fuse(layer, network, architecture, units)) is not None
    }
    for name, rule in rules.items():
        if name not in fused:
            _check_executable(network.layer(name), rule, architecture)
    stored = _Storage(network, fused)
    riders: dict[str, list[Layer]] = {}
    for name, producer in fused.items():
        riders.setdefault(_first_producer(producer, fused), []).append(network.layer(name))
    steps = tuple(
        Step(
            index=index,
            layer=layer,
            shares=tuple(_shares(layer, units[layer.name])),
            fused=tuple(riders.get(layer.name, ())),
            inputs=tuple(dict.fromkeys(stored.root(name) for name in layer.inputs)),
            output=stored.root(layer.name),
        )
        for index, layer in enumerate(network.layers)
        if is_executed(layer) and layer.name not in fused
    )
    names = (INPUT, *(layer.name for layer in network.layers))
    return Placement(
        steps=steps,
        elements=stored.elements(),
        stored={name: stored.root(name) for name in names},
        results=frozenset(stored.root(name) for name in network.outputs),
    )


def is_executed(layer: Layer) -> bool:
    """Whether the layer does anything at run time: not a folded batch_norm, not a concatenation in place."""
    return not layer.folded and layer.op is not Op.CONCAT


def _rule(layer: Layer, architecture: Architecture) -> PlacementRule:
    rule = first_match(architecture.placement, layer)
    if rule is None:
        message = (
            f"no rule places layer '{layer.name}' ({layer.op}); add one such as {{op: \"*\", unit: ...}}"
        )
        raise architecture.fault(message, "placement")
    return rule


def _check_executable(layer: Layer, rule: PlacementRule, architecture: Architecture) -> None:
    for unit in rule.unit:
        refusal = architecture.compute[unit].refusal(layer)
        if refusal is not None:
            message = f"'{unit}' cannot execute layer '{layer.name}' ({layer.op}): {refusal}"
            raise architecture.fault(message, f"placement.{architecture.placement.index(rule)}.unit")


def _producer_to_fuse(
    layer: Layer, network: Network, architecture: Architecture, units: dict[str, tuple[str, ...]]
) -> str | None:
    """The layer in whose output stage an activation runs: same unit, and nobody else reads its result."""
    if layer.op is not Op.ACTIVATION or network.independent:
        return None
    if not all(architecture.compute[unit].fuses(layer) for unit in units[layer.name]):
        return None
    name = layer.inputs[0]
    # The answer of an exit is needed as it is, before the activation.
    while name != INPUT and len(network.consumers(name)) == 1 and name not in network.exits:
        producer = network.layer(name)
        if not producer.folded:
            return name if units.get(name) == units[layer.name] else None
        name = producer.inputs[0]
    return None


def _first_producer(name: str, fused: dict[str, str]) -> str:
    return _first_producer(fused[name], fused) if name in fused else name


def _shares(layer: Layer, units: tuple[str, ...]) -> Iterator[Share]:
    """Split the output channels (or whole groups) evenly; the first units take what is left over."""
    whole = layer.groups if layer.is_mac and layer.groups > 1 else layer.output_shape.channels
    if len(units) == 1 or not _splits(layer):
        yield Share(units[0], layer)
        return
    for i, unit in enumerate(units):
        part = whole // len(units) + (i < whole % len(units))
        if part:
            yield Share(unit, _narrow(layer, part, whole))


def _splits(layer: Layer) -> bool:
    """Whether channels can be computed apart; else the first unit takes the whole layer."""
    channels = layer.output_shape.channels
    others = any(shape.channels != channels for shape in layer.input_shapes)
    return layer.is_mac or not (layer.mixes_channels or others)


def _narrow(layer: Layer, part: int, whole: int) -> Layer:
    def cut(shape: TensorShape) -> TensorShape:
        return TensorShape(shape.channels * part // whole, shape.rows, shape.columns)

    if layer.is_mac and layer.groups == 1:
        return replace(layer, output_shape=cut(layer.output_shape))
    return replace(
        layer,
        output_shape=cut(layer.output_shape),
        input_shapes=tuple(cut(shape) for shape in layer.input_shapes),
        groups=part if layer.groups > 1 else 1,
    )


class _Storage:
    """Union of the tensors that share storage, each union named by its first tensor."""

    def __init__(self, network: Network, fused: dict[str, str]) -> None:
        self._parent: dict[str, str] = {}
        self._sizes = {INPUT: network.input_shape.elements}
        for layer in network.layers:
            self._sizes[layer.name] = layer.output_elements
            if layer.op is Op.CONCAT or layer.folded or layer.name in fused:
                # Only what is not there already: the second copy of an input that is listed twice.
                distinct = dict(zip(layer.inputs, layer.input_shapes, strict=True))
                self._sizes[layer.name] -= sum(shape.elements for shape in distinct.values())
                for name in layer.inputs:
                    self._join(name, layer.name)
        if network.independent:
            self._sizes[INPUT] = max(layer.input_elements for layer in network.layers)

    def root(self, name: str) -> str:
        while name in self._parent:
            name = self._parent[name]
        return name

    def _join(self, first: str, second: str) -> None:
        a, b = self.root(first), self.root(second)
        if a != b:
            self._parent[b] = a

    def elements(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for name, size in self._sizes.items():
            root = self.root(name)
            found[root] = found.get(root, 0) + size
        return found
