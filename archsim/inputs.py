"""What the commands read: architectures, networks, multipliers, each with what the user changed of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Final, Literal

from archsim.arithmetic.multipliers.base import Multiplier
from archsim.config import Document, build, check_version, document_of, find, load_document, shipped
from archsim.errors import InputError, Position, expected_one_of, nearest
from archsim.hardware.architecture import Architecture
from archsim.registry import resolve
from archsim.workload import Network, load_network

_TRACE_KEYS = {"layers", "input", "dataset", "weights", "exits"}
_ARCHITECTURE_KEYS = {"extends", "memories", "compute", "placement", "links", "technology"}
_TILE_KEYS = ("archsim", "mapping")
_MOST_DESIGNS: Final = 1000
"""Designs of a family that are worth a table."""

_Path = tuple[str | int, ...]
Shipped = Literal["configs", "traces"]
FileKind = Literal["architecture", "trace"]


def read_architecture(
    name_or_path: str, overrides: Sequence[str] = (), tiles: str | None = None
) -> tuple[Architecture, tuple[Path, ...]]:
    """Return an architecture and the files from which it was read.

    Parameters
    ----------
    overrides
        Changes such as `compute.npu.rows=64`.
    tiles
        A YAML file with the keys `archsim` and `mapping`, whose rules come before the architecture's own.

    Raises
    ------
    InputError
        If any of it is not valid.
    """
    document = load_document(_find("configs", name_or_path), overrides)
    _refuse_other_kind(document, "architecture")
    check_version(document)
    if tiles is not None:
        document = _with_tiles(document, load_document(tiles))
    return Architecture.from_document(document), _files(document)


def read_network(name_or_path: str) -> tuple[Network, tuple[Path, ...]]:
    """Return a network and the file from which it was read.

    Raises
    ------
    InputError
        If it is not valid.
    """
    path = _find("traces", name_or_path)
    if path.suffix.lower() in {".yaml", ".yml"}:
        _refuse_other_kind(load_document(path), "trace")
    return load_network(path), (path,)


@dataclass(frozen=True, slots=True)
class Sweep:
    """A parameter and its values, as texts in YAML."""

    key: str
    values: tuple[str, ...]


def read_multiplier(name: str, overrides: Sequence[str] = ()) -> Multiplier:
    """Return the multiplier of a kind, with its parameters.

    Parameters
    ----------
    name
        A kind, such as `cdm8`.
    overrides
        Parameters such as `low=7`.

    Raises
    ------
    InputError
        If there is no such kind, or if the parameters do not fit it.
    """
    member = resolve("multipliers", name)
    if not issubclass(member, Multiplier):
        raise InputError(f"'{name}' is no multiplier")
    design = build(member, document_of(f"multiplier {name}", {"kind": name}, overrides))
    return design.fitted(design.bits, signed=design.is_signed)


def read_multipliers(name: str, overrides: Sequence[str], sweeps: Sequence[Sweep]) -> list[Multiplier]:
    """Return a family of multipliers: one for each combination of the swept values, the last varying fastest.

    Raises
    ------
    InputError
        If one of them is not valid, or if there are too many.
    """
    keys = [sweep.key for sweep in sweeps]
    given = [text.partition("=")[0] for text in overrides]
    twice = next((key for key in keys if [*keys, *given].count(key) > 1), None)
    if twice:
        raise InputError(f"'{twice}' is given twice")
    if {"width", "signed"} & set(keys):
        raise InputError("designs of other operands are not of one family: sweep them one by one with --set")
    lists = [[f"{sweep.key}={value}" for value in sweep.values] for sweep in sweeps]
    combinations = list(product(*lists))
    if len(combinations) > _MOST_DESIGNS:
        raise InputError(f"{len(combinations)} designs are more than the limit of {_MOST_DESIGNS}")
    return [read_multiplier(name, [*overrides, *one]) for one in combinations]


def read_sweep(text: str) -> Sweep:
    """Return the sweep that `low=4:10`, `low=4:10:2` (first, last, step) or `low=4,6,9` stands for.

    Raises
    ------
    InputError
        If the text is not of that form.
    """
    key, _, values = text.partition("=")
    found = _range(values) if ":" in values else _listed(values)
    if not key or "." in key or not found or not all(found):
        message = "expected KEY=FIRST:LAST, KEY=FIRST:LAST:STEP or KEY=A,B,C, e.g. low=4:10"
        raise InputError(message, position=Position(f"--sweep {text}", 1, 1))
    if len(found) > _MOST_DESIGNS:
        raise InputError(f"{len(found)} values of {key} are more than the limit of {_MOST_DESIGNS}")
    return Sweep(key, tuple(dict.fromkeys(found)))


def _listed(text: str) -> tuple[str, ...]:
    """Return the values between commas; those inside of brackets part nothing, as in `[0],[0,1]`."""
    values, depth = [""], 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and not depth:
            values.append("")
        else:
            values[-1] += letter
    return tuple(value.strip() for value in values)


def _range(text: str) -> tuple[str, ...]:
    """Return the whole numbers of `first:last` or `first:last:step`, ends included; none if it is neither."""
    parts = [part.strip() for part in text.split(":")]
    if not 2 <= len(parts) <= 3 or not all(_is_short_integer(part) for part in parts):
        return ()
    first, last, step = (*map(int, parts), 1)[:3]
    return tuple(map(str, range(first, last + 1, step)[: _MOST_DESIGNS + 1])) if step > 0 else ()


def _is_short_integer(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and len(text) <= 9


def kind_of(path: Path) -> FileKind:
    """Tell by its keys whether a file describes an architecture or a trace; a CSV is a trace.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    if path.suffix.lower() == ".csv":
        return "trace"
    return _kind(load_document(path))


