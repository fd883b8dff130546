"""CDM16: a 16-bit multiplier of four carry-disregard multipliers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

import numpy as np

from archsim.arithmetic.carry_disregard import Synthesis, products_8x8
from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.multipliers.base import Integers, SplittingMultiplier

Part = Literal["exact", "cdm8_40", "cdm8_84", "cdm8_95", "cdm8_a8", "cdm8_aa"]


class _Parameters(NamedTuple):
    """Digit of an 8-bit design in published names, and its columns without carries."""

    digit: str
    low: int
    high: int


_PARTS: Final[Mapping[Part, _Parameters]] = MappingProxyType(
    {
        "exact": _Parameters("0", 0, 0),
        "cdm8_40": _Parameters("3", 4, 0),
        "cdm8_84": _Parameters("7", 8, 4),
        "cdm8_95": _Parameters("8", 9, 5),
        "cdm8_a8": _Parameters("b", 10, 8),
        "cdm8_aa": _Parameters("f", 10, 10),
    }
)

_SOURCE: Final = "Carry-disregard re-synthesis, 45 nm, Cadence Genus, slides 9 and 16 [pub]"

_EXACT: Final = Synthesis(1709.658, 92.43, 1.61)

# By the digits of low_low, high_low, low_high and high_high: reference/arithmetic.md §6, from _SOURCE.
_SYNTHESES: Final[Mapping[str, Synthesis]] = MappingProxyType(
    {
        "0000": Synthesis(1703.16, 88.7, 1.189),
        "3000": Synthesis(1716.156, 82.58, 1.215),
        "7000": Synthesis(1636.812, 76.68, 1.193),
        "8000": Synthesis(1620.738, 75.62, 1.192),
        "8330": Synthesis(1610.21, 69.01, 1.073),
        "b330": Synthesis(1602.27, 61.22, 0.958),
        "f770": Synthesis(1430.244, 50.72, 0.958),
        "f880": Synthesis(1401.516, 48.84, 0.958),
        "f883": Synthesis(1415.538, 45.71, 0.716),
        "fbb3": Synthesis(1321.83, 41.24, 0.724),
        "fff7": Synthesis(1212.39, 36.83, 0.721),
        "fff8": Synthesis(1194.606, 36.16, 0.721),
        "fffb": Synthesis(1147.41, 34.62, 0.721),
        "ffff": Synthesis(1128.6, 34.26, 0.721),
    }
)


class Cdm16(SplittingMultiplier, kind="cdm16"):
    """Unsigned 16-bit multiplier of four 8-bit carry-disregard ones, published as CDM16_pqrs.

    The fields are p, q, r and s; published digits are 0 for `exact`, 3 `cdm8_40`, 7 `cdm8_84`, 8 `cdm8_95`,
    b `cdm8_a8` and f `cdm8_aa` (see `cdm8`). Four 8-bit adders combine the bytes of the four products, and
    all their carries out are dropped::

        m1 = a[7:0] b[7:0], m2 = a[15:8] b[7:0], m3 = a[7:0] b[15:8], m4 = a[15:8] b[15:8]
        R[7:0]   = m1[7:0]
        R[15:8]  = (m1[15:8] + m2[7:0] + m3[7:0]) mod 256
        R[23:16] = (m2[15:8] + m3[15:8] + m4[7:0]) mod 256
        R[31:24] = m4[15:8]

    Through the dropped carries even CDM16_0000 is not exact. With ``signed: true`` magnitudes are multiplied
    and the sign is put back.

    Source: slides and netlists of the re-synthesis named in the cost (reference/arithmetic.md §6). Energy is
    power relative to the exact 16x16 multiplier of the same synthesis, at the same clock and stimulus;
    combinations that were not synthesised have no published cost.
    """

    widths = range(16, 17)
    by_magnitude = True

    low_low: Part
    """p, the multiplier of a's low byte and b's low byte."""

    high_low: Part
    """q, the multiplier of a's high byte and b's low byte."""

    low_high: Part
    """r, the multiplier of a's low byte and b's high byte."""

    high_high: Part
    """s, the multiplier of a's high byte and b's high byte."""

    @property
    def _parts(self) -> tuple[_Parameters, ...]:
        parts = (self.low_low, self.high_low, self.low_high, self.high_high)
        return tuple(_PARTS[part] for part in parts)

    def _products(self, a: Integers, b: Integers) -> Integers:
        bytes_of_a, bytes_of_b = (a & 0xFF, a >> 8), (b & 0xFF, b >> 8)
        pairs = [(left, right) for right in bytes_of_b for left in bytes_of_a]
        m1, m2, m3, m4 = (
            products_8x8(left, right, part.low, part.high)
            for (left, right), part in zip(pairs, self._parts, strict=True)
        )
        second = ((m1 >> 8) + (m2 & 0xFF) + (m3 & 0xFF)) & 0xFF
        third = ((m2 >> 8) + (m3 >> 8) + (m4 & 0xFF)) & 0xFF
        return np.asarray((m1 & 0xFF) | second << 8 | third << 16 | (m4 >> 8) << 24, dtype=np.int64)

    def _published_cost(self) -> RelativeCost | None:
        found = _SYNTHESES.get("".join(part.digit for part in self._parts))
        if found is None:
            return None
        return found.over(_EXACT, _SOURCE)
