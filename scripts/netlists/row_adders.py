"""Shift-and-add multipliers of ripple rows: LOA rows, carry-disregard halves, recursive 2x2 blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from archsim.arithmetic.netlists.exact_array import PartialProducts, partial_products
from archsim.arithmetic.netlists.verilog import HIGH, LOW, Module

Bits = Sequence[str]

_CONSTANT_COLUMN: Final = 8


def loa_array(module: Module, a: Bits, b: Bits, *, low_bits: int) -> list[str]:
    """Return the product of rows that are added to the sum by lower-part OR adders.

    In columns below `low_bits` a row and the sum are joined by OR; their AND in the highest of these columns
    is the carry into the exact part.
    """
    products = partial_products(module, a, b, signed=False)
    sums = dict(products.rows[0])
    for row in products.rows[1:]:
        carry = LOW
        for column in sorted(row):
            pair = sums.get(column, LOW), row[column]
            if column < low_bits:
                sums[column] = module.either(*pair)
                carry = module.both(*pair) if column == low_bits - 1 else LOW
            else:
                sums[column], carry = module.add(*pair, carry)
        sums[max(row) + 1] = carry
    return [sums.get(column, LOW) for column in range(products.columns)]


def cdm8(module: Module, a: Bits, b: Bits, *, low: int, high: int) -> list[str]:
    """Return the product of two 8x4 arrays without carries in their low columns (unsigned)."""
    return _halves(module, partial_products(module, a, b, signed=False), low, high)


def scdm8(module: Module, a: Bits, b: Bits, *, low: int, high: int) -> list[str]:
    """Return the product of two halves of a Baugh-Wooley array without carries in their low columns."""
    return _halves(module, partial_products(module, a, b, signed=True), low, high)


def cdm16(module: Module, a: Bits, b: Bits, *, columns: Sequence[tuple[int, int]]) -> list[str]:
    """Return the product of four CDM8 (low-low, high-low, low-high, high-high), bytes added alone."""
    pairs = [(a[:8], b[:8]), (a[8:], b[:8]), (a[:8], b[8:]), (a[8:], b[8:])]
    m1, m2, m3, m4 = (
        cdm8(module, x, y, low=low, high=high) for (x, y), (low, high) in zip(pairs, columns, strict=True)
    )
    second = lookahead(module, lookahead(module, m1[8:], m2[:8])[:8], m3[:8])[:8]
    third = lookahead(module, lookahead(module, m2[8:], m3[8:])[:8], m4[:8])[:8]
    return [*m1[:8], *second, *third, *m4[8:]]


def kulkarni(module: Module, a: Bits, b: Bits, *, exact: bool = False) -> list[str]:
    """Return the product of recursive halves down to 2x2 blocks in which 3 x 3 is 7, added by ripple rows."""
    width = len(a)
    if width == 2:
        return _exact_block(module, a, b) if exact else _block(module, a, b)
    half = width // 2
    low, cross, other, high = (
        kulkarni(module, x, y, exact=exact)
        for x, y in ((a[:half], b[:half]), (a[half:], b[:half]), (a[:half], b[half:]), (a[half:], b[half:]))
    )
    middle = module.ripple(cross, other)
    upper = module.ripple([*low[half:], *high], middle)
    return [*low[:half], *upper[: 2 * width - half]]


def lookahead(module: Module, left: Bits, right: Bits, carry: str = LOW) -> list[str]:
    """Return the sum of two numbers of one width by carry lookahead in groups of 4, the carry out on top."""
    generate = [module.both(x, y) for x, y in zip(left, right, strict=True)]
    propagate = [module.parity(x, y) for x, y in zip(left, right, strict=True)]
    sums: list[str] = []
    for start in range(0, len(left), 4):
        entering = carry
        for place in range(start, min(start + 4, len(left))):
            sums.append(module.parity(propagate[place], carry))
            carry = _carry(module, generate[start : place + 1], propagate[start : place + 1], entering)
    return [*sums, carry]


def _carry(module: Module, generate: Bits, propagate: Bits, entering: str) -> str:
    """Return the carry out of a group: generated at a place, or entering, and propagated by all above."""
    born = [entering, *generate]
    return module.either(*(module.both(bit, *propagate[place:]) for place, bit in enumerate(born)))


def _block(module: Module, a: Bits, b: Bits) -> list[str]:
    """Return the three bits of Kulkarni's 2x2 block and a fourth that is 0."""
    cross = module.either(module.both(a[1], b[0]), module.both(a[0], b[1]))
    return [module.both(a[0], b[0]), cross, module.both(a[1], b[1]), LOW]


def _exact_block(module: Module, a: Bits, b: Bits) -> list[str]:
    second, carry = module.add(module.both(a[1], b[0]), module.both(a[0], b[1]))
    return [module.both(a[0], b[0]), second, *module.add(module.both(a[1], b[1]), carry)]


def _halves(module: Module, products: PartialProducts, low: int, high: int) -> list[str]:
    """Return the sum of rows 0-3 and of rows 4-7, each by ripple rows, and of Baugh and Wooley's constant.

    The 2^8 of the constant takes the free place in the lower half's second row where that column is exact,
    else a row of half adders; the 2^15 inverts the highest bit.
    """
    constant = products.constant != 0
    inside = constant and low <= _CONSTANT_COLUMN
    lower = _half(module, products.rows[:4], low, {_CONSTANT_COLUMN: HIGH} if inside else {})
    upper = _half(module, products.rows[4:], high, {})
    terms = [lower.get(column, LOW) for column in range(4, 16)], [upper[column] for column in range(4, 16)]
    if constant and not inside:
        terms = _plus_constant(module, *terms)
    joined = lookahead(module, *terms)[:12]
    highest = module.inverse(joined[-1]) if constant else joined[-1]
    return [*(lower[column] for column in range(4)), *joined[:-1], highest]


def _half(
    module: Module, rows: Sequence[Mapping[int, str]], without: int, constant: Mapping[int, str]
) -> dict[int, str]:
    """Return the sum of four rows by column, without carries in the lowest `without` columns."""
    first = min(rows[0])
    sums = {**rows[0], **constant}
    for row in rows[1:]:
        carry = LOW
        for column in sorted(row):
            pair = sums.get(column, LOW), row[column]
            if column - first < without:
                sums[column] = module.parity(*pair)
            else:
                sums[column], carry = module.add(*pair, carry)
        sums[max(row) + 1] = carry
    return sums


def _plus_constant(module: Module, left: Bits, right: Bits) -> tuple[list[str], list[str]]:
    """Return two numbers from column 4 on whose sum is that of two others and 2^8."""
    place = _CONSTANT_COLUMN - 4
    pairs = list(zip(left, right, strict=True))
    added = [module.add(*pair, HIGH if index == 0 else LOW) for index, pair in enumerate(pairs[place:])]
    sums, carries = [total for total, _ in added], [carry for _, carry in added]
    return [*left[:place], *sums], [*right[:place], LOW, *carries[:-1]]
