"""Mistakes made in sound files, and what is demanded of the error that they get."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """One mistake: `old` becomes `new` in a sound file; the error is on the line of the change."""

    name: str
    old: str
    new: str
    hint: str = ""
    """Text that the message contains."""
    line: int = 0
    """Line of the error where it is not the line of the change."""


def check_edit(text: str, edit: Edit, error: str, file: str) -> None:
    assert text.count(edit.old) >= 1, "the mistake is not in the file"
    changed = text[: text.index(edit.old)].count("\n") + 1
    found = re.match(rf"error: (?:.*/)?{re.escape(file)}:(\d+):(\d+): ", error)
    assert found, error
    assert int(found[1]) == (edit.line or changed), error
    assert int(found[2]) >= 1
    assert edit.hint in error


def ids(edits: list[Edit]) -> list[str]:
    return [edit.name.replace(" ", "_") for edit in edits]
