"""The truncated adder."""

from __future__ import annotations

from archsim.arithmetic.adders.base import Integers, LowPart, LowPartAdder

_SOURCE = (
    "Liang, Han and Lombardi, IEEE TC 62(9), 2013: no power in dropped bits, first-order estimate [pub] "
    "(reference/arithmetic.md §7)"
)


class Truncated(LowPartAdder, kind="truncated"):
    """Low bits of both operands are ignored: those of the sum are zero, and nothing carries from them."""

    @property
    def low_part(self) -> LowPart:
        """No cells below the exact adder."""
        return LowPart("zero", self.low_bits)

    def _low(self, a: Integers, b: Integers) -> tuple[Integers, Integers]:
        none = (a ^ a) | (b ^ b)
        return none, none

    def _ratio(self) -> tuple[float, str]:
        return 0.0, _SOURCE
