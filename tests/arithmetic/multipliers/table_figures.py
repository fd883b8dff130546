"""Error figures of a table of products, computed plainly, and how they compare with printed ones."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

PRIMES = (2**31 - 1, 2**31 - 19)


class TableFigures:
    """Figures of products against exact ones, [a][b], as defined in reference/arithmetic.md §3."""

    def __init__(self, table: np.ndarray, signed: bool = False):
        count = len(table)
        values = np.arange(count) - (count // 2 if signed else 0)
        self.table = table.astype(np.int64)
        self.exact = np.multiply.outer(values, values)
        self.error = self.table - self.exact
        self.distance = np.abs(self.error)
        self.bits = count.bit_length() - 1

    @property
    def med(self) -> float:
        return float(self.distance.mean())

    @property
    def nmed(self) -> float:
        return self.med / int(np.abs(self.exact).max())

    @property
    def bias(self) -> float:
        return float(self.error.mean())

    @property
    def wce(self) -> int:
        return int(self.distance.max())

    @property
    def error_percent(self) -> float:
        return 100 * float((self.error != 0).mean())

    @property
    def noeb(self) -> float:
        return 2 * self.bits - float(np.log2(1 + np.sqrt((self.distance.astype(float) ** 2).mean())))

    @property
    def mred_of_nonzero(self) -> float:
        """Mean over the pairs whose exact product is not zero: EvoApproxLib's convention."""
        return self._relative_sum / np.count_nonzero(self.exact)

    @property
    def mred_of_all(self) -> float:
        """The same sum over all pairs: the carry-disregard papers' convention."""
        return self._relative_sum / self.exact.size

    @property
    def _relative_sum(self) -> float:
        nonzero = self.exact != 0
        return float((self.distance[nonzero] / np.abs(self.exact[nonzero])).sum())

    def separable(self) -> tuple[bool, bool]:
        """Whether the error is a sum over b's nibbles, and over a's."""
        return _sum_over_nibbles(self.error), _sum_over_nibbles(self.error.T)

    def ranks(self) -> tuple[int, int, int]:
        """Ranks of the table, of the error, and of the error for the a below half of their range."""
        return exact_rank(self.table), exact_rank(self.error), exact_rank(self.error[: len(self.error) // 2])


def exact_rank(matrix: np.ndarray) -> int:
    """Rank over the integers: the larger of its ranks modulo two primes, each a lower bound."""
    return max(_rank_modulo(matrix, prime) for prime in PRIMES)


def is_printed_as(value: float, printed: str) -> bool:
    """Whether a value rounds to the printed one; half a unit in the last place may go either way."""
    unit = 10.0 ** Decimal(printed).as_tuple().exponent
    return abs(value - float(printed)) <= unit / 2 * (1 + 1e-9)


def _rank_modulo(matrix: np.ndarray, prime: int) -> int:
    rows = matrix.astype(np.int64) % prime
    rank = 0
    for column in range(rows.shape[1]):
        nonzero = np.flatnonzero(rows[rank:, column])
        if not len(nonzero):
            continue
        rows[[rank, rank + nonzero[0]]] = rows[[rank + nonzero[0], rank]]
        pivot = rows[rank] * pow(int(rows[rank, column]), -1, prime) % prime
        below = rows[rank + 1 :]
        below -= below[:, column, None] * pivot % prime
        below %= prime
        rank += 1
        if rank == len(rows):
            break
    return rank


def _sum_over_nibbles(error: np.ndarray) -> bool:
    b = np.arange(error.shape[1])
    return bool((error == error[:, b & 15] + error[:, b & 240] - error[:, :1]).all())
