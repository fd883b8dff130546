"""Gate-level models of multipliers to check closed forms with: a wire is a Python integer, one bit a pair.

Nothing here knows of archsim or numpy arithmetic: designs are bit lists, gates and rippled carries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

Wire = int
Number = list[Wire]  # wires, least significant first
FullAdder = Callable[[Wire, Wire, Wire], tuple[Wire, Wire]]


class Bench:
    """Operand pairs as wires, and the gates that need to know how many pairs there are."""

    def __init__(self, pairs: Sequence[tuple[int, int]], bits: int):
        self.pairs = pairs
        self.bits = bits
        self.one = (1 << len(pairs)) - 1
        self.a = self._wires([a for a, _ in pairs])
        self.b = self._wires([b for _, b in pairs])

    @classmethod
    def of_all_pairs(cls, bits: int, signed: bool = False) -> Bench:
        values = range(-(1 << bits - 1), 1 << bits - 1) if signed else range(1 << bits)
        return cls(list(product(values, repeat=2)), bits)

    @property
    def operands(self) -> tuple[np.ndarray, np.ndarray]:
        first, second = zip(*self.pairs, strict=True)
        return np.array(first), np.array(second)

    def read(self, number: Number) -> np.ndarray:
        """Values of a number, one for each pair."""
        columns = [np.frombuffer(format(wire, f"0{len(self.pairs)}b").encode(), np.uint8) for wire in number]
        return sum((column.astype(np.int64) - ord("0")) << i for i, column in enumerate(columns))

    def inverted(self, wire: Wire) -> Wire:
        return wire ^ self.one

    def _wires(self, values: Sequence[int]) -> Number:
        mask = (1 << self.bits) - 1
        patterns = [format(value & mask, f"0{self.bits}b") for value in values]
        return [int("".join(column), 2) for column in zip(*patterns, strict=True)][::-1]


def full_adder(a: Wire, b: Wire, c: Wire) -> tuple[Wire, Wire]:
    half = a ^ b
    return half ^ c, (a & b) | (half & c)


def ripple(first: Number, second: Number, width: int) -> Number:
    """Sum modulo 2^width: the last carry is dropped."""
    first, second = ((number + [0] * width)[:width] for number in (first, second))
    carry, total = 0, []
    for a, b in zip(first, second, strict=True):
        bit, carry = full_adder(a, b, carry)
        total.append(bit)
    return total


def carry_disregard_array(rows: Sequence[Number], columns: int) -> Number:
    """8x4 array: XOR cells in the first columns, then one full or half adder after another."""
    dots: dict[int, list[Wire]] = defaultdict(list)
    for place, row in enumerate(rows):
        for k, wire in enumerate(row):
            dots[place + k].append(wire)
    total = []
    for column in range(12):
        wires = dots[column]
        while len(wires) > 1:
            a, b, c = (wires.pop(0), wires.pop(0), wires.pop(0) if wires else 0)
            bit, carry = full_adder(a, b, c)
            wires.append(bit)
            if column >= columns:
                dots[column + 1].append(carry)
        total += wires or [0]
    return total


def cdm8(a: Number, b: Number, low: int, high: int) -> Number:
    rows = [[bit & wire for wire in a] for bit in b]
    lower, upper = carry_disregard_array(rows[:4], low), carry_disregard_array(rows[4:], high)
    return ripple(lower, [0] * 4 + upper, 16)


def scdm8(bench: Bench, low: int, high: int) -> Number:
    rows = [
        [bench.inverted(a & b) if (k == 7) != (i == 7) else a & b for k, a in enumerate(bench.a)]
        for i, b in enumerate(bench.b)
    ]
    lower, upper = carry_disregard_array(rows[:4], low), carry_disregard_array(rows[4:], high)
    constant = [bench.one if place in (8, 15) else 0 for place in range(16)]
    return ripple(ripple(lower, [0] * 4 + upper, 16), constant, 16)


def cdm16(bench: Bench, digits: Sequence[tuple[int, int]]) -> Number:
    halves = [(a, b) for b in (bench.b[:8], bench.b[8:]) for a in (bench.a[:8], bench.a[8:])]
    m1, m2, m3, m4 = (cdm8(a, b, *digit) for (a, b), digit in zip(halves, digits, strict=True))
    second = ripple(ripple(m1[8:], m2[:8], 8), m3[:8], 8)
    third = ripple(ripple(m2[8:], m3[8:], 8), m4[:8], 8)
    return m1[:8] + second + third + m4[8:]


def mirror_adders(bench: Bench) -> dict[str, FullAdder]:
    """The logic equations beside the truth tables of reference/arithmetic.md §7."""
    inverted = bench.inverted

    def ama1(a: Wire, b: Wire, c: Wire) -> tuple[Wire, Wire]:
        return (inverted(a) & inverted(b) & c) | (a & b & c), b | (a & c)

    def ama2(a: Wire, b: Wire, c: Wire) -> tuple[Wire, Wire]:
        carry = full_adder(a, b, c)[1]
        return inverted(carry), carry

    def ama3(a: Wire, b: Wire, c: Wire) -> tuple[Wire, Wire]:
        carry = b | (a & c)
        return inverted(carry), carry

    def ama4(a: Wire, b: Wire, c: Wire) -> tuple[Wire, Wire]:
        return c & (inverted(a) | b), a

    def ama5(a: Wire, b: Wire, _c: Wire) -> tuple[Wire, Wire]:
        return b, a

    return {"ama1": ama1, "ama2": ama2, "ama3": ama3, "ama4": ama4, "ama5": ama5}


def mirror_adder_array(bench: Bench, approximate: FullAdder, columns: int) -> Number:
    """Carry-save array by absolute columns: what lies to the right of a row is final."""
    n = bench.bits
    sums = dict(enumerate(a & bench.b[0] for a in bench.a))
    carries: dict[int, Wire] = {}
    for j in range(1, n):
        handed_on = {}
        for i, a in enumerate(bench.a):
            cell = approximate if i + j < columns else full_adder
            sums[i + j], handed_on[i + j + 1] = cell(
                sums.get(i + j, 0), a & bench.b[j], carries.get(i + j, 0)
            )
        carries = handed_on
    rippled = 0
    for column in range(n, 2 * n):
        cell = approximate if column < columns else full_adder
        sums[column], rippled = cell(sums.get(column, 0), carries[column], rippled)
    return [sums[column] for column in range(2 * n)]


def loa_array(bench: Bench, low_bits: int) -> Number:
    n = bench.bits
    accumulator: Number = [0] * (2 * n)
    for j, b in enumerate(bench.b):
        row = ([0] * j + [a & b for a in bench.a] + [0] * n)[: 2 * n]
        carry = accumulator[low_bits - 1] & row[low_bits - 1] if low_bits else 0
        for column in range(2 * n):
            if column < low_bits:
                accumulator[column] |= row[column]
            else:
                accumulator[column], carry = full_adder(accumulator[column], row[column], carry)
    return accumulator


def kulkarni(a: Number, b: Number) -> Number:
    """Recursive blocks of 2x2 with three output bits, combined by exact ripple adders."""
    if len(a) == 2:
        return [a[0] & b[0], (a[1] & b[0]) | (a[0] & b[1]), a[1] & b[1], 0]
    half, width = len(a) // 2, 2 * len(a)
    parts = [
        [0] * (half * (i + j)) + kulkarni(a[half * i : half * (i + 1)], b[half * j : half * (j + 1)])
        for i, j in product((0, 1), repeat=2)
    ]
    total = parts[0]
    for part in parts[1:]:
        total = ripple(total, part, width)
    return total
