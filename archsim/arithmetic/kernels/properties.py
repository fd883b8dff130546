"""What a product table is like: the properties that decide how fast it can be computed exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

_PRIME: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Products of a layer's operands, by index: operands in ascending value.

    Attributes
    ----------
    products
        [activation][weight], int64.
    lowest
        Value of index 0, of both operands.
    """

    products: Integers
    lowest: int

    def values(self, count: int, first: int = 0) -> Integers:
        """Return the values of `count` indices from `first` on."""
        return np.arange(count, dtype=np.int64) + (self.lowest + first)

    def errors(self, first: int, last: int) -> Integers:
        """Return product minus exact product for the activations with indices `first` to `last`."""
        rows = self.products[first : last + 1]
        exact = np.outer(self.values(len(rows), first), self.values(rows.shape[1]))
        return np.asarray(rows - exact, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """An exact integer factorisation: matrix = left @ right, one row of `right` per column of `left`."""

    left: Integers
    right: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Nibbles:
    """matrix[a][w] = smallest + scale x (low[a][w mod 16] + high[a][w div 16]), both parts at least 0."""

    low: Integers
    high: Integers
    scale: int
    smallest: int


def rank(matrix: Integers) -> int:
    """Return the rank of an integer matrix.

    Computed modulo the prime 2^31 - 1, so it could come out too small only if that prime divided a minor.
    """
    return len(_pivots(matrix, len(matrix))[0])


def factors(matrix: Integers, most: int) -> Factors | None:
    """Factorise an integer matrix of rank at most `most` with integer factors, or return ``None``.

    The left factor is columns of the matrix over their greatest common divisors (a column skeleton), or the
    right one is rows of it; the product is checked in integers.
    """
    by_columns = _skeleton(matrix, most)
    if by_columns is not None:
        return by_columns
    by_rows = _skeleton(np.ascontiguousarray(matrix.T), most)
    return None if by_rows is None else Factors(by_rows.right.T, by_rows.left.T)


def by_weight_nibbles(matrix: Integers) -> Nibbles | None:
    """Split a matrix into a part per nibble of the column's index, or return ``None`` where it does not."""
    if matrix.shape[1] % 16:
        return None
    by_nibble = matrix.reshape(len(matrix), -1, 16)
    low, high = by_nibble[:, 0, :], by_nibble[:, :, 0] - by_nibble[:, :1, 0]
    if (by_nibble != high[:, :, None] + low[:, None, :]).any():
        return None
    smallest, scale = offset_and_scale(matrix)
    least = low.min(axis=1, keepdims=True)
    return Nibbles((low - least) // scale, (high + least - smallest) // scale, scale, smallest)


def by_activation_nibbles(matrix: Integers) -> bool:
    """Return whether the matrix is a sum of a part per nibble of the row's index."""
    return by_weight_nibbles(np.ascontiguousarray(matrix.T)) is not None


def offset_and_scale(matrix: Integers) -> tuple[int, int]:
    """Return the smallest entry and the greatest common divisor of all entries' distances from it."""
    smallest = int(matrix.min())
    return smallest, max(1, int(np.gcd.reduce((matrix - smallest).ravel())))


def _pivots(matrix: Integers, most: int) -> tuple[list[int], list[int]]:
    """Rows and columns of a largest invertible part, small operands first; stops beyond `most` of them."""
    rest = np.array(matrix % _PRIME, dtype=np.int64)
    rows: list[int] = []
    columns: list[int] = []
    for column in _smallest_first(matrix):
        found = np.flatnonzero(rest[:, column])
        if not len(found):
            continue
        row = int(found[0])
        rows.append(row)
        columns.append(int(column))
        if len(rows) > most:
            break
        scaled = rest[:, column] * pow(int(rest[row, column]), -1, _PRIME) % _PRIME
        rest = (rest - scaled[:, None] * rest[row] % _PRIME) % _PRIME
    return rows, columns


def _smallest_first(matrix: Integers) -> NDArray[np.intp]:
    """Columns in the order of their entries' sizes: products with 1, 2, 4, ... come before their sums."""
    return np.argsort(np.abs(matrix).sum(axis=0), kind="stable")


def _skeleton(matrix: Integers, most: int) -> Factors | None:
    rows, columns = _pivots(matrix, most)
    if not rows or len(rows) > most:
        return None
    left = matrix[:, columns]
    left = left // np.gcd.reduce(left, axis=0)
    right = np.rint(np.linalg.solve(left[rows].astype(np.float64), matrix[rows].astype(np.float64)))
    exact = right.astype(np.int64)
    return Factors(left, exact) if np.array_equal(left @ exact, matrix) else None
