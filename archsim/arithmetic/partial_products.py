"""The array of partial products a[i] b[j] of a multiplier, some of them dropped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Dropped = tuple[int, ...]
"""How many partial products are dropped at the low end of each row (bit of ``b``), one entry per row."""


def dropped_below(bits: int, rows: int, columns: int) -> Dropped:
    """Return what an array of `bits` rows drops in rows j < `rows` and columns i + j < `columns`."""
    return tuple(bits if row < rows else min(bits, max(columns - row, 0)) for row in range(bits))


def array_products(
    a: NDArray[np.int64], b: NDArray[np.int64], dropped: Dropped, *, signed: bool
) -> NDArray[np.int64]:
    """Return the sums of the partial products that are kept, each with its exact weight.

    The partial product of bits i and j weighs 2^(i+j). In two's complement bit N - 1 of an operand weighs
    -2^(N-1), so a partial product of exactly one sign bit is negative; dropped, it counts as 0. A
    Baugh-Wooley array, which holds the complement of those bits and a constant, has then a constant 1 in
    the place of a dropped complement.

    Parameters
    ----------
    a, b
        Operands of one shape, as many bits as `dropped` has entries.
    dropped
        Per bit of ``b``, the bits of ``a`` that are left out from the lowest on.
    signed
        Whether operands are in two's complement.
    """
    bits = len(dropped)
    total = np.zeros_like(a)
    for row, count in enumerate(dropped):
        if count < bits:
            products = (((b >> row) & 1) * ((a >> count) << count)) << row
            total += -products if signed and row == bits - 1 else products
    return total
