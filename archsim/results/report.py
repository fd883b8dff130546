"""The report of one run: plain, frozen data with the unit in each name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from archsim.errors import InputError
from archsim.results.accuracy import AccuracyRow, Decibels
from archsim.results.designs import DesignRow
from archsim.results.exits import ExitsRow
from archsim.results.memory_errors import MemoryErrorsRow
from archsim.results.record import Record, dump_json

if TYPE_CHECKING:
    import pandas as pd

REPORT_SCHEMA = "archsim.report/1"
"""Name and version of the report's format."""

STATIC_CAUSES = frozenset({"leakage", "refresh", "background"})
"""Actions by which power that flows at all times is booked: they count picoseconds."""

Cell = str | int | float | None
"""One cell of a flat record."""

_Value = TypeVar("_Value")


def _by_key(values: Mapping[str, _Value]) -> dict[str, _Value]:
    """Return the mapping sorted by key, so that equal reports have equal bytes."""
    return dict(sorted(values.items()))


Joules = Annotated[dict[str, float], AfterValidator(_by_key)]
"""Joules by component name, sorted by name."""


class Bytes(Record):
    """Traffic of one memory in bytes."""

    read: int = 0
    write: int = 0

    @property
    def total(self) -> int:
        """Bytes read and written together."""
        return self.read + self.write


class Traffic(Record):
    """Why bytes moved: compulsory + refetch + spill is all that the memory read and wrote."""

    compulsory: int = 0
    """Each operand and each result once."""
    refetch: int = 0
    """Operands read again because they did not stay on chip."""
    spill: int = 0
    """Partial sums that left the unit before they were finished, and came back."""

    @property
    def total(self) -> int:
        """Bytes of all causes together."""
        return self.compulsory + self.refetch + self.spill


class ActionRow(Record):
    """One kind of action of one component: its integer count times a sourced energy."""

    component: str
    action: str
    """What is counted, such as `read` or `mac.multiply`; static actions count picoseconds."""
    count: int
    energy_per_action_j: float
    """Joules of one action; watts x 1e-12 where picoseconds are counted."""
    energy_j: float
    source: str
    """Where the energy per action comes from."""


class LayerRow(Record):
    """One layer (or the share of it that one unit executes), summed over the batch."""

    name: str
    """Name of the layer; `(idle)` collects what no layer was responsible for."""
    op: str
    unit: str
    macs: int
    start_s: float
    """First instant at which the unit was occupied by the layer."""
    end_s: float
    """Last instant at which the unit was occupied by the layer."""
    latency_s: float
    """Time that the unit was occupied by the layer."""
    cycles: int
    """Of the unit's clock: compute_cycles + stall_cycles."""
    compute_cycles: int
    stall_cycles: int
    utilization: float
    """macs / (multipliers of the unit x cycles)."""
    bytes: Annotated[dict[str, Bytes], AfterValidator(_by_key)]
    """Bytes by memory."""
    traffic: Annotated[dict[str, Traffic], AfterValidator(_by_key)] = {}
    """Bytes by memory and cause, for the memories that keep them apart."""
    energy_j: float
    dynamic_energy_j: float
    energy_by_component_j: Joules
    """Dynamic energy, leakage and background by component."""
    average_power_w: float
    """energy_j / latency_s; 0 for a layer that takes no time."""
    bound_by: str | None = None
    """What the layer waits for most of the time."""
    sqnr_db: Decibels = None
    """Signal to quantization-noise ratio of the layer's output, where accuracy was measured."""
    top1_if_only_this_layer: float | None = None
    """Top-1 with only this layer on its inexact arithmetic, a fraction, where asked for."""


class Totals(Record):
    """The run as a whole. `setup` is not in it."""

    latency_s: float
    cycles: int
    """Makespan in the clock of the unit with most MACs."""
    energy_j: float
    dynamic_energy_j: float
    leakage_energy_j: float
    """Leakage, refresh and background: power times time."""
    average_power_w: float
    macs: int
    throughput_gops: float
    """2 x macs / latency_s / 1e9: one MAC is two operations."""
    top1: float | None = None
    """Accuracy as a fraction, where it was measured."""
    edp_js: float
    """Energy-delay product in joule-seconds."""


class Setup(Record):
    """One-time costs before the first inference, such as loading resident weights."""

    energy_j: float = 0.0
    latency_s: float = 0.0
    bytes: Annotated[dict[str, Bytes], AfterValidator(_by_key)] = {}
    actions: tuple[ActionRow, ...] = ()


class Area(Record):
    """Silicon area of one component and its source."""

    value: float
    """Square millimetres."""
    source: str


