"""Choosing pass parameters: exact over all of them, for the model's own costs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from archsim.mapping.extents import block_sums
from archsim.mapping.passes import (
    Choice,
    Number,
    Pass,
    PassProblem,
    all_passes,
    fits,
    most_filter_sets,
    over,
    padded,
)

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PassCosts:
    """Energies in joules and times in picoseconds of a row-stationary array, per unit of each term.

    ``pass_j`` has the joules per unit of each field of :class:`archsim.mapping.passes.Pass`; fills and stores
    are per bit on the way, ``held_input_j`` and ``held_output_j`` per bit that coding keeps off it.
    """

    pass_j: Pass
    fill_weight_j: float
    fill_input_j: float
    store_output_j: float
    held_input_j: float
    held_output_j: float
    tile_j: float
    static_w: float
    weight_ps: float
    input_ps: float
    output_ps: float
    cycle_ps: float
    latency_ps: float


@dataclass(frozen=True, slots=True)
class PassMapping:
    """Pass parameters and the objective's value by the mapper's own account."""

    choice: Choice
    objective: float


@dataclass(frozen=True, slots=True)
class _Moved:
    """Bits of weights, inputs and outputs on their ways, those that coding saves, and tiles."""

    weights: Number
    inputs: Number
    outputs: Number
    saved_inputs: Number
    saved_outputs: Number
    tiles: Number


@lru_cache(maxsize=1024)
def best_passes(problem: PassProblem, costs: PassCosts) -> PassMapping | None:
    """Return the pass parameters with the least objective, or None where none fits.

    Every e, p, q, r, t is looked at: two sizes with the same number of blocks differ in what the last block
    leaves idle. Of the image counts the smallest with its number of blocks is, because all but the ramps is
    linear in images; m is the largest multiple of p t whose sums fit, because more sums on chip only save
    fetches. Ties go to fewer cycles, then to the smaller parameters in the order e, n, t, p, r, q.
    """
    best: tuple[float, float, Choice] | None = None
    inner = _inner(problem)
    for e in range(1, problem.vertical.outputs + 1):
        for n in _images(problem):
            found = _best_of(problem, costs, _with_sums(problem, inner, e, n))
            if found is not None and (best is None or found[:2] < best[:2]):
                best = found
    return None if best is None else PassMapping(best[2], best[0])


def price_passes(problem: PassProblem, costs: PassCosts, choice: Choice) -> PassMapping | None:
    """Return the given parameters with their objective, or None where they do not fit."""
    if not bool(fits(problem, choice)):
        return None
    return PassMapping(choice, float(_objective(problem, costs, choice)[0]))


def _sizes(total: int) -> list[int]:
    """Return the smallest block size for each number of blocks."""
    return sorted({over(total, over(total, size)) for size in range(1, total + 1)})


def _images(problem: PassProblem) -> list[int]:
    whole = problem.array.whole_blocks
    return [n for n in _sizes(problem.images) if not whole or problem.images % n == 0]


def _inner(problem: PassProblem) -> tuple[Ints, Ints, Ints, Ints]:
    """Return all (p, q, r, t) that scratchpads and filter buffer hold and that some strip height allows."""
    array, most = problem.array, int(most_filter_sets(problem, 1, 1))
    filters = _split(problem.filters, array.sum_words, most)
    channels = _split(problem.channels, array.input_words // problem.window_words, problem.slots)
    p, t = (np.repeat(column, len(channels)) for column in filters.T)
    q, r = (np.tile(column, len(filters)) for column in channels.T)
    weights = p * t * q * r * problem.taps * problem.operands.weight_bits
    uneven = (problem.filters % (p * t) != 0) | (problem.channels % (q * r) != 0)
    kept = (
        (t <= most_filter_sets(problem, 1, r))
        & ~(uneven & array.whole_blocks)
        & (p * q * problem.horizontal.kernel <= array.filter_words)
        & (weights <= array.filter_buffer_bits)
    )
    return p[kept], q[kept], r[kept], t[kept]


def _split(total: int, in_pe: int, in_array: int) -> Ints:
    """Return pairs (in a PE, sets): more than all of them together need is left out."""
    pairs: list[tuple[int, int]] = []
    for side in range(1, min(in_array, total) + 1):
        pairs.extend((size, side) for size in range(1, min(in_pe, over(total, side)) + 1))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _with_sums(problem: PassProblem, inner: tuple[Ints, Ints, Ints, Ints], e: int, n: int) -> Choice:
    """Return the choices of one strip height and image count, with the largest m that fits."""
    allowed = inner[3] <= most_filter_sets(problem, e, inner[2])
    p, q, r, t = (column[allowed] for column in inner)
    grain = problem.array.allocation_bits
    free = problem.free_bits // grain
    if problem.inputs_staged:
        lines = padded(problem.vertical, e) * problem.row_words
        free = free - over(n * q * r * lines * problem.operands.input_bits, grain) * (1 + problem.doubled)
    per_filter = n * e * problem.horizontal.outputs * problem.operands.accumulator_bits
    room: Number = free // (1 + problem.doubled) * grain // per_filter
    m = _most_sums(problem, p * t, room)
    kept: Number = m > 0
    same = np.ones(int(kept.sum()), dtype=np.int64)
    return Choice(m[kept], same * n, same * e, p[kept], q[kept], r[kept], t[kept])


def _most_sums(problem: PassProblem, filters: Ints, room: Number) -> Number:
    """Return the most filters, in whole passes, whose sums fit; 0 where those of one pass do not."""
    if not problem.array.whole_blocks:
        return np.where(room >= problem.filters, problem.filters, room // filters * filters)
    most = np.zeros_like(filters)
    for m in (size for size in range(1, problem.filters + 1) if problem.filters % size == 0):
        most = np.where((m % filters == 0) & (m <= room), m, most)
    return most


def _best_of(problem: PassProblem, costs: PassCosts, choices: Choice) -> tuple[float, float, Choice] | None:
    if not len(choices.m):
        return None
    objective, cycles = _objective(problem, costs, choices)
    at = np.lexsort((cycles, objective))[0]
    return float(objective[at]), float(cycles[at]), Choice(*(int(column[at]) for column in choices))


def _objective(problem: PassProblem, costs: PassCosts, choice: Choice) -> tuple[Number, Number]:
    """Return the objective's value and the cycles that the array is busy or waits for its networks."""
    done, moved = all_passes(problem, choice), _moved(problem, choice)
    energy = sum(each * total for each, total in zip(costs.pass_j, done, strict=True) if each)
    energy = energy + moved.weights * costs.fill_weight_j + moved.tiles * costs.tile_j
    energy = energy + moved.inputs * costs.fill_input_j + moved.saved_inputs * costs.held_input_j
    energy = energy + moved.outputs * costs.store_output_j + moved.saved_outputs * costs.held_output_j
    time = _time_ps(problem, costs, done, moved)
    energy = energy + costs.static_w * time * 1e-12
    traffic = moved.weights + moved.inputs + moved.outputs
    values = {"traffic": traffic, "latency": time, "energy": energy, "edp": energy * time}
    return values[problem.objective], done.fed_cycles


