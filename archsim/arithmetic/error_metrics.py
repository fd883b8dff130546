"""Error of a multiplier against the exact product: the field's metrics, the error map, the distribution.

Definitions: Amirafshar et al., DSD 2022, which are the field's usual ones (reference/arithmetic.md §3). Sums
of integers are exact whenever operands are weighed by counts (uniform operands are counts of one).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import fsum, log2, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.arithmetic.multipliers.base import TABLE_BITS, Integers, Multiplier
from archsim.arithmetic.operand_weights import Weights, operand_weights
from archsim.errors import InputError

SAMPLES: Final = 1 << 20
"""Pairs drawn where operands are wider than 8 bits; a mean is then known to 0.1 % of the spread."""

_LARGEST_INTEGER: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class ErrorMetrics:
    """Error of a design over pairs of operands; E = result - exact, |E| is the error distance.

    Attributes
    ----------
    pairs
        Number of pairs that were measured.
    sampled
        Whether they are a random sample; else they are all pairs.
    error_rate
        Share of pairs with a wrong result (ER).
    mean_error_distance
        Mean of |E| (MED).
    normalized_mean_error_distance
        MED over the magnitude of the largest exact result (NMED).
    mean_relative_error_distance_all
        Sum of |E| / |exact| where exact is not zero, over all pairs (as carry-disregard papers print).
    mean_relative_error_distance_nonzero
        The same sum over the pairs whose exact result is not zero (as EvoApproxLib and most tools print).
    worst_case_error
        Largest |E| of a pair that occurs (WCE); of the sample where `sampled`, so at most the true one.
    bias
        Mean of E.
    mean_squared_error
        Mean of E^2 (MSE).
    effective_bits
        Width of the result - log2(1 + sqrt(MSE)) (NoEB).
    """

    pairs: int
    sampled: bool
    error_rate: float
    mean_error_distance: float
    normalized_mean_error_distance: float
    mean_relative_error_distance_all: float
    mean_relative_error_distance_nonzero: float
    worst_case_error: int
    bias: float
    mean_squared_error: float
    effective_bits: float


@dataclass(frozen=True, slots=True)
class ErrorDistribution:
    """How probable each error is.

    Attributes
    ----------
    errors
        The errors that occur, ascending.
    probabilities
        Their probabilities, which add up to one.
    sampled
        Whether they were counted in a random sample.
    """

    errors: Integers
    probabilities: NDArray[np.float64]
    sampled: bool


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Errors and exact results of pairs, [row][column], and how much each row and column counts."""

    errors: Integers
    exact: Integers
    rows: Weights
    columns: Weights
    sampled: bool

    def mean(self, values: NDArray[Any]) -> Fraction:
        """Return the weighted mean; exact where values and weights are integers."""
        if not _all_integer(values, self.rows, self.columns):
            joint = np.outer(self.rows / self.rows.sum(), self.columns / self.columns.sum())
            return Fraction(fsum((joint * values).ravel()))
        weight = _total(self.rows) * _total(self.columns)
        fits = int(np.abs(values).max()) * weight <= _LARGEST_INTEGER
        kind: Any = np.int64 if fits else object
        total = self.rows.astype(kind) @ (values.astype(kind) @ self.columns.astype(kind))
        return Fraction(int(total), weight)

    @property
    def occurring(self) -> NDArray[np.bool_]:
        """Which pairs have a weight."""
        return np.outer(self.rows > 0, self.columns > 0)


def measure(
    multiplier: Multiplier,
    *,
    activations: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
) -> ErrorMetrics:
    """Return the error metrics of a multiplier: over all pairs up to 8 bits, else over a random sample.

    Parameters
    ----------
    activations, weights
        How often each operand value occurs, ascending from `multiplier.lowest`: integers are counts (such as
        those of `operand_weights.histogram`), floats are probabilities. The operands are independent; what is
        left out is uniform.
    samples
        Pairs to draw where operands are wider than 8 bits.
    seed
        Of that sample.

    Returns
    -------
    Metrics normalised by the largest exact product: (2^N - 1)^2 unsigned, 2^(2N - 2) signed.

    Raises
    ------
    InputError
        If a distribution does not fit the operands.
    """
    pairs = _pairs(multiplier, activations, weights, samples, seed)
    largest = max(multiplier.lowest**2, multiplier.highest**2)
    return _metrics(pairs, largest, 2 * multiplier.bits)


def measure_results(results: ArrayLike, exact: ArrayLike, *, largest: int, bits: int) -> ErrorMetrics:
    """Return the error metrics of integer results that count alike, such as those of an adder.

    Parameters
    ----------
    results, exact
        What the hardware computes and the exact results, integers of one shape.
    largest
        Magnitude of the largest exact result.
    bits
        Width of the result.
    """
    right = np.asarray(exact, dtype=np.int64).reshape(-1, 1)
    errors = np.asarray(results, dtype=np.int64).reshape(-1, 1) - right
    return _metrics(_alike(errors, right, sampled=False), largest, bits)


