"""Designs against scalar models of them: all pairs of operands up to 8 bits, random ones beyond."""

from collections.abc import Callable, Iterator

import numpy as np

from archsim.arithmetic.multipliers.base import Multiplier

Model = Callable[[int, int], int]


def disagreements(design: Multiplier, model: Model, random_pairs: int = 2000) -> list[tuple[int, int]]:
    """Pairs (all of them up to 8 bits) for which a design differs from a scalar model of it."""
    pairs = list(_pairs(design, random_pairs))
    a, b = np.array(pairs, dtype=np.int64).T
    results = design.products(a, b).tolist()
    return [pair for pair, result in zip(pairs, results, strict=True) if model(*pair) != result]


def _pairs(design: Multiplier, random_pairs: int) -> Iterator[tuple[int, int]]:
    low, high = design.lowest, design.highest
    if design.bits <= 8:
        yield from ((a, b) for a in range(low, high + 1) for b in range(low, high + 1))
        return
    corners = [low, low + 1, -1, 0, 1, high - 1, high]
    yield from ((a, b) for a in corners for b in corners if min(a, b) >= low)
    drawn = np.random.default_rng(0).integers(low, high + 1, size=(random_pairs, 2))
    yield from map(tuple, drawn.tolist())


def array_model(bits: int, signed: bool, kept: Callable[[int, int], bool]) -> Model:
    """An array of partial products as a circuit holds it: Baugh-Wooley bits and constants, modulo 2^(2N)."""
    masks = [sum(kept(i, j) << i for i in range(bits)) for j in range(bits)]
    top = bits - 1
    complements = [
        sum(((i == top) != (j == top)) << i for i in range(bits)) if signed else 0 for j in range(bits)
    ]
    constant = (1 << bits) + (1 << (2 * bits - 1)) if signed else 0

    def multiply(a: int, b: int) -> int:
        pattern, total = a % (1 << bits), constant
        for j in range(bits):
            row = pattern & masks[j] if (b >> j) & 1 else 0
            total += (row ^ complements[j]) << j
        total %= 1 << (2 * bits)
        return total - (1 << (2 * bits)) if signed and total >> (2 * bits - 1) else total

    return multiply


def by_magnitude(model: Model) -> Model:
    """A model of magnitudes with the sign put back."""

    def multiply(a: int, b: int) -> int:
        product = model(abs(a), abs(b))
        return -product if (a < 0) != (b < 0) else product

    return multiply


def errors(design: Multiplier) -> np.ndarray:
    """Signed errors of all pairs, [a][b]."""
    values = design.operand_values()
    return design.table().astype(np.int64) - np.outer(values, values)
