"""Multipliers that start at the operands' leading ones: Mitchell's logarithms and DRUM's segments."""

from __future__ import annotations

from collections.abc import Sequence

from archsim.arithmetic.netlists.exact_array import array_sum, partial_products
from archsim.arithmetic.netlists.verilog import HIGH, LOW, Module

Bits = Sequence[str]


def mitchell(module: Module, a: Bits, b: Bits) -> list[str]:
    """Return the antilogarithm of the sum of two piecewise-linear logarithms; 0 where an operand is 0.

    A leading-one detector gives an operand's characteristic, a left shifter its fraction; one ripple adder
    adds both, and a left shifter puts the one and the fraction of the sum in place.
    """
    width = len(a)
    logs = [_logarithm(module, operand) for operand in (a, b)]
    total = module.ripple(*logs)
    fraction, characteristic = total[: width - 1], total[width - 1 :]
    shifted = _shifted(module, [*fraction, HIGH], characteristic, 3 * width - 1)
    present = module.both(*(module.either(*operand) for operand in (a, b)))
    return [module.both(bit, present) for bit in shifted[width - 1 :]]


def drum(module: Module, a: Bits, b: Bits, *, k: int) -> list[str]:
    """Return the exact product of the `k` bits from each operand's leading one on, shifted back.

    A leading-one detector selects the bits, of which the lowest is set; the array multiplier has `k` bits.
    """
    if k >= len(a):
        return array_sum(module, partial_products(module, a, b, signed=False))
    (left, first), (right, second) = (_segment(module, operand, k) for operand in (a, b))
    product = array_sum(module, partial_products(module, left, right, signed=False))
    return _shifted(module, product, module.ripple(first, second), 2 * len(a))


def leading_one(module: Module, operand: Bits) -> list[str]:
    """Return one bit per position, set at the highest one of an operand."""
    above, found = LOW, []
    for bit in reversed(operand):
        found.append(module.both(bit, module.inverse(above)) if above != LOW else bit)
        above = module.either(above, bit)
    return found[::-1]


def _logarithm(module: Module, operand: Bits) -> list[str]:
    """Return fraction (one bit less than the operand) and characteristic, the least significant first."""
    width, ones = len(operand), leading_one(module, operand)
    positions = _encoded(module, dict(enumerate(ones)))
    # Shifting left by (width - 1) - position puts the leading one on top, where it is left out.
    by = [module.inverse(bit) for bit in positions]
    return [*_shifted(module, operand, by, width)[: width - 1], *positions]


def _segment(module: Module, operand: Bits, k: int) -> tuple[list[str], list[str]]:
    """Return the `k` bits of an operand that are multiplied and the binary shift that puts them back."""
    ones = leading_one(module, operand)
    shifts = {place - k + 1: ones[place] for place in range(k, len(operand))}
    small = module.inverse(module.either(*shifts.values()))
    taken = {0: small} | shifts
    bits = [
        module.either(*(module.both(one, operand[shift + place]) for shift, one in taken.items()))
        for place in range(1, k)
    ]
    lowest = module.either(operand[0], *shifts.values())
    return [lowest, *bits], _encoded(module, shifts)


def _encoded(module: Module, ones: dict[int, str]) -> list[str]:
    """Return in binary the number whose bit is set."""
    return [
        module.either(*(one for number, one in ones.items() if number >> place & 1))
        for place in range(max(ones).bit_length())
    ]


def _shifted(module: Module, bits: Bits, by: Bits, width: int) -> list[str]:
    """Return the low `width` bits of a number shifted left by a binary amount, a multiplexer row per bit."""
    current = [*bits, *[LOW] * (width - len(bits))][:width]
    for place, select in enumerate(by):
        step = 1 << place
        moved = [*[LOW] * min(step, width), *current][:width]
        current = [
            low if low == high else module.choice(select, high, low)
            for low, high in zip(current, moved, strict=True)
        ]
    return current
