"""Layers without MACs: blocks that fit, loaded once, computed and stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from archsim.hardware.compute.base import ComputeUnit
from archsim.hardware.cost import Operands, Work
from archsim.mapping.blocks import Block
from archsim.mapping.extents import Extent, spans
from archsim.mapping.schedule import Run, Tile, Transfer, run_lengths
from archsim.workload.layer import Layer, Op, TensorShape


@dataclass(frozen=True, slots=True)
class Stream:
    """One layer without MACs on one unit.

    Attributes
    ----------
    homes
        Memory of each input, in the layer's order.
    stage
        Memory through which the unit reads and writes, or the unit itself where it does so over a link.
    room_bits
        Room for one block with its inputs and outputs.
    """

    layer: Layer
    unit: ComputeUnit
    images: int
    operands: Operands
    homes: tuple[str, ...]
    output_home: str
    stage: str
    through_port: bool
    room_bits: int


@dataclass(frozen=True, slots=True)
class _Block:
    channels: int
    rows: int
    columns: int
    window: int


def runs(stream: Stream) -> tuple[Run, ...] | None:
    """Blocks of all images in order, run-length encoded; None where even one output does not fit."""
    size = _block_size(stream)
    if size is None:
        return None
    blocks = tuple(_blocks(stream.layer, size))
    made = {block: _tile(stream, block) for block in dict.fromkeys(blocks)}
    return run_lengths(made[block] for _ in range(stream.images) for block in blocks)


def largest_input(layer: Layer) -> TensorShape:
    """The input over which the window slides; others may have one value per channel."""
    return max(layer.input_shapes, key=lambda shape: shape.elements)


def window_of(layer: Layer) -> tuple[Extent, Extent]:
    """Vertical and horizontal axes of the window over the largest input."""
    shape, out = largest_input(layer), layer.output_shape
    if layer.op is Op.GLOBAL_AVERAGE_POOL:
        return Extent(1, shape.rows, shape.rows), Extent(1, shape.columns, shape.columns)
    return (
        Extent(out.rows, shape.rows, layer.kernel[0], layer.stride[0], layer.dilation[0], layer.padding[0]),
        Extent(
            out.columns, shape.columns, layer.kernel[1], layer.stride[1], layer.dilation[1], layer.padding[1]
        ),
    )


def _block_size(stream: Stream) -> tuple[int, int, int] | None:
    """Largest channels x rows x columns that fit, halving one axis after the other.

    A unit with a data buffer of its own takes a single output whatever its window needs: the window passes
    through the buffer piece by piece.
    """
    out = stream.layer.output_shape
    size = [out.channels, out.rows, out.columns]
    # The channels of a pixel lie side by side in memory: they are cut last.
    for axis in (1, 2, 0):
        while size[axis] > 1 and not _fits(stream, size):
            size[axis] = -(-size[axis] // 2)
    passes = stream.unit.streaming_capacity_bits is not None
    return (size[0], size[1], size[2]) if passes or _fits(stream, size) else None


def _fits(stream: Stream, size: list[int]) -> bool:
    worst = max(_block_bits(stream, block) for block in _blocks(stream.layer, (size[0], size[1], size[2])))
    outputs = stream.images * stream.layer.output_elements
    doubled = stream.unit.double_buffering and outputs > size[0] * size[1] * size[2]
    return worst * (2 if doubled else 1) <= stream.room_bits


def _block_bits(stream: Stream, block: _Block) -> int:
    inputs = sum(_input_elements(stream, block)) * stream.operands.input_bits
    return inputs + block.channels * block.rows * block.columns * stream.operands.output_bits


def _input_elements(stream: Stream, block: _Block) -> list[int]:
    """Elements of each input that one block reads; flattened or resized inputs scale with the block."""
    layer, largest = stream.layer, largest_input(stream.layer)
    found = []
    for shape in layer.input_shapes:
        if shape.channels == layer.output_shape.channels:
            found.append(block.channels * (block.window if shape == largest else shape.rows * shape.columns))
        else:
            found.append(scaled_elements(layer, shape, block.channels * block.rows * block.columns))
    return found


def scaled_elements(layer: Layer, shape: TensorShape, outputs: int) -> int:
    """Share of an input whose channels differ; a strided copy reads only what it keeps."""
    if layer.function == "copy":
        return -(-outputs * shape.channels // layer.output_shape.channels)
    return -(-shape.elements * outputs // layer.output_elements)


def _blocks(layer: Layer, size: tuple[int, int, int]) -> Iterator[_Block]:
    vertical, horizontal = window_of(layer)
    out = layer.output_shape
    for channel in range(0, out.channels, size[0]):
        for row in range(0, out.rows, size[1]):
            rows = min(size[1], out.rows - row)
            height = vertical.needed(row, rows)
            for column in range(0, out.columns, size[2]):
                columns = min(size[2], out.columns - column)
                window = height * horizontal.needed(column, columns)
                yield _Block(min(size[0], out.channels - channel), rows, columns, window)


def walk(stream: Stream) -> Iterator[Block]:
    """Yield where the blocks of all images are, in order; empty where not even one output fits."""
    size = _block_size(stream)
    out = stream.layer.output_shape
    if size is None:
        return
    axes = zip((out.channels, out.rows, out.columns), size, strict=True)
    places = list(product(*(spans(total, each) for total, each in axes)))
    for image in range(stream.images):
        for channels, rows, columns in places:
            yield Block((0, 1), channels, channels, ((image, 1), rows, columns))


def _tile(stream: Stream, block: _Block) -> Tile:
    inputs = [count * stream.operands.input_bits for count in _input_elements(stream, block)]
    elements = block.channels * block.rows * block.columns
    output_bits = elements * stream.operands.output_bits
    loads = [
        Transfer("inputs", home, stream.stage, bits)
        for home, bits in zip(stream.homes, inputs, strict=True)
        if home != stream.stage and bits
    ]
    stores = [Transfer("outputs", stream.stage, stream.output_home, output_bits)]
    work = Work(
        elements=elements,
        outputs=elements,
        cycles=stream.unit.streaming_cycles(stream.layer, elements),
    )
    return Tile(
        label=f"K{block.channels} P{block.rows} Q{block.columns}",
        loads=tuple(loads),
        stores=tuple(stores) if stream.output_home != stream.stage else (),
        port_read_bits=sum(inputs) if stream.through_port else 0,
        port_write_bits=output_bits if stream.through_port else 0,
        finished_bits=output_bits,
        work=work,
    )


def compulsory_bits(stream: Stream) -> dict[tuple[str, str], int]:
    """Least traffic per (tensor, home): what one block as large as the layer moves."""
    out = stream.layer.output_shape
    (block,) = _blocks(stream.layer, (out.channels, out.rows, out.columns))
    found: dict[tuple[str, str], int] = {}
    for transfer in (*_tile(stream, block).loads, *_tile(stream, block).stores):
        memory = transfer.source if transfer.tensor == "inputs" else transfer.destination
        key = (transfer.tensor, memory)
        found[key] = found.get(key, 0) + stream.images * transfer.bits
    return found
