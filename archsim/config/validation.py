"""Documents to models: pydantic's list of errors becomes the one line that tells the user what to mend."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from archsim.config.document import Document, Path
from archsim.config.fields import keys_at
from archsim.config.named_file import DIRECTORIES
from archsim.errors import InputError, expected_one_of, nearest
from archsim.units import FROM_TEXT

M = TypeVar("M", bound=BaseModel)

_EXPECTATIONS: Final[Mapping[str, str]] = {
    "int": "a whole number",
    "float": "a number",
    "string": "a text",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "keys and values",
    "mapping": "keys and values",
    "model": "keys and values",
}
"""What a field expects, by the first word of pydantic's error types such as `int_parsing`."""

_TYPE_ERROR = re.compile(r"([a-z]+)(_attributes)?_(type|parsing|from_float|parsing_size)")
_QUOTED = re.compile(r"'([^']*)'")


@dataclass(frozen=True)
class _Finding:
    """One thing that is wrong; the lowest `rank` is what the user is told first."""

    rank: int
    path: Path
    message: str
    suggestion: str | None = None
    got: str = ""
    at_key: bool = False


def build(model: type[M], document: Document) -> M:
    """Return the model that a document describes.

    Raises
    ------
    InputError
        With the place, the field and what was expected there; unknown keys come before anything else,
        because a misspelt key also makes the right one missing.
    """
    try:
        result = model.model_validate(document.data, context={**FROM_TEXT, DIRECTORIES: document.directories})
    except ValidationError as error:
        raise _input_error(model, document, error) from None
    except InputError as error:
        raise _located(document, (), error) from None
    _refuse_flags_as_numbers(document, result)
    return result


def _input_error(model: type[BaseModel], document: Document, error: ValidationError) -> InputError:
    findings = [_finding(model, document, details) for details in error.errors(include_url=False)]
    first = _first(findings)
    # The members of a union each say what they expect of the same value.
    alternatives = [f for f in findings if f.path == first.path and f.rank == first.rank]
    messages = list(dict.fromkeys(f.message for f in alternatives))
    suggestion = next((f.suggestion for f in alternatives if f.suggestion), None)
    return InputError(
        " or ".join([messages[0], *(text.removeprefix("expected ") for text in messages[1:])]) + first.got,
        position=document.key_position(first.path) if first.at_key else document.position(first.path),
        field=_dotted(first.path),
        suggestion=suggestion,
    )


def _first(findings: list[_Finding]) -> _Finding:
    """Return what to tell first; where a member of a union got further into the value, what it says."""
    first = min(findings, key=lambda finding: finding.rank)
    inside = [f for f in findings if f.rank == first.rank and f.path[: len(first.path)] == first.path]
    return max(inside, key=lambda finding: len(finding.path))


def _finding(model: type[BaseModel], document: Document, details: ErrorDetails) -> _Finding:
    kind, context = details["type"], details.get("ctx", {})
    path = _path(document.data, details["loc"], missing=kind == "missing")
    cause = context.get("error")
    if isinstance(cause, InputError):
        found = (*path, *_split(_value(document.data, path), cause.field))
        return _Finding(2, found, cause.message, cause.suggestion)
    if kind == "extra_forbidden":
        return _unknown_key(model, document, path)
    if kind.startswith("union_tag"):
        path = (*path, context["discriminator"].strip("'"))
    if kind in ("missing", "union_tag_not_found"):
        return _Finding(3, path, f"missing key '{path[-1]}'")
    return _Finding(2, path, *_wrong_value(details, context))


def _unknown_key(model: type[BaseModel], document: Document, path: Path) -> _Finding:
    present = _value(document.data, path[:-1])
    known = keys_at(model, document.data, path[:-1])
    free = [key for key in known if key not in present]
    # The right key may be there already: `--set rowz=64` is laid over a document that has rows.
    suggestion = nearest(str(path[-1]), free) or nearest(str(path[-1]), known)
    expected = f": {expected_one_of(free)}" if free else ", and no other fits here"
    message = f"unknown key '{_cut(str(path[-1]))}'{'' if suggestion else expected}"
    return _Finding(0 if suggestion else 1, path, message, suggestion, at_key=True)


