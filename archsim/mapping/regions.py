"""Which bits of its tensors each tile moves: runs in nested loops.

Weights lie in blocks as tiles load them, each in one piece: they are known before the run, and compilers lay
them out for it. Activations lie as [row][column][channel] for every image, packed: tiles mostly have all
channels of few pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from archsim.hardware.cost import Operands
from archsim.mapping import streaming
from archsim.mapping.blocks import Block, Loop, MapRegion, Region
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
    _known: dict[tuple[object, ...], Region | MapRegion] = field(default_factory=dict, compare=False)

    @property
    def sums_bits(self) -> int:
        """Bits of the partial sums of one image."""
        shape = self.shape
        pixels = shape.vertical.outputs * shape.horizontal.outputs
        return shape.groups * shape.filters * pixels * shape.operands.accumulator_bits

    def blocks(self) -> Iterator[Block]:
        """Tiles in execution order."""
        return self.walk()

    def moved(
        self, block: Block, transfers: Sequence[Transfer], first: tuple[int, int]
    ) -> Sequence[Region | MapRegion]:
        """The region of each transfer.

        Partial sums lie as the outputs do, but wider. What is coded begins where it would begin otherwise.
        """
        return [_fitted(self._region(block, transfer.tensor, first), transfer) for transfer in transfers]

    def _region(self, block: Block, tensor: str, first: tuple[int, int]) -> Region | MapRegion:
        key: tuple[object, ...] = (tensor, first, block.group)
        if tensor == "weights":
            key = (*key, block.filters, block.channels)
        else:
            key = (*key, block.channels if tensor == "inputs" else block.filters, block.pixels)
        if key not in self._known:
            self._known[key] = self._find(block, tensor, first)
        return self._known[key]

    def _find(self, block: Block, tensor: str, first: tuple[int, int]) -> Region | MapRegion:
        if tensor == "weights":
            return self._weights(block, first)
        if tensor == "inputs":
            return self._inputs(block, first)
        operands = self.shape.operands
        width = operands.output_bits if tensor == "outputs" else operands.accumulator_bits
        return self._outputs(block, first, width)

    def _weights(self, block: Block, first: tuple[int, int]) -> Region:
        """One run: blocks lie behind each other, by group, then by filter, then by channel."""
        shape, groups, filters = self.shape, block.group[1], block.filters[1]
        before = ((first[0] + block.group[0]) * shape.filters + first[1]) * shape.channels
        before += groups * (block.filters[0] * shape.channels + filters * block.channels[0])
        each = shape.taps * shape.operands.weight_bits
        return Region(0, before * each, groups * filters * block.channels[1] * each)

    def _inputs(self, block: Block, first: tuple[int, int]) -> MapRegion:
        shape, (images, rows, columns) = self.shape, block.pixels
        channel = (first[0] + block.group[0]) * shape.channels + block.channels[0]
        window = (_positions(shape.vertical, *rows), _positions(shape.horizontal, *columns))
        return MapRegion(
            images,
            *_pixels(window, shape.horizontal.inputs),
            *(channel, block.channels[1], (block.group[1], shape.channels)),
            channels=shape.groups * shape.channels,
            width=shape.operands.input_bits,
        )

    def _outputs(self, block: Block, first: tuple[int, int], width: int) -> MapRegion:
        shape, (images, rows, columns) = self.shape, block.pixels
        channel = (first[0] + block.group[0]) * shape.filters + first[1] + block.filters[0]
        return MapRegion(
            images,
            *_pixels((_Positions(*rows), _Positions(*columns)), shape.horizontal.outputs),
            *(channel, block.filters[1], (block.group[1], shape.filters)),
            channels=shape.groups * shape.filters,
            width=width,
        )


@dataclass(frozen=True, slots=True)
class StreamRegions:
    """Regions of a layer without MACs."""

    stream: streaming.Stream
    sums_bits: int = 0

    def blocks(self) -> Iterator[Block]:
        """Tiles in execution order."""
        return streaming.walk(self.stream)

    def moved(
        self, block: Block, transfers: Sequence[Transfer], first: tuple[int, int]
    ) -> Sequence[Region | MapRegion]:
        """The region of each transfer; those of inputs come in the order of the layer's inputs."""
        if not transfers or transfers[0].tensor != "inputs":
            return [self._outputs(block, first[1]) for _ in transfers]
        found = (self._input(i, block, first[1]) for i in self._staged())
        return [region for region in found if _is_some(region)]

    def _staged(self) -> list[int]:
        return [i for i, home in enumerate(self.stream.homes) if home != self.stream.stage]

    def _outputs(self, block: Block, first: int) -> MapRegion:
        out, (images, rows, columns) = self.stream.layer.output_shape, block.pixels
        return MapRegion(
            images,
            *_pixels((_Positions(*rows), _Positions(*columns)), out.columns),
            *(first + block.filters[0], block.filters[1], (1, 0)),
            channels=out.channels,
            width=self.stream.operands.output_bits,
        )

    def _input(self, source: int, block: Block, first: int) -> Region | MapRegion:
        """Input of a block: its channels, or a share in the order of the outputs where channels differ."""
        layer, width = self.stream.layer, self.stream.operands.input_bits
        shape, out, (images, rows, columns) = layer.input_shapes[source], layer.output_shape, block.pixels
        if shape.channels != out.channels:
            before = (rows[0] * out.columns + columns[0]) * out.channels + block.filters[0]
            count = streaming.scaled_elements(layer, shape, block.filters[1] * rows[1] * columns[1])
            start = shape.elements * before // layer.output_elements
            return Region(images[0], start * width, count * width, source)
        window = (_Positions(0, shape.rows), _Positions(0, shape.columns))
        if shape == streaming.largest_input(layer):
            vertical, horizontal = streaming.window_of(layer)
            window = (_positions(vertical, *rows), _positions(horizontal, *columns))
        return MapRegion(
            images,
            *_pixels(window, shape.columns),
            *(first + block.filters[0], block.filters[1], (1, 0)),
            channels=shape.channels,
            width=width,
            source=source,
        )


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


def _pixels(window: tuple[_Positions, _Positions], width: int) -> tuple[int, Loop, Loop]:
    """First pixel, rows and columns of a window in a plane of that width."""
    rows, columns = window
    first = rows.first * width + columns.first
    return first, (rows.count, rows.stride * width), (columns.count, columns.stride)


def _is_some(region: Region | MapRegion) -> bool:
    if isinstance(region, Region):
        return region.length > 0
    return region.rows[0] * region.columns[0] * region.run > 0


def _fitted(region: Region | MapRegion, transfer: Transfer) -> Region | MapRegion:
    """Return one run from the same bit on for what is coded."""
    if not transfer.saved_bits or isinstance(region, Region):
        return region
    first = (region.pixel * region.channels + region.channel) * region.width
    return Region(region.images[0], first, transfer.bits)