def find_file(name_or_path: str) -> tuple[FileKind, Path] | None:
    """Return a file, or the shipped one of that name, and what it describes; None if there is none.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    path = Path(name_or_path)
    if path.is_file():
        return kind_of(path), path
    if name_or_path in shipped("configs"):
        return "architecture", find("configs", name_or_path)
    if name_or_path in shipped("traces"):
        return "trace", find("traces", name_or_path)
    return None


def _find(folder: Shipped, name_or_path: str) -> Path:
    """Return the file; where the name is one of the other sort, say that rather than list all names."""
    other: Shipped = "traces" if folder == "configs" else "configs"
    if not Path(name_or_path).exists() and name_or_path in set(shipped(other)) - set(shipped(folder)):
        expected, given = (_named("architecture"), _named("trace"))[:: 1 if folder == "configs" else -1]
        raise InputError(f"expected {expected}, but '{name_or_path}' is {given}")
    return find(folder, name_or_path)


def _kind(document: Document) -> FileKind:
    keys = set(document.data)
    return "trace" if len(keys & _TRACE_KEYS) > len(keys & _ARCHITECTURE_KEYS) else "architecture"


def _refuse_other_kind(document: Document, expected: FileKind) -> None:
    keys = set(document.data)
    mine, other = (
        (_TRACE_KEYS, _ARCHITECTURE_KEYS) if expected == "trace" else (_ARCHITECTURE_KEYS, _TRACE_KEYS)
    )
    if keys & other and not keys & mine:
        message = f"expected {_named(expected)}, but this file describes {_named(_kind(document))}"
        raise InputError(message, position=document.position(()))


def _named(kind: FileKind) -> str:
    return "an architecture" if kind == "architecture" else "a trace"


def _with_tiles(document: Document, tiles: Document) -> Document:
    """Return the architecture with the given tiles before its own, every value keeping its place."""
    check_version(tiles)
    for key in tiles.data:
        if key not in _TILE_KEYS:
            message = f"unknown key '{key}': {expected_one_of(_TILE_KEYS)}"
            raise InputError(
                message, position=tiles.key_position((key,)), suggestion=nearest(key, _TILE_KEYS)
            )
    given, own = tiles.data.get("mapping"), document.data.get("mapping", [])
    if not isinstance(given, list):
        raise InputError("expected a list of rules", position=tiles.position(("mapping",)), field="mapping")
    if not isinstance(own, list):
        return document
    data = document.data | {"mapping": [*given, *own]}
    shift = len(given)
    return replace(
        document,
        data=data,
        positions=_shifted(document.positions, shift) | _below_mapping(tiles.positions),
        keys=_shifted(document.keys, shift) | _below_mapping(tiles.keys),
    )


def _shifted(places: Mapping[_Path, Position], by: int) -> dict[_Path, Position]:
    """Return places with the indices of the rules moved up."""
    return {_moved(path, by): place for path, place in places.items()}


def _moved(path: _Path, by: int) -> _Path:
    if len(path) > 1 and path[0] == "mapping" and isinstance(path[1], int):
        return (path[0], path[1] + by, *path[2:])
    return path


def _below_mapping(places: Mapping[_Path, Position]) -> dict[_Path, Position]:
    return {path: place for path, place in places.items() if path[:1] == ("mapping",)}


def _files(document: Document) -> tuple[Path, ...]:
    """Return the files that any value came from, in the order of first appearance."""
    names = dict.fromkeys(place.file for place in document.positions.values())
    return tuple(path for path in map(Path, names) if path.is_file())
