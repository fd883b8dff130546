"""How wide the values of stored tensors are."""

from __future__ import annotations

from archsim.hardware.architecture import Architecture
from archsim.mapping.placement import Placement


def stored_widths(placement: Placement, architecture: Architecture) -> dict[str, int]:
    """Return the bits of a value by name of the stored tensor.

    It is as wide as its producer writes it, the widest where several write into one; the network's input is
    as wide as its first reader takes it. Traffic is counted with it, and codes are rounded to it.
    """
    width: dict[str, int] = {}
    for step, share in placement.shares:
        operands = architecture.compute[share.unit].operands(step.layer)
        for name in step.inputs:
            width.setdefault(name, operands.input_bits)
        width[step.output] = max(operands.output_bits, width.get(step.output, 0))
    return width