def _moved(problem: PassProblem, choice: Choice) -> _Moved:
    """Return the traffic of all tiles; a tensor is fetched again when its block changes."""
    rounds = over(problem.vertical.outputs, choice.e) * over(problem.images, choice.n)
    filter_blocks = over(problem.filters, choice.m)
    channel_blocks = over(problem.channels, choice.q * choice.r)
    kept = (filter_blocks * channel_blocks == 1) & problem.keeps_filters
    weight_trips = np.where(kept, 1, rounds)
    input_trips = np.where(channel_blocks == 1, 1, filter_blocks) * problem.inputs_staged
    weights = problem.groups * problem.filters * problem.channels * problem.taps
    maps = problem.groups * problem.images
    inputs = maps * problem.channels * _lines(problem, choice.e) * problem.horizontal.distinct * input_trips
    outputs = maps * problem.filters * problem.vertical.outputs * problem.horizontal.outputs
    outputs *= problem.outputs_staged
    coded_in, coded_out = (float(bits) for bits in coding(problem))
    return _Moved(
        weights=weight_trips * weights * problem.operands.weight_bits,
        inputs=inputs * coded_in,
        outputs=outputs * coded_out,
        saved_inputs=inputs * (problem.operands.input_bits - coded_in),
        saved_outputs=outputs * (problem.operands.output_bits - coded_out),
        tiles=problem.groups * rounds * filter_blocks * channel_blocks,
    )


def _lines(problem: PassProblem, rows: Number) -> Number:
    """Return the input rows of all strips together."""
    return block_sums(problem.vertical)[0][rows - 1]


def coding(problem: PassProblem) -> tuple[Fraction, Fraction]:
    """Return bits per input and output value on their way to and from their homes."""
    inputs, outputs = problem.array.coded_bits
    return (
        Fraction(problem.operands.input_bits) if inputs is None else inputs,
        Fraction(problem.operands.output_bits) if outputs is None else outputs,
    )


def _time_ps(problem: PassProblem, costs: PassCosts, done: Pass, moved: _Moved) -> Number:
    """Return the time without contention: weights are prefetched, the maps too where they are doubled."""
    computing = done.fed_cycles * costs.cycle_ps
    weights = moved.weights * costs.weight_ps
    maps = moved.inputs * costs.input_ps + moved.outputs * costs.output_ps + moved.tiles * costs.latency_ps
    if problem.doubled:
        return np.maximum(computing, weights + maps)
    return np.maximum(computing, weights) + maps
