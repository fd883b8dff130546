"""The parts of an architecture file that are not hardware: placement, schedule, given mappings."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from archsim.errors import InputError, expected_one_of, nearest
from archsim.workload.layer import OP_NAMES, Layer

_ANY = "*"
_RULE_NAMES = (*sorted(OP_NAMES), _ANY)


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _each_loop_once(value: Any) -> Any:
    if not isinstance(value, list | tuple) or sorted(map(str, value)) != sorted(get_args(Loop)):
        raise InputError(
            "expected filters, channels and pixels, each once, from the outermost to the innermost"
        )
    return value


Loop = Literal["filters", "channels", "pixels"]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class _Options(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )


class LayerRule(_Options):
    """Layers by their operation and name."""

    op: Names = ("*",)
    """Operations: names of ops or functions (``relu``), ``pooling``, ``grouped``, ``depthwise`` or ``*``."""

    layer: Names = ("*",)
    """Layer names; ``*`` and ``?`` stand for any text and any character."""

    @model_validator(mode="after")
    def _known_ops(self) -> LayerRule:
        for op in self.op:
            if op not in _RULE_NAMES:
                raise InputError(
                    f"unknown operation '{op}': {expected_one_of(_RULE_NAMES)}",
                    field="op",
                    suggestion=nearest(op, _RULE_NAMES),
                )
        return self

    def matches(self, layer: Layer) -> bool:
        """Whether the rule applies to the layer."""
        named = any(fnmatchcase(layer.name, pattern) for pattern in self.layer)
        return named and any(op == _ANY or op in layer.op_names for op in self.op)


class PlacementRule(LayerRule):
    """Layers that match go to the unit; a list of units shares the output channels among them."""

    unit: Names
    """Compute unit, or several units that split the layer's output channels evenly."""

    @model_validator(mode="after")
    def _different_units(self) -> PlacementRule:
        if not self.unit or len(set(self.unit)) != len(self.unit):
            raise InputError("expected one unit or several different ones", field="unit")
        return self


class ScheduleOptions(_Options):
    """In which order a batch is treated and what the mapper minimises."""

    batch_order: Literal["layer_major", "image_major"] = "layer_major"
    """``layer_major``: all images pass a layer before the next; ``image_major``: one after the other."""

    objective: Literal["traffic", "latency", "energy", "edp"] = "energy"
    """What tile sizes, loop orders and homes minimise."""

    images_in_flight: int | None = Field(default=None, ge=1, le=64)
    """Images in the network at once under ``image_major``; none: one per compute unit in use."""


class PassParameters(_Options):
    """A row-stationary mapping, in the letters of its authors (Chen et al., JSSC 52(1), 2017, Table II)."""

    m: int = Field(ge=1)
    """Output channels (per group) whose partial sums the buffer holds; a multiple of p t, or all."""

    n: int = Field(ge=1)
    """Images of a pass."""

    e: int = Field(ge=1)
    """Output rows of a pass: width of a PE set."""

    p: int = Field(ge=1)
    """Filters that one PE interleaves."""

    q: int = Field(ge=1)
    """Input channels that one PE interleaves."""

    r: int = Field(ge=1)
    """PE sets that work on different channels and add their sums in the array."""

    t: int = Field(ge=1)
    """PE sets that work on different filters."""


class MappingRule(_Options):
    """A mapping given by the user; sizes that are left out are not split."""

    layer: Names
    """Layers to which it applies, by name or glob."""

    filters: int | None = Field(default=None, ge=1)
    """Output channels (per group) of a tile."""

    channels: int | None = Field(default=None, ge=1)
    """Input channels (per group) of a tile."""

    rows: int | None = Field(default=None, ge=1)
    """Output rows of a tile."""

    columns: int | None = Field(default=None, ge=1)
    """Output columns of a tile."""

    images: int | None = Field(default=None, ge=1)
    """Images of a tile."""

    groups: int | None = Field(default=None, ge=1)
    """Groups of a tile; more than one only where filters and channels are whole."""

    order: Annotated[tuple[Loop, Loop, Loop], BeforeValidator(_each_loop_once)] = (
        "filters",
        "pixels",
        "channels",
    )
    """Loops from the outermost to the innermost."""

    passes: PassParameters | None = None
    """Parameters of the processing passes on a row-stationary array, which takes no tile sizes."""

    @model_validator(mode="after")
    def _passes_alone(self) -> MappingRule:
        sizes = self.model_fields_set - {"layer", "passes"}
        if self.passes and sizes:
            raise InputError("passes and tile sizes exclude each other", field=min(sizes))
        return self

    def matches(self, layer: Layer) -> bool:
        """Whether the mapping applies to the layer."""
        return any(fnmatchcase(layer.name, pattern) for pattern in self.layer)


Rule = TypeVar("Rule", bound=LayerRule | MappingRule)


def first_match(rules: Sequence[Rule], layer: Layer) -> Rule | None:
    """Return the first rule that matches the layer."""
    return next((rule for rule in rules if rule.matches(layer)), None)
