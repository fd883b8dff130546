"""CDM16: a 16-bit multiplier of four carry-disregard multipliers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

import numpy as np
from pydantic import Field

from archsim.arithmetic.carry_disregard import products_8x8
from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.multipliers.base import Integers, SplittingMultiplier

Code = Literal[0, 3, 7, 8, "b", "f"]


class _Synthesis(NamedTuple):
    area_um2: float
    power_uw: float
    delay_ns: float


# Columns without carries of b's low and high nibble.
_COLUMNS: Final[Mapping[Code, tuple[int, int]]] = MappingProxyType(
    {0: (0, 0), 3: (4, 0), 7: (8, 4), 8: (9, 5), "b": (10, 8), "f": (10, 10)}
)

_SOURCE: Final = "Carry-disregard re-synthesis, 45 nm, Cadence Genus, slide 16 [pub]"

_EXACT: Final = _Synthesis(1709.658, 92.43, 1.61)

# reference/arithmetic.md §6, from _SOURCE.
_SYNTHESES: Final[Mapping[str, _Synthesis]] = MappingProxyType(
    {
        "0000": _Synthesis(1703.16, 88.7, 1.189),
        "3000": _Synthesis(1716.156, 82.58, 1.215),
        "7000": _Synthesis(1636.812, 76.68, 1.193),
        "8000": _Synthesis(1620.738, 75.62, 1.192),
        "8330": _Synthesis(1610.21, 69.01, 1.073),
        "b330": _Synthesis(1602.27, 61.22, 0.958),
        "f770": _Synthesis(1430.244, 50.72, 0.958),
        "f880": _Synthesis(1401.516, 48.84, 0.958),
        "f883": _Synthesis(1415.538, 45.71, 0.716),
        "fbb3": _Synthesis(1321.83, 41.24, 0.724),
        "fff7": _Synthesis(1212.39, 36.83, 0.721),
        "fff8": _Synthesis(1194.606, 36.16, 0.721),
        "fffb": _Synthesis(1147.41, 34.62, 0.721),
        "ffff": _Synthesis(1128.6, 34.26, 0.721),
    }
)


class Cdm16(SplittingMultiplier, kind="cdm16"):
    """Unsigned 16-bit multiplier of four 8-bit carry-disregard ones; the fields are the digits of CDM16_pqrs.

    Each digit picks an 8-bit design: 0 exact, 3 CDM8_40, 7 CDM8_84, 8 CDM8_95, b CDM8_a8, f CDM8_aa. Four
    8-bit adders combine the bytes of the four products, and all their carries out are dropped::

        m1 = a[7:0] b[7:0], m2 = a[15:8] b[7:0], m3 = a[7:0] b[15:8], m4 = a[15:8] b[15:8]
        R[7:0]   = m1[7:0]
        R[15:8]  = (m1[15:8] + m2[7:0] + m3[7:0]) mod 256
        R[23:16] = (m2[15:8] + m3[15:8] + m4[7:0]) mod 256
        R[31:24] = m4[15:8]

    Through the dropped carries even CDM16_0000 is not exact. With ``signed: true`` magnitudes are multiplied
    and the sign is put back.

    Source: slides and netlists of the re-synthesis named in the cost (reference/arithmetic.md §6). Energy is
    power relative to the exact 16x16 multiplier of the same synthesis, at the same clock and stimulus; digits
    that were not synthesised have no published cost.
    """

    widths = range(16, 17)
    by_magnitude = True

    low_low: Code = Field(examples=[8])
    """Digit p: the multiplier of a's low byte and b's low byte."""

    high_low: Code = Field(examples=[3])
    """Digit q: the multiplier of a's high byte and b's low byte."""

    low_high: Code = Field(examples=[3])
    """Digit r: the multiplier of a's low byte and b's high byte."""

    high_high: Code = Field(examples=[0])
    """Digit s: the multiplier of a's high byte and b's high byte."""

    def _products(self, a: Integers, b: Integers) -> Integers:
        low, high = (a & 0xFF, b & 0xFF), (a >> 8, b >> 8)
        m1 = products_8x8(low[0], low[1], *_COLUMNS[self.low_low])
        m2 = products_8x8(high[0], low[1], *_COLUMNS[self.high_low])
        m3 = products_8x8(low[0], high[1], *_COLUMNS[self.low_high])
        m4 = products_8x8(high[0], high[1], *_COLUMNS[self.high_high])
        second = ((m1 >> 8) + (m2 & 0xFF) + (m3 & 0xFF)) & 0xFF
        third = ((m2 >> 8) + (m3 >> 8) + (m4 & 0xFF)) & 0xFF
        return np.asarray((m1 & 0xFF) | second << 8 | third << 16 | (m4 >> 8) << 24, dtype=np.int64)

    def _published_cost(self) -> RelativeCost | None:
        found = _SYNTHESES.get(f"{self.low_low}{self.high_low}{self.low_high}{self.high_high}")
        if found is None:
            return None
        return RelativeCost(
            energy=found.power_uw / _EXACT.power_uw,
            delay=found.delay_ns / _EXACT.delay_ns,
            area=found.area_um2 / _EXACT.area_um2,
            source=f"{_SOURCE}; energy as power at the same clock and stimulus",
        )
