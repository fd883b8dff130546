"""What a report says of the network's accuracy."""

from __future__ import annotations

from archsim.results.record import Record


class AccuracyRow(Record):
    """How often the network was right, on real images and on the arithmetic of the units."""

    dataset: str
    """Name of the data set."""
    images: int
    """Test images."""
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
    sqnr_against_exact_db: dict[str, float | None] = {}
    """By layer: signal to noise of its output against exact arithmetic; None where nothing differs."""
    sqnr_own_db: dict[str, float | None] = {}
    """By layer: the same with the error that it adds itself, on exact inputs; None where it is exact."""
