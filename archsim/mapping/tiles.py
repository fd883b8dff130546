"""From a tiling to tiles: walk the loop nest, note what each tile must load, compute and store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from archsim.hardware.cost import Array, Work
from archsim.mapping.blocks import Block
from archsim.mapping.extents import spans
from archsim.mapping.problem import Problem
from archsim.mapping.schedule import Run, Tensor, Tile, Tiling, Transfer, run_lengths


@dataclass(frozen=True, slots=True)
class Places:
    """Names of the memories and units between which a layer's tensors move."""

    unit: str
    memory: str
    weights: str
    inputs: str
    outputs: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides the class of a tile."""

    groups: int
    filters: int
    channels: int
    pixels: int
    window: int
    loads_weights: bool
    loads_inputs: bool
    reloads_sums: bool
    adds_to_sums: bool
    finishes: bool
    spills: bool
    holds: bool
    opens: bool


def runs(problem: Problem, tiling: Tiling, places: Places) -> tuple[Run, ...]:
    """All tiles of the layer in execution order, equal neighbours counted together."""
    maker = _Maker(problem, places)
    return run_lengths(map(maker.tile, _shapes(problem, tiling)))


def blocks(problem: Problem, tiling: Tiling) -> Iterator[Block]:
    """Yield the blocks of all tiles in execution order."""
    loops: dict[str, Sequence[object]] = {
        "filters": spans(problem.filters, tiling.filters),
        "channels": spans(problem.channels, tiling.channels),
        "pixels": list(
            product(
                spans(problem.images, tiling.images),
                spans(problem.vertical.outputs, tiling.rows),
                spans(problem.horizontal.outputs, tiling.columns),
            )
        ),
    }
    for group in spans(problem.groups, tiling.groups):
        for at in product(*(loops[name] for name in tiling.order)):
            yield Block(group=group, **dict(zip(tiling.order, at, strict=True)))  # type: ignore[arg-type]


def _shapes(problem: Problem, tiling: Tiling) -> Iterator[_Shape]:
    window = _window_of(problem)
    walked = blocks(problem, tiling)
    previous: Block | None = None
    block: Block | None = next(walked)
    while block is not None:
        following = next(walked, None)
        enters = previous is None or previous.output_block != block.output_block
        leaves = following is None or following.output_block != block.output_block
        first_channel = block.channels[0] == 0
        last_channel = sum(block.channels) == problem.channels
        images, rows, columns = block.pixels
        yield _Shape(
            groups=block.group[1],
            filters=block.filters[1],
            channels=block.channels[1],
            pixels=images[1] * rows[1] * columns[1],
            window=images[1] * window(rows, columns),
            loads_weights=previous is None or previous.weight_block != block.weight_block,
            loads_inputs=previous is None or previous.input_block != block.input_block,
            reloads_sums=enters and not first_channel,
            adds_to_sums=not first_channel,
            finishes=last_channel,
            spills=leaves and not last_channel,
            holds=not leaves,
            opens=_opens(problem, block),
        )
        previous, block = block, following


def _opens(problem: Problem, block: Block) -> bool:
    """Whether the tile is the first of its groups, or of all groups where they lie side by side."""
    begins = (block.filters[0], block.channels[0], *(first for first, _ in block.pixels))
    return not any(begins) and not (problem.array.packs_groups and block.group[0])


def _window_of(problem: Problem) -> Callable[[tuple[int, int], tuple[int, int]], int]:
    rows: dict[tuple[int, int], int] = {}
    columns: dict[tuple[int, int], int] = {}

    def window(vertical: tuple[int, int], horizontal: tuple[int, int]) -> int:
        if vertical not in rows:
            rows[vertical] = problem.vertical.needed(*vertical)
        if horizontal not in columns:
            columns[horizontal] = problem.horizontal.needed(*horizontal)
        return rows[vertical] * columns[horizontal]

    return window


@dataclass(slots=True)
class _Maker:
    """Builds each class of tile once."""

    problem: Problem
    places: Places
    made: dict[_Shape, Tile] = field(default_factory=dict)

    def tile(self, shape: _Shape) -> Tile:
        if shape not in self.made:
            self.made[shape] = self._build(shape)
        return self.made[shape]

    def _build(self, shape: _Shape) -> Tile:
        operands = self.problem.operands
        work = tile_work(self.problem, shape)
        outputs = shape.groups * shape.filters * shape.pixels
        sum_bits = outputs * operands.accumulator_bits
        reads = work.input_reads * operands.input_bits
        if self.problem.weights == "memory":
            reads += work.weight_reads * operands.weight_bits
        return Tile(
            label=f"G{shape.groups} K{shape.filters} C{shape.channels} PQ{shape.pixels}",
            loads=self._loads(shape, sum_bits),
            stores=self._stores(shape, outputs, sum_bits),
            port_read_bits=reads + (sum_bits if shape.reloads_sums else 0),
            port_write_bits=(outputs * operands.output_bits if shape.finishes else 0)
            + (sum_bits if shape.spills else 0),
            finished_bits=outputs * operands.output_bits if shape.finishes else 0,
            work=work,
        )

    def _loads(self, shape: _Shape, sum_bits: int) -> tuple[Transfer, ...]:
        problem, places, operands = self.problem, self.places, self.problem.operands
        found = []
        if shape.loads_weights and problem.weights != "resident" and problem.weights_staged:
            bits = shape.groups * shape.filters * shape.channels * problem.taps * operands.weight_bits
            to = places.memory if problem.weights == "memory" else places.unit
            found.append(_transfer("weights", places.weights, to, bits))
        if shape.loads_inputs and problem.inputs_staged:
            bits = shape.groups * shape.channels * shape.window * operands.input_bits
            found.append(_transfer("inputs", places.inputs, places.memory, bits))
        if shape.reloads_sums:
            found.append(_transfer("partial_sums", places.outputs, places.memory, sum_bits))
        return tuple(transfer for transfer in found if transfer.bits)

    def _stores(self, shape: _Shape, outputs: int, sum_bits: int) -> tuple[Transfer, ...]:
        places = self.places
        if shape.spills:
            return (_transfer("partial_sums", places.memory, places.outputs, sum_bits),)
        if shape.finishes and self.problem.outputs_staged:
            bits = outputs * self.problem.operands.output_bits
            return (_transfer("outputs", places.memory, places.outputs, bits),)
        return ()


def _transfer(tensor: Tensor, source: str, destination: str, bits: int) -> Transfer:
    return Transfer(tensor, source, destination, bits)


def tile_work(problem: Problem, shape: _Shape) -> Work:
    """Operations and cycles of one tile by the closed forms of the array."""
    array = problem.array
    depth = shape.channels * problem.taps
    size = {"pixels": shape.pixels, "depth": depth, "filters": shape.filters}
    a, b, stream = size[array.across_rows], size[array.across_columns], size[array.streamed]
    row_folds, column_folds = -(-a // array.rows), -(-b // array.columns)
    reads = _reads(array, size, row_folds, column_folds)
    outputs = shape.groups * shape.filters * shape.pixels
    passes = shape.groups * reads["filters", "pixels"]
    held_reads, held_writes = _sum_accesses(array, shape, passes, outputs)
    return Work(
        macs=outputs * depth,
        input_reads=shape.groups * reads["depth", "pixels"],
        weight_reads=shape.groups * reads["depth", "filters"],
        output_passes=passes,
        outputs=outputs if shape.finishes else 0,
        accumulator_reads=held_reads,
        accumulator_writes=held_writes,
        weight_writes=shape.groups * shape.filters * depth
        if shape.loads_weights and problem.weights == "cells"
        else 0,
        cycles=_cycles(array, shape, (row_folds, column_folds), stream),
    )


def _cycles(array: Array, shape: _Shape, folds: tuple[int, int], stream: int) -> int:
    rows, columns = folds
    if array.packs_groups:
        rounds = rows * -(-shape.groups // array.columns)
    else:
        rounds = -(-shape.groups * rows * columns // array.parallel_folds)
    apart = 1 if array.packs_groups else shape.groups
    uncounted = array.uncounted_cycles * apart if shape.opens else 0
    return rounds * (array.overhead_cycles + array.step_cycles * stream) - uncounted


def _reads(
    array: Array, size: dict[str, int], row_folds: int, column_folds: int
) -> dict[tuple[str, str], int]:
    """Elements of each tensor that pass the array's edge: a tensor is repeated for every fold it lacks."""
    a, b, s = array.across_rows, array.across_columns, array.streamed
    repeated = 1 if array.packs_groups else column_folds
    counts = {
        (a, b): size[a] * size[b],
        (a, s): size[a] * size[s] * repeated,
        (b, s): size[b] * size[s] * row_folds,
    }
    return {tuple(sorted(pair)): count for pair, count in counts.items()}  # type: ignore[misc]


def _sum_accesses(array: Array, shape: _Shape, passes: int, outputs: int) -> tuple[int, int]:
    """Reads and writes of the unit's own partial-sum memory."""
    if array.sums_in_place:
        reads = outputs if shape.adds_to_sums and not shape.reloads_sums else 0
        return reads, outputs if shape.holds and not shape.finishes else 0
    reads = passes if shape.adds_to_sums else passes - outputs
    writes = passes
    return reads + (outputs if shape.spills else 0), writes + (outputs if shape.reloads_sums else 0)
