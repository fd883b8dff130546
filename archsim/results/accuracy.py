"""What a report says of the network's accuracy."""

from __future__ import annotations

from math import inf, isfinite
from typing import Literal

from archsim.results.record import Record

Decibels = float | Literal["-inf"] | None
"""A ratio of signal to noise in dB. None: nothing differs, it is infinite. ``-inf``: the signal is zero
throughout and what was found is not. JSON has no number for either."""


def from_decibels(stated: Decibels) -> float:
    """Return a ratio of a report as a number, with its infinities."""
    return inf if stated is None else float(stated)


def to_decibels(ratio_db: float) -> Decibels:
    """Return a ratio as a report states it."""
    if isfinite(ratio_db):
        return ratio_db
    return None if ratio_db > 0 else "-inf"


class QuantizationRow(Record):
    """How the network was quantized; the words are those of the architecture file."""

    scheme: str
    """``integer``, ``manifest`` or ``ace_cnn``."""
    rounding: str
    """How sums become codes."""
    weights: str
    """``per_channel`` or ``per_tensor``."""
    activations: str
    """``symmetric`` or ``asymmetric``."""
    overflow: str
    """What becomes of a sum that leaves the accumulator."""
    bits: dict[str, int]
    """Bits of the operands of every layer with MACs."""
    calibration: str
    """How ranges follow from the images: ``min_max``, ``percentile 99.99`` or ``mse``."""
    calibration_images: int
    """Images that ranges come from."""
    calibration_part: str
    """Part of the data set that they are of: ``train`` or ``test``."""


class AccuracyRow(Record):
    """How often the network was right, on real images and on the arithmetic of the units."""

    dataset: str
    """Name of the data set."""
    images: int
    """Test images."""
    quantization: QuantizationRow | None = None
    """How the network was quantized; None in reports of earlier versions."""
    top1: float
    """Share of images whose largest output is that of the label, on the units' arithmetic."""
    top1_float: float
    """The same in float32."""
    top1_exact: float
    """The same with the network quantized alike and exact arithmetic."""
    top1_compensated: float | None = None
    """The same with biases corrected by the expected error of one-sided multipliers, where there are any."""
    agreement: float
    """Share of images whose class is that of float32."""
    overflowed_sums: dict[str, float] = {}
    """By layer with MACs on a digital unit: share of its sums that the accumulator does not hold, as they are
    before they wrap or saturate. What leaves it on the way and comes back is not counted."""
    sqnr_against_exact_db: dict[str, Decibels] = {}
    """By layer: signal to noise of its output against exact arithmetic; None where nothing differs."""
    sqnr_own_db: dict[str, Decibels] = {}
    """By layer: the same with the error that it adds itself, on exact inputs; None where it is exact."""
