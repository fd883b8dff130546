"""Early exits: when an image may leave a network before its end, and what a trace may ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, log
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from archsim.errors import InputError, expected_one_of, nearest
from archsim.workload.spec import LayerName

if TYPE_CHECKING:
    from archsim.workload.layer import Layer
    from archsim.workload.network import Network

Measure = Literal["min_probability", "max_entropy"]
"""How sure an exit has to be. `min_probability`: the largest softmax probability is at least so high (the
classification confidence of ICNN, Neshatpour et al., DATE 2018, read as that probability). `max_entropy`: the
entropy of the probabilities, in nats, is at most so high (BranchyNet, Teerapittayanon et al., ICPR 2016)."""

MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)


@dataclass(frozen=True, slots=True)
class ExitCondition:
    """An image leaves at an exit whose answer is at least this sure.

    Attributes
    ----------
    measure
        What is compared.
    threshold
        A probability, or an entropy in nats; reaching it suffices.
    """

    measure: Measure
    threshold: float

    def __post_init__(self) -> None:
        """Refuse measures that mean nothing, and thresholds that none can have."""
        if self.measure not in MEASURES:
            message = f"unknown measure {self.measure!r}: {expected_one_of(MEASURES)}"
            raise InputError(message, suggestion=nearest(self.measure, MEASURES))
        highest = 1.0 if self.measure == "min_probability" else float("inf")
        if isnan(self.threshold) or not 0 <= self.threshold <= highest:
            bounds = "between 0 and 1" if highest == 1 else "of at least 0"
            raise InputError(f"{self.measure} is {self.threshold:g}: expected a number {bounds}")


class ExitSpec(BaseModel):
    """An exit, and how sure it has to be of an image that leaves there."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    layer: LayerName
    """Layer whose output is the exit's answer: one value per class."""
    min_probability: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    """Least probability (softmax) of the likeliest class with which an image leaves."""
    max_entropy: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Highest entropy of the probabilities, in nats, with which an image leaves."""

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if self.min_probability is not None and self.max_entropy is not None:
            raise InputError("give min_probability or max_entropy, not both", field="max_entropy")
        return self

    @property
    def condition(self) -> ExitCondition | None:
        """The condition; without one the exit is computed, and no image leaves there."""
        if self.min_probability is not None:
            return ExitCondition("min_probability", self.min_probability)
        return None if self.max_entropy is None else ExitCondition("max_entropy", self.max_entropy)


def _form(entry: object) -> str:
    return "name" if isinstance(entry, str | int) else "condition"


ExitEntry = Annotated[
    Annotated[LayerName, Tag("name")] | Annotated[ExitSpec, Tag("condition")], Discriminator(_form)
]
"""An exit as a trace lists it: the name of a layer, or a layer and its condition."""


def with_threshold(network: Network, threshold: float, measure: Measure | None = None) -> Network:
    """Return the network with one threshold at all its exits.

    Parameters
    ----------
    measure
        What is compared; by default what each exit compares already, `min_probability` where it has no
        condition yet.

    Raises
    ------
    InputError
        If it has no exits, or the threshold or an exit does not fit.
    """
    if not network.exits:
        raise InputError(f"network {network.name!r} has no exits", field="exits")
    known = dict(network.exit_conditions)

    def measured(name: str) -> Measure:
        return measure or (known[name].measure if name in known else "min_probability")

    conditions = tuple((name, ExitCondition(measured(name), threshold)) for name in network.exits)
    changed = replace(network, exit_conditions=conditions)
    check_conditions(changed)
    return changed


def check_conditions(network: Network) -> None:
    """Check that every exit with a condition answers as the end does, before layers that it lets out.

    Raises
    ------
    InputError
        With the number of the exit as its field.
    """
    order = {layer.name: index for index, layer in enumerate(network.layers)}
    last = -1
    for name, condition in network.exit_conditions:
        field = f"exits.{network.exits.index(name)}"
        for message in _faults(network, name, condition):
            raise InputError(f"exit {name!r} {message}", field=field)
        if order[name] <= last:
            raise InputError(f"exit {name!r} is listed after a later one: list exits in order", field=field)
        last = order[name]


def _faults(network: Network, name: str, condition: ExitCondition) -> Iterator[str]:
    """Yield what is wrong with one exit."""
    classes = network.layer(name).output_elements
    expected = network.layer(network.end).output_elements
    path = {layer.name for layer in network.path(name)}
    if name == network.end:
        yield "is the end of the network: images that get there leave anyway"
    if classes != expected:
        yield f"has {classes} outputs, the end {network.end!r} has {expected}: both need one for each class"
    if condition.measure == "max_entropy" and condition.threshold > log(classes):
        yield (
            f"has a max_entropy of {condition.threshold:g}, more than the {log(classes):.4g} "
            f"of {classes} equal probabilities"
        )
    for other in _before(network, name):
        if other.name not in path and not other.folded:
            yield f"does not need layer {other.name!r}, which is listed before it: list it after the exit"


def _before(network: Network, name: str) -> Iterator[Layer]:
    for layer in network.layers:
        if layer.name == name:
            return
        yield layer


def conditions_of(exits: Sequence[str | ExitSpec]) -> Mapping[str, ExitCondition | None]:
    """Return the exits of a trace by name, in order, with their conditions.

    Raises
    ------
    InputError
        If a layer is listed twice.
    """
    found: dict[str, ExitCondition | None] = {}
    for index, one in enumerate(exits):
        spec = ExitSpec(layer=one) if isinstance(one, str) else one
        if spec.layer in found:
            raise InputError(f"exit {spec.layer!r} is listed twice", field=f"exits.{index}")
        found[spec.layer] = spec.condition
    return found
