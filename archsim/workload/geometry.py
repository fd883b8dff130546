"""How a window slides over a tensor: sizes as users write them, and the size of the output."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field, PlainValidator, WithJsonSchema

from archsim.errors import InputError

LARGEST = 2**31 - 1
"""Largest size that a trace may name; beyond it a number is a slip of the keyboard."""

_SIZE_SCHEMA = {"type": "integer", "minimum": 1, "maximum": LARGEST}
_PAD_SCHEMA = {"type": "integer", "minimum": 0, "maximum": LARGEST}


def _is_integer(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST


def _pair(value: object) -> tuple[int, int]:
    pair = [value, value] if isinstance(value, int) else value
    if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(_is_integer(v, 1) for v in pair):
        raise ValueError("expected an integer of at least 1 or [rows, columns]")
    return (pair[0], pair[1])


def _padding(value: object) -> str | tuple[int, int, int, int]:
    if value in ("same", "valid"):
        return str(value)
    sides = [value] * 4 if isinstance(value, int) else value
    if isinstance(sides, list | tuple) and len(sides) == 2:
        sides = [*sides, *sides]
    if not isinstance(sides, list | tuple) or len(sides) != 4 or not all(_is_integer(v, 0) for v in sides):
        expected = "an integer of at least 0, [rows, columns], [top, left, bottom, right], 'same' or 'valid'"
        raise ValueError(f"expected {expected}")
    return (sides[0], sides[1], sides[2], sides[3])


def _array(item: dict[str, object], length: int) -> dict[str, object]:
    return {"type": "array", "items": item, "minItems": length, "maxItems": length}


Size = Annotated[int, Field(ge=1, le=LARGEST, strict=True)]
"""A positive count."""

Pair = Annotated[
    tuple[int, int],
    PlainValidator(_pair),
    WithJsonSchema({"anyOf": [_SIZE_SCHEMA, _array(_SIZE_SCHEMA, 2)]}),
]
"""One number for rows and columns, or [rows, columns]."""

Padding = Annotated[
    str | tuple[int, int, int, int],
    PlainValidator(_padding),
    WithJsonSchema(
        {"anyOf": [{"enum": ["same", "valid"]}, _PAD_SCHEMA, _array(_PAD_SCHEMA, 2), _array(_PAD_SCHEMA, 4)]}
    ),
]
"""One number, [rows, columns], [top, left, bottom, right], `same` (ONNX SAME_UPPER) or `valid` (none)."""


class Axis(NamedTuple):
    """A window along rows or along columns."""

    size: int
    """Extent of the input."""
    kernel: int
    """Taps of the window."""
    stride: int
    """Distance between windows."""
    dilation: int
    """Distance between taps."""

    @property
    def span(self) -> int:
        """Extent of the window: (kernel - 1) x dilation + 1."""
        return (self.kernel - 1) * self.dilation + 1

    def same_padding(self) -> tuple[int, int]:
        """Return padding before and after for ceil(size / stride) outputs, the odd one after (SAME_UPPER)."""
        outputs = -(-self.size // self.stride)
        total = max((outputs - 1) * self.stride + self.span - self.size, 0)
        return total // 2, total - total // 2

    def outputs(self, before: int, after: int) -> int:
        """Return the number of whole windows: floor((size + before + after - span) / stride) + 1.

        Raises
        ------
        InputError
            If the window is larger than the padded input.
        """
        padded = self.size + before + after
        if self.span > padded:
            message = f"kernel spans {self.span} but the padded input has only {padded}"
            raise InputError(message, field="kernel")
        return (padded - self.span) // self.stride + 1
