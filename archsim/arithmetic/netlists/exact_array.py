"""The array multiplier that netlists are measured against: carry-save rows and a ripple adder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from archsim.arithmetic.netlists.verilog import HIGH, LOW, Module

NAME: Final = "exact"
"""Name of the exact module."""

Cell = Callable[[int, str, str, str], tuple[str, str]]
"""Sum and carry that the cell of a column makes of sum-in, partial product and carry-in."""

Kept = Callable[[int, int], bool]
"""Whether the partial product of bits i of `a` and j of `b` is there."""


@dataclass(frozen=True)
class PartialProducts:
    """What an array adds up, modulo 2^`columns`.

    Attributes
    ----------
    rows
        Per bit of ``b``, its partial products by column.
    constant
        Added once: with complemented partial products the value that makes the sum right.
    columns
        Bits of the product.
    """

    rows: tuple[Mapping[int, str], ...]
    constant: int
    columns: int


def exact_verilog(width: int, *, signed: bool) -> str:
    """Return an exact multiplier ``p = a x b``: all partial products, full adders in all places."""
    module = Module(NAME, {"a": width, "b": width})
    products = partial_products(module, module.port("a"), module.port("b"), signed=signed)
    return module.text(p=array_sum(module, products))


def partial_products(
    module: Module, a: Sequence[str], b: Sequence[str], *, signed: bool, kept: Kept = lambda _i, _j: True
) -> PartialProducts:
    """Return the partial products of two operands of one width; those that are not kept count as 0.

    In two's complement a partial product p of exactly one sign bit is negative; it enters as its complement,
    -p = (1 - p) - 1, and the ones are collected in the constant (Baugh and Wooley, IEEE Trans. Computers
    C-22(12), 1973): 2^(2 N - 1) + 2^N where none is dropped.
    """
    width, top = len(a), len(a) - 1
    rows: list[dict[int, str]] = [{} for _ in range(width)]
    constant = 0
    for i, j in ((i, j) for j in range(width) for i in range(width) if kept(i, j)):
        product = module.both(a[i], b[j])
        negative = signed and (i == top) != (j == top)
        rows[j][i + j] = module.inverse(product) if negative else product
        constant -= negative << (i + j)
    return PartialProducts(tuple(rows), constant % (1 << 2 * width), 2 * width)


def array_sum(module: Module, products: PartialProducts, cell: Cell | None = None) -> list[str]:
    """Return the bits of the sum, the rows added one by one and what is left by a ripple row.

    Row j adds its partial products to the sums and carries of the row above, column by column; the first row
    has no adders. A partial product that is not there has none either; the ripple row may then start lower.
    """
    add: Cell = cell if cell is not None else lambda _column, *inputs: module.add(*inputs)
    rows = [row for row in products.rows if row]
    sums, carries = _constant_bits(products, rows[0] if rows else {})
    for row in rows:
        fresh = {}
        for column, product in sorted(row.items()):
            if row is rows[0] and column not in sums and column not in carries:
                sums[column] = product
                continue
            above, carry = sums.get(column, LOW), carries.pop(column, LOW)
            sums[column], fresh[column + 1] = add(column, above, product, carry)
        carries |= fresh
    bits = _ripple_row(sums, carries, products.columns, add)
    inverted = products.constant >> (products.columns - 1)
    return [*bits[:-1], module.inverse(bits[-1])] if inverted else bits


def _constant_bits(
    products: PartialProducts, first: Mapping[int, str]
) -> tuple[dict[int, str], dict[int, str]]:
    """Return the constant's ones by column: as sums into the first row, as carries where that has none.

    The highest one only inverts the highest bit.
    """
    ones = [column for column in range(products.columns - 1) if products.constant >> column & 1]
    return {c: HIGH for c in ones if c not in first}, {c: HIGH for c in ones if c in first}


def _ripple_row(sums: Mapping[int, str], carries: Mapping[int, str], columns: int, add: Cell) -> list[str]:
    start = min((column for column, bit in carries.items() if bit != LOW), default=columns)
    bits, ripple = [sums.get(column, LOW) for column in range(start)], LOW
    for column in range(start, columns):
        total, ripple = add(column, sums.get(column, LOW), carries.get(column, LOW), ripple)
        bits.append(total)
    return bits