def error_map(multiplier: Multiplier) -> NDArray[np.int32]:
    """Return the signed error of every pair, ``[a][b]`` with operands in ascending value.

    Raises
    ------
    InputError
        If operands are wider than 8 bits.
    """
    values = multiplier.operand_values()
    return np.asarray(multiplier.table() - np.outer(values, values), dtype=np.int32)


def error_distribution(
    multiplier: Multiplier,
    *,
    activations: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
) -> ErrorDistribution:
    """Return how probable each signed error is; parameters as those of :func:`measure`.

    Raises
    ------
    InputError
        If a distribution does not fit the operands.
    """
    pairs = _pairs(multiplier, activations, weights, samples, seed)
    joint = np.outer(pairs.rows / pairs.rows.sum(), pairs.columns / pairs.columns.sum())
    occurring = pairs.occurring
    errors, places = np.unique(pairs.errors[occurring], return_inverse=True)
    probabilities = np.bincount(places.ravel(), weights=joint[occurring])
    return ErrorDistribution(errors, probabilities.astype(np.float64), pairs.sampled)


def _metrics(pairs: _Pairs, largest: int, bits: int) -> ErrorMetrics:
    distances = np.abs(pairs.errors)
    nonzero = pairs.exact != 0
    relative = np.where(nonzero, distances / np.where(nonzero, np.abs(pairs.exact), 1), 0.0)
    mean_distance, mean_relative = pairs.mean(distances), pairs.mean(relative)
    share = pairs.mean(nonzero.astype(np.int64))
    squared = _mean_square(pairs, distances)
    return ErrorMetrics(
        pairs=pairs.errors.size,
        sampled=pairs.sampled,
        error_rate=float(pairs.mean((distances != 0).astype(np.int64))),
        mean_error_distance=float(mean_distance),
        normalized_mean_error_distance=float(mean_distance / largest),
        mean_relative_error_distance_all=float(mean_relative),
        mean_relative_error_distance_nonzero=float(mean_relative / share) if share else 0.0,
        worst_case_error=int(distances[pairs.occurring].max()),
        bias=float(pairs.mean(pairs.errors)),
        mean_squared_error=float(squared),
        effective_bits=bits - log2(1 + sqrt(squared)),
    )


def _mean_square(pairs: _Pairs, distances: Integers) -> Fraction:
    # An error of a 16-bit multiplier has up to 32 bits: its square would not fit 64, so halves are squared.
    high, low = distances >> 16, distances & 0xFFFF
    return pairs.mean(high * high) * 2**32 + pairs.mean(high * low) * 2**17 + pairs.mean(low * low)


def _pairs(
    multiplier: Multiplier,
    activations: ArrayLike | None,
    weights: ArrayLike | None,
    samples: int,
    seed: int,
) -> _Pairs:
    rows = operand_weights(activations, multiplier, "activations")
    columns = operand_weights(weights, multiplier, "weights")
    if multiplier.bits <= TABLE_BITS:
        values = multiplier.operand_values()
        exact = np.outer(values, values)
        return _Pairs(multiplier.layer_table() - exact, exact, rows, columns, sampled=False)
    if samples < 1:
        raise InputError("expected at least one sample", field="samples")
    bits = np.random.PCG64(seed)
    left, right = (_draw(bits, multiplier, one, samples) for one in (rows, columns))
    exact = left * right
    errors = multiplier.layer_products(left, right) - exact
    return _alike(errors[:, None], exact[:, None], sampled=True)


def _draw(bits: np.random.PCG64, multiplier: Multiplier, weights: Weights, count: int) -> Integers:
    # Raw words of a bit generator are alike on every version of NumPy; its distributions need not be.
    uniform = (bits.random_raw(count) >> np.uint64(11)) * 2.0**-53
    steps = np.cumsum(weights / weights.sum())
    places = np.searchsorted(steps / steps[-1], uniform, side="right")
    return np.asarray(places + multiplier.lowest, dtype=np.int64)


def _alike(errors: Integers, exact: Integers, *, sampled: bool) -> _Pairs:
    """Return pairs in one column that all count once."""
    ones = np.ones(len(errors), dtype=np.int64)
    return _Pairs(errors, exact, ones, ones[:1], sampled)


def _total(weights: Weights) -> int:
    return int(weights.sum(dtype=object))


def _all_integer(*arrays: NDArray[Any]) -> bool:
    return all(np.issubdtype(array.dtype, np.integer) for array in arrays)
