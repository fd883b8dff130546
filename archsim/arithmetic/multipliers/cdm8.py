"""CDM8: the unsigned 8-bit carry-disregard multiplier."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from pydantic import Field

from archsim.arithmetic.carry_disregard import COLUMNS, Synthesis, products_8x8
from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.multipliers.base import Integers, SplittingMultiplier


class _Cells(NamedTuple):
    """Cells of an 8x4 array: full adders, XOR-AND, half adders, full adders of two partial products."""

    pi0: int
    pi1: int
    pi2: int
    pi3: int


_SOURCE: Final = "Carry-disregard re-synthesis, 45 nm, Cadence Genus, slide 11 [pub]"

_EXACT: Final = Synthesis(397.062, 10.955, 0.697)

# Area, power and delay by (low, high): reference/arithmetic.md §4, from _SOURCE. A course's re-synthesis of
# the published designs, not the papers' own figures.
_SYNTHESES: Final[Mapping[tuple[int, int], Synthesis]] = MappingProxyType(
    {
        (0, 0): _EXACT,
        (4, 4): Synthesis(337.896, 8.72, 0.565),
        (5, 0): Synthesis(356.364, 9.207, 0.552),
        (6, 2): Synthesis(335.502, 8.278, 0.500),
        (7, 3): Synthesis(330.03, 7.852, 0.463),
        (7, 4): Synthesis(318.744, 7.353, 0.454),
        (8, 4): Synthesis(314.64, 7.462, 0.447),
        (9, 5): Synthesis(294.12, 6.636, 0.404),
        (10, 6): Synthesis(270.864, 5.705, 0.475),
        (10, 7): Synthesis(259.236, 5.404, 0.475),
        (10, 8): Synthesis(247.95, 5.069, 0.470),
        (10, 9): Synthesis(234.954, 4.81, 0.466),
        (10, 10): Synthesis(230.508, 4.734, 0.461),
    }
)

# Cells of an array by its columns without carries, counted in the netlists of _SOURCE (same section).
_CELLS: Final = (
    _Cells(24, 0, 0, 0),
    _Cells(24, 0, 0, 0),
    _Cells(20, 1, 1, 1),
    _Cells(17, 3, 2, 1),
    _Cells(14, 6, 2, 1),
    _Cells(11, 9, 2, 1),
    _Cells(8, 12, 2, 1),
    _Cells(5, 16, 1, 1),
    _Cells(0, 19, 1, 2),
    _Cells(0, 22, 2, 0),
    _Cells(0, 24, 0, 0),
)


class Cdm8(SplittingMultiplier, kind="cdm8"):
    """Unsigned 8-bit carry-disregard multiplier; ``low: 7, high: 3`` is the design published as CDM8_73.

    Two 8x4 arrays side by side, one for each nibble of b, added exactly. In the lowest `low` (`high`) columns
    of an array no carries are produced: a result bit is the parity of its column. With s_j the number of
    partial products a[j-i] AND b[i] in column j of an array::

        cd(x, a, n) = sum over j of 2^j (s_j mod 2 if j < x else s_j)
        product     = cd(low, a, b mod 16) + 16 cd(high, a, b div 16)

    A product is never too large. With ``signed: true`` magnitudes are multiplied and the sign is put back;
    `scdm8` is the published signed design.

    Sources: Amirafshar et al., DSD 2022, and "Carry disregard approximate multipliers", 2023. Energy is power
    relative to the exact multiplier of the same synthesis, at the same clock and stimulus. Pairs that were
    not synthesised take the least-squares fit over those that were (reference/arithmetic.md §4), without a
    delay.
    """

    widths = range(8, 9)
    by_magnitude = True

    low: int = Field(ge=0, le=COLUMNS, examples=[7])
    """Columns without carries of b's low nibble, 0 to 10 (a in published names); 0 and 1 are exact."""

    high: int = Field(ge=0, le=COLUMNS, examples=[3])
    """Columns without carries of b's high nibble, 0 to 10 (a in published names); 0 and 1 are exact."""

    def _products(self, a: Integers, b: Integers) -> Integers:
        return products_8x8(a, b, self.low, self.high)

    def _published_cost(self) -> RelativeCost:
        # Column 0 holds one partial product: an array of one column without carries is the exact one.
        pair = (0 if self.low == 1 else self.low, 0 if self.high == 1 else self.high)
        if pair not in _SYNTHESES:
            return _fitted_cost(*pair)
        found = _SYNTHESES[pair]
        return found.over(_EXACT, _SOURCE)


def _fitted_cost(low: int, high: int) -> RelativeCost:
    """Return power and area by the fit over cell counts; its coefficients have no physical meaning."""
    full, carryless, half, double = (sum(counts) for counts in zip(_CELLS[low], _CELLS[high], strict=True))
    power_uw = 6.471 + 0.089 * (full + double) - 0.001 * half - 0.037 * carryless
    area_um2 = 422.4 - 0.658 * (full + double) - 1.995 * half - 3.933 * carryless
    return RelativeCost(
        energy=power_uw / _EXACT.power_uw,
        delay=None,
        area=area_um2 / _EXACT.area_um2,
        source=f"least-squares fit over cell counts (error up to 5.5 % in power, 3.2 % in area) to {_SOURCE}",
    )
