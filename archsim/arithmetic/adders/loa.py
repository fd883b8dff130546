"""The lower-part OR adder."""

from __future__ import annotations

from archsim.arithmetic.adders.base import Integers, LowPart, LowPartAdder, low_bits_of

_RATIO = 0.2
_SOURCE = (
    "Liang, Han and Lombardi, IEEE TC 62(9), 2013: power of an OR gate per low bit relative to a full adder, "
    "first-order estimate, as a ratio of energies at one clock [pub] (reference/arithmetic.md §7)"
)


class LowerPartOr(LowPartAdder, kind="loa"):
    """Low bits are a OR b; the AND of the operands' highest low bits is the carry into the exact upper adder.

    Mahdiani et al., IEEE TCAS-I 57(4), 2010 (reference/arithmetic.md §7).
    """

    @property
    def low_part(self) -> LowPart:
        """OR gates below the exact adder."""
        return LowPart("or", self.low_bits)

    def _low(self, a: Integers, b: Integers) -> tuple[Integers, Integers]:
        return low_bits_of(a | b, self.low_bits), (a & b) >> (self.low_bits - 1) & 1

    def _ratio(self) -> tuple[float, str]:
        return _RATIO, _SOURCE
