"""Signal-to-quantization-noise ratios over many batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import fsum, inf, log10

import numpy as np

from archsim.arithmetic.kernels.codes import difference_squares, signal_and_noise
from archsim.arithmetic.quantization import Quantizer
from archsim.inference.coding import decode, is_short, zero_code
from archsim.inference.graph import Tensor


def sqnr_db(signal: float, noise: float) -> float:
    """Return 10 log10(signal / noise) of two sums of squares; infinite without noise."""
    if noise == 0:
        return inf
    return 10 * log10(signal / noise) if signal > 0 else -inf


@dataclass(slots=True, eq=False)
class Ratio:
    """Sums of squares of one layer, image by image: their exact total does not depend on batches."""

    signal: list[float] = field(default_factory=list)
    noise: list[float] = field(default_factory=list)

    def add(self, wanted: Tensor, found: Tensor, coded: Quantizer | None) -> None:
        """Add one batch of real values and what was found, as codes if `coded` says how."""
        if coded is None or not is_short(coded):
            values = found if coded is None else decode(found, coded)
            signal, noise = signal_and_noise(wanted, values.astype(np.float32, copy=False))
        else:
            signal, noise = signal_and_noise(wanted, found, zero_code(coded), float(coded.scale.reshape(())))
        self.signal.extend(signal)
        self.noise.extend(noise)

    def add_codes(self, wanted: Tensor, found: Tensor, zero: int) -> None:
        """Add one batch whose tensors are coded alike: sums of integers, in units of the scale's square."""
        self.signal.extend(difference_squares(wanted, zero))
        self.noise.extend(difference_squares(wanted, found))

    @property
    def db(self) -> float:
        """The ratio of the totals."""
        return sqnr_db(fsum(self.signal), fsum(self.noise))
