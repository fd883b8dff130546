"""Tensors as codes and back in float32, as ONNX QuantizeLinear and DequantizeLinear compute them.

`archsim.arithmetic.quantization` chooses scales and zero points; here whole activations pass, so they stay in
float32 and in one byte per code.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.macs import MacFunction
from archsim.arithmetic.number_format import NumberFormat
from archsim.arithmetic.quantization import Quantizer, asymmetric, symmetric
from archsim.errors import InputError
from archsim.inference.graph import Tensor

BYTE: Final = 8
"""Widest codes for which sums of 32 bits are wide enough."""


def operand_format(function: MacFunction, bits: int | None) -> NumberFormat:
    """Return the format of a unit's operands, narrowed to `bits` if that is fewer.

    Raises
    ------
    InputError
        If the unit's range is not that of an integer format.
    """
    signed = function.lowest < 0
    width = function.highest.bit_length() + signed
    if (1 << function.highest.bit_length()) - 1 != function.highest:
        raise InputError(f"operands up to {function.highest} are no integer format")
    used = width if bits is None else min(width, bits)
    if used < 1 + signed:
        raise InputError(f"operands of {used} bits: expected at least {1 + signed}", field="bits")
    return NumberFormat(f"{'int' if signed else 'uint'}{used}", used, signed)


def quantizer(values: Any, number_format: NumberFormat, *, even: bool, axis: int | None = None) -> Quantizer:
    """Return the quantizer for values (or the ends of their range): zero point 0 if `even` and signed."""
    choose = symmetric if even and number_format.signed else asymmetric
    return choose(values, number_format, axis)


def encode(values: Tensor, into: Quantizer, lowest: int | None = None, highest: int | None = None) -> Tensor:
    """Return the codes of float32 values: nearest, ties to even, saturated to the format or a narrower range.

    Parameters
    ----------
    values
        Of any shape that the scale broadcasts with.
    into
        Its scale divides in float32.
    lowest, highest
        Smallest and largest code; those of the format if ``None``.
    """
    scaled = values / into.scale
    return rounded(scaled, into, lowest, highest)


def rounded(scaled: Tensor, into: Quantizer, lowest: int | None = None, highest: int | None = None) -> Tensor:
    """Return the codes of values in units of the scale; `scaled` is overwritten."""
    zero = into.zero_point
    np.rint(scaled, out=scaled)
    if zero.any():
        scaled += zero.astype(scaled.dtype)
    least = into.format.lowest if lowest is None else lowest
    most = into.format.highest if highest is None else highest
    np.clip(scaled, least, most, out=scaled)
    return scaled.astype(code_type(into))


def decode(codes: Tensor, coded: Quantizer) -> NDArray[np.float32]:
    """Return the float32 values of codes: (code - zero point) x scale."""
    values = codes.astype(np.float32)
    if coded.zero_point.any():
        values -= coded.zero_point.astype(np.float32)
    values *= coded.scale
    return values


def code_type(coded: Quantizer) -> Any:
    """Return the smallest NumPy type that holds the codes."""
    signed = coded.format.lowest < 0
    for kind in (np.int8, np.int16) if signed else (np.uint8, np.uint16):
        if np.iinfo(kind).max >= coded.format.highest:
            return kind
    return np.int32


def is_short(coded: Quantizer) -> bool:
    """Whether codes take 8 or 16 bits of memory: those that compiled loops have."""
    return code_type(coded) is not np.int32


def all_codes(coded: Quantizer) -> Tensor:
    """Return every code of a format in the order of its bits: 0 up, then the negative ones."""
    values = np.arange(coded.format.lowest, coded.format.highest + 1)
    return np.roll(values, coded.format.lowest).astype(code_type(coded))


def looked_up(codes: Tensor, table: Tensor) -> Tensor:
    """Return `table` at codes; a negative code counts from its end, as `all_codes` orders it."""
    flat = codes.transpose(0, 2, 3, 1)
    return np.take(table, flat, mode="wrap").transpose(0, 3, 1, 2)


def translation(coded: Quantizer, into: Quantizer, lowest: int | None = None) -> Tensor | None:
    """Return the table from codes to codes of the same values; ``None`` where they are the same codes."""
    if same(coded, into):
        return None
    return encode(decode(all_codes(coded), scalar(coded)), scalar(into), lowest)


def same(first: Quantizer, second: Quantizer) -> bool:
    """Whether two quantizers of tensors give the same codes."""
    return (
        first.format == second.format
        and np.array_equal(first.scale, second.scale)
        and np.array_equal(first.zero_point, second.zero_point)
    )


def scalar(coded: Quantizer) -> Quantizer:
    """Return the quantizer of a whole tensor with a scale and zero point of no dimensions."""
    return replace(coded, scale=coded.scale.reshape(()), zero_point=coded.zero_point.reshape(()))


def zero_code(coded: Quantizer) -> int:
    """Return the code of 0 of a whole tensor."""
    return int(coded.zero_point.reshape(()))
