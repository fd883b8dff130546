"""What a memory does to the tensors that lie in it: between hardware and the execution of a network."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.integer]


class TensorFaults(Protocol):
    """The errors of one memory, as a tensor that is stored in it and read back sees them."""

    def stored(self, codes: Codes, bits: int, seed: np.random.SeedSequence) -> Codes:
        """Return the codes that are read back.

        Parameters
        ----------
        codes
            Two's-complement integers of any shape; they are not changed.
        bits
            Bits of one code in the memory.
        seed
            Source of all randomness: equal seeds, codes and widths give equal results.

        Returns
        -------
        Codes of the same shape and type, within the same width.
        """
        ...
