"""Operand truncation: an exact multiplier whose operands lose their low bits."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.evoapproxlib import operand_truncated_cost
from archsim.arithmetic.multipliers.base import Integers, Multiplier
from archsim.errors import InputError


class OperandTruncated(Multiplier, kind="operand_truncated"):
    """Clears the low k bits of both operands and multiplies exactly, a table of rank 1.

    T = (floor(a / 2^k) 2^k) (floor(b / 2^k) 2^k) (reference/arithmetic.md §8). Some generators call this
    "truncated multiplier"; `truncated` drops columns of the array instead. Signed: the bits of two's
    complement are cleared, which rounds towards minus infinity; k = 1, 2, 3 then have the error figures
    printed for EvoApproxLib's mul8s_1L2H, mul8s_1L2D and mul8s_1L1G (§9), whose power, area and delay are the
    published cost.
    """

    low_bits: int = Field(ge=0, le=15)
    """Low bits k of each operand that are cleared."""

    @model_validator(mode="after")
    def _check_low_bits(self) -> Self:
        if self.width is not None and self.low_bits >= self.width:
            raise InputError(f"operands have {self.width} bits: none is left", field="low_bits")
        return self

    def _products(self, a: Integers, b: Integers) -> Integers:
        cleared = 2 * self.low_bits
        return ((a >> self.low_bits) * (b >> self.low_bits)) << cleared

    def _published_cost(self) -> RelativeCost | None:
        return operand_truncated_cost(self.low_bits, bits=self.bits, signed=self.is_signed)
