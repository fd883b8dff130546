"""What a report says of the network's accuracy."""

from __future__ import annotations

from archsim.results.record import Record


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
    sqnr_against_exact_db: dict[str, float | None] = {}
    """By layer: signal to noise of its output against exact arithmetic; None where nothing differs."""
    sqnr_own_db: dict[str, float | None] = {}
    """By layer: the same with the error that it adds itself, on exact inputs; None where it is exact."""
