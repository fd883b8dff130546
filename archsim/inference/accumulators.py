"""Sums that leave the accumulator: how many there are, and whether they wrap or saturate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.adders.base import wrapped
from archsim.arithmetic.adders.exact import ExactAdder
from archsim.arithmetic.kernels import Arithmetic, Window
from archsim.arithmetic.macs import Codes, Convolve, DigitalMacs, MacFunction, Sums
from archsim.arithmetic.mixed_macs import MixedMacs
from archsim.arithmetic.multipliers.base import TABLE_BITS, Multiplier
from archsim.errors import InputError
from archsim.hardware.quantization import Overflow
from archsim.inference.unit_functions import SplitMacs


@dataclass(slots=True, eq=False)
class Tally:
    """Sums of one layer, and how many of them are outside of the accumulator's range."""

    sums: int = 0
    outside: int = 0

    @property
    def share(self) -> float:
        """Share of the sums outside."""
        return self.outside / self.sums if self.sums else 0.0

    def clear(self) -> None:
        """Start anew."""
        self.sums = self.outside = 0

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Count nothing meanwhile."""
        before = self.sums, self.outside
        yield
        self.sums, self.outside = before


@dataclass(frozen=True)
class AccumulatedMacs:
    """Digital units whose sums are counted where they leave the accumulator, and then wrap or saturate.

    What counts is the whole sum, by an exact adder: in two's complement a sum that leaves the range on the
    way and comes back is right. It saturates once, at its end; some accumulators do after each product.

    Attributes
    ----------
    macs
        The unit.
    overflow
        What becomes of sums outside.
    tally
        Of the layer.
    """

    macs: DigitalMacs
    overflow: Overflow = "wrap"
    tally: Tally = field(default_factory=Tally, compare=False)

    @property
    def lowest(self) -> int:
        """Smallest operand."""
        return self.macs.lowest

    @property
    def highest(self) -> int:
        """Largest operand."""
        return self.macs.highest

    def convolver(self, weights: Codes, window: Window, bias: NDArray[np.int64], lowest: int) -> Convolve:
        """Return the layer's convolution; where no sum can leave the range, as fast as without counting."""
        own = self.macs.arithmetic
        largest = largest_sum(own.multiplier, weights, bias)
        if largest is not None and largest < 1 << (own.accumulator_bits - 1):
            return self._counted(self.macs.convolver(weights, window, bias, lowest), lambda _: 0)
        bits = 32 if largest is not None and largest < 1 << 31 else 64
        whole = DigitalMacs(Arithmetic(own.multiplier, ExactAdder(), bits))
        sums = whole.convolver(weights, window, bias, lowest)
        if own.approximate_sum:
            return self._beside(sums, self.macs.convolver(weights, window, bias, lowest))
        counted = self._counted(sums, self._outside)
        return lambda codes: self._settled(counted(codes))

    def _counted(self, convolve: Convolve, outside: Callable[[Sums], int]) -> Convolve:
        def counted(codes: Codes) -> Sums:
            sums = convolve(codes)
            self.tally.sums += sums.size
            self.tally.outside += outside(sums)
            return sums

        return counted

    def _beside(self, exact: Convolve, convolve: Convolve) -> Convolve:
        """The unit's own sums, counted by exact ones of the same products."""
        counted = self._counted(exact, self._outside)

        def computed(codes: Codes) -> Sums:
            counted(codes)
            return convolve(codes)

        return computed

    @property
    def _range(self) -> tuple[int, int]:
        half = 1 << (self.macs.arithmetic.accumulator_bits - 1)
        return -half, half - 1

    def _outside(self, sums: Sums) -> int:
        least, most = self._range
        return int(np.count_nonzero(sums < least) + np.count_nonzero(sums > most))

    def _settled(self, sums: Sums) -> Sums:
        bits = self.macs.arithmetic.accumulator_bits
        if self.overflow == "saturate":
            found = np.clip(sums, *self._range)
        else:
            found = wrapped(sums.astype(np.int64), bits)
        return cast(Sums, found.astype(np.int32 if bits <= 32 else np.int64))


def accumulated(function: MacFunction, overflow: Overflow, tally: Tally) -> MacFunction:
    """Return a unit that tells of the sums that leave its accumulator; one without digital sums as it is.

    Raises
    ------
    InputError
        If sums should saturate that have no exact adder of a digital unit.
    """
    if isinstance(function, MixedMacs | SplitMacs):
        parts = tuple((accumulated(macs, overflow, tally), count) for macs, count in function.parts)
        return replace(function, parts=parts)
    digital = function if isinstance(function, DigitalMacs) else None
    if overflow == "saturate" and (digital is None or digital.arithmetic.approximate_sum):
        raise InputError("only sums of exact adders in digital units can saturate", field="overflow")
    return function if digital is None else AccumulatedMacs(digital, overflow, tally)


def largest_sum(multiplier: Multiplier, weights: Codes, bias: NDArray[np.int64]) -> int | None:
    """Return a magnitude that no sum of a layer exceeds, whatever the activations; None: not known.

    Every product is taken to be the largest one of its weight.
    """
    if multiplier.bits <= TABLE_BITS:
        largest = np.abs(multiplier.layer_table().astype(np.int64)).max(axis=0)
        products = largest[np.asarray(weights, dtype=np.int64) - multiplier.lowest]
    elif multiplier.kind == "exact":
        highest = max(-multiplier.lowest, multiplier.highest)
        products = np.abs(np.asarray(weights, dtype=np.int64)) * highest
    else:
        return None
    totals = products.sum(axis=(1, 2, 3)) + np.abs(bias)
    return int(totals.max(initial=0))
