"""Which keys a model expects at a path of a document: what a misspelt key is compared with."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from archsim.config.document import Path
from archsim.registry import Kind, kinds

_Typed = tuple[Any, tuple[Any, ...]]
"""A type annotation with the metadata that stands beside it."""


def keys_at(model: type[BaseModel], data: Any, path: Path) -> list[str]:
    """Return the keys that the mapping at `path` of `data` may have, in the order of the model."""
    candidates: list[_Typed] = [(model, ())]
    for part in path:
        candidates = [below for typed in candidates for below in _below(typed, data, part)]
        data = data[part]
    found = [key for typed in candidates for member in _models(typed, data) for key in _keys(member)]
    return list(dict.fromkeys(found))


def _keys(model: type[BaseModel]) -> list[str]:
    own = ["kind"] if getattr(model, "kind", "") else []
    return own + [field.alias or name for name, field in model.model_fields.items()]


def _below(typed: _Typed, data: Any, part: str | int) -> Iterator[_Typed]:
    """Yield the types that the item `part` of a value of this type may have."""
    for annotation, _ in _alternatives(typed):
        origin, arguments = get_origin(annotation), get_args(annotation)
        if isinstance(part, str) and origin is not None and len(arguments) == 2:
            yield arguments[1], ()
        elif isinstance(part, int) and arguments:
            yield arguments[part if part < len(arguments) and Ellipsis not in arguments else 0], ()
    for model in _models(typed, data):
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                yield field.annotation, tuple(field.metadata)


def _models(typed: _Typed, data: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that may read `data`."""
    for annotation, metadata in _alternatives(typed):
        family = next((mark.family for mark in metadata if isinstance(mark, Kind)), None)
        kind = data.get("kind") if isinstance(data, Mapping) else None
        if family is not None:
            members = kinds(family)
            yield from [members[kind]] if isinstance(kind, str) and kind in members else []
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation


def _alternatives(typed: _Typed) -> Iterator[_Typed]:
    """Yield the members of a union, each with its own metadata, and anything else as it is."""
    annotation, metadata = typed
    origin: Any = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives((get_args(annotation)[0], metadata + tuple(annotation.__metadata__)))
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _alternatives((member, metadata))
    else:
        yield typed
