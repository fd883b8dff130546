"""Places of bits in integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def leading_one(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the position of the highest set bit, floor(log2), of integers from 0 to 2^53; -1 for 0."""
    return np.frexp(values)[1].astype(np.int64) - 1
