"""The contract of an adder: its exact integer function and its cost relative to an exact one."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from archsim.arithmetic.cost import RelativeCost, StatedCost
from archsim.arithmetic.mirror_adders import CellName
from archsim.errors import InputError
from archsim.registry import Component

Integers = NDArray[np.int64]

LowCell = CellName | Literal["or", "zero"]
"""What computes one low bit: a full adder, an OR gate (LOA), or nothing (the bit of the sum is zero)."""


class LowPart(NamedTuple):
    """An adder as a kernel may run it: `bits` low bits made of one cell, exact full adders above.

    The carry into the upper part is that of the ripple chain (full adders, carry-in 0), the AND of the
    operands' highest low bits (``or``), or 0 (``zero``).
    """

    cell: LowCell
    bits: int


class Adder(Component, family="adders"):
    """A two's-complement adder of an accumulator. Subclass with a ``kind`` to add one."""

    cost: StatedCost | None = None
    """Energy, delay and area relative to the exact adder, in place of published figures."""

    @property
    def low_part(self) -> LowPart | None:
        """What a compiled kernel needs to run the adder; ``None`` where only :meth:`sums` can."""
        return None

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

    def check_width(self, bits: int) -> None:
        """Raise an error if an adder of so many bits cannot be of this design.

        Raises
        ------
        InputError
            If it cannot.
        """

    def relative_cost(self, bits: int) -> RelativeCost:
        """Energy, delay and area of one addition relative to an exact adder of the same width and source.

        Raises
        ------
        InputError
            If no source has figures for this design, or if it cannot be so wide.
        """
        self.check_width(bits)
        found = self._published_cost(bits) if self.cost is None else self.cost.relative()
        if found is None:
            raise InputError(
                f"no figures for the energy of {self.described()}; state cost: {{energy: ..., source: ...}}",
                field="cost",
            )
        return found

    def described(self) -> str:
        """Return kind and parameters as one line of text."""
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "cost"}
        values = ", ".join(f"{name} {value}" for name, value in fields.items() if value is not None)
        return f"{self.kind} ({values})" if values else self.kind

    def _published_cost(self, bits: int) -> RelativeCost | None:  # noqa: ARG002
        return None


class LowPartAdder(Adder):
    """An adder whose low bits are approximate and whose upper bits are exact."""

    low_bits: int = Field(ge=0, le=64, examples=[4])
    """How many of the lowest bits are approximate; 0 makes the adder exact."""

    def check_width(self, bits: int) -> None:
        """Raise an error if there are more approximate bits than bits.

        Raises
        ------
        InputError
            If there are; `field` is `low_bits`.
        """
        if self.low_bits > bits:
            raise InputError(f"{self.low_bits} of {bits} bits cannot be approximate", field="low_bits")

    def sums(self, a: Integers, b: Integers, bits: int) -> Integers:
        """Return the approximate low bits below the exact sum of the upper bits and the carry into them."""
        self.check_width(bits)
        if not self.low_bits:
            return exact_sums(a, b, bits)
        low, carry = self._low(a, b)
        if self.low_bits == bits:
            return wrapped(low, bits)
        upper = (a >> self.low_bits) + (b >> self.low_bits) + carry
        return wrapped((upper << self.low_bits) | low, bits)

    def _published_cost(self, bits: int) -> RelativeCost | None:
        """Return the first-order estimate: an approximate bit costs `_ratio` of a full adder, others one."""
        published = self._ratio()
        if published is None:
            return None
        ratio, source = published
        return RelativeCost((self.low_bits * ratio + bits - self.low_bits) / bits, None, None, source)

    @abstractmethod
    def _low(self, a: Integers, b: Integers) -> tuple[Integers, Integers]:
        """Return the `low_bits` low bits, as a number that is not negative below 64 bits, and the carry."""

    @abstractmethod
    def _ratio(self) -> tuple[float, str] | None:
        """Return the power of an approximate bit relative to an exact full adder, and its source."""


def exact_sums(a: Integers, b: Integers, bits: int) -> Integers:
    """Return a + b modulo 2^bits in two's complement."""
    with np.errstate(over="ignore"):
        return wrapped(a + b, bits)


def wrapped(values: Integers, bits: int) -> Integers:
    """Return values modulo 2^bits in two's complement."""
    shift = 64 - bits
    return np.asarray((values << shift) >> shift, dtype=np.int64)


def low_bits_of(values: Integers, count: int) -> Integers:
    """Return the `count` lowest bits of values."""
    mask = -1 if count == 64 else (1 << count) - 1
    return np.asarray(values & mask, dtype=np.int64)
