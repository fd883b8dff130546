"""The exact multiplier."""

from __future__ import annotations

from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.multipliers.base import Integers, Multiplier


class Exact(Multiplier, kind="exact"):
    """The exact product, which all other designs are measured against."""

    signs = (True, False)

    def _products(self, a: Integers, b: Integers) -> Integers:
        return a * b

    def _published_cost(self) -> RelativeCost:
        return RelativeCost(1.0, 1.0, 1.0, "exact multiplier")
