"""Which bits of its tensors each tile moves: runs in nested loops.

Weights lie as [group][filter][channel][kernel row][kernel column], activations as [channel][row][column] for
every image, packed. Channels are outermost so that a range of them, a concatenation and a share of a split
layer are each one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from archsim.hardware.cost import Operands
from archsim.mapping import streaming
from archsim.mapping.blocks import Block, Loop, Region
from archsim.mapping.extents import Extent
from archsim.mapping.schedule import Transfer


class Shape(Protocol):
    """A layer with MACs, as the problem of tiling or of passes states it; counted per group."""

    @property
    def groups(self) -> int:
        """Groups."""

    @property
    def filters(self) -> int:
        """Output channels."""

    @property
    def channels(self) -> int:
        """Input channels."""

    @property
    def taps(self) -> int:
        """Kernel elements."""

    @property
    def vertical(self) -> Extent:
        """Rows."""

    @property
    def horizontal(self) -> Extent:
        """Columns."""

    @property
    def operands(self) -> Operands:
        """Widths."""


@dataclass(frozen=True, slots=True)
class MacRegions:
    """Regions of a layer with MACs."""

    shape: Shape
    walk: Callable[[], Iterator[Block]]
    _known: dict[tuple[object, ...], Region] = field(default_factory=dict, compare=False)

    @property
    def sums_bits(self) -> int:
        """Bits of the partial sums of one image."""
        shape = self.shape
        pixels = shape.vertical.outputs * shape.horizontal.outputs
        return shape.groups * shape.filters * pixels * shape.operands.accumulator_bits

    def blocks(self) -> Iterator[Block]:
        """Tiles in execution order."""
        return self.walk()

    def moved(self, block: Block, transfers: Sequence[Transfer], first: tuple[int, int]) -> list[Region]:
        """The region of each transfer.

        Partial sums lie as the outputs do, but wider. What is coded begins where it would begin otherwise.
        """
        return [_fitted(self._region(block, transfer.tensor, first), transfer) for transfer in transfers]

    def _region(self, block: Block, tensor: str, first: tuple[int, int]) -> Region:
        key: tuple[object, ...] = (tensor, first, block.group)
        if tensor == "weights":
            key = (*key, block.filters, block.channels)
        else:
            key = (*key, block.channels if tensor == "inputs" else block.filters, block.pixels)
        if key not in self._known:
            self._known[key] = self._find(block, tensor, first)
        return self._known[key]

    def _find(self, block: Block, tensor: str, first: tuple[int, int]) -> Region:
        if tensor == "weights":
            return self._weights(block, first)
        if tensor == "inputs":
            return self._inputs(block, first)
        operands = self.shape.operands
        width = operands.output_bits if tensor == "outputs" else operands.accumulator_bits
        return self._outputs(block, first, width)

    def _weights(self, block: Block, first: tuple[int, int]) -> Region:
        shape, width = self.shape, self.shape.operands.weight_bits
        row = shape.channels * shape.taps * width
        start = (first[0] + block.group[0]) * shape.filters + first[1] + block.filters[0]
        loops = ((block.group[1], shape.filters * row), (block.filters[1], row))
        column = block.channels[0] * shape.taps * width
        return _region((0, 1), start * row + column, block.channels[1] * shape.taps * width, loops)

    def _inputs(self, block: Block, first: tuple[int, int]) -> Region:
        shape, (images, rows, columns) = self.shape, block.pixels
        channel = (first[0] + block.group[0]) * shape.channels + block.channels[0]
        loops = ((block.group[1], shape.channels), (block.channels[1], 1))
        window = (_positions(shape.vertical, *rows), _positions(shape.horizontal, *columns))
        size = (shape.vertical.inputs, shape.horizontal.inputs)
        return map_region(images, (channel, loops), window, size, shape.operands.input_bits)

    def _outputs(self, block: Block, first: tuple[int, int], width: int) -> Region:
        shape, (images, rows, columns) = self.shape, block.pixels
        channel = (first[0] + block.group[0]) * shape.filters + first[1] + block.filters[0]
        loops = ((block.group[1], shape.filters), (block.filters[1], 1))
        window = (_Positions(*rows), _Positions(*columns))
        size = (shape.vertical.outputs, shape.horizontal.outputs)
        return map_region(images, (channel, loops), window, size, width)


@dataclass(frozen=True, slots=True)
class StreamRegions:
    """Regions of a layer without MACs."""

    stream: streaming.Stream
    sums_bits: int = 0

    def blocks(self) -> Iterator[Block]:
        """Tiles in execution order."""
        return streaming.walk(self.stream)

    def moved(self, block: Block, transfers: Sequence[Transfer], first: tuple[int, int]) -> list[Region]:
        """The region of each transfer; those of inputs come in the order of the layer's inputs."""
        if not transfers or transfers[0].tensor != "inputs":
            return [self._outputs(block, first[1]) for _ in transfers]
        found = (self._input(i, block, first[1]) for i in self._staged())
        return [region for region in found if region.length]

    def _staged(self) -> list[int]:
        return [i for i, home in enumerate(self.stream.homes) if home != self.stream.stage]

    def _outputs(self, block: Block, first: int) -> Region:
        out, (images, rows, columns) = self.stream.layer.output_shape, block.pixels
        channels = (first + block.filters[0], ((block.filters[1], 1),))
        window = (_Positions(*rows), _Positions(*columns))
        return map_region(images, channels, window, (out.rows, out.columns), self.stream.operands.output_bits)

    def _input(self, source: int, block: Block, first: int) -> Region:
        """Input of a block: its channels, or a share in the order of the outputs where channels differ."""
        layer, width = self.stream.layer, self.stream.operands.input_bits
        shape, out, (images, rows, columns) = layer.input_shapes[source], layer.output_shape, block.pixels
        if shape.channels == out.channels:
            window = (_Positions(0, shape.rows), _Positions(0, shape.columns))
            if shape == streaming.largest_input(layer):
                vertical, horizontal = streaming.window_of(layer)
                window = (_positions(vertical, *rows), _positions(horizontal, *columns))
            channels = (first + block.filters[0], ((block.filters[1], 1),))
            region = map_region(images, channels, window, (shape.rows, shape.columns), width)
        else:
            before = (block.filters[0] * out.rows + rows[0]) * out.columns + columns[0]
            count = streaming.scaled_elements(layer, shape, block.filters[1] * rows[1] * columns[1])
            start = shape.elements * before // layer.output_elements
            region = _region(images, start * width, count * width, ())
        return Region(region.first_image, region.images, region.first, region.length, region.loops, source)


