"""Mitchell's logarithmic multiplier."""

from __future__ import annotations

import numpy as np

from archsim.arithmetic.bit_positions import leading_one
from archsim.arithmetic.multipliers.base import Integers, Multiplier


class Mitchell(Multiplier, kind="mitchell"):
    """Adds piecewise-linear logarithms: log2(2^k (1 + x)) is taken as k + x, and back.

    With k1, k2 the positions of the leading ones and s = (a - 2^k1) 2^k2 + (b - 2^k2) 2^k1:
    T = 2^(k1+k2) + s if s < 2^(k1+k2), else 2 s; T = 0 if an operand is 0 (Mitchell, IRE Trans. Electronic
    Computers EC-11(4), 1962; reference/arithmetic.md §8). T <= P, and the relative error is at most 1/9.
    Signed operands are multiplied as magnitudes. No power of an 8-bit circuit is published.
    """

    by_magnitude = True

    def _products(self, a: Integers, b: Integers) -> Integers:
        first, second = (np.maximum(leading_one(operand), 0) for operand in (a, b))
        one = np.left_shift(1, first + second)
        fractions = ((a - (1 << first)) << second) + ((b - (1 << second)) << first)
        products = np.where(fractions < one, one + fractions, 2 * fractions)
        return np.where((a == 0) | (b == 0), 0, products)
