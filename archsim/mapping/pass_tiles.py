"""From pass parameters to tiles: one tile is what the buffer holds between two loads of inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import ceil

from archsim.hardware.cost import Work, total_work
from archsim.mapping.blocks import Block
from archsim.mapping.extents import spans
from archsim.mapping.pass_search import coding
from archsim.mapping.passes import Choice, Pass, PassProblem, blocks, one_pass
from archsim.mapping.schedule import Run, Tensor, Tile, Transfer, run_lengths
from archsim.mapping.tiles import Places


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides the class of a tile."""

    images: int
    rows: int
    lines: int
    filters: int
    channels: int
    loads_weights: bool
    loads_inputs: bool
    finishes: bool


def runs(problem: PassProblem, choice: Choice, places: Places) -> tuple[Run, ...]:
    """Return all tiles of the layer in execution order, equal neighbours counted together.

    Loops from the outermost to the innermost: groups, images, strips of output rows, the m filters whose sums
    the buffer holds, the q r channels whose inputs it holds (Chen et al., JSSC 2017, Fig. 7 [pub]).
    """
    maker = _Maker(problem, choice, places)
    return run_lengths(map(maker.tile, _shapes(problem, choice)))


def work_of(done: Pass) -> Work:
    """Return a pass as the work that the ledger counts: sums enter and leave in every pass.

    Eyeriss takes the starting sums from the buffer too: its buffer bytes (JSSC 2017, Table V [pub]) are those
    of as many sums read as written [calc].
    """
    counts = Pass(*(int(value) for value in done))
    return Work(
        macs=counts.macs,
        input_reads=counts.inputs,
        weight_reads=counts.weights,
        output_passes=counts.sums,
        accumulator_reads=counts.sums,
        cycles=counts.cycles,
        weight_copies=counts.weight_copies,
        input_copies=counts.input_copies,
        sum_hops=counts.hops,
        pe_cycles=counts.pe_cycles,
    )


def compulsory_bits(problem: PassProblem, places: Places) -> Mapping[tuple[str, str], int]:
    """Return the least traffic per (tensor, home): every weight, input and output once, as it is coded."""
    operands, maps = problem.operands, problem.groups * problem.images
    coded_in, coded_out = coding(problem)
    window = problem.vertical.distinct * problem.horizontal.distinct
    outputs = problem.filters * problem.vertical.outputs * problem.horizontal.outputs
    weights = problem.groups * problem.filters * problem.channels * problem.taps
    found = {("weights", places.weights): weights * operands.weight_bits}
    if problem.inputs_staged:
        found["inputs", places.inputs] = ceil(maps * problem.channels * window * coded_in)
    if problem.outputs_staged:
        found["outputs", places.outputs] = ceil(maps * outputs * coded_out)
    return found


def walk(problem: PassProblem, choice: Choice) -> Iterator[Block]:
    """Yield the blocks of all tiles in execution order."""
    loops = (
        range(problem.groups),
        spans(problem.images, choice.n),
        spans(problem.vertical.outputs, choice.e),
        spans(problem.filters, choice.m),
        spans(problem.channels, choice.q * choice.r),
    )
    width = (0, problem.horizontal.outputs)
    for group, images, strip, filters, channels in product(*loops):
        yield Block((group, 1), filters, channels, (images, strip, width))


def _shapes(problem: PassProblem, choice: Choice) -> Iterator[_Shape]:
    weights_before: object = None
    inputs_before: object = None
    for block in walk(problem, choice):
        images, strip, _ = block.pixels
        filters, channels = block.filters, block.channels
        weights, inputs = block.weight_block, block.input_block
        yield _Shape(
            images=images[1],
            rows=strip[1],
            lines=problem.vertical.needed(*strip),
            filters=filters[1],
            channels=channels[1],
            loads_weights=weights != weights_before or not problem.keeps_filters,
            loads_inputs=inputs != inputs_before,
            finishes=sum(channels) == problem.channels,
        )
        weights_before, inputs_before = weights, inputs


@dataclass(slots=True)
class _Maker:
    """Builds each class of tile once."""

    problem: PassProblem
    choice: Choice
    places: Places
    made: dict[_Shape, Tile] = field(default_factory=dict)

    def tile(self, shape: _Shape) -> Tile:
        if shape not in self.made:
            self.made[shape] = self._build(shape)
        return self.made[shape]

    def _build(self, shape: _Shape) -> Tile:
        operands = self.problem.operands
        passes = [(count, one_pass(self.problem, self.choice, size)) for count, size in self._passes(shape)]
        outputs = shape.images * shape.filters * shape.rows * self.problem.horizontal.outputs
        loaded = shape.filters * shape.channels * self.problem.taps if shape.loads_weights else 0
        finished = outputs if shape.finishes else 0
        work = total_work(
            [(work_of(done), count) for count, done in passes]
            + [(Work(weight_writes=loaded, outputs=finished), 1)]
        )
        sum_bits = work.output_passes * operands.accumulator_bits
        return Tile(
            label=f"N{shape.images} E{shape.rows} M{shape.filters} C{shape.channels}",
            loads=self._loads(shape, loaded),
            stores=self._stores(finished),
            port_read_bits=work.input_reads * operands.input_bits + sum_bits,
            port_write_bits=sum_bits,
            finished_bits=finished * operands.output_bits,
            work=work,
            feed_cycles=sum(count * int(done.fed_cycles) for count, done in passes),
        )

    def _passes(self, shape: _Shape) -> Iterator[tuple[int, tuple[int, int, int, int]]]:
        for count, filters in blocks(shape.filters, self.choice.p * self.choice.t):
            if count:
                yield count, (shape.rows, shape.images, filters, shape.channels)

    def _loads(self, shape: _Shape, weights: int) -> tuple[Transfer, ...]:
        problem, places, found = self.problem, self.places, []
        if weights:
            bits = weights * problem.operands.weight_bits
            found.append(Transfer("weights", places.weights, places.unit, bits))
        values = shape.images * shape.channels * shape.lines * problem.horizontal.distinct
        if shape.loads_inputs and problem.inputs_staged and values:
            coded, raw = coding(problem)[0], problem.operands.input_bits
            found.append(_transfer("inputs", (places.inputs, places.memory), values, coded, raw))
        return tuple(found)

    def _stores(self, finished: int) -> tuple[Transfer, ...]:
        if not finished or not self.problem.outputs_staged:
            return ()
        coded, raw = coding(self.problem)[1], self.problem.operands.output_bits
        return (_transfer("outputs", (self.places.memory, self.places.outputs), finished, coded, raw),)


def _transfer(tensor: Tensor, ends: tuple[str, str], values: int, coded: Fraction, raw: int) -> Transfer:
    bits = ceil(values * coded)
    return Transfer(tensor, *ends, bits, saved_bits=values * raw - bits)
