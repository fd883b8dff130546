"""Tables of what exists: networks layer by layer, kinds of parts with their fields, shipped files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from archsim.registry import Component
from archsim.results.formatting import integer
from archsim.results.tables import Table, assemble, number_cells, text_cells
from archsim.workload.layer import Layer
from archsim.workload.network import Network


def network_table(network: Network) -> Table:
    """Return one row per layer: shapes, window, MACs and parameters per image, and their sums."""
    layers = network.layers
    cells = [
        text_cells("layer", [*(layer.name for layer in layers), "total"]),
        text_cells("op", [*(layer.op.value for layer in layers), ""], rank=1),
        text_cells("inputs", [*(", ".join(layer.inputs) for layer in layers), ""], rank=6, shortest=12),
        text_cells("input", [*(_input_text(layer) for layer in layers), ""], rank=2),
        text_cells("output", [*(str(layer.output_shape) for layer in layers), ""]),
        text_cells("kernel", [*(_pair(layer.kernel) for layer in layers), ""], rank=3),
        text_cells("stride", [*(_pair(layer.stride) for layer in layers), ""], rank=4),
        number_cells("groups", [*(integer(layer.groups) for layer in layers), ""], rank=5),
        number_cells("MACs", [*(integer(layer.macs) for layer in layers), integer(network.macs)]),
        number_cells(
            "parameters", [*(integer(layer.parameters) for layer in layers), integer(network.parameters)]
        ),
    ]
    return assemble(f"{network.name}: input {network.input_shape}, per image", cells, footer=True)


def network_data(network: Network) -> dict[str, Any]:
    """Return what :func:`network_table` shows as plain data for JSON."""
    return {
        "name": network.name,
        "input": list(network.input_shape),
        "macs": network.macs,
        "parameters": network.parameters,
        "layers": [_layer_data(layer) for layer in network.layers],
    }


def kind_table(member: type[Component]) -> Table:
    """Return one row per field of a kind: type, default and meaning; the title is its summary."""
    schema = member.model_json_schema()
    fields = {name: field for name, field in schema["properties"].items() if name != "kind"}
    required = set(schema.get("required", []))
    cells = [
        text_cells("field", list(fields)),
        text_cells("type", [_type_text(field) for field in fields.values()], rank=2),
        text_cells(
            "default", [_default_text(name, field, required) for name, field in fields.items()], rank=1
        ),
        text_cells("meaning", [_summary(field.get("description")) for field in fields.values()], shortest=20),
    ]
    return assemble(f"{member.family} / {member.kind}: {_summary(member.__doc__)}", cells, footer=False)


def kinds_table(family: str, members: Mapping[str, type[Component]]) -> Table:
    """Return one row per kind of a family with the summary of its documentation."""
    return names_table(family, {kind: _summary(member.__doc__) for kind, member in members.items()})


def files_table(title: str, files: Iterable[Path]) -> Table:
    """Return one row per shipped file with the first line of its comment."""
    return names_table(title, {path.stem: _first_comment(path) for path in files})


def names_table(title: str, rows: Mapping[str, str]) -> Table:
    """Return names and what they stand for."""
    cells = [text_cells("name", list(rows)), text_cells("what it is", list(rows.values()), shortest=20)]
    return assemble(title, cells, footer=False)


def _input_text(layer: Layer) -> str:
    shapes = dict.fromkeys(map(str, layer.input_shapes))
    return " + ".join(shapes) if len(shapes) > 1 else f"{next(iter(shapes))}"


def _layer_data(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "op": layer.op.value,
        "inputs": list(layer.inputs),
        "input_shapes": [list(shape) for shape in layer.input_shapes],
        "output_shape": list(layer.output_shape),
        "kernel": list(layer.kernel),
        "stride": list(layer.stride),
        "padding": list(layer.padding),
        "dilation": list(layer.dilation),
        "groups": layer.groups,
        "macs": layer.macs,
        "parameters": layer.parameters,
    }


def _pair(values: tuple[int, int]) -> str:
    return f"{values[0]}x{values[1]}" if values != (1, 1) else ""


def _type_text(field: Mapping[str, Any]) -> str:
    if "examples" in field:
        return f"such as {field['examples'][0]}"
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if "anyOf" in field:
        return " | ".join(_type_text(option) for option in field["anyOf"])
    return str(field.get("type", field.get("$ref", "mapping").rpartition("/")[2]))


def _default_text(name: str, field: Mapping[str, Any], required: set[str]) -> str:
    if name in required:
        return "(required)"
    default = field.get("default")
    return "" if default is None else str(default)


def _summary(text: str | None) -> str:
    """Return the first sentence or line of a documentation text."""
    lines = (text or "").strip().split("\n\n")[0].split()
    return " ".join(lines).rstrip(".")


def _first_comment(path: Path) -> str:
    with path.open(encoding="utf-8") as stream:
        first = stream.readline()
    return first.lstrip("# ").rstrip() if first.startswith("#") else ""
