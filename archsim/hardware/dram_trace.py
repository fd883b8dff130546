"""Request traces of a DRAM channel: a line per request, ``R|W address [earliest cycle]``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from archsim.errors import InputError, Position
from archsim.hardware.dram_controller import LATEST_CYCLE, Requests

_PIECE_BYTES: Final = 1 << 22
_NUMBER = rb"0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20}"
_LINE = re.compile(
    rb"^[ \t]*([RrWw])[ \t]+(" + _NUMBER + rb")(?:[ \t]+(" + _NUMBER + rb"))?[ \t\r]*$", re.MULTILINE
)
_FORM: Final = "expected 'R|W address [earliest cycle]', numbers decimal or 0x"

_Fields = tuple[bytes, bytes, bytes]


def read_requests(path: Path, capacity: int) -> Iterator[Requests]:
    """Yield the requests of a trace in pieces, so that a long trace needs little memory.

    Lines that are empty or start with ``#`` count for nothing. A request without a cycle may come as early as
    the one before it.

    Parameters
    ----------
    capacity
        Bytes of the channel; addresses lie below.

    Raises
    ------
    InputError
        With file and line: a line of another form, an address beyond the capacity, cycles that go back or are
        out of range; without a line if the file cannot be read or has no request.
    """
    reader = _Reader(str(path), capacity)
    try:
        with path.open("rb") as file:
            while lines := file.readlines(_PIECE_BYTES):
                piece = reader.read(lines)
                if len(piece.addresses):
                    yield piece
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", position=Position(str(path), 1, 1)) from None
    if not reader.requests:
        raise InputError("no request in this file", position=Position(str(path), 1, 1))


class _Reader:
    """Turns lines into requests, and knows where it is."""

    def __init__(self, file: str, capacity: int) -> None:
        self._file = file
        self._capacity = capacity
        self._lines = 0
        self._latest = 0
        self.requests = 0

    def read(self, lines: Sequence[bytes]) -> Requests:
        """Return the requests of the next lines."""
        fields = _LINE.findall(b"".join(lines))
        places: Sequence[int] = range(len(fields))
        if len(fields) != len(lines):
            fields, places = self._one_by_one(lines)
        addresses = [_value(address) for _, address, _ in fields]
        if addresses and max(addresses) >= self._capacity:
            index = next(i for i, one in enumerate(addresses) if one >= self._capacity)
            message = f"address {addresses[index]:#x} lies beyond the capacity of {self._capacity:#x} bytes"
            raise self._error(message, places[index])
        writes = [kind in b"Ww" for kind, _, _ in fields]
        starts = self._starts(fields, places)
        self._lines += len(lines)
        self.requests += len(fields)
        return Requests(
            np.array(addresses, np.uint64), np.array(writes, np.uint8), np.array(starts, np.int64)
        )

    def _starts(self, fields: Sequence[_Fields], places: Sequence[int]) -> list[int]:
        starts, latest = [], self._latest
        for index, (_, _, given) in enumerate(fields):
            cycle = _value(given) if given else latest
            if cycle < latest:
                message = f"cycle {cycle} comes before {latest}, that of the request before it"
                raise self._error(message, places[index])
            latest = cycle
            starts.append(cycle)
            if cycle > LATEST_CYCLE:
                raise self._error(f"cycle {cycle} is beyond the latest one, {LATEST_CYCLE}", places[index])
        self._latest = latest
        return starts

    def _one_by_one(self, lines: Sequence[bytes]) -> tuple[list[_Fields], list[int]]:
        fields, places = [], []
        for index, line in enumerate(lines):
            match = _LINE.fullmatch(line.rstrip(b"\r\n"))
            if match:
                kind, address, cycle = match.groups(b"")
                fields.append((kind, address, cycle))
                places.append(index)
            elif line.strip() and not line.lstrip().startswith(b"#"):
                raise self._error(_complaint(line.strip()), index)
        return fields, places

    def _error(self, message: str, index: int) -> InputError:
        return InputError(message, position=Position(self._file, self._lines + index + 1, 1))


def _complaint(line: bytes) -> str:
    """Return what is wrong with a line of another form."""
    if any(letter < 32 and letter != 9 for letter in line) or not line.isascii():
        return f"{_FORM}; is this file binary?"
    words = line.decode("ascii")[:80].split()
    if words[0].upper() not in {"R", "W"}:
        return f"unknown request '{words[0]}': expected R or W"
    for what, word in zip(("an address", "a cycle"), words[1:], strict=False):
        if not re.fullmatch(_NUMBER, word.encode()):
            return f"expected {what}, decimal or 0x, got '{word}'"
    return f"{_FORM}, got '{' '.join(words)}'"


def _value(text: bytes) -> int:
    return int(text, 16) if text[1:2] in b"xX" and len(text) > 1 else int(text)
