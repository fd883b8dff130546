"""A toy system, with families of its own, that stands for the architectures of the layers above."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from archsim.errors import InputError, nearest
from archsim.registry import Component, Kind
from archsim.units import Capacity, Frequency, Length, Temperature, Voltage, Width, text_default

BASE = """\
archsim: 1
name: toy
technology: {node: 45 nm, voltage: 0.9 V, temperature: 25 C}
memories:
  dram: {kind: slow, channels: 2}
  buffer: {kind: fast, capacity: 512 KiB, width: 128 b, banks: 8, backed_by: dram}
compute:
  npu:
    kind: array
    rows: 32
    columns: 32
    clock: 500 MHz
    dataflow: weight_stationary
    memory: buffer
    multiplier: {kind: exact}
placement:
  - {op: [conv2d, linear], unit: npu}
  - {op: "*", unit: npu}
schedule: {batch_order: layer_major, objective: energy}
"""

TOYS = ("toy_stores", "toy_units", "toy_gears")


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Technology(Strict):
    node: Length
    voltage: Voltage
    temperature: Temperature


class Rule(Strict):
    op: str | list[str]
    unit: str


class Schedule(Strict):
    batch_order: Literal["layer_major", "image_major"] = "layer_major"
    objective: Literal["traffic", "latency", "energy", "edp"] = "energy"


class System(Strict):
    """All of a system but its parts, whose families exist only while the fixture `toy` lives."""

    archsim: Literal[1]
    name: str = Field(min_length=1)
    technology: Technology
    memories: dict[str, Any]
    compute: dict[str, Any]
    placement: list[Rule]
    schedule: Schedule = Schedule()

    @model_validator(mode="after")
    def _check_references(self) -> System:
        for name, unit in self.compute.items():
            self._refuse_dangling(unit.memory, f"compute.{name}.memory")
        for name, memory in self.memories.items():
            self._refuse_dangling(memory.backed_by, f"memories.{name}.backed_by")
        return self

    def _refuse_dangling(self, target: str | None, field: str) -> None:
        if target is not None and target not in self.memories:
            message = f"there is no memory '{target}'"
            raise InputError(message, field=field, suggestion=nearest(target, self.memories))


def define_system() -> type[System]:
    store, unit = _define_stores(), _define_units()
    stores: Any = dict[str, Annotated[store, Kind("toy_stores")]]  # type: ignore[valid-type]
    units: Any = dict[str, Annotated[unit, Kind("toy_units")]]  # type: ignore[valid-type]
    return create_model("ToySystem", __base__=System, memories=(stores, ...), compute=(units, ...))


def _define_stores() -> type[Component]:
    class Store(Component, family="toy_stores"):
        backed_by: str | None = None

    class Fast(Store, kind="fast"):
        """A fast store."""

        capacity: Annotated[Capacity, Field(gt=0)]
        """How much it holds."""
        width: Width = text_default("64 b")
        banks: int = Field(default=1, ge=1, le=64)

    class Slow(Store, kind="slow"):
        channels: int = Field(default=1, ge=1)
        ratio: float = 1.0
        refreshed: bool = True

    Store.known = (Fast, Slow)  # type: ignore[attr-defined]  # keeps the classes alive
    return Store


def _define_units() -> type[Component]:
    class Gear(Component, family="toy_gears"):
        pass

    class Exact(Gear, kind="exact"):
        pass

    class Cut(Gear, kind="cut"):
        low: int = Field(ge=0, le=16)
        high: int = Field(default=3, ge=0)

    class Unit(Component, family="toy_units"):
        memory: str

    class Array(Unit, kind="array"):
        rows: int = Field(ge=1)
        columns: int = Field(ge=1)
        clock: Annotated[Frequency, Field(gt=0)]
        dataflow: Literal["weight_stationary", "output_stationary", "input_stationary"]
        multiplier: Annotated[Gear, Kind("toy_gears")]
        accumulator: int | Literal["wide"] = "wide"

    Unit.known = (Exact, Cut, Array)  # type: ignore[attr-defined]  # keeps the classes alive
    return Unit
