"""How a product of wide operands is spread over words of cells, input passes and conversions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil, fsum

from archsim.hardware.operand_statistics import (
    SLICE_BITS,
    OperandShares,
    Shares,
    StatisticsKind,
    bit_probabilities,
    operand_shares,
    pulse_shares,
    sign_and_magnitude,
)


@dataclass(frozen=True, slots=True)
class Pulse:
    """One pass of the word lines: ``(input >> shift) & mask`` is the pulse, which counts ``factor`` times."""

    shift: int
    mask: int
    factor: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One conversion: the lines from ``first`` on share their charge; the lowest counts ``factor`` times."""

    first: int
    lines: int
    factor: int

    @property
    def code_factor(self) -> int:
        """How often a code counts: lines with 1, 2, 4, ... capacitors give the mean over all capacitors."""
        return self.factor * ((1 << self.lines) - 1)


@dataclass(frozen=True, slots=True)
class Slicing:
    """Slices of both operands of a layer.

    A signed operand is two's complement, and its sign bit counts negatively. The bit line of a weight's sign
    is converted apart from the other lines of its word, and the sign of an input is a pass of its own, so
    that every code is that of a sum of non-negative products; the subtraction is digital.

    Attributes
    ----------
    weight_bits, input_bits
        Widths of the operands.
    signed_weights, signed_inputs
        Whether they are two's complement.
    word_bits, pulse_bits
        Cells of a word, which share a conversion, and bits of one pulse; widths are multiples of them.
    """

    weight_bits: int
    input_bits: int
    signed_weights: bool
    signed_inputs: bool
    word_bits: int = SLICE_BITS
    pulse_bits: int = SLICE_BITS

    @property
    def words(self) -> int:
        """Neighbouring words that hold one weight."""
        return ceil(self.weight_bits / self.word_bits)

    @property
    def passes(self) -> int:
        """Pulses of a word line per input, one after another."""
        # A pulse of one bit is a plane of its own: nothing is left to be split off.
        return ceil(self.input_bits / self.pulse_bits) + (self.signed_inputs and self.pulse_bits > 1)

    @property
    def codes(self) -> int:
        """Conversions per weight and readout in one pass."""
        return self.words + (self.signed_weights and self.word_bits > 1)

    @property
    def conversions(self) -> int:
        """Conversions per weight and readout, over all passes."""
        return self.codes * self.passes

    @property
    def discharges(self) -> int:
        """Bit lines that are discharged and precharged again per weight and readout, over all passes."""
        return self.words * self.word_bits * self.passes

    @property
    def pulses(self) -> tuple[Pulse, ...]:
        """The passes of an input, lowest slice first; the sign of a signed one is the last."""
        slices = _slices(self.input_bits, self.pulse_bits, signed=self.signed_inputs)
        # A sign that is split off keeps its place in the top slice: its pulse is the longest power of two.
        top = self.input_bits - self.pulse_bits
        return tuple(
            Pulse(top, 1 << (first - top), sign << top)
            if first > top
            else Pulse(first, (1 << width) - 1, sign << first)
            for first, width, sign in slices
        )

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The conversions of one pass, lowest word first; the sign of a signed weight is the last."""
        slices = _slices(self.weight_bits, self.word_bits, signed=self.signed_weights)
        return tuple(Reading(first, width, sign << first) for first, width, sign in slices)

    @property
    def shift_bits(self) -> int:
        """Bits that the digital shifts of the slices, and the sign, add to the width of a sum."""
        sliced = self.weight_bits - self.word_bits + self.input_bits - self.pulse_bits
        return sliced + (self.signed_weights or self.signed_inputs)

    def statistics(
        self, kind: StatisticsKind, weight_zeros: float | None, input_zeros: float | None
    ) -> LineStatistics:
        """Return what the bit lines see, for the layer's fractions of zero operands where known."""
        weights = operand_shares(kind, "weights", self.weight_bits, signed=self.signed_weights)
        inputs = operand_shares(kind, "inputs", self.input_bits, signed=self.signed_inputs)
        return self._line_statistics(weights.with_sparsity(weight_zeros), inputs.with_sparsity(input_zeros))

    def _line_statistics(self, weights: OperandShares, inputs: OperandShares) -> LineStatistics:
        pulses = tuple(part for shares in inputs.slices() for part in pulse_shares(shares, self.pulse_bits))
        if self.signed_inputs and self.pulse_bits > 1:
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
        For each pass and bit line, probabilities of the pulse's values from 0 on and that of a stored 1.
    source
        Where the distributions come from.
    """

    lines: tuple[tuple[Shares, float], ...]
    source: str

    @property
    def mean_discharge(self) -> float:
        """Mean over lines and passes of the sum of pulses, as a fraction of the largest sum."""
        means = (one * _mean(pulses) / (len(pulses) - 1) for pulses, one in self.lines)
        return fsum(means) / len(self.lines)


def _slices(bits: int, width: int, *, signed: bool) -> list[tuple[int, int, int]]:
    """Return first bit, width and sign (1 or -1) of each slice, with the sign bit of the top one apart."""
    slices = [(first, width, 1) for first in range(0, bits, width)]
    if signed:
        first = slices.pop()[0]
        slices += [(first, width - 1, 1)] * (width > 1) + [(bits - 1, 1, -1)]
    return slices


def _mean(shares: Shares) -> float:
    return fsum(value * share for value, share in enumerate(shares))
