"""How often each value of a multiplier's operand occurs: counts of samples, or probabilities."""

from __future__ import annotations

from math import fsum
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.arithmetic.multipliers.base import Multiplier
from archsim.errors import InputError

_SUM_TOLERANCE: Final = 1e-9
"""How far probabilities may be from a sum of one: more than the rounding of 65,536 float64 values."""

Weights = NDArray[np.int64] | NDArray[np.float64]
"""One number per operand value, ascending: integers are counts, floats are probabilities."""


def operand_weights(given: ArrayLike | None, multiplier: Multiplier, field: str) -> Weights:
    """Return the weight of each operand value, ascending, checked; ones where none are given.

    Parameters
    ----------
    given
        Integers are counts, floats are probabilities that add up to one.
    multiplier
        Its operand values are weighed.
    field
        What to name in an error.

    Raises
    ------
    InputError
        If the weights do not fit the operands.
    """
    count = 1 << multiplier.bits
    if given is None:
        return np.ones(count, dtype=np.int64)
    weights = np.asarray(given)
    if weights.shape != (count,):
        raise InputError(f"expected {count} values, one per operand, got shape {weights.shape}", field=field)
    is_count = np.issubdtype(weights.dtype, np.integer)
    if not is_count and not np.issubdtype(weights.dtype, np.floating):
        raise InputError(f"expected counts or probabilities, got {weights.dtype}", field=field)
    if not np.isfinite(weights).all() or weights.min() < 0 or not weights.any():
        raise InputError("expected counts or probabilities, none negative and not all zero", field=field)
    if not is_count and abs(fsum(weights) - 1) > _SUM_TOLERANCE:
        raise InputError(f"probabilities add up to {fsum(weights):g}: expected 1", field=field)
    return weights.astype(np.int64) if is_count else weights.astype(np.float64)


def histogram(samples: ArrayLike, multiplier: Multiplier) -> NDArray[np.int64]:
    """Return how often each operand value occurs in `samples`, as counts.

    Raises
    ------
    InputError
        If there are no samples, or some are not operands of the multiplier.
    """
    values = np.asarray(samples).ravel()
    if not values.size:
        raise InputError("no samples of operands")
    if not np.issubdtype(values.dtype, np.integer):
        raise InputError(f"samples of operands are {values.dtype}: expected integers")
    if values.min() < multiplier.lowest or values.max() > multiplier.highest:
        raise InputError(f"a sample is outside {multiplier.lowest} to {multiplier.highest}")
    places = values.astype(np.int64) - multiplier.lowest
    return np.bincount(places, minlength=1 << multiplier.bits).astype(np.int64)