class Report(Record):
    """What one architecture did with one network. Equal reports have equal bytes."""

    format: Literal["archsim.report/1"] = Field(default="archsim.report/1", alias="schema")
    """Name and version of this format."""
    architecture: str
    network: str
    batch: int
    seed: int
    version: str
    """Version of archsim that made the report."""
    totals: Totals
    energy_by_component_j: Joules
    actions: tuple[ActionRow, ...]
    layers: tuple[LayerRow, ...]
    setup: Setup = Setup()
    area_mm2: Annotated[dict[str, Area], AfterValidator(_by_key)] = {}
    """By component, for those whose area has a source."""
    arithmetic: Annotated[dict[str, DesignRow], AfterValidator(_by_key)] = {}
    """Designs that are not exact by unit and part (`npu.multiplier`); left out of the JSON where all are."""
    accuracy: AccuracyRow | None = None
    """Accuracy, where images were run; left out of the JSON where none were."""
    memory_errors: Annotated[dict[str, MemoryErrorsRow], AfterValidator(_by_key)] = {}
    """By memory with errors, where images were run; left out of the JSON where there is none."""
    exits: ExitsRow | None = None
    """Where images left the network and what that took; left out of the JSON without exits or images."""

    @model_serializer(mode="wrap")
    def _without_exact(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = handler(self)
        absent = {
            name for name in ("arithmetic", "accuracy", "memory_errors", "exits") if not getattr(self, name)
        }
        return {key: value for key, value in fields.items() if key not in absent}

    @property
    def static_energy_j(self) -> dict[str, float]:
        """Joules of the static actions (:func:`is_static`) by component."""
        energies: dict[str, float] = {}
        for row in self.actions:
            if is_static(row.action):
                energies[row.component] = energies.get(row.component, 0.0) + row.energy_j
        return energies

    def to_json(self) -> str:
        """Return the report as JSON text: fixed key order, shortest exact floats, one newline at the end."""
        return dump_json(self)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Return the report that :meth:`to_json` wrote.

        Raises
        ------
        InputError
            If the text is not a report of this format.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or None
            raise InputError(f"not a report of format {REPORT_SCHEMA}: {first['msg']}", field=field) from None

    def write_json(self, path: Path) -> None:
        """Write :meth:`to_json` to a file."""
        path.write_text(self.to_json(), encoding="utf-8", newline="\n")

    def to_frame(self) -> pd.DataFrame:
        """Return the layers as a pandas frame: one row per layer, units in the column names."""
        import pandas as pd

        return pd.DataFrame(layer_records(self))

    def energy_frame(self) -> pd.DataFrame:
        """Return layer x component energies in long form: columns layer, component, energy_j."""
        import pandas as pd

        return pd.DataFrame(energy_records(self), columns=["layer", "component", "energy_j"])


def group_of(component: str) -> str:
    """Return the unit, memory or link that a component belongs to: `npu` for `npu.mac`."""
    return component.partition(".")[0]


def is_static(action: str) -> bool:
    """Tell whether an action books static power: one of its dotted parts is in `STATIC_CAUSES`."""
    return not STATIC_CAUSES.isdisjoint(action.split("."))


def throughput_gops(macs: int, latency_s: float) -> float:
    """Return 2 x macs / latency / 1e9: giga-operations per second, one MAC being two operations."""
    return 2 * macs / latency_s / 1e9 if latency_s else 0.0


def layer_records(report: Report) -> list[dict[str, Cell]]:
    """Return one flat record per layer; memories and components become columns, absent values are 0."""
    memories = sorted({name for layer in report.layers for name in layer.bytes})
    detailed = sorted({name for layer in report.layers for name in layer.traffic})
    return [
        _scalars(layer)
        | _byte_columns(layer, memories)
        | _traffic_columns(layer, detailed)
        | {f"{name}_energy_j": layer.energy_by_component_j.get(name, 0.0) for name in _components(report)}
        for layer in report.layers
    ]


def energy_records(report: Report) -> list[dict[str, Cell]]:
    """Return one record per layer and component: layer, component, energy_j."""
    return [
        {"layer": layer.name, "component": component, "energy_j": joules}
        for layer in report.layers
        for component, joules in layer.energy_by_component_j.items()
    ]


def _components(report: Report) -> tuple[str, ...]:
    return tuple(report.energy_by_component_j)


def _scalars(layer: LayerRow) -> dict[str, Cell]:
    fields: dict[str, Cell] = layer.model_dump(exclude={"bytes", "traffic", "energy_by_component_j"})
    return fields


def _byte_columns(layer: LayerRow, memories: list[str]) -> dict[str, Cell]:
    return {
        f"{memory}_{way}_bytes": getattr(layer.bytes.get(memory, Bytes()), way)
        for memory in memories
        for way in ("read", "write")
    }


def _traffic_columns(layer: LayerRow, memories: list[str]) -> dict[str, Cell]:
    return {
        f"{memory}_{cause}_bytes": getattr(layer.traffic.get(memory, Traffic()), cause)
        for memory in memories
        for cause in ("compulsory", "refetch", "spill")
    }
