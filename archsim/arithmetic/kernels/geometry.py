"""Sizes of one convolution and what they imply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Pair = tuple[int, int]
Edges = tuple[int, int, int, int]


@dataclass(frozen=True)
class Window:
    """How a kernel moves over an image.

    Parameters
    ----------
    stride, dilation
        One number or (rows, columns), at least 1.
    padding
        One number, (rows, columns), or (top, left, bottom, right) as in ONNX. Operands outside the image are
        `pad_value` and are multiplied as all others: an approximate product with zero need not be zero.
    groups
        Groups of channels.
    pad_value
        Activation outside the image (a zero point).

    Raises
    ------
    ValueError
        If a value is none of these.
    """

    stride: int | Sequence[int] = 1
    padding: int | Sequence[int] = 0
    dilation: int | Sequence[int] = 1
    groups: int = 1
    pad_value: int = 0
    strides: Pair = field(init=False)
    dilations: Pair = field(init=False)
    edges: Edges = field(init=False)

    def __post_init__(self) -> None:
        """Write numbers out as pairs."""
        if self.groups < 1:
            raise ValueError(f"{self.groups} groups: expected at least 1")
        object.__setattr__(self, "strides", _pair(self.stride, "stride", 1))
        object.__setattr__(self, "dilations", _pair(self.dilation, "dilation", 1))
        object.__setattr__(self, "edges", _edges(self.padding))


@dataclass(frozen=True, slots=True)
class Geometry:
    """A convolution in its groups.

    Attributes
    ----------
    window
        Strides, padding, dilation and groups.
    channels, outputs
        Input and output channels of one group.
    kernel
        (rows, columns).
    images, height, width
        Of the batch, without padding; 0 before one is known.
    """

    window: Window
    channels: int
    outputs: int
    kernel: Pair
    images: int = 0
    height: int = 0
    width: int = 0

    @property
    def out_rows(self) -> int:
        """Output rows: floor((height + padding - dilation (kernel - 1) - 1) / stride) + 1, at least 0."""
        return self._out(0, self.height)

    @property
    def out_columns(self) -> int:
        """Output columns, as `out_rows`."""
        return self._out(1, self.width)

    @property
    def taps(self) -> int:
        """Positions of the kernel."""
        return self.kernel[0] * self.kernel[1]

    @property
    def depth(self) -> int:
        """Products per output: channels of a group x taps."""
        return self.channels * self.taps

    @property
    def pixels(self) -> int:
        """Output positions of one image."""
        return self.out_rows * self.out_columns

    def _out(self, axis: int, length: int) -> int:
        padded = length + self.window.edges[axis] + self.window.edges[axis + 2]
        reach = self.window.dilations[axis] * (self.kernel[axis] - 1) + 1
        return max(0, (padded - reach) // self.window.strides[axis] + 1) if padded >= reach else 0


def _pair(value: int | Sequence[int], name: str, least: int) -> Pair:
    values = (value, value) if isinstance(value, int) else tuple(value)
    if len(values) != 2 or any(int(entry) != entry or entry < least for entry in values):
        raise ValueError(f"{name} is {value!r}: expected one or two integers of at least {least}")
    return int(values[0]), int(values[1])


def _edges(value: int | Sequence[int]) -> Edges:
    if not isinstance(value, int) and len(tuple(value)) == 4:
        return (*_pair(tuple(value)[:2], "padding", 0), *_pair(tuple(value)[2:], "padding", 0))
    rows, columns = _pair(value, "padding", 0)
    return rows, columns, rows, columns