def _wrong_value(details: ErrorDetails, context: Mapping[str, Any]) -> tuple[str, str | None, str]:
    """Return what was expected, the nearest choice if there are choices, and what was found."""
    value, kind = details["input"], details["type"]
    choices = _QUOTED.findall(str(context.get("expected", context.get("expected_tags", ""))))
    if choices:
        given = context.get("tag", value)
        close = nearest(given, choices) if isinstance(given, str) else None
        return expected_one_of(choices), close, f", got {_shown(given)}"
    if "error" in context:
        return _cut(str(context["error"]), 300), None, ""
    match = _TYPE_ERROR.fullmatch(kind)
    if match and match[1] in _EXPECTATIONS:
        return f"expected {_EXPECTATIONS[match[1]]}", None, f", got {_shown(value)}"
    words = re.sub(r"^Input should be (?=greater|less|a multiple)", "expected a value ", details["msg"])
    words = words.replace("Input should be", "expected", 1)
    return words[0].lower() + words[1:], None, f", got {_shown(value)}"


def _located(document: Document, base: Path, error: InputError) -> InputError:
    """Return an error that knows its field with the field's place."""
    path = (*base, *_split(_value(document.data, base), error.field))
    return InputError(
        error.message,
        position=error.position or document.position(path),
        field=_dotted(path) or None,
        suggestion=error.suggestion,
    )


def _path(data: Any, location: Sequence[str | int], *, missing: bool) -> Path:
    """Return a pydantic location without the steps that exist only in the model, such as union members.

    The last step is kept where it is the name of a `missing` key.
    """
    path: list[str | int] = []
    for index, part in enumerate(location):
        if _has(data, part):
            data = data[part]
            path.append(part)
        elif missing and index == len(location) - 1:
            path.append(part)
    return tuple(path)


def _has(data: Any, part: str | int) -> bool:
    if isinstance(data, dict):
        return part in data
    return isinstance(data, list) and isinstance(part, int) and part < len(data)


def _split(data: Any, field: str | None) -> Path:
    """Return a dotted field as a path; a key that itself has dots in it is found in the data."""
    steps: list[str | int] = []
    rest = field.split(".") if field else []
    while rest:
        lengths = [n for n in range(len(rest), 0, -1) if _has(data, _step(data, rest[:n]))]
        length = lengths[0] if lengths else 1
        step = _step(data, rest[:length])
        data = data[step] if lengths else None
        steps.append(step)
        rest = rest[length:]
    return tuple(steps)


def _step(data: Any, words: list[str]) -> str | int:
    text = ".".join(words)
    return int(text) if isinstance(data, list) and text.isdecimal() else text


def _value(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part] if _has(data, part) else None
    return data


def _refuse_flags_as_numbers(document: Document, model: BaseModel) -> None:
    """Refuse `rows: true`, which pydantic reads as 1."""
    for path in _flags(document.data, ()):
        value: Any = model
        for part in path:
            value = _read(value, part)
        if isinstance(value, int | float) and not isinstance(value, bool):
            shown = _shown(_value(document.data, path))
            place = document.position(path)
            raise InputError(f"expected a number, got {shown}", position=place, field=_dotted(path))


def _flags(data: Any, path: Path) -> Iterator[Path]:
    if isinstance(data, bool):
        yield path
    elif isinstance(data, dict | list):
        for part, item in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _flags(item, (*path, part))


def _read(value: Any, part: str | int) -> Any:
    if isinstance(value, BaseModel) and isinstance(part, str):
        names = {field.alias: name for name, field in type(value).model_fields.items()}
        return getattr(value, names.get(part, part), None)
    if isinstance(value, Mapping):
        return value.get(part)
    return value[part] if isinstance(value, list | tuple) and isinstance(part, int) else None


def _dotted(path: Path) -> str:
    return ".".join(_cut(str(part)) for part in path)


def _shown(value: Any) -> str:
    words = {dict: "keys and values", list: "a list", type(None): "nothing"}
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"'{_cut(value)}'"
    return words.get(type(value), _cut(str(value)))


def _cut(text: str, length: int = 60) -> str:
    return text if len(text) <= length else text[:length] + "..."
