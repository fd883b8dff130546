"""Carry-save arrays: with partial products missing, or with approximate cells in the low columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from archsim.arithmetic.netlists.exact_array import array_sum, partial_products
from archsim.arithmetic.netlists.verilog import LOW, Module

Bits = Sequence[str]


def truncated(module: Module, a: Bits, b: Bits, *, signed: bool, columns: int) -> list[str]:
    """Return the product without the partial products of the low columns."""
    return broken_array(module, a, b, signed=signed, rows=0, columns=columns)


def broken_array(  # noqa: PLR0913
    module: Module, a: Bits, b: Bits, *, signed: bool, rows: int, columns: int
) -> list[str]:
    """Return the product without the low rows (bits of b) and columns."""
    products = partial_products(module, a, b, signed=signed, kept=lambda i, j: j >= rows and i + j >= columns)
    return array_sum(module, products)


def perforated(module: Module, a: Bits, b: Bits, *, signed: bool, rows: Sequence[int]) -> list[str]:
    """Return the product without some rows (bits of b)."""
    products = partial_products(module, a, b, signed=signed, kept=lambda _i, j: j not in rows)
    return array_sum(module, products)


def operand_truncated(module: Module, a: Bits, b: Bits, *, signed: bool, low_bits: int) -> list[str]:
    """Return the exact product of the operands' high bits."""
    products = partial_products(module, a[low_bits:], b[low_bits:], signed=signed)
    return [LOW] * (2 * low_bits) + array_sum(module, products)


def ama_array(module: Module, a: Bits, b: Bits, *, cell: str, columns: int) -> list[str]:
    """Return the product of an unsigned array whose low columns are made of approximate mirror adders."""

    def add(column: int, *bits: str) -> tuple[str, str]:
        if column >= columns:
            return module.add(*bits)
        # A cell of constants is a cell too: what it makes of them is left to synthesis.
        total, carry = MIRROR_ADDERS[cell](*bits)
        return module.net(total), module.net(carry)

    return array_sum(module, partial_products(module, a, b, signed=False), add)


# Gupta, Mohapatra, Raghunathan and Roy, IEEE TCAD 32(1), 2013 (reference/arithmetic.md §7): sum and carry.
MIRROR_ADDERS: Mapping[str, Callable[[str, str, str], tuple[str, str]]] = MappingProxyType(
    {
        "ama1": lambda a, b, c: (f"{c} & ~({a} ^ {b})", f"{b} | ({a} & {c})"),
        "ama2": lambda a, b, c: (
            f"~(({a} & {b}) | ({c} & ({a} | {b})))",
            f"({a} & {b}) | ({c} & ({a} | {b}))",
        ),
        "ama3": lambda a, b, c: (f"~({b} | ({a} & {c}))", f"{b} | ({a} & {c})"),
        "ama4": lambda a, b, c: (f"{c} & (~{a} | {b})", a),
        "ama5": lambda a, b, _c: (b, a),
    }
)
