"""Row-stationary passes executed PE by PE and MAC by MAC: everything is counted, nothing computed.

Nothing here uses the formulas under test; what a PE holds, takes in or adds follows from its MACs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import ceil

from archsim.mapping.extents import Extent
from archsim.mapping.passes import Choice, Pass, PassProblem


@dataclass
class Step:
    """One tile as the walker saw it."""

    passes: list[Pass] = field(default_factory=list)
    weights_loaded: int = 0
    inputs_loaded: int = 0
    finished: int = 0


@dataclass
class Walk:
    """All tiles in order, every MAC and every finished output."""

    steps: list[Step] = field(default_factory=list)
    macs: Counter[tuple[int, ...]] = field(default_factory=Counter)
    outputs: Counter[tuple[int, ...]] = field(default_factory=Counter)


@dataclass
class _Pe:
    """What one PE did in a pass."""

    busy: int = 0
    weights: set[tuple[int, ...]] = field(default_factory=set)
    inputs: set[tuple[int, ...]] = field(default_factory=set)


def chunks(items: Sequence[int], size: int) -> list[Sequence[int]]:
    """Blocks of a size; the last one may be smaller."""
    return [items[i : i + size] for i in range(0, len(items), size)]


def position(axis: Extent, output: int, tap: int) -> int:
    """Position in the unpadded input; outside of it is padding."""
    return output * axis.stride + tap * axis.dilation - axis.before


def walk(problem: PassProblem, choice: Choice) -> Walk:
    """Execute all passes of a layer."""
    found = Walk()
    filter_buffer: object = None
    input_buffer: object = None
    loops = (
        range(problem.groups),
        chunks(range(problem.images), choice.n),
        chunks(range(problem.vertical.outputs), choice.e),
        chunks(range(problem.filters), choice.m),
        chunks(range(problem.channels), choice.q * choice.r),
    )
    for group, images, strip, filters, channels in product(*loops):
        step = Step()
        for some in chunks(filters, choice.p * choice.t):
            step.passes.append(_execute(problem, choice, found, (group, images, strip, some, channels)))
        wanted = (group, tuple(filters), tuple(channels))
        count = len(filters) * len(channels) * problem.vertical.kernel * problem.horizontal.kernel
        if filter_buffer != wanted:
            step.weights_loaded = count
        fits = count * problem.operands.weight_bits <= problem.array.filter_buffer_bits
        filter_buffer = wanted if fits else None
        maps = (group, tuple(images), tuple(strip), tuple(channels))
        if input_buffer != maps:
            step.inputs_loaded = len(images) * len(channels) * _pixels(problem, strip)
        input_buffer = maps
        if channels[-1] == problem.channels - 1:
            done = list(product([group], images, filters, strip, range(problem.horizontal.outputs)))
            found.outputs.update(done)
            step.finished = len(done)
        found.steps.append(step)
    return found


def _pixels(problem: PassProblem, strip: Sequence[int]) -> int:
    """Distinct inputs of one channel that a strip reads, without padding."""
    vertical, horizontal = problem.vertical, problem.horizontal
    rows = {position(vertical, y, k) for y in strip for k in range(vertical.kernel)}
    columns = {
        position(horizontal, x, s) for x in range(horizontal.outputs) for s in range(horizontal.kernel)
    }
    inside = sum(0 <= row < vertical.inputs for row in rows)
    return inside * sum(0 <= column < horizontal.inputs for column in columns)


_Block = tuple[int, Sequence[int], Sequence[int], Sequence[int], Sequence[int]]


def _execute(problem: PassProblem, choice: Choice, found: Walk, block: _Block) -> Pass:
    """Execute one pass: hand filters and channels to the sets, and let every PE do its MACs."""
    group, images, strip, filters, channels = block
    pes = []
    for own, mine in product(
        chunks(filters, ceil(len(filters) / choice.t)), chunks(channels, ceil(len(channels) / choice.r))
    ):
        for k, y in product(range(problem.vertical.kernel), strip):
            pe = _Pe()
            for macs in _sums(problem, (group, images, strip, own, mine), k, y):
                pe.busy += len(macs) + 1
                for mac in macs:
                    found.macs[mac] += 1
                    _, image, f, c, _, x, _, s = mac
                    pe.weights.add((f, c, k, s))
                    row, column = position(problem.vertical, y, k), position(problem.horizontal, x, s)
                    pe.inputs.add((image, c, row, column))
            pes.append(pe)
    sums = len(images) * len(filters) * len(strip) * problem.horizontal.outputs
    return _summary(problem, pes, len(images), sums)


def _sums(problem: PassProblem, block: _Block, k: int, y: int) -> Iterator[list[tuple[int, ...]]]:
    """Yield the MACs of each partial sum that passes through the PE of a filter row and an output row."""
    group, images, _, filters, channels = block
    for image, x, f in product(images, range(problem.horizontal.outputs), filters):
        yield [(group, image, f, c, y, x, k, s) for c in channels for s in range(problem.horizontal.kernel)]


def _summary(problem: PassProblem, pes: list[_Pe], images: int, sums: int) -> Pass:
    array, operands = problem.array, problem.operands
    weights: set[tuple[int, ...]] = set().union(*(pe.weights for pe in pes))
    inputs: set[tuple[int, ...]] = set().union(*(pe.inputs for pe in pes))
    macs = sum(pe.busy for pe in pes)
    hops = sum(_hops(problem, pe, images) for pe in pes)
    one_image = len(inputs) // images
    rows = len({(c, row) for _, c, row, _ in inputs})
    row_words = one_image // rows
    window = min((problem.horizontal.kernel - 1) * problem.horizontal.dilation + 1, row_words)
    ramp = max(
        ceil(Fraction(len(weights) * operands.weight_bits, array.filter_bus_bits)),
        ceil(Fraction(rows * window * operands.input_bits, array.input_bus_bits)),
    )
    computing = max(pe.busy for pe in pes) // images
    moving = max(
        ceil(Fraction(one_image * operands.input_bits, array.input_bus_bits)),
        ceil(Fraction(sums // images * operands.accumulator_bits, array.sum_bus_bits)),
    )
    fed = ramp + images * max(computing, moving)
    return Pass(
        macs=macs - hops,
        inputs=len(inputs),
        weights=len(weights),
        sums=sums,
        weight_copies=sum(len(pe.weights) for pe in pes),
        input_copies=sum(len(pe.inputs) for pe in pes),
        hops=hops,
        cycles=ramp + images * computing,
        fed_cycles=fed,
        pe_cycles=len(pes) * fed,
    )


def _hops(problem: PassProblem, pe: _Pe, images: int) -> int:
    """Sums that entered the PE: one per image, output column and filter."""
    return images * problem.horizontal.outputs * len({f for f, *_ in pe.weights})
