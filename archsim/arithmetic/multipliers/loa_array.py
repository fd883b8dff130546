"""Shift-and-add multiplier with lower-part-OR adders."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from archsim.arithmetic.multipliers.base import Integers, SplittingMultiplier
from archsim.errors import InputError


class LoaArray(SplittingMultiplier, kind="loa_array"):
    """Shift-and-add multiplier whose rows are accumulated by lower-part-OR adders (LOA).

    The row of each bit of b, a shifted to its place, is added to a 2n-bit accumulator. The adder ORs the
    lowest k = `low_bits` bits, counted from bit 0 of the accumulator, and adds the others exactly; its carry
    into bit k is acc[k-1] AND row[k-1]::

        acc <- (acc OR row)[k-1:0] + 2^k (acc[2n-1:k] + row[2n-1:k] + (acc[k-1] AND row[k-1]))

    With ``signed: true`` magnitudes are multiplied and the sign is put back.

    A sum is never wider than an exact one's width, so a product fits 2n bits.

    Source: the adder of Mahdiani et al., "Bio-Inspired Imprecise Computational Blocks", IEEE TCAS-I 57(4),
    2010; the multiplier as defined in reference/arithmetic.md §8. No source has its cost.
    """

    by_magnitude = True

    low_bits: int = Field(ge=0, le=32, examples=[6])
    """Lowest bits of the accumulator that are ORed, 0 (exact) to 2n for n-bit operands."""

    @model_validator(mode="after")
    def _check_low_bits(self) -> Self:
        if self.low_bits > 2 * self.bits:
            raise InputError(f"expected at most the {2 * self.bits} bits of a product", field="low_bits")
        return self

    def _products(self, a: Integers, b: Integers) -> Integers:
        accumulator = np.zeros_like(a)
        for bit in range(self.bits):
            accumulator = self._added(accumulator, (a & -((b >> bit) & 1)) << bit)
        return accumulator

    def _added(self, accumulator: Integers, row: Integers) -> Integers:
        upper = -1 << self.low_bits
        carrying = (1 << self.low_bits) >> 1
        carry = (accumulator & row & carrying) << 1
        total = ((accumulator | row) & ~upper) + (accumulator & upper) + (row & upper) + carry
        return np.asarray(total, dtype=np.int64)
