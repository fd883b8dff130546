"""How a product of wide operands is spread over 4-bit words, input passes and conversions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil

from archsim.hardware.operand_statistics import (
    SLICE_BITS,
    OperandShares,
    Shares,
    StatisticsKind,
    bit_probabilities,
    operand_shares,
    sign_and_magnitude,
)


@dataclass(frozen=True, slots=True)
class Slicing:
    """Slices of both operands of a layer.

    A signed operand is two's complement, and its sign bit counts negatively. The bit line of a weight's sign
    is converted apart from the other lines of its word, and the sign of an input is a pass of its own, so
    that every code is that of a sum of non-negative products; the subtraction is digital.

    Attributes
    ----------
    weight_bits, input_bits
        Widths of the operands, multiples of 4.
    signed_weights, signed_inputs
        Whether they are two's complement.
    """

    weight_bits: int
    input_bits: int
    signed_weights: bool
    signed_inputs: bool

    @property
    def words(self) -> int:
        """Neighbouring words that hold one weight."""
        return ceil(self.weight_bits / SLICE_BITS)

    @property
    def passes(self) -> int:
        """Pulses of a word line per input, one after another."""
        return ceil(self.input_bits / SLICE_BITS) + self.signed_inputs

    @property
    def codes(self) -> int:
        """Conversions per weight and readout in one pass."""
        return self.words + self.signed_weights

    @property
    def conversions(self) -> int:
        """Conversions per weight and readout, over all passes."""
        return self.codes * self.passes

    @property
    def discharges(self) -> int:
        """Bit lines that are discharged and precharged again per weight and readout, over all passes."""
        return self.words * SLICE_BITS * self.passes

    @property
    def shift_bits(self) -> int:
        """Bits that the digital shifts of the slices, and the sign, add to the width of a sum."""
        return (
            self.weight_bits + self.input_bits - 2 * SLICE_BITS + (self.signed_weights or self.signed_inputs)
        )

    def statistics(
        self, kind: StatisticsKind, weight_zeros: float | None, input_zeros: float | None
    ) -> LineStatistics:
        """Return what the bit lines see, for the layer's fractions of zero operands where known."""
        weights = operand_shares(kind, "weights", self.weight_bits, signed=self.signed_weights)
        inputs = operand_shares(kind, "inputs", self.input_bits, signed=self.signed_inputs)
        return self._line_statistics(weights.with_sparsity(weight_zeros), inputs.with_sparsity(input_zeros))

    def _line_statistics(self, weights: OperandShares, inputs: OperandShares) -> LineStatistics:
        pulses = inputs.slices()
        if self.signed_inputs:
            pulses = (*pulses[:-1], *sign_and_magnitude(pulses[-1]))
        ones = tuple(one for word in weights.slices() for one in bit_probabilities(word))
        return LineStatistics(
            tuple(product(pulses, ones)), f"weights: {weights.source}; inputs: {inputs.source}"
        )


@dataclass(frozen=True, slots=True)
class LineStatistics:
    """What the bit lines of a layer see.

    Attributes
    ----------
    lines
        For each pass and bit line, probabilities of the input slice's values 0-15 and that of a stored 1.
    source
        Where the distributions come from.
    """

    lines: tuple[tuple[Shares, float], ...]
    source: str
