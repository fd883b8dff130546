"""Number formats by name: how many bits a value takes, and which values there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final

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


@dataclass(frozen=True, slots=True)
class FloatFormat:
    """A binary floating-point format with a sign, subnormal numbers and infinities, as IEEE 754 has them.

    Attributes
    ----------
    name
        ``fp32`` (binary32), ``fp16`` (binary16) or ``bf16`` (the upper half of binary32).
    exponent_bits, fraction_bits
        Widths of the two fields beside the sign.
    """

    name: str
    exponent_bits: int
    fraction_bits: int

    @property
    def bits(self) -> int:
        """Width, sign included."""
        return 1 + self.exponent_bits + self.fraction_bits

    @property
    def highest(self) -> float:
        """Largest finite value: (2 - 2^-fraction_bits) 2^bias."""
        return (2 - 2.0**-self.fraction_bits) * 2.0**self._bias

    @property
    def smallest_normal(self) -> float:
        """Smallest positive value of full precision: 2^(1 - bias)."""
        return 2.0 ** (1 - self._bias)

    @property
    def _bias(self) -> int:
        return (1 << (self.exponent_bits - 1)) - 1


@dataclass(frozen=True, slots=True)
class BinaryFormat:
    """One bit: the values -1 and +1."""

    name: ClassVar[str] = "binary"
    bits: ClassVar[int] = 1
    lowest: ClassVar[int] = -1
    highest: ClassVar[int] = 1


AnyFormat = NumberFormat | FloatFormat | BinaryFormat
"""What a tensor's values may be stored as; compute units take integers alone."""

FP32: Final = FloatFormat("fp32", 8, 23)
FP16: Final = FloatFormat("fp16", 5, 10)
BF16: Final = FloatFormat("bf16", 8, 7)
BINARY: Final = BinaryFormat()

_INTEGERS: Final = MappingProxyType(
    {f"int{bits}": NumberFormat(f"int{bits}", bits) for bits in (*_OPERAND_BITS, *_ACCUMULATOR_BITS)}
)
_OTHERS: Final[Mapping[str, AnyFormat]] = MappingProxyType(
    {one.name: one for one in (FP32, FP16, BF16, BINARY)}
)
_SHOWN: Final = ("int2 to int16", *list(_INTEGERS)[-len(_ACCUMULATOR_BITS) :])


def number_format(name: str) -> NumberFormat:
    """Return the integer format of that name: ``int2`` to ``int16``, and the accumulators' up to ``int64``.

    Raises
    ------
    InputError
        If there is none (the nearest name is suggested), or if the format is not one of integers.
    """
    if name in _OTHERS:
        raise InputError(
            f"'{name}' is no integer format, and compute units take no other: {expected_one_of(_SHOWN)}"
        )
    if name not in _INTEGERS:
        raise InputError(
            f"unknown number format '{name}': {expected_one_of(_SHOWN)}",
            suggestion=_nearest(name, _INTEGERS),
        )
    return _INTEGERS[name]


def storage_format(name: str) -> AnyFormat:
    """Return the format of that name: an integer one, ``fp32``, ``fp16``, ``bf16`` or ``binary``.

    Raises
    ------
    InputError
        If there is none; the nearest name is suggested.
    """
    known: Mapping[str, AnyFormat] = {**_INTEGERS, **_OTHERS}
    if name not in known:
        raise InputError(
            f"unknown number format '{name}': {expected_one_of([*_SHOWN, *_OTHERS])}",
            suggestion=_nearest(name, known),
        )
    return known[name]


def fits_integers(name: str, bits: int) -> bool:
    """Tell whether the format of that name is one of integers of at most so many bits.

    Raises
    ------
    InputError
        If there is no such format.
    """
    found = storage_format(name)
    return isinstance(found, NumberFormat) and found.bits <= bits


def _nearest(name: str, known: Mapping[str, AnyFormat]) -> str | None:
    digits = "".join(filter(str.isdecimal, name))
    # The nearest by spelling alone would turn 'i8' into 'int2'.
    stems = [stem for stem in ("bf", "fp") if stem[0] == name[:1].casefold()]
    guesses = [f"{stem}{digits}" for stem in (*stems, "int")]
    return next((guess for guess in guesses if guess in known), nearest(name, known))
