"""What of a measurement deserves a second look, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archsim.hardware.quantization import Overflow, Quantization
from archsim.mapping.placement import Placement
from archsim.workload.datasets import Part


def option_remarks(
    options: Quantization, layers: list[str], calibrated_on: tuple[Part, int]
) -> Iterator[str]:
    """Yield what of the block `quantization` has no effect on a network with these layers with MACs."""
    for pattern in options.unmatched(layers):
        yield f"quantization.layer_bits: {pattern!r} matches no layer with multiply-accumulates"
    wanted, (part, images) = options.calibration.images, calibrated_on
    if "images" in options.calibration.model_fields_set and images < wanted:
        there = "training images" if part == "train" else "images, every tenth of the test images"
        yield f"quantization.calibration.images is {wanted}: ranges come from all {images} {there}"


def overflow_remarks(
    overflowed: Mapping[str, float], placement: Placement, overflow: Overflow
) -> Iterator[str]:
    """Yield in which layer the largest share of sums left the accumulator, and what helps."""
    if not any(overflowed.values()):
        return
    worst = max(overflowed, key=lambda name: overflowed[name])
    units = {share.unit: None for step, share in placement.shares if step.layer.name == worst}
    others = ", that of other layers, too" if sum(map(bool, overflowed.values())) > 1 else ""
    became = "wrapped" if overflow == "wrap" else "saturated"
    instead = "quantization.overflow=saturate, " if overflow == "wrap" else ""
    yield (
        f"{overflowed[worst]:.2%} of the sums of layer {worst!r} left the accumulator of "
        f"{', '.join(map(repr, units))} and {became}{others}: what helps is a wider accumulator, {instead}"
        "or fewer bits (quantization.bits)"
    )
