"""Sums that saturate at the width of the accumulator instead of wrapping."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.kernels import Window
from archsim.arithmetic.macs import Codes, Convolve, DigitalMacs, MacFunction, Sums
from archsim.errors import InputError

_WIDE: Final = 64


@dataclass(frozen=True)
class SaturatingMacs:
    """Digital units whose sum saturates once, at its end: not after each product, as some accumulators do.

    Attributes
    ----------
    macs
        The unit with an accumulator that holds every sum.
    bits
        Width at which the sum saturates.
    """

    macs: DigitalMacs
    bits: int

    @property
    def lowest(self) -> int:
        """Smallest operand."""
        return self.macs.lowest

    @property
    def highest(self) -> int:
        """Largest operand."""
        return self.macs.highest

    def convolver(self, weights: Codes, window: Window, bias: NDArray[np.int64], lowest: int) -> Convolve:
        """Return the layer's convolution in 64 bits, clipped to the width."""
        convolve = self.macs.convolver(weights, window, bias, lowest)
        least, most = -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1

        def clipped(codes: Codes) -> Sums:
            return cast(Sums, np.clip(convolve(codes), least, most))

        return clipped


def saturating(function: MacFunction) -> SaturatingMacs:
    """Return a unit that saturates at the width at which it would wrap.

    Raises
    ------
    InputError
        If the unit is not a digital one with an exact adder: others have no wide sum.
    """
    if not isinstance(function, DigitalMacs) or function.arithmetic.approximate_sum:
        raise InputError("only sums of exact adders in digital units can saturate", field="overflow")
    wide = replace(function.arithmetic, accumulator_bits=_WIDE)
    return SaturatingMacs(DigitalMacs(wide), function.arithmetic.accumulator_bits)
