"""Published power, delay and area of EvoApproxLib's circuits that are broken arrays of partial products.

Figures: file headers of ehw-fit/evoapproxlib d321f7f, 45 nm [pub] (reference/arithmetic.md §9). Which design
a circuit is was found by its printed error figures: MAE, WCE, EP and MRE of the design equal the printed
ones in every digit (the library cuts some MAE instead of rounding). All of them are signed, 8 bits wide; no
unsigned circuit of the library but the exact and the empty one is such a design.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.partial_products import Dropped, dropped_below

_BITS: Final = 8


@dataclass(frozen=True, slots=True)
class Circuit:
    """Power in milliwatts, area in um2 and critical path in nanoseconds, as printed."""

    name: str
    power_mw: float
    area_um2: float
    delay_ns: float


EXACT: Final = Circuit("mul8s_1KV8", 0.425, 729.8, 1.48)

BROKEN_ARRAYS: Final[Mapping[tuple[int, int], Circuit]] = MappingProxyType(
    {
        (0, 0): EXACT,
        (0, 2): Circuit("mul8s_1KVA", 0.422, 711.0, 1.48),
        (0, 3): Circuit("mul8s_1KVB", 0.410, 685.2, 1.47),
        (0, 4): Circuit("mul8s_1KX2", 0.391, 641.1, 1.51),
        (1, 0): Circuit("mul8s_1KR8", 0.369, 652.8, 1.37),
        (1, 3): Circuit("mul8s_1KR6", 0.363, 635.0, 1.37),
        (1, 4): Circuit("mul8s_1KRC", 0.351, 599.8, 1.36),
        (2, 5): Circuit("mul8s_1KVL", 0.289, 543.0, 1.33),
        (3, 0): Circuit("mul8s_1KTY", 0.237, 482.4, 1.19),
        (6, 0): Circuit("mul8s_1KR3", 0.052, 172.2, 0.89),
    }
)
"""Circuits by rows and columns that are dropped; see :func:`dropped_below`."""

OPERAND_TRUNCATED: Final[Mapping[int, Circuit]] = MappingProxyType(
    {
        0: EXACT,
        1: Circuit("mul8s_1L2H", 0.301, 558.9, 1.36),
        2: Circuit("mul8s_1L2D", 0.200, 411.6, 1.14),
        3: Circuit("mul8s_1L1G", 0.126, 284.9, 0.94),
    }
)
"""Circuits by the low bits of both operands that are cleared."""

_BY_DROPPED: Final = {dropped_below(_BITS, *drop): circuit for drop, circuit in BROKEN_ARRAYS.items()}


def broken_array_cost(dropped: Dropped, *, signed: bool) -> RelativeCost | None:
    """Return what a partial-product array costs relative to the exact one; None where there is no circuit."""
    return _cost(_BY_DROPPED.get(dropped) if signed else None)


def operand_truncated_cost(low_bits: int, *, bits: int, signed: bool) -> RelativeCost | None:
    """Return what clearing low operand bits costs relative to the exact design; None without a circuit."""
    return _cost(OPERAND_TRUNCATED.get(low_bits) if signed and bits == _BITS else None)


def _cost(circuit: Circuit | None) -> RelativeCost | None:
    """Ratios to the exact circuit; at one clock and activity, energy per operation goes with power."""
    if circuit is None:
        return None
    return RelativeCost(
        energy=circuit.power_mw / EXACT.power_mw,
        delay=circuit.delay_ns / EXACT.delay_ns,
        area=circuit.area_um2 / EXACT.area_um2,
        source=f"EvoApproxLib, 45 nm [pub], over {EXACT.name}; circuits matched by their error figures",
        detail=circuit.name,
    )
