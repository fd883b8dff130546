"""What one readout of a shared bit line gives: the drop of every sum, the scale of the converter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.hardware.bitline import Floats


@dataclass(frozen=True, eq=False)
class Readout:
    """Drops, deviations and converter of a line; the unit of the drops is free, as codes are ratios.

    Attributes
    ----------
    drops
        Drop for each sum of bit x pulse, in volts; later sums do not occur.
    spreads
        Standard deviation by mismatch of one cell's drop for each pulse, in volts.
    full_scale
        Drop at which the converter gives its last code, in volts; larger ones clip.
    converter_bits
        Width of the converter.
    full_scale_sum
        Sum that the last code stands for.
    """

    drops: Floats
    spreads: Floats
    full_scale: float
    converter_bits: int
    full_scale_sum: float

    @property
    def last_code(self) -> int:
        """The largest code."""
        return (1 << self.converter_bits) - 1

    @property
    def sum_per_code(self) -> float:
        """Sum of one line that a code stands for: below half of it nothing is seen."""
        return self.full_scale_sum / self.last_code

    def codes_per_volt(self, weights: Sequence[float]) -> Floats:
        """Return what each line adds to the code when capacitors in that proportion share its charge."""
        shares = np.asarray(weights, dtype=np.float64)
        return np.asarray(shares * (self.last_code / (shares.sum() * self.full_scale)), dtype=np.float64)

    def codes(self, drops: ArrayLike, weights: Sequence[float]) -> NDArray[np.int64]:
        """Return the codes of drops [...][line], clipped at full scale: what the compiled kernel computes."""
        levels = (np.asarray(drops) * self.codes_per_volt(weights)).sum(axis=-1)
        return np.asarray(np.clip(np.rint(levels), 0, self.last_code), dtype=np.int64)