@dataclass(frozen=True, slots=True)
class _Positions:
    """Positions along one axis: ``count`` of them, ``stride`` apart."""

    first: int
    count: int
    stride: int = 1


def _positions(axis: Extent, first: int, count: int) -> _Positions:
    """Input positions that some outputs read, from the first to the last.

    Only where a kernel of one position skips some of them, without padding, are these left out.
    """
    start = first * axis.stride - axis.before
    if axis.kernel == 1 and start >= 0:
        return _Positions(start, count, axis.stride)
    end = start + (count - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1
    begin = max(0, start)
    return _Positions(begin, max(0, min(axis.inputs, end) - begin))


def map_region(
    images: tuple[int, int],
    channels: tuple[int, tuple[Loop, ...]],
    window: tuple[_Positions, _Positions],
    size: tuple[int, int],
    width: int,
) -> Region:
    """Return the region of a window of some channels of an activation.

    Parameters
    ----------
    channels
        The first one, and loops over them.
    window, size
        Rows and columns: of the window, of the whole.
    width
        Bits of an element.
    """
    (rows, columns), plane = window, size[0] * size[1]
    span = (columns.count - 1) * columns.stride + 1 if columns.count else 0
    first = (channels[0] * size[0] + rows.first) * size[1] + columns.first
    loops = [(count, step * plane * width) for count, step in channels[1]]
    loops.append((rows.count, rows.stride * size[1] * width))
    return _region(images, first * width, span * width, tuple(loops))


def _region(images: tuple[int, int], first: int, length: int, loops: tuple[Loop, ...]) -> Region:
    """Join runs that lie side by side, and drop loops of one."""
    left = [loop for loop in loops if loop[0] != 1]
    while left and left[-1][1] == length:
        length *= left.pop()[0]
    return Region(*images, first, length, tuple(left))


def _fitted(region: Region, transfer: Transfer) -> Region:
    """Return one run from the same bit on for what is coded."""
    if not transfer.saved_bits:
        return region
    return Region(region.first_image, 1, region.first, transfer.bits)
