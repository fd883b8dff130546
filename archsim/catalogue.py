"""What there is and what it looks like: the answers of `list`, `show`, `validate` and `schema`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from archsim.config import find, json_schema, shipped
from archsim.errors import InputError, expected_one_of, nearest
from archsim.hardware.architecture import Architecture
from archsim.hardware.dram_parts import DramPart, dram_part, dram_part_names, dram_parts
from archsim.inputs import find_file, kind_of, read_architecture, read_network
from archsim.registry import FAMILIES, Component, kinds
from archsim.results.tables import Table
from archsim.visualization.listing import (
    files_table,
    kind_table,
    kinds_table,
    names_table,
    network_data,
    network_table,
)


def catalogue(kind: str) -> Table:
    """Return the table of everything of one kind: `configs`, `traces`, `parts` or a family of components.

    Raises
    ------
    InputError
        If there is no such kind.
    """
    listings = _listings()
    if kind not in listings:
        message = f"cannot list '{kind}': {expected_one_of(listings)}"
        raise InputError(message, suggestion=nearest(kind, listings))
    return listings[kind]()


def describe(thing: str, *, as_json: bool) -> Table | str:
    """Return an architecture as resolved YAML, or a table of a network, a kind of part or a DRAM part.

    Parameters
    ----------
    thing
        A file, a shipped name, a kind (`sram`, or `memories.sram` where several families have it), or a part.
    as_json
        Return JSON text in any case.

    Raises
    ------
    InputError
        If there is no such thing.
    """
    found = find_file(thing)
    if found is not None:
        kind, path = found
        return _show_trace(path, as_json) if kind == "trace" else _show_architecture(path, as_json)
    if Path(thing).suffix in {".yaml", ".yml", ".csv"}:
        find("configs", thing)
    if thing in dram_part_names():
        return _show_part(thing, as_json)
    member = _kind(thing)
    return _json_text(member.model_json_schema()) if as_json else kind_table(member)


def check_file(file: str) -> str:
    """Return in a few words what a file describes.

    Raises
    ------
    InputError
        If it is not a valid architecture or trace.
    """
    path = Path(file)
    if not path.is_file():
        path = find("configs", file if path.suffix else f"{file}.yaml")
    if kind_of(path) == "trace":
        network, _ = read_network(str(path))
        return f"trace {network.name}: {len(network.layers)} layers, {network.macs:,} MACs"
    architecture, _ = read_architecture(str(path))
    parts = ", ".join([*architecture.memories, *architecture.links, *architecture.compute])
    return f"architecture {architecture.name}: {parts}"


def schema_text(document: str) -> str:
    """Return the JSON Schema of `architecture` or `trace` files.

    Raises
    ------
    InputError
        If it is neither.
    """
    from archsim.workload import TraceDocument

    models: dict[str, type[BaseModel]] = {"architecture": Architecture, "trace": TraceDocument}
    if document not in models:
        message = f"no schema for '{document}': {expected_one_of(models)}"
        raise InputError(message, suggestion=nearest(document, models))
    return _json_text(json_schema(models[document]))


def _listings() -> Mapping[str, Callable[[], Table]]:
    families = {name: (lambda family=name: kinds_table(family, kinds(family))) for name in FAMILIES}
    return {
        "configs": lambda: files_table("configs", [find("configs", name) for name in shipped("configs")]),
        "traces": lambda: files_table("traces", [find("traces", name) for name in shipped("traces")]),
        **families,
        "parts": lambda: names_table(
            "DRAM parts", {_both_names(name, part): part.source for name, part in dram_parts().items()}
        ),
    }


def _show_architecture(path: Path, as_json: bool) -> str:
    architecture, _ = read_architecture(str(path))
    if as_json:
        return _json_text(architecture.model_dump(mode="json", exclude_none=True))
    return architecture.resolved_yaml()


def _show_trace(path: Path, as_json: bool) -> Table | str:
    network, _ = read_network(str(path))
    return _json_text(network_data(network)) if as_json else network_table(network)


def _both_names(name: str, part: DramPart) -> str:
    return f"{name} ({part.short_name})" if part.short_name else name


def _show_part(name: str, as_json: bool) -> Table | str:
    part, name = dram_part(name).model_dump(exclude_none=True), dram_part_names()[name]
    if as_json:
        return _json_text({"name": name} | part)
    rows = {
        f"{key} {inner}" if inner else key: _flat(one)
        for key, value in part.items()
        for inner, one in (value.items() if isinstance(value, Mapping) else [("", value)])
    }
    return names_table(f"DRAM part {name}", rows)


def _kind(thing: str) -> type[Component]:
    """Return the class of `kind` or `family.kind`."""
    family, _, name = thing.rpartition(".")
    members = [(one, kinds(one)) for one in FAMILIES if family in {"", one}]
    found = [(one, kinds_[name]) for one, kinds_ in members if name in kinds_]
    if len(found) == 1:
        return found[0][1]
    if found:
        choices = [f"{one}.{name}" for one, _ in found]
        raise InputError(f"'{thing}' is of several families: {expected_one_of(choices)}")
    names = [
        *shipped("configs"),
        *shipped("traces"),
        *dram_part_names(),
        *(kind for _, one in members for kind in one),
    ]
    message = f"there is no file, shipped name, kind or part '{thing}'"
    raise InputError(message, suggestion=nearest(thing, names))


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_flat(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(_flat, value))
    return str(value)


def _json_text(data: Any) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
