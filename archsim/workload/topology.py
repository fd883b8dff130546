"""SCALE-Sim topologies: convolution rows or GEMM rows in a CSV, each row a layer of its own.

Formats as in SCALE-Sim v3 (scalesim-project/SCALE-Sim, `topologies/`, and its `scale_sim/topology_utils.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from archsim.errors import InputError, Position
from archsim.workload.geometry import LARGEST
from archsim.workload.layer import Layer, Op, TensorShape
from archsim.workload.network import INPUT, Network

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CONV_COLUMNS = (
    "ifmap height",
    "ifmap width",
    "filter height",
    "filter width",
    "channels",
    "num filter",
    "strides",
)
_GEMM_COLUMNS = ("m", "n", "k")
_SPARSITY = "sparsity"
_LARGEST_DIGITS = 10


class Cell(NamedTuple):
    """One field of a CSV row, without surrounding blanks, and where it stands."""

    text: str
    position: Position


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows under a recognised header; `sparsity` is the column of N:M ratios, None where there is none."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sparsity: int | None


def read_topology(text: str, file: str) -> Network:
    """Return the rows of a SCALE-Sim topology as independent layers.

    A convolution row has no padding and ceil((H - k + s) / s) outputs per dimension: the last, partial window
    is kept, which is written here as padding at the far side. A GEMM row M, N, K is a linear layer of N
    outputs from K inputs, applied to M rows. Repeated names get a number. A column headed `Sparsity` holds
    N:M ratios; other columns after the known ones are ignored, as SCALE-Sim does.

    Parameters
    ----------
    text
        Contents of the CSV.
    file
        Its name, for errors and for the network.

    Raises
    ------
    InputError
        With file, line and column, for an unknown header or a row that is not a layer.
    """
    table = _read_table(text, file)
    convert = _conv_layer if table.columns == _CONV_COLUMNS else _gemm_layer
    names = _unique([row[0].text for row in table.rows])
    layers = [_row_layer(row, name, table, convert) for row, name in zip(table.rows, names, strict=True)]
    if not layers:
        raise InputError("the topology has a header but no layers", position=Position(file, 1, 1))
    return Network(
        name=Path(file).stem,
        input_shape=layers[0].input_shapes[0],
        layers=tuple(layers),
        independent=True,
    )


def _read_table(text: str, file: str) -> _Table:
    lines = text.removeprefix("\ufeff").split("\n")
    rows = [_cells(line, file, number) for number, line in enumerate(lines, start=1)]
    rows = [row for row in rows if row]
    if not rows:
        raise InputError("the topology is empty", position=Position(file, 1, 1))
    header = [cell.text.lower() for cell in rows[0]]
    for columns in (_CONV_COLUMNS, _GEMM_COLUMNS):
        if tuple(header[1 : len(columns) + 1]) == columns:
            sparsity = header.index(_SPARSITY) if _SPARSITY in header else None
            return _Table(columns, tuple(rows[1:]), sparsity)
    raise _unknown_header(rows[0])


def _cells(line: str, file: str, number: int) -> tuple[Cell, ...]:
    """Return the fields of a line, without the empty ones at its end."""
    cells = []
    start = 0
    for part in line.split(","):
        indent = len(part) - len(part.lstrip())
        cells.append(Cell(part.strip(), Position(file, number, start + indent + 1)))
        start += len(part) + 1
    while cells and not cells[-1].text:
        cells.pop()
    return tuple(cells)


def _unknown_header(header: Sequence[Cell]) -> InputError:
    if len(header) == 1 and "\t" in header[0].text:
        message = "columns are separated by tabs; a SCALE-Sim topology separates them by commas"
    else:
        message = (
            "not a SCALE-Sim header: expected 'Layer name, IFMAP Height, IFMAP Width, Filter Height, "
            "Filter Width, Channels, Num Filter, Strides,' or 'Layer, M, N, K,'"
        )
    return InputError(message, position=header[0].position)


def _unique(names: Sequence[str]) -> list[str]:
    seen: set[str] = set()
    result = []
    for name in names:
        unique, number = name, 1
        while unique in seen:
            number += 1
            unique = f"{name}_{number}"
        seen.add(unique)
        result.append(unique)
    return result


def _row_layer(
    row: Sequence[Cell],
    name: str,
    table: _Table,
    convert: Callable[[str, Sequence[int], Sequence[Cell]], Layer],
) -> Layer:
    if not name:
        raise InputError("the row has no layer name", position=row[0].position)
    if name == INPUT:
        raise InputError(f"a layer cannot be called {INPUT!r}", position=row[0].position)
    needed = len(table.columns) + 1
    if len(row) < needed:
        missing = table.columns[len(row) - 1]
        raise InputError(f"{len(row)} of {needed} columns: {missing!r} is missing", position=row[-1].position)
    numbers = [_size(cell, column) for cell, column in zip(row[1:needed], table.columns, strict=True)]
    sparsity = None
    if table.sparsity is not None and table.sparsity < len(row):
        sparsity = _ratio(row[table.sparsity])
    return replace(convert(name, numbers, row), weight_sparsity=sparsity)


def _size(cell: Cell, column: str) -> int:
    digits = cell.text.isascii() and cell.text.isdigit() and len(cell.text) <= _LARGEST_DIGITS
    if not digits or not 1 <= int(cell.text) <= LARGEST:
        message = f"expected an integer of at least 1, not {cell.text!r}"
        raise InputError(message, position=cell.position, field=column)
    return int(cell.text)


def _ratio(cell: Cell) -> float:
    """Return the fraction of zeros in N:M sparsity: N of every M weights are kept."""
    kept, _, block = cell.text.partition(":")
    if not (
        kept.isdecimal() and block.isdecimal() and cell.text.isascii() and len(cell.text) < _LARGEST_DIGITS
    ):
        message = f"expected a ratio N:M, not {cell.text!r}"
        raise InputError(message, position=cell.position, field=_SPARSITY)
    if not 1 <= int(kept) <= int(block):
        message = f"{cell.text}: at least one and at most all of the weights are kept"
        raise InputError(message, position=cell.position, field=_SPARSITY)
    return 1 - int(kept) / int(block)


def _conv_layer(name: str, numbers: Sequence[int], row: Sequence[Cell]) -> Layer:
    rows, columns, kernel_rows, kernel_columns, channels, filters, stride = numbers
    output, far = [], []
    for size, kernel, cell in ((rows, kernel_rows, row[3]), (columns, kernel_columns, row[4])):
        if kernel > size:
            raise InputError(f"filter of {kernel} is larger than its input of {size}", position=cell.position)
        output.append(-(-(size - kernel + stride) // stride))
        far.append((output[-1] - 1) * stride + kernel - size)
    return Layer(
        name=name,
        op=Op.CONV2D,
        inputs=(INPUT,),
        input_shapes=(TensorShape(channels, rows, columns),),
        output_shape=TensorShape(filters, output[0], output[1]),
        kernel=(kernel_rows, kernel_columns),
        stride=(stride, stride),
        padding=(0, 0, far[0], far[1]),
    )


def _gemm_layer(name: str, numbers: Sequence[int], row: Sequence[Cell]) -> Layer:  # noqa: ARG001
    rows, filters, depth = numbers
    return Layer(
        name=name,
        op=Op.LINEAR,
        inputs=(INPUT,),
        input_shapes=(TensorShape(depth, rows, 1),),
        output_shape=TensorShape(filters, rows, 1),
    )
