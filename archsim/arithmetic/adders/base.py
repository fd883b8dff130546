"""The contract of an adder: its exact integer function and its cost relative to an exact one."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.cost import RelativeCost
from archsim.registry import Component

Integers = NDArray[np.int64]


class Adder(Component, family="adders"):
    """A two's-complement adder of an accumulator. Subclass with a ``kind`` to add one."""

    @abstractmethod
    def sums(self, a: Integers, b: Integers, bits: int) -> Integers:
        """Return what the hardware computes for a + b, modulo 2^bits in two's complement, bit for bit.

        Parameters
        ----------
        a
            The running sum, int64 within the two's-complement range of `bits`.
        b
            The addend (a product), within the same range.
        bits
            Width of the adder, 2 to 64.
        """

    def described(self) -> str:
        """Return kind and parameters as one line of text."""
        fields = self.model_dump(exclude={"cost"}, exclude_none=True)
        values = ", ".join(f"{name} {value}" for name, value in fields.items() if name != "kind")
        return f"{self.kind} ({values})" if values else self.kind

    @abstractmethod
    def relative_cost(self, bits: int) -> RelativeCost:
        """Energy, delay and area of one addition relative to an exact adder of the same width and source.

        Raises
        ------
        InputError
            If no source has figures.
        """
