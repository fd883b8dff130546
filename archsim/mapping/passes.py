"""Row-stationary processing passes: what fits, what one pass does, what all passes of a layer sum up to.

Letters as in Chen et al., JSSC 52(1), 2017, Table II [pub]: M filters and C channels per group, N images,
E x F outputs, R x S kernel, U stride; a pass treats p t filters, q r channels, e output rows and n images,
and the buffer holds the sums of m filters. All functions take integers or NumPy arrays of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import gcd
from typing import Any, NamedTuple

import numpy as np

from archsim.hardware.cost import Operands, PassArray
from archsim.mapping.extents import Extent
from archsim.mapping.problem import Objective

Number = Any
"""An integer or an array of integers; the formulas are the same."""


class Choice(NamedTuple):
    """Pass parameters; each an integer, or arrays of one shape."""

    m: Number
    n: Number
    e: Number
    p: Number
    q: Number
    r: Number
    t: Number


@dataclass(frozen=True, slots=True)
class PassProblem:
    """One layer on a row-stationary array; filters and channels are counted per group.

    Attributes
    ----------
    inputs_staged, outputs_staged
        Whether the tensor's home is another memory than the unit's.
    doubled
        Inputs are loaded, and outputs stored, while the array computes: they have room twice.
    free_bits
        Room in the unit's memory.
    """

    groups: int
    filters: int
    channels: int
    images: int
    vertical: Extent
    horizontal: Extent
    array: PassArray
    operands: Operands
    inputs_staged: bool
    outputs_staged: bool
    doubled: bool
    free_bits: int
    objective: Objective

    @property
    def taps(self) -> int:
        """Kernel elements R S."""
        return self.vertical.kernel * self.horizontal.kernel

    @property
    def row_words(self) -> int:
        """Inputs of one padded row that a PE takes in."""
        return int(padded(self.horizontal, self.horizontal.outputs))

    @property
    def window_words(self) -> int:
        """Inputs of one channel that a PE must hold at once: the span of a filter row, or all it reads."""
        return min((self.horizontal.kernel - 1) * self.horizontal.dilation + 1, self.row_words)

    @property
    def keeps_filters(self) -> bool:
        """Whether the filter buffer holds all filters of a group from one pass to the next."""
        bits = self.filters * self.channels * self.taps * self.operands.weight_bits
        return bits <= self.array.filter_buffer_bits

    @property
    def slots(self) -> int:
        """PE sets of any width that fit above each other."""
        return self.array.rows // self.vertical.kernel


class Pass(NamedTuple):
    """What one pass does.

    ``inputs`` and ``weights`` are words on the way into the array, ``sums`` words each way; ``copies`` are
    words written into PEs; ``hops`` sums that enter a PE from outside. ``cycles`` are those of ramp-up and
    computing, ``fed_cycles`` those that the networks allow.
    """

    macs: Number
    inputs: Number
    weights: Number
    sums: Number
    weight_copies: Number
    input_copies: Number
    hops: Number
    cycles: Number
    fed_cycles: Number
    pe_cycles: Number


def padded(axis: Extent, outputs: Number) -> Number:
    """Return the positions, padding included, that consecutive outputs of an axis read.

    Output i reads i U + k D. Two pairs (i, k) meet where i differs by a multiple of D / gcd(U, D) and k by as
    many U / gcd(U, D); each position is counted at the pair with the smallest i.
    """
    common = gcd(axis.stride, axis.dilation)
    again = np.maximum(outputs - axis.dilation // common, 0) * max(axis.kernel - axis.stride // common, 0)
    return outputs * axis.kernel - again


def over(number: Number, parts: Number) -> Number:
    """Return the quotient, rounded up."""
    return -(-number // parts)


def one_pass(problem: PassProblem, choice: Choice, size: tuple[Number, Number, Number, Number]) -> Pass:
    """Return what a pass of ``size`` = (output rows, images, filters, channels) does.

    A PE spends one cycle per MAC and, because its adder serves both [pub], one per sum that it takes from
    its neighbour or from the buffer: ``F p (q S + 1)`` per image. Before, the filters and the first windows
    are brought in (ramp-up). Meanwhile the networks carry inputs, and sums in both directions.
    """
    rows, images, filters, channels = size
    array, operands = problem.array, problem.operands
    outputs = problem.horizontal.outputs
    held_filters, held_channels = over(filters, choice.t), over(channels, choice.r)
    filter_sets = over(filters, np.maximum(held_filters, 1))
    channel_sets = over(channels, np.maximum(held_channels, 1))
    pes = problem.vertical.kernel * rows * filter_sets * channel_sets
    lines = padded(problem.vertical, rows)
    inputs = lines * problem.row_words * channels
    sums = filters * rows * outputs
    weights = filters * channels * problem.taps
    ramp = np.maximum(
        over(weights * operands.weight_bits, array.filter_bus_bits),
        over(lines * channels * problem.window_words * operands.input_bits, array.input_bus_bits),
    )
    computing = outputs * held_filters * (held_channels * problem.horizontal.kernel + 1)
    moving = np.maximum(
        over(inputs * operands.input_bits, array.input_bus_bits),
        over(sums * operands.accumulator_bits, array.sum_bus_bits),
    )
    fed = ramp + images * np.maximum(computing, moving)
    return Pass(
        macs=images * sums * channels * problem.taps,
        inputs=images * inputs,
        weights=weights,
        sums=images * sums,
        weight_copies=weights * rows,
        input_copies=images * channels * filter_sets * problem.vertical.kernel * rows * problem.row_words,
        hops=images * sums * problem.vertical.kernel * channel_sets,
        cycles=ramp + images * computing,
        fed_cycles=fed,
        pe_cycles=pes * fed,
    )


def fits(problem: PassProblem, choice: Choice) -> Number:
    """Tell where a choice fits scratchpads, array, filter buffer and the unit's memory."""
    found: Number = True
    for condition in _conditions(problem, choice).values():
        found = found & condition
    return found


