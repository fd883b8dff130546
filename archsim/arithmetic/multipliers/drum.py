"""DRUM: the dynamic-range unbiased multiplier."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from archsim.arithmetic.bit_positions import leading_one
from archsim.arithmetic.multipliers.base import Integers, Multiplier
from archsim.errors import InputError


class Drum(Multiplier, kind="drum"):
    """Multiplies the k bits of each operand that start at its leading one, the lowest of them set to 1.

    With L the position of the leading one: an operand below 2^k is kept, otherwise bits L to L - k + 1 are,
    the lowest of them is set to 1 (the mean of what is cut off) and the product is shifted back (Hashemi,
    Bahar and Reda, ICCAD 2015; reference/arithmetic.md §8). T = f(a) f(b), a table of rank 1. Signed
    operands are multiplied as magnitudes. No power of an 8-bit circuit is published.
    """

    by_magnitude = True

    k: int = Field(ge=1, le=16)
    """Bits of each operand that are multiplied."""

    @model_validator(mode="after")
    def _check_k(self) -> Self:
        if self.width is not None and self.k > self.width:
            message = f"expected 1 to {self.width}, as operands have {self.width} bits, got {self.k}"
            raise InputError(message, field="k")
        return self

    def _products(self, a: Integers, b: Integers) -> Integers:
        return self._segment(a) * self._segment(b)

    def _segment(self, operand: Integers) -> Integers:
        shift = np.maximum(leading_one(operand) - self.k + 1, 0)
        return np.where(shift > 0, ((operand >> shift) | 1) << shift, operand)
