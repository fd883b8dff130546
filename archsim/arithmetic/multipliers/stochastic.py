"""Stochastic multipliers: operands as bit streams, the product as a count of ones."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from archsim.arithmetic.multipliers.base import Integers, SplittingMultiplier
from archsim.errors import InputError


class Stochastic(SplittingMultiplier, kind="stochastic"):
    """Counts ones of a bit stream: a product takes many cycles and is known to a step of the stream.

    With N-bit operands and streams of L = 2^m bits:

    ``low_discrepancy`` is the counter-based multiplier of Sim and Lee, DAC 2017. A state machine and a
    multiplexer put bit N - i of ``a`` into cycles 2^(i-1), 2^(i-1) + 2^i, ... of its stream, and ``b`` is a
    down counter: the product is the number of ones in the first c = b 2^(m-N) cycles. Bit N - i occurs
    floor(c / 2^i + 1/2) times in them, so T = 2^(2N-m) sum over i of floor(c / 2^i + 1/2) a[N-i]. Each of N
    terms is rounded by at most 1/2, which makes |T - P| <= (N/2) 2^N at L = 2^N: N/2 steps of the product's
    upper half. With longer streams the first m - N terms are exact, |T - P| <= (N - m/2) 2^(2N-m), and
    T = P at L = 2^(2N). Shorter streams drop the low N - m bits of both operands. Signed: the sign bit of
    ``a`` is inverted (offset binary) and a counter goes up or down by each bit, turned by the sign of ``b``;
    the bounds are the same. They follow from the formula and are not printed figures.

    ``random`` compares each operand with a random number per cycle and counts the ones of the AND of both
    streams (unsigned) or of their XNOR (signed, offset binary); see Alaghi and Hayes, ACM TECS 12(2s), 2013.
    The numbers are ideal: independent, uniform, one series per operand and the same for every product. The
    standard deviation of T is at most 2^(2N-1) / sqrt(L), half of that if signed. The unsigned counter has m
    bits and saturates. The correlation of shift-register sources is left out.

    `cycles` tells what a product takes; the PEs of a simulated array run in step and take the longest.
    No power relative to an exact multiplier of the same source is published.
    """

    generator: Literal["low_discrepancy", "random"] = "low_discrepancy"
    """How streams are made."""

    stream_length: int | None = Field(default=None, ge=2, le=1 << 32)
    """Bits L of a stream, a power of two up to 4^width; left out, 2^width."""

    seed: int = Field(default=0, ge=0)
    """Of the random numbers; ``low_discrepancy`` uses none."""

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        length = self.stream_length
        if length is None:
            return self
        if length & (length - 1):
            raise InputError("expected a power of two", field="stream_length")
        if self.width is not None and length > 1 << 2 * self.width:
            raise InputError(
                f"expected at most {1 << 2 * self.width}, the values of a {2 * self.width}-bit product",
                field="stream_length",
            )
        if self.generator == "random" and length > 1 << 20:
            raise InputError("expected at most 2^20 for random streams", field="stream_length")
        return self

    @property
    def length(self) -> int:
        """Bits of a stream."""
        return 1 << self._places

    def cycles(self, b: Integers) -> Integers:
        """Return the cycles that a product takes: the counter's start, or the whole stream if random."""
        if self.generator == "random":
            return np.full_like(b, self.length)
        return self._scaled(np.abs(b))

    @property
    def mean_cycles(self) -> float:
        """Cycles of a product on average over all values of ``b``."""
        return float(self.cycles(self.operand_values()).mean())

    @property
    def longest_cycles(self) -> int:
        """Cycles of the longest product."""
        return int(self.cycles(self.operand_values()).max())

    def _products(self, a: Integers, b: Integers) -> Integers:
        density = a - self.lowest
        if self.generator == "random":
            return self._counted(density, b - self.lowest)
        cycles = self._scaled(np.abs(b))
        ones = self._ones(self._scaled(density), cycles)
        if not self.is_signed:
            return ones << (2 * self.bits - self._places)
        up_and_down: Integers = np.sign(b) * (2 * ones - cycles)
        return (up_and_down << (2 * self.bits - self._places)) >> 1

    @property
    def _places(self) -> int:
        if self.stream_length is None:
            return self.bits
        # Beyond the steps of the exact product a longer stream adds nothing.
        return min(self.stream_length.bit_length() - 1, 2 * self.bits)

    def _scaled(self, values: Integers) -> Integers:
        """Return values in steps of 1 / L instead of 2^-N."""
        places = self._places - self.bits
        return values << places if places >= 0 else values >> -places

    def _ones(self, density: Integers, cycles: Integers) -> Integers:
        """Return how many of the first `cycles` bits of a stream are ones."""
        places = self._places
        ones = np.zeros_like(cycles)
        for i in range(1, min(places, self.bits) + 1):
            ones += ((cycles + (1 << (i - 1))) >> i) * ((density >> (places - i)) & 1)
        return ones

    def _counted(self, first: Integers, second: Integers) -> Integers:
        ones = np.zeros_like(first)
        for threshold, other in zip(*_random_numbers(self.seed, self.bits, self.length), strict=True):
            left, right = threshold < first, other < second
            ones += left == right if self.is_signed else left & right
        double = 2 * self.bits
        if self.is_signed:
            return ((2 * ones - self.length) << (double - 2)) >> self._places
        return (np.minimum(ones, self.length - 1) << double) >> self._places


@lru_cache(maxsize=8)
def _random_numbers(seed: int, bits: int, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return two independent series of uniform numbers below 2^bits; alike on every version of NumPy."""
    first, second = (
        child.generate_state(length, np.uint32).astype(np.int64) >> (32 - bits)
        for child in np.random.SeedSequence(seed).spawn(2)
    )
    return first, second
