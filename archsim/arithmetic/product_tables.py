"""Files of all products of two operands: four formats to one checked table."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archsim.config import read_bytes
from archsim.errors import InputError, expected_one_of

Entries = NDArray[Any]

_SEPARATORS = re.compile(r"[\s,;]+")
# An open comment ends with the file, so that no text is scanned twice.
_COMMENTS = re.compile(r"/\*.*?(?:\*/|\Z)|//[^\n]*", re.DOTALL)
_INITIALISER = re.compile(r"\]\s*=\s*\{")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file holds products.

    Attributes
    ----------
    bits, signed
        Of the operands.
    activation_first
        Whether the first index is the activation; else the weight is.
    bit_pattern
        Whether index i is the operand whose bits are those of i; else operands ascend.
    dtype
        NumPy's name of the entries of a binary file, little endian.
    """

    bits: int
    signed: bool
    activation_first: bool = True
    bit_pattern: bool = False
    dtype: str | None = None

    @property
    def operands(self) -> NDArray[np.int64]:
        """Operands by index."""
        index = np.arange(1 << self.bits, dtype=np.int64)
        half = 1 << (self.bits - 1)
        if not self.signed:
            return index
        return (index ^ half) - half if self.bit_pattern else index - half

    def pair(self, first: int, second: int) -> tuple[int, int]:
        """Return activation and weight at a place of the file."""
        operands = (int(self.operands[first]), int(self.operands[second]))
        return operands if self.activation_first else operands[::-1]


@dataclass(frozen=True, slots=True)
class ProductTable:
    """Products ``[activation][weight]`` with operands in ascending value; equal where the files are.

    Attributes
    ----------
    products
        Read-only, shape (2^bits, 2^bits).
    sha256
        Of the file's content, hexadecimal.
    layout
        How the file was read.
    """

    products: NDArray[np.int32] = field(compare=False, repr=False)
    sha256: str
    layout: Layout


def load_table(file: str, layout: Layout) -> ProductTable:
    """Return the table in a file, which is read again only when it has changed.

    The suffix tells the format: ``.npy``, ``.bin`` (raw entries), ``.csv`` or ``.txt`` (numbers with commas
    or blanks between them), ``.h`` (an initialised C array).

    Raises
    ------
    InputError
        If the file cannot be read, is not of the format, has another number of entries than the layout, or an
        entry is no integer of twice the operands' width: the first such pair of operands is named.
    """
    path = Path(file)
    try:
        status = path.stat()
    except (OSError, ValueError):
        raise InputError(f"no such file: {file}", field="file") from None
    return _load(path, status.st_mtime_ns, status.st_size, layout)


@lru_cache(maxsize=16)
def _load(path: Path, _changed_ns: int, _size: int, layout: Layout) -> ProductTable:
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(f"unknown format of {path.name}: {expected_one_of(_READERS)}", field="file")
    try:
        content = read_bytes(path)
        entries = _square(read(content, layout), layout)
        _check_entries(entries, layout)
    except InputError as error:
        raise InputError(f"{path.name}: {error.message}", field=error.field or "file") from None
    products = _ascending(entries, layout)
    products.setflags(write=False)
    return ProductTable(products, hashlib.sha256(content).hexdigest(), layout)


def _npy(content: bytes, _layout: Layout) -> Entries:
    try:
        entries = np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as error:
        # NumPy's reader raises whatever its header's text happens to provoke.
        raise InputError(f"not an array of NumPy: {error}") from None
    if not isinstance(entries, np.ndarray) or entries.dtype.kind not in "iuf":
        raise InputError(f"expected integers, got {getattr(entries, 'dtype', 'several arrays')}")
    return entries


def _binary(content: bytes, layout: Layout) -> Entries:
    if layout.dtype is None:
        raise InputError("a .bin file needs the type of its entries, e.g. dtype: uint16", field="dtype")
    kind = np.dtype(layout.dtype).newbyteorder("<")
    if len(content) % kind.itemsize:
        raise InputError(f"{len(content)} bytes are no whole number of {layout.dtype} entries")
    return np.frombuffer(content, dtype=kind)


def _text(content: bytes, _layout: Layout) -> Entries:
    tokens = [token for token in _SEPARATORS.split(_decoded(content)) if token]
    return _numbers(tokens)


def _c_header(content: bytes, _layout: Layout) -> Entries:
    text = _COMMENTS.sub(" ", _decoded(content))
    start = _INITIALISER.search(text)
    end = text.find(";", start.end()) if start else -1
    if start is None or end < 0:
        raise InputError("no initialised array such as int16_t lut[256][256] = {{...}};")
    return _numbers(re.sub(r"[{},]", " ", text[start.end() : end]).split())


_READERS: Final[Mapping[str, Callable[[bytes, Layout], Entries]]] = MappingProxyType(
    {".npy": _npy, ".bin": _binary, ".csv": _text, ".txt": _text, ".h": _c_header}
)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text at byte {error.start}") from None


def _numbers(tokens: list[str]) -> Entries:
    values = np.empty(len(tokens))
    for place, token in enumerate(tokens):
        try:
            values[place] = int(token, 16) if token[:2].lower() == "0x" else float(token)
        except (ValueError, OverflowError):
            raise InputError(f"entry {place + 1} of {len(tokens)} is no number: '{token}'") from None
    return values


def _square(entries: Entries, layout: Layout) -> Entries:
    side = 1 << layout.bits
    if entries.size != side**2:
        raise InputError(f"{entries.size} entries: {layout.bits}-bit operands have {side**2} pairs")
    if entries.ndim > 1 and entries.shape != (side, side):
        raise InputError(f"shape {entries.shape}: expected ({side}, {side})")
    return entries.reshape(side, side)


def _check_entries(entries: Entries, layout: Layout) -> None:
    width = 2 * layout.bits
    lowest, highest = (
        (-(1 << (width - 1)), (1 << (width - 1)) - 1) if layout.signed else (0, (1 << width) - 1)
    )
    sign = "a signed" if layout.signed else "an unsigned"
    if entries.dtype.kind == "f":
        _refuse(entries, ~np.isfinite(entries), "expected an integer", layout)
        _refuse(entries, entries != np.floor(entries), "expected an integer", layout)
    outside = (entries < lowest) | (entries > highest)
    _refuse(entries, outside, f"{sign} {width}-bit result goes from {lowest} to {highest}", layout)


def _refuse(entries: Entries, wrong: NDArray[np.bool_], reason: str, layout: Layout) -> None:
    if not wrong.any():
        return
    first, second = (int(place) for place in np.argwhere(wrong)[0])
    a, b = layout.pair(first, second)
    more = f" (and {int(wrong.sum()) - 1} more)" if wrong.sum() > 1 else ""
    raise InputError(f"the product of a = {a} and b = {b} is {entries[first, second]}{more}: {reason}")


def _ascending(entries: Entries, layout: Layout) -> NDArray[np.int32]:
    order = np.argsort(layout.operands)
    products = entries[np.ix_(order, order)].astype(np.int32)
    return products if layout.activation_first else np.ascontiguousarray(products.T)
