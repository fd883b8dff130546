"""Ripple adders with approximate mirror adders in their low bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np
from pydantic import Field

from archsim.arithmetic.adders.base import Integers, LowPart, LowPartAdder
from archsim.arithmetic.mirror_adders import Bits
from archsim.arithmetic.mirror_adders import cell as full_adder

_RATIOS: Final[Mapping[str, tuple[float, str]]] = {
    # Their numbers: they call 1, 2 and 3 what Gupta et al. and archsim call 3, 4 and 5.
    "ama3": (0.8471, "AMA1"),
    "ama4": (0.9476, "AMA2"),
    "ama5": (0.7989, "AMA3"),
}
_SOURCE = (
    "Liang, Han and Lombardi, IEEE TC 62(9), 2013: power of their {} per low bit relative to a full adder, "
    "first-order estimate, as a ratio of energies at one clock [pub] (reference/arithmetic.md §7)"
)


class MirrorRipple(LowPartAdder, kind="ama"):
    """A ripple-carry adder whose low bits are approximate mirror adders.

    Gupta et al., IEEE TCAD 32(1), 2013 (reference/arithmetic.md §7). Operand A of each cell is the running
    sum and B the addend: all cells but AMA2 tell them apart.
    """

    cell: Literal["ama1", "ama2", "ama3", "ama4", "ama5"] = Field(examples=["ama5"])
    """The cell of the low bits, numbered as by Gupta et al."""

    @property
    def low_part(self) -> LowPart:
        """A ripple chain of the cell, below the exact adder."""
        return LowPart(self.cell, self.low_bits)

    def _low(self, a: Integers, b: Integers) -> tuple[Integers, Integers]:
        shape = np.broadcast_shapes(np.shape(a), np.shape(b))
        low: Integers = np.zeros(shape, dtype=np.int64)
        carry: Bits = low
        for bit in range(self.low_bits):
            total, carry = full_adder(self.cell, (a >> bit) & 1, (b >> bit) & 1, carry)
            low = low | (total.astype(np.int64) << bit)
        return low, carry.astype(np.int64)

    def _ratio(self) -> tuple[float, str] | None:
        if self.cell not in _RATIOS:
            return None
        ratio, their_name = _RATIOS[self.cell]
        return ratio, _SOURCE.format(their_name)
