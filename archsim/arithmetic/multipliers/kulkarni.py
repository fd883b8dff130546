"""Kulkarni's underdesigned multiplier."""

from __future__ import annotations

from archsim.arithmetic.multipliers.base import Integers, Multiplier

_LOW_BITS_OF_DIGITS = 0x5555


class Kulkarni(Multiplier, kind="kulkarni"):
    """Underdesigned multiplier: recursive 2x2 blocks in which 3 x 3 is 7, added exactly.

    A block saves its fourth output bit. All additions are exact, so the error of the whole comes from the
    pairs of base-4 digits that are both 3. With t(v) the base-4 number that has a 1 where v has a 3, else 0::

        product = a b - 2 t(a) t(b)

    With ``signed: true`` magnitudes are multiplied and the sign is put back.

    Source: Kulkarni, Gupta and Ercegovac, "Trading Accuracy for Power with an Underdesigned Multiplier
    Architecture", VLSI Design 2011 (reference/arithmetic.md §8). No source at hand has its cost relative
    to an exact design.
    """

    widths = (2, 4, 8, 16)
    by_magnitude = True

    def _products(self, a: Integers, b: Integers) -> Integers:
        return a * b - 2 * _threes(a) * _threes(b)


def _threes(values: Integers) -> Integers:
    """Return the base-4 number with a 1 wherever a digit of the value is 3."""
    return values & (values >> 1) & _LOW_BITS_OF_DIGITS
