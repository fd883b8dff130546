"""The exact adder."""

from __future__ import annotations

from archsim.arithmetic.adders.base import Adder, Integers, LowPart, exact_sums
from archsim.arithmetic.cost import RelativeCost


class ExactAdder(Adder, kind="exact"):
    """The exact sum, which all other designs are measured against."""

    @property
    def low_part(self) -> LowPart:
        """No approximate bit."""
        return LowPart("exact", 0)

    def sums(self, a: Integers, b: Integers, bits: int) -> Integers:
        """Return a + b modulo 2^bits in two's complement."""
        return exact_sums(a, b, bits)

    def _published_cost(self, bits: int) -> RelativeCost:  # noqa: ARG002
        return RelativeCost(1.0, 1.0, 1.0, "exact adder")
