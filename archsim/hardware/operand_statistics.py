"""How often the 4-bit slices of operands take each value: why the energy of a discharge depends on data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import fsum
from typing import Literal

import yaml

from archsim.errors import InputError, expected_one_of
from archsim.hardware.datatables import table_text

SLICE_BITS = 4
SLICE_VALUES = 1 << SLICE_BITS

StatisticsKind = Literal["measured", "uniform", "ones"]
Role = Literal["inputs", "weights"]
Shares = tuple[float, ...]
"""Probability of each value from 0 on."""


@dataclass(frozen=True, slots=True)
class OperandShares:
    """Distribution of one operand's 4-bit slices.

    Attributes
    ----------
    zero_fraction
        Probability that the whole operand is zero.
    nonzero_slices
        For each slice, lowest first, the 16 probabilities given that the operand is not zero.
    source
        Where the distribution comes from.
    """

    zero_fraction: float
    nonzero_slices: tuple[Shares, ...]
    source: str

    def with_sparsity(self, zero_fraction: float | None) -> OperandShares:
        """Return the same operand with another fraction of zeros; None changes nothing."""
        if zero_fraction is None:
            return self
        source = f"{self.source}; {zero_fraction:.4g} zeros as the layer states"
        return replace(self, zero_fraction=zero_fraction, source=source)

    def slices(self) -> tuple[Shares, ...]:
        """Return the 16 probabilities of each slice, lowest first, zero operands included."""
        return tuple(self._with_zeros(shares) for shares in self.nonzero_slices)

    def _with_zeros(self, shares: Shares) -> Shares:
        present = 1.0 - self.zero_fraction
        return (self.zero_fraction + present * shares[0], *(present * share for share in shares[1:]))


@cache
def operand_shares(kind: StatisticsKind, role: Role, bits: int, *, signed: bool) -> OperandShares:
    """Return the statistics of inputs or weights of 1, 2 or a multiple of 4 bits.

    ``uniform``: all bit patterns alike. ``measured``: the shipped table ``operand_statistics.yaml``.
    ``ones``: every bit of an operand is 1 unless the operand is 0, of which there are none unless stated.
    Signed operands are two's complement.

    Raises
    ------
    InputError
        When the width has no statistics.
    """
    if bits % SLICE_BITS and bits not in (1, 2):
        raise InputError(f"operands of {bits} b do not divide into slices of {SLICE_BITS} b")
    if kind == "uniform":
        return _uniform(bits)
    if kind == "ones":
        return _ones(bits)
    table = yaml.safe_load(table_text("operand_statistics.yaml"))
    section = table[f"{role}_{'signed' if signed else 'unsigned'}"]
    if bits not in section:
        raise InputError(f"no measured statistics of {bits} b operands: {expected_one_of(map(str, section))}")
    rows = tuple(_normalised(row) for row in section[bits]["slices"])
    return OperandShares(float(section[bits]["zero_fraction"]), rows, table["source"])


def _uniform(bits: int) -> OperandShares:
    patterns, width = 1 << bits, min(bits, SLICE_BITS)
    each = patterns >> width
    shares = ((each - 1) / (patterns - 1), *[each / (patterns - 1)] * ((1 << width) - 1))
    slices = (shares,) * (bits // width)
    return OperandShares(1 / patterns, slices, "assumption: all operand values equally likely")


def _ones(bits: int) -> OperandShares:
    width = min(bits, SLICE_BITS)
    shares = (*(0.0,) * ((1 << width) - 1), 1.0)
    source = "assumption: all bits of operands other than 0 are 1, the most that a line can discharge"
    return OperandShares(0.0, (shares,) * (bits // width), source)


def _normalised(row: list[float]) -> Shares:
    total = fsum(row)
    return tuple(share / total for share in row)


def bit_probabilities(shares: Shares) -> tuple[float, ...]:
    """Return the probability that each bit of a slice is 1, lowest first."""
    bits = (len(shares) - 1).bit_length()
    return tuple(fsum(share for value, share in enumerate(shares) if value >> bit & 1) for bit in range(bits))


def pulse_shares(shares: Shares, bits: int) -> tuple[Shares, ...]:
    """Split a slice into pulses of fewer bits, lowest first; a slice that is no wider stays as it is."""
    width, values = (len(shares) - 1).bit_length(), 1 << bits
    if width <= bits:
        return (shares,)
    return tuple(
        tuple(
            fsum(share for whole, share in enumerate(shares) if whole >> shift & (values - 1) == value)
            for value in range(values)
        )
        for shift in range(0, width, bits)
    )


def sign_and_magnitude(shares: Shares) -> tuple[Shares, Shares]:
    """Split a two's-complement top slice into its sign bit's value (0 or 8 of 4 b) and its lower bits."""
    half = len(shares) // 2
    low, high = shares[:half], shares[half:]
    magnitude = tuple(a + b for a, b in zip(low, high, strict=True)) + (0.0,) * half
    sign = (fsum(low), *(0.0,) * (half - 1), fsum(high), *(0.0,) * (half - 1))
    return sign, magnitude
