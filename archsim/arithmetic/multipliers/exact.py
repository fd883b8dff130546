"""The exact multiplier."""

from __future__ import annotations

from archsim.arithmetic.multipliers.base import EnergyRatio, Multiplier


class Exact(Multiplier, kind="exact"):
    """The exact product, which all other designs are measured against."""

    def product(self, a: int, b: int) -> int:
        """Return a x b."""
        return a * b

    def relative_energy(self) -> EnergyRatio:
        """One, by definition."""
        return EnergyRatio(1.0, "exact multiplier")
