"""Random small layers on row-stationary arrays, and every choice of passes that they have."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import fields, replace
from fractions import Fraction
from itertools import product
from math import ceil

from random_problems import random_extent

from archsim.hardware.cost import Operands, PassArray
from archsim.mapping.extents import Extent
from archsim.mapping.pass_search import PassCosts
from archsim.mapping.passes import Choice, Pass, PassProblem

PLENTY = 10**9
CODED = (None, Fraction(7, 3), Fraction(1, 2))


def random_pass_array(rng: random.Random) -> PassArray:
    """A small array whose scratchpads, networks and filter buffer may each be the tightest."""
    return PassArray(
        rows=rng.randint(3, 8),
        columns=rng.randint(1, 5),
        filter_words=rng.randint(3, 16),
        input_words=rng.randint(5, 12),
        sum_words=rng.randint(1, 5),
        filter_buffer_bits=rng.choice([200, 600, PLENTY]),
        filter_bus_bits=rng.choice([4, 16, 64]),
        input_bus_bits=rng.choice([4, 16, 64]),
        sum_bus_bits=rng.choice([8, 16, 64]),
        allocation_bits=rng.choice([1, 8, 512]),
        whole_blocks=rng.random() < 0.3,
        coded_bits=(rng.choice(CODED), rng.choice(CODED)),
    )


def random_pass_problem(rng: random.Random, most: int = 7) -> PassProblem:
    """A layer: convolutions with stride, padding, groups and dilation, 1 x 1 kernels, linear layers."""
    linear = rng.random() < 0.2
    return PassProblem(
        groups=rng.choice([1, 1, 2]),
        filters=rng.randint(1, most),
        channels=rng.randint(1, most),
        images=rng.choice([1, 1, 2, 3]),
        vertical=Extent(1, 1) if linear else random_extent(rng),
        horizontal=Extent(1, 1) if linear else random_extent(rng),
        array=random_pass_array(rng),
        operands=Operands(rng.choice([4, 8]), rng.choice([4, 8]), rng.choice([4, 8]), rng.choice([8, 16])),
        inputs_staged=rng.random() < 0.8,
        outputs_staged=rng.random() < 0.8,
        doubled=rng.random() < 0.5,
        free_bits=PLENTY,
        objective=rng.choice(["traffic", "latency", "energy", "edp"]),
    )


def random_pass_costs(rng: random.Random) -> PassCosts:
    """Prices of the same order of magnitude, some of them zero, so that no term decides alone."""

    def price(scale: float) -> float:
        return rng.choice([0.0, 1.0, 1.0]) * rng.uniform(0.1, 5.0) * scale

    names = [entry.name for entry in fields(PassCosts) if entry.name != "pass_j"]
    drawn = {name: price(1e-12 if name.endswith("_j") else 1.0) for name in names}
    each = Pass(*(price(1e-12) for _ in Pass._fields))
    return PassCosts(pass_j=each, **drawn | {"cycle_ps": rng.uniform(1, 40)})


def set_places(array: PassArray, kernel: int, choice: Choice) -> list[tuple[int, int]] | None:
    """Lay r t sets of kernel x e PEs onto the array, PE by PE; None where one lies outside.

    A set is cut into segments as wide as the array. The r sets that share sums stand on each other, and
    stacks stand beside each other before the next row of stacks begins.
    """
    width = min(choice.e, array.columns)
    segments = ceil(choice.e / array.columns)
    beside = array.columns // width if segments == 1 else 1
    taken = []
    for t, r, row, column in product(*map(range, (choice.t, choice.r, kernel, choice.e))):
        # Segments of one row of sets lie above each other; each holds a whole stack of r sets.
        height = choice.r * kernel * segments
        y = (t // beside) * height + (r * segments + column // array.columns) * kernel + row
        x = (t % beside) * width + column % array.columns
        if y >= array.rows or x >= array.columns:
            return None
        taken.append((y, x))
    return taken


def room(problem: PassProblem, choice: Choice) -> int:
    """Bits of the unit's memory that sums and inputs take, allocation by allocation."""
    grain = problem.array.allocation_bits
    vertical, horizontal = problem.vertical, problem.horizontal
    lines = {
        y * vertical.stride + k * vertical.dilation for y in range(choice.e) for k in range(vertical.kernel)
    }
    row = {
        x * horizontal.stride + s * horizontal.dilation
        for x in range(horizontal.outputs)
        for s in range(horizontal.kernel)
    }
    sums = choice.n * choice.m * choice.e * horizontal.outputs * problem.operands.accumulator_bits
    inputs = choice.n * choice.q * choice.r * len(lines) * len(row) * problem.operands.input_bits
    allocations = ceil(sums / grain) + (ceil(inputs / grain) if problem.inputs_staged else 0)
    return allocations * grain * (2 if problem.doubled else 1)


def legal(problem: PassProblem, choice: Choice) -> bool:
    """Tell whether a choice can be executed, written anew from the machine's limits."""
    m, n, _, p, q, r, t = choice
    array, kernel, horizontal = problem.array, problem.vertical.kernel, problem.horizontal
    span = (horizontal.kernel - 1) * horizontal.dilation + 1
    row = {
        x * horizontal.stride + s * horizontal.dilation
        for x in range(horizontal.outputs)
        for s in range(horizontal.kernel)
    }
    weights = p * t * q * r * kernel * horizontal.kernel * problem.operands.weight_bits
    whole = not (problem.filters % m or m % (p * t) or problem.channels % (q * r) or problem.images % n)
    return (
        p * q * horizontal.kernel <= array.filter_words
        and q * min(span, len(row)) <= array.input_words
        and p <= array.sum_words
        and weights <= array.filter_buffer_bits
        and set_places(array, kernel, choice) is not None
        and (whole or not array.whole_blocks)
        and room(problem, choice) <= problem.free_bits
    )


def every_choice(problem: PassProblem) -> Iterator[Choice]:
    """Yield all legal choices; a PE or an array with more than the whole layer is left out."""
    array = problem.array
    inner = product(
        range(1, problem.vertical.outputs + 1),
        range(1, problem.images + 1),
        range(1, min(problem.filters, array.sum_words) + 1),
        range(1, min(problem.channels, array.input_words) + 1),
        range(1, min(problem.channels, array.rows) + 1),
        range(1, min(problem.filters, array.rows * array.columns) + 1),
    )
    for e, n, p, q, r, t in inner:
        for m in sorted({*range(p * t, problem.filters, p * t), problem.filters}):
            choice = Choice(m, n, e, p, q, r, t)
            if legal(problem, choice):
                yield choice


def with_room(problem: PassProblem, rng: random.Random) -> PassProblem:
    """The same layer with a memory that holds some choices only."""
    rooms = sorted(room(problem, choice) for choice in every_choice(problem))
    return replace(problem, free_bits=rng.choice(rooms)) if rooms else problem
