"""An architecture: named parts, how they are connected, who executes what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from archsim.config import Document, build, check_version, find, load_document, to_yaml
from archsim.errors import InputError, expected_one_of, nearest
from archsim.hardware.compute.base import ComputeUnit
from archsim.hardware.cost import Sourced
from archsim.hardware.links.base import Link
from archsim.hardware.memories.base import Memory
from archsim.hardware.options import MappingRule, PlacementRule, ScheduleOptions
from archsim.hardware.quantization import Quantization
from archsim.hardware.technology import Technology
from archsim.hardware.topology import Crossing, Hop, crossings, port_name, route
from archsim.registry import Component, Kind, create


def _static_manager() -> Component:
    return create("managers", {"kind": "static"})


class Architecture(BaseModel):
    """A system on chip as its YAML describes it; every reference is checked when it is built.

    Raises
    ------
    InputError
        From :meth:`load` and :meth:`from_document`: with file, line, column and field.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )

    archsim: Literal[1]
    """Version of the file format."""

    name: str = Field(min_length=1)
    """Name under which results are reported."""

    technology: Technology
    """Process node, supply and temperature."""

    memories: dict[str, Annotated[Memory, Kind("memories")]] = Field(min_length=1)
    """Memories by name."""

    links: dict[str, Annotated[Link, Kind("links")]] = Field(default_factory=dict)
    """Links by name."""

    compute: dict[str, Annotated[ComputeUnit, Kind("compute")]] = Field(min_length=1)
    """Compute units by name."""

    placement: tuple[PlacementRule, ...] = Field(min_length=1)
    """Which unit executes which layer; the first match wins."""

    schedule: ScheduleOptions = ScheduleOptions()
    """Order of a batch and objective of the mapper."""

    quantization: Quantization = Quantization()
    """How a network is quantized where its accuracy is measured."""

    mapping: tuple[MappingRule, ...] = ()
    """Mappings given by the user; the first match wins, other layers are mapped by the mapper."""

    manager: Annotated[Component, Kind("managers")] = Field(default_factory=_static_manager)
    """Run-time manager."""

    _document: Document | None = PrivateAttr(default=None)
    _routes: dict[tuple[str, str], tuple[Hop, ...] | None] = PrivateAttr(default_factory=dict)
    _crossings: dict[tuple[str, str], tuple[Crossing, ...]] = PrivateAttr(default_factory=dict)

    @classmethod
    def load(cls, name_or_path: str | Path, overrides: Sequence[str] = ()) -> Architecture:
        """Read an architecture from a file or by the name of a shipped one.

        Parameters
        ----------
        name_or_path
            Path of a YAML file, or a shipped name (``von_neumann``).
        overrides
            Changes such as ``compute.npu.rows=64``.

        Raises
        ------
        InputError
            If the file, or a change, is not a valid architecture.
        """
        document = load_document(find("configs", name_or_path), overrides)
        check_version(document)
        return cls.from_document(document)

    @classmethod
    def from_document(cls, document: Document) -> Architecture:
        """Build an architecture from a document that was read before."""
        architecture = build(cls, document)
        architecture._document = document
        return architecture

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Architecture:
        """Build an architecture from plain Python data with the keys of the YAML."""
        return cls.model_validate(dict(data))

    def resolved_yaml(self) -> str:
        """The whole architecture as YAML text, with inherited and default values written out."""
        return to_yaml(self.model_dump(mode="json", exclude_none=True))

    @model_validator(mode="after")
    def _check(self) -> Architecture:
        for error in _faults(self):
            raise error
        return self

    def fault(self, message: str, field: str, suggestion: str | None = None) -> InputError:
        """An error about a field (dotted path), with its place where the architecture came from a file."""
        if self._document is None:
            return InputError(message, field=field, suggestion=suggestion)
        path = tuple(int(part) if part.isdecimal() else part for part in field.split("."))
        return InputError(
            message, position=self._document.key_position(path), field=field, suggestion=suggestion
        )

    def route(self, source: str, destination: str) -> tuple[Hop, ...]:
        """Links and nodes from one memory or unit to another.

        Raises
        ------
        InputError
            If nothing connects them.
        """
        key = (source, destination)
        if key not in self._routes:
            self._routes[key] = route(self.links, self.memories, source, destination)
        found = self._routes[key]
        if found is None:
            raise self.fault(f"no link connects '{source}' and '{destination}'", "links")
        return found

    def crossings(self, source: str, destination: str) -> tuple[Crossing, ...]:
        """Every link between two memories or units, with the ports that a transfer holds there.

        Raises
        ------
        InputError
            If nothing connects them.
        """
        key = (source, destination)
        if key not in self._crossings:
            hops = self.route(source, destination)
            walked = crossings(hops, self.links, self.memories, self.technology, source)
            self._crossings[key] = tuple(walked)
        return self._crossings[key]

    def link_ports(self, link: str) -> tuple[str, ...]:
        """Names of all ports of a link."""
        return tuple(port_name(link, port) for port in self.links[link].all_ports)

    def root(self, memory: str) -> str:
        """The last memory of the chain that starts at ``memory``."""
        behind = self.memories[memory].backed_by
        return memory if behind is None else self.root(behind)

    def area(self) -> dict[str, Sourced]:
        """Area in mm2 of every part that has a source, by name."""
        found: dict[str, Sourced] = {}
        for name, unit in self.compute.items():
            found |= {f"{name}.{part}": area for part, area in unit.area(self.technology).items()}
        for name, part in (self.memories | self.links).items():
            area = part.area(self.technology)
            if area is not None:
                found[name] = area
        return found