def misfit(problem: PassProblem, choice: Choice) -> str:
    """Return the first thing that a choice does not fit, in words; empty where it fits."""
    return next((what for what, holds in _conditions(problem, choice).items() if not holds), "")


def _conditions(problem: PassProblem, choice: Choice) -> Mapping[str, Number]:
    array, width = problem.array, problem.horizontal.kernel
    filters, channels = choice.p * choice.t, choice.q * choice.r
    weight_bits = filters * channels * problem.taps * problem.operands.weight_bits
    whole = (
        (problem.filters % choice.m == 0)
        & (choice.m % filters == 0)
        & (problem.channels % channels == 0)
        & (problem.images % choice.n == 0)
    )
    return {
        f"p q S weights against {array.filter_words} words of the filter scratchpad": (
            choice.p * choice.q * width <= array.filter_words
        ),
        f"q windows of inputs against {array.input_words} words of the input scratchpad": (
            choice.q * problem.window_words <= array.input_words
        ),
        f"p sums against {array.sum_words} words of the partial-sum scratchpad": choice.p <= array.sum_words,
        "r t sets of R x e PEs against the array": (
            choice.t <= most_filter_sets(problem, choice.e, choice.r)
        ),
        f"p t q r R S weights against {array.filter_buffer_bits} b of the filter buffer": (
            weight_bits <= array.filter_buffer_bits
        ),
        f"sums and inputs against {problem.free_bits} b of the unit's memory": (
            room_bits(problem, choice) <= problem.free_bits
        ),
        "blocks that must divide evenly": whole | (not array.whole_blocks),
    }


def most_filter_sets(problem: PassProblem, rows: Number, channel_sets: Number) -> Number:
    """Return how many sets for different filters fit, for ``e`` = rows and ``r`` = channel_sets.

    A set that is wider than the array is cut into segments that lie above each other. Sums run down the
    columns alone, so the r sets that share an output are stacked; such stacks stand above and beside each
    other.
    """
    columns = problem.array.columns
    stacked = problem.slots // over(rows, columns)
    return np.maximum(columns // rows, 1) * (stacked // channel_sets)


def room_bits(problem: PassProblem, choice: Choice) -> Number:
    """Return the room that sums and inputs take in the unit's memory, in whole allocations.

    ``n m e F`` sums and ``n q r`` maps of ``(e - 1) U + R`` padded rows [pub].
    """
    operands, grain = problem.operands, problem.array.allocation_bits
    sums = choice.n * choice.m * choice.e * problem.horizontal.outputs * operands.accumulator_bits
    lines = padded(problem.vertical, choice.e) * problem.row_words
    inputs = choice.n * choice.q * choice.r * lines * operands.input_bits
    room = over(sums, grain) * (2 if problem.doubled else 1)
    if problem.inputs_staged:
        room = room + over(inputs, grain) * (2 if problem.doubled else 1)
    return room * grain


def blocks(total: int, size: Number) -> tuple[tuple[Number, Number], tuple[Number, Number]]:
    """Return (count, size) of the whole blocks and of the rest; a block as large as all is the rest."""
    whole = over(total, size) - 1
    return (whole, size), (whole * 0 + 1, total - whole * size)


def classes(problem: PassProblem, choice: Choice) -> Iterator[tuple[Number, tuple[Number, ...]]]:
    """Yield how often each size of pass occurs in one group, and the size; counts may be zero."""
    axes = (
        blocks(problem.vertical.outputs, choice.e),
        blocks(problem.images, choice.n),
        blocks(problem.filters, choice.p * choice.t),
        blocks(problem.channels, choice.q * choice.r),
    )
    for parts in product(*axes):
        count = 1
        for occurrences, _ in parts:
            count = count * occurrences
        yield count, tuple(size for _, size in parts)


def all_passes(problem: PassProblem, choice: Choice) -> Pass:
    """Return the sums over all passes of the layer."""
    totals: list[Number] = [0] * len(Pass._fields)
    for count, size in classes(problem, choice):
        done = one_pass(problem, choice, size)
        for i, value in enumerate(done):
            totals[i] = totals[i] + count * value
    return Pass(*(problem.groups * total for total in totals))
