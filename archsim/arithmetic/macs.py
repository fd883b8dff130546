"""What a unit's multiply-accumulates compute: between hardware and the execution of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from archsim.arithmetic.kernels import Arithmetic, Window, prepare
from archsim.arithmetic.multipliers.exact import Exact
from archsim.errors import InputError

Codes = NDArray[np.integer]
Sums = NDArray[np.int32] | NDArray[np.int64]

Convolve = Callable[[Codes], Sums]
"""Sums [image][output][row][column] of a batch of activation codes [image][channel][row][column]."""


class MacFunction(Protocol):
    """The arithmetic of one kind of compute unit, as a layer on it sees it: activations and weights alike."""

    @property
    def lowest(self) -> int:
        """Smallest operand code."""
        ...

    @property
    def highest(self) -> int:
        """Largest operand code."""
        ...

    def convolver(self, weights: Codes, window: Window, bias: NDArray[np.int64], lowest: int) -> Convolve:
        """Return the convolution of a layer with fixed weights.

        Parameters
        ----------
        weights
            Codes [output][channel of a group][row][column].
        window
            Stride, padding, dilation, groups; `pad_value` is the activation code of zero.
        bias
            What sums start from, in units of the product of the scales.
        lowest
            Smallest activation code that will occur.
        """
        ...


@dataclass(frozen=True)
class DigitalMacs:
    """Multipliers and accumulators that compute integers: the same function for every output."""

    arithmetic: Arithmetic

    @property
    def lowest(self) -> int:
        """Smallest operand."""
        return self.arithmetic.multiplier.lowest

    @property
    def highest(self) -> int:
        """Largest operand."""
        return self.arithmetic.multiplier.highest

    def convolver(self, weights: Codes, window: Window, bias: NDArray[np.int64], lowest: int) -> Convolve:
        """Return the layer's convolution by the compiled kernels, bit for bit."""
        return prepare(weights, self.arithmetic, window, bias=bias, lowest=lowest)


def exact_macs(bits: int, accumulator_bits: int) -> DigitalMacs:
    """Return exact multiplications of two's-complement operands, added in an accumulator that wraps.

    Raises
    ------
    InputError
        If no multiplier has a function for operands so wide.
    """
    try:
        multiplier = Exact(width=bits, signed=True)
    except ValidationError:
        raise InputError(f"operands of {bits} b have no function: expected 2 to 16 b") from None
    return DigitalMacs(Arithmetic(multiplier, accumulator_bits=accumulator_bits))
