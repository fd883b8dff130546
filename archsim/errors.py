"""Errors that users see: one line each, with the place in their file and a hint where there is one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

_LONGEST_PART = 400
_MOST_CHOICES = 12


class ArchsimError(Exception):
    """Base of all errors that archsim raises on purpose; `exit_code` is what the command line returns."""

    exit_code = 1


class InvariantError(ArchsimError):
    """A conservation law that every run checks did not hold: the result would be wrong, so there is none."""


class DeadlockError(ArchsimError):
    """Events ran out before all layers were done; the message names who waits for what."""


@dataclass(frozen=True, order=True)
class Position:
    """A place in a text: file (or option) and 1-based line and column."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Return `file:line:column`."""
        return f"{self.file}:{self.line}:{self.column}"


class InputError(ArchsimError, ValueError):
    """Bad input, told in one line: `file:line:column: field: message; did you mean 'x'?`.

    It is a ValueError so that a pydantic validator may raise it: `field` is then relative to the model that
    raises, and `archsim.config.build` adds the place.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        position: Position | None = None,
        field: str | None = None,
        suggestion: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.field = field
        self.suggestion = suggestion

    def __str__(self) -> str:
        """Return the whole error as one line, without the parts that are absent."""
        places = [str(part) for part in (self.position, self.field) if part]
        hint = f"; did you mean '{self.suggestion}'?" if self.suggestion else ""
        return ": ".join(_one_line(part) for part in [*places, self.message]) + _one_line(hint)


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that `word` most probably means, None if none is close.

    A difference in case alone is always close; ties go to the first choice.
    """
    options = list(choices)
    folded = [option for option in options if option.casefold() == word.casefold()]
    close = folded or difflib.get_close_matches(word[:_LONGEST_PART], options, n=1, cutoff=0.6)
    return close[0] if close else _one_edit_away(word, options)


def expected_one_of(choices: Iterable[str]) -> str:
    """Return `expected one of a, b, c`, shortened where the list is long."""
    options = list(choices)
    shown = ", ".join(options[:_MOST_CHOICES])
    more = len(options) - _MOST_CHOICES
    ending = f", ... ({more} more)" if more > 0 else ""
    return f"expected {'one of ' if len(options) > 1 else ''}{shown}{ending}"


def _one_edit_away(word: str, options: list[str]) -> str | None:
    """Return a short option that one insertion, deletion, substitution or swap turns into `word`."""
    return next((option for option in options if is_one_edit(word, option)), None)


def is_one_edit(first: str, second: str) -> bool:
    """Tell whether one inserted, deleted, changed or swapped letter separates two texts."""
    shorter, longer = sorted((first, second), key=len)
    if len(longer) < 2 or len(longer) - len(shorter) > 1 or first == second:
        return False
    start = next((i for i, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    if len(longer) > len(shorter):
        return shorter[start:] == longer[start + 1 :]
    swapped = shorter[start : start + 2] == longer[start : start + 2][::-1]
    return shorter[start + 1 :] == longer[start + 1 :] or (
        swapped and shorter[start + 2 :] == longer[start + 2 :]
    )


def _one_line(text: str) -> str:
    """Return `text` on one printable line of bounded length."""
    cut = text if len(text) <= _LONGEST_PART else text[:_LONGEST_PART] + "..."
    return "".join(letter if letter.isprintable() else " " for letter in cut)
