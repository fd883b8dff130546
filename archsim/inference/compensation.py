"""The expected error of an approximate multiplier, taken out of a layer's bias."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.macs import DigitalMacs, MacFunction
from archsim.arithmetic.multipliers.base import TABLE_BITS, Multiplier
from archsim.arithmetic.operand_weights import operand_weights
from archsim.errors import InputError
from archsim.inference.accumulators import AccumulatedMacs
from archsim.inference.mac_layers import QuantizedMac


def multiplier_of(function: MacFunction) -> Multiplier:
    """Return the multiplier of a unit.

    Raises
    ------
    InputError
        If it has none whose products can be tabulated.
    """
    macs = function.macs if isinstance(function, AccumulatedMacs) else function
    if not isinstance(macs, DigitalMacs) or macs.arithmetic.multiplier.bits > TABLE_BITS:
        raise InputError("only errors of digital multipliers of at most 8 bits can be compensated")
    return macs.arithmetic.multiplier


def is_biased(function: MacFunction) -> bool:
    """Whether the unit's multiplier is inexact and known by its table, so that biases can be corrected."""
    try:
        return multiplier_of(function).kind != "exact"
    except InputError:
        return False


def expected_errors(multiplier: Multiplier, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean error of the products with each weight code, ascending: sum of p(x) (T(x, w) - x w).

    Parameters
    ----------
    counts
        How often each activation code occurs, ascending (`operand_weights.histogram`).
    """
    weights = operand_weights(counts, multiplier, "counts")
    values = multiplier.operand_values()
    errors = multiplier.layer_table() - np.outer(values, values)
    return np.asarray(weights.astype(np.float64) @ errors / float(weights.sum()), dtype=np.float64)


def compensated(mac: QuantizedMac, multiplier: Multiplier, counts: NDArray[np.int64]) -> QuantizedMac:
    """Return a layer whose bias is less by the expected error of each output's products.

    Every position of a window is taken to hold activations of the same distribution; zeros of the padding
    are not counted.
    """
    errors = expected_errors(multiplier, counts)[mac.codes - multiplier.lowest]
    total = np.rint(errors.sum(axis=(1, 2, 3))).astype(np.int64)
    return replace(mac, bias=mac.bias - total)
