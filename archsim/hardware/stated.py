"""Figures that an architecture file states itself, each with its source beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from archsim.errors import InputError, expected_one_of, nearest
from archsim.hardware.cost import Sourced
from archsim.units import Area, Energy, Power, Time
from archsim.workload.layer import Layer, Op, TensorShape

_EXAMPLE_SOURCE = "Smith et al., 2020, Table II [pub]"

ANY_CONVOLUTION = Layer(
    name="any",
    op=Op.CONV2D,
    inputs=("input",),
    input_shapes=(TensorShape(1, 1, 1),),
    output_shape=TensorShape(1, 1, 1),
    kernel=(1, 1),
)
"""The smallest layer with MACs: what a unit counts for it names the unit's actions."""


def _told(source: str) -> str:
    if not source.strip():
        raise InputError("say where the figure comes from, or `assumption: ` and the reason")
    return source


def _config(example: str) -> ConfigDict:
    examples = cast(JsonValue, [{"value": example, "source": _EXAMPLE_SOURCE}])
    return ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        json_schema_extra={"examples": examples},
    )


Source = Annotated[
    str,
    AfterValidator(_told),
    Field(
        description="Paper, data sheet or tool with its table or section, or `assumption: ` and the reason; "
        "printed in the report"
    ),
]


class StatedEnergy(BaseModel):
    """An energy and where it comes from."""

    model_config = _config("24.6455 pJ")

    value: Energy
    """The energy."""

    source: Source

    def sourced(self, share: float = 1.0, note: str = "") -> Sourced:
        """Return a share of the energy in joules; the note says which."""
        return Sourced(self.value * share, self.source + note)


class StatedTime(BaseModel):
    """A time and where it comes from."""

    model_config = _config("1.6 ns")

    value: Time
    """The time."""

    source: Source


class StatedPower(BaseModel):
    """A power and where it comes from."""

    model_config = _config("2.1 mW")

    value: Power
    """The power."""

    source: Source

    def sourced(self) -> Sourced:
        """Return the power in watts."""
        return Sourced(self.value, self.source)


class StatedArea(BaseModel):
    """An area and where it comes from."""

    model_config = _config("0.44 mm2")

    value: Annotated[Area, Field(gt=0)]
    """The area."""

    source: Source

    def sourced(self) -> Sourced:
        """Return the area in mm2."""
        return Sourced(self.value, self.source)


ActionEnergies = Mapping[str, StatedEnergy] | None
"""Energy of one action by name (``mac.multiply``), for those that are stated."""


def refuse_unknown_actions(stated: ActionEnergies, known: Iterable[str], field: str) -> None:
    """Check the names of the actions in a field against those that a unit counts.

    Raises
    ------
    InputError
        At the first name that is not known; the nearest is suggested.
    """
    names = sorted(known)
    for action in stated or {}:
        if action not in names:
            raise InputError(
                f"unknown action '{action}': {expected_one_of(names)}",
                field=f"{field}.{action}",
                suggestion=nearest(action, names),
            )


def with_stated(energies: Mapping[str, Sourced], stated: ActionEnergies) -> Mapping[str, Sourced]:
    """Return the energies of a unit's actions, those that are stated in place of the model's own."""
    return {**energies, **{action: energy.sourced() for action, energy in (stated or {}).items()}}
