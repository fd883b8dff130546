"""The configurations and traces that come with archsim, by name."""

from __future__ import annotations

import importlib.resources
import os
from pathlib import Path
from typing import Literal

from archsim.errors import InputError, Position, expected_one_of, nearest

Shipped = Literal["configs", "traces"]


def shipped_folder(kind: Shipped) -> Path:
    """Return the folder of the shipped files: beside the package in a checkout, else inside it."""
    package = Path(str(importlib.resources.files("archsim")))
    in_checkout = (package.parent / "pyproject.toml").is_file()
    return package.parent / kind if in_checkout else package / "data" / kind


def shipped(kind: Shipped) -> list[str]:
    """Return the names of the shipped files, sorted."""
    return sorted(path.stem for path in shipped_folder(kind).glob("*.yaml"))


def find(kind: Shipped, name_or_path: str | Path) -> Path:
    """Return the file that a path or a shipped name stands for; an existing file comes first.

    Raises
    ------
    InputError
        If there is neither.
    """
    text = os.fspath(name_or_path)
    if "\0" in text:
        raise InputError("a file name cannot contain the character U+0000")
    try:
        return _find(kind, text)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", position=Position(text, 1, 1)) from None


def _find(kind: Shipped, text: str) -> Path:
    path = Path(text)
    if path.is_file():
        return path
    inside = shipped_folder(kind) / (text if path.suffix == ".yaml" else f"{text}.yaml")
    if path.name == text and inside.is_file():
        return inside
    raise _missing_file(kind, path) if path.suffix or path.name != text else _unknown_name(kind, text)


def _missing_file(kind: Shipped, path: Path) -> InputError:
    if path.exists():
        return InputError("expected a file, this is none", position=Position(str(path), 1, 1))
    beside = {entry.name: str(entry) for entry in path.parent.iterdir()} if path.parent.is_dir() else {}
    alone = [f"{name}.yaml" for name in shipped(kind)] if path.parent == Path() else []
    close = nearest(path.name, [*sorted(beside), *alone])
    return InputError(f"{path}: no such file", suggestion=beside.get(close or "", close))


def _unknown_name(kind: Shipped, name: str) -> InputError:
    names = shipped(kind)
    message = f"'{name}' is neither a file nor one of the shipped {kind}: {expected_one_of(names)}"
    return InputError(message, suggestion=nearest(name, names))
