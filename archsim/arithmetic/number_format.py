"""Number formats by name: how many bits a value takes and whether it has a sign."""

from __future__ import annotations

from dataclasses import dataclass

from archsim.errors import InputError, expected_one_of, nearest

_OPERAND_BITS = range(2, 17)
_ACCUMULATOR_BITS = (20, 24, 32, 48, 64)


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A two's-complement integer format.

    Attributes
    ----------
    name
        As written in YAML, e.g. ``int8``.
    bits
        Width, sign included.
    signed
        Whether negative values exist.
    """

    name: str
    bits: int
    signed: bool = True

    @property
    def lowest(self) -> int:
        """Smallest value: -2^(bits - 1) where signed, else 0."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def highest(self) -> int:
        """Largest value: 2^(bits - 1) - 1 where signed, else 2^bits - 1."""
        return (1 << (self.bits - self.signed)) - 1


def number_format(name: str) -> NumberFormat:
    """Return the format of that name: ``int2`` to ``int16``, and the accumulator widths up to ``int64``.

    Raises
    ------
    InputError
        If there is none; the nearest name is suggested.
    """
    widths = {f"int{bits}": bits for bits in (*_OPERAND_BITS, *_ACCUMULATOR_BITS)}
    if name not in widths:
        # The nearest by spelling alone would turn 'i8' into 'int2'.
        guess = f"int{''.join(filter(str.isdecimal, name))}"
        suggestion = guess if guess in widths else nearest(name, widths)
        raise InputError(
            f"unknown number format '{name}': {expected_one_of(['int2 to int16', *list(widths)[-5:]])}",
            suggestion=suggestion,
        )
    return NumberFormat(name, widths[name])
