"""Activation functions of real values, by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float32]

LEAKY_SLOPE: Final = 0.01
"""Slope below zero: ONNX LeakyRelu's default, as traces do not state one."""

_erf = np.frompyfunc(math.erf, 1, 1)


def _relu(x: Reals) -> Reals:
    return np.maximum(x, np.float32(0))


def _relu6(x: Reals) -> Reals:
    return np.clip(x, np.float32(0), np.float32(6))


def _leaky_relu(x: Reals) -> Reals:
    return np.where(x < 0, x * np.float32(LEAKY_SLOPE), x)


def _elu(x: Reals) -> Reals:
    return np.where(x < 0, np.expm1(np.minimum(x, np.float32(0))), x)


def _sigmoid(x: Reals) -> Reals:
    # The exponential of a negative number cannot overflow.
    decay = np.exp(-np.abs(x))
    return np.where(x < 0, decay / (1 + decay), 1 / (1 + decay))


def _hard_sigmoid(x: Reals) -> Reals:
    return _relu6(x + np.float32(3)) / np.float32(6)


def _gelu(x: Reals) -> Reals:
    share = np.asarray(_erf(x / np.float32(math.sqrt(2))), dtype=np.float32)
    return np.asarray(x * (1 + share) / np.float32(2))


def _mish(x: Reals) -> Reals:
    return np.asarray(x * np.tanh(np.logaddexp(x, np.float32(0))))


FUNCTIONS: Final[Mapping[str, Callable[[Reals], Reals]]] = MappingProxyType(
    {
        "relu": _relu,
        "relu6": _relu6,
        "leaky_relu": _leaky_relu,
        "elu": _elu,
        "sigmoid": _sigmoid,
        "hard_sigmoid": _hard_sigmoid,
        "tanh": np.tanh,
        "silu": lambda x: np.asarray(x * _sigmoid(x)),
        "hard_swish": lambda x: np.asarray(x * _hard_sigmoid(x)),
        "gelu": _gelu,
        "mish": _mish,
    }
)
"""What each activation computes; elu has slope 1, hard_sigmoid is relu6(x + 3) / 6 (Howard et al., ICCV 2019,
section 5.2), gelu the exact one. A prelu has learned slopes, which parameters do not hold."""


def softmax(values: Reals) -> Reals:
    """Return exponentials over the channels, normalised to a sum of one."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True, dtype=np.float64), dtype=np.float32)