def _faults(architecture: Architecture) -> Iterator[InputError]:
    yield from _repeated_names(architecture)
    yield from _dangling(architecture)
    yield from _endless_chains(architecture)
    yield from _unreachable(architecture)
    yield from _too_fast(architecture)
    yield from _without_figures(architecture)


def _repeated_names(architecture: Architecture) -> Iterator[InputError]:
    seen: dict[str, str] = {}
    for family in ("memories", "links", "compute"):
        for name in getattr(architecture, family):
            if name in seen:
                message = f"the name '{name}' is already taken in {seen[name]}"
                yield InputError(message, field=f"{family}.{name}")
            if not name or set(name) & set("./ "):
                yield InputError("expected a name without dots, slashes and spaces", field=f"{family}.{name}")
            seen[name] = family


def _dangling(architecture: Architecture) -> Iterator[InputError]:
    memories, units = list(architecture.memories), list(architecture.compute)
    for name, memory in architecture.memories.items():
        if memory.backed_by is not None:
            yield from _reference(memory.backed_by, memories, "memory", f"memories.{name}.backed_by")
    for name, unit in architecture.compute.items():
        yield from _reference(unit.memory, memories, "memory", f"compute.{name}.memory")
    for name, link in architecture.links.items():
        for i, end in enumerate(link.connects):
            yield from _reference(end, memories + units, "memory or unit", f"links.{name}.connects.{i}")
    for i, rule in enumerate(architecture.placement):
        for j, unit_name in enumerate(rule.unit):
            field = f"placement.{i}.unit" + (f".{j}" if len(rule.unit) > 1 else "")
            yield from _reference(unit_name, units, "compute unit", field)


def _reference(name: str, known: list[str], what: str, field: str) -> Iterator[InputError]:
    if name not in known:
        message = f"there is no {what} '{name}': {expected_one_of(known)}"
        yield InputError(message, field=field, suggestion=nearest(name, known))


def _endless_chains(architecture: Architecture) -> Iterator[InputError]:
    for name in architecture.memories:
        seen = [name]
        while (behind := architecture.memories[seen[-1]].backed_by) is not None:
            if behind in seen:
                message = f"memories back each other in a circle: {' -> '.join([*seen, behind])}"
                yield InputError(message, field=f"memories.{name}.backed_by")
                return
            seen.append(behind)


def _unreachable(architecture: Architecture) -> Iterator[InputError]:
    for name, memory in architecture.memories.items():
        if memory.backed_by is not None and not _connected(architecture, memory.backed_by, name):
            message = f"no link connects it to '{memory.backed_by}', which backs it"
            yield InputError(message, field=f"memories.{name}.backed_by")
    for name, unit in architecture.compute.items():
        crosses = unit.weight_capacity_bits is not None or not unit.stages_in_memory
        root = architecture.root(unit.memory)
        if crosses and not _connected(architecture, root, name):
            message = f"no link connects '{root}' to '{name}'; name both in `connects` of a link"
            yield InputError(message, field=f"compute.{name}")


def _connected(architecture: Architecture, source: str, destination: str) -> bool:
    return route(architecture.links, architecture.memories, source, destination) is not None


def _too_fast(architecture: Architecture) -> Iterator[InputError]:
    """Clocks at which each memory must serve: its private ports' and its links'."""
    for unit in architecture.compute.values():
        yield from _refusals(architecture, unit.memory, unit.clock_hz)
    for link in architecture.links.values():
        for end in link.connects:
            if end in architecture.memories:
                yield from _refusals(architecture, end, link.clock_hz)


def _refusals(architecture: Architecture, memory: str, clock_hz: int) -> Iterator[InputError]:
    refusal = architecture.memories[memory].refusal(architecture.technology, clock_hz)
    if refusal is not None:
        yield InputError(refusal, field=f"memories.{memory}")


def _without_figures(architecture: Architecture) -> Iterator[InputError]:
    """Parts whose energies or leakage no table gives at the architecture's node and supply."""
    for family in ("memories", "links", "compute"):
        for name, part in getattr(architecture, family).items():
            try:
                part.static_power(architecture.technology)
                part.area(architecture.technology)
            except InputError as error:
                yield InputError(error.message, field=f"{family}.{name}", suggestion=error.suggestion)
