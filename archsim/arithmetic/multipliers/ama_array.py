"""Carry-save array of approximate mirror adders."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from archsim.arithmetic import mirror_adders
from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.multipliers.base import Integers, SplittingMultiplier
from archsim.errors import InputError

Approximate = Literal["ama1", "ama2", "ama3", "ama4", "ama5"]
Degree = Literal["D1", "D2", "D3", "D4"]

_Wires = NDArray[np.integer[Any]]

# The paper does not say which columns its degrees approximate: [unverified], reference/arithmetic.md §7.
_DEGREES: Final[Mapping[str, int]] = MappingProxyType({"D1": 7, "D2": 8, "D3": 9, "D4": 16})

_DEGREE_BITS: Final = 8


class _Measurement(NamedTuple):
    energy_pj: float
    frequency_mhz: float
    slice_luts: int


_SOURCE: Final = (
    "Masadeh et al., IEEE TVLSI 29(4), 2021, Table I, Virtex-6 [pub]; energy, clock and slice LUTs relative "
    "to its exact multiplier; which columns its degrees approximate is [unverified]"
)

_EXACT: Final = _Measurement(3866, 114, 85)

# reference/arithmetic.md §7, from _SOURCE.
_MEASUREMENTS: Final[Mapping[tuple[Approximate, Degree], _Measurement]] = MappingProxyType(
    {
        ("ama1", "D1"): _Measurement(2376, 129, 79),
        ("ama1", "D2"): _Measurement(1977, 128, 76),
        ("ama1", "D3"): _Measurement(1860, 105, 77),
        ("ama1", "D4"): _Measurement(279, 136, 75),
        ("ama2", "D1"): _Measurement(2522, 107, 69),
        ("ama2", "D2"): _Measurement(1940, 107, 63),
        ("ama2", "D3"): _Measurement(1613, 102, 57),
        ("ama2", "D4"): _Measurement(281, 103, 46),
        ("ama3", "D1"): _Measurement(2970, 108, 67),
        ("ama3", "D2"): _Measurement(1962, 134, 58),
        ("ama3", "D3"): _Measurement(1727, 109, 55),
        ("ama3", "D4"): _Measurement(111, 323, 32),
        ("ama4", "D1"): _Measurement(1610, 163, 56),
        ("ama4", "D2"): _Measurement(1416, 148, 47),
        ("ama4", "D3"): _Measurement(730, 170, 40),
        ("ama4", "D4"): _Measurement(43, 723, 13),
        ("ama5", "D1"): _Measurement(1698, 143, 53),
        ("ama5", "D2"): _Measurement(1042, 176, 41),
        ("ama5", "D3"): _Measurement(523, 216, 31),
        ("ama5", "D4"): _Measurement(21, 1416, 6),
    }
)


class AmaArray(SplittingMultiplier, kind="ama_array"):
    """Carry-save array multiplier of n x n bits whose low columns are made of approximate mirror adders.

    A row of full adders for each bit of b, and a last row that ripples; a full adder is `cell` where its
    column is below `columns`, else exact. With A, B, Cin the inputs of an adder, whose order matters to most
    cells, and column i + j for bit i of a in row j::

        row 0:           the partial products a[i] AND b[0]
        row j = 1..n-1:  A = sum of the row above in this column (the top one 0), B = a[i] AND b[j],
                         Cin = carry of the row above into this column
        last row:        columns n..2n-1, A = sum, B = carry into this column, Cin = ripple

    The last carry is dropped, so products are modulo 2^(2n): approximate high columns may wrap. With
    ``signed: true`` magnitudes are multiplied and the sign is put back, in two's complement of 2n bits.

    Sources: cells, Gupta et al., IEEE TCAD 32(1), 2013; arrays of them, Masadeh et al., IEEE TVLSI 29(4),
    2021; this wiring, which papers rarely give, reference/arithmetic.md §8. Costs are published for the
    degrees, on an FPGA. Energy is the energy of one multiplication, not power, since each design runs at
    its own clock; delay is the ratio of clocks, printed with more digits than periods; area is slice LUTs.
    """

    by_magnitude = True

    cell: Approximate
    """The approximate full adder, numbered as by Gupta et al."""

    columns: Annotated[int, Field(ge=0, le=32)] | Degree = Field(examples=[8])
    """Lowest columns made of it, 0 (exact) to 2n for n-bit operands; or a degree of Masadeh et al., D1, D2,
    D3 or D4, taken as 7, 8, 9 or 16 columns. The paper does not say so: that reading is unverified."""

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        if isinstance(self.columns, str) and self.bits != _DEGREE_BITS:
            raise InputError(f"degrees are defined for {_DEGREE_BITS} bits: state a number", field="columns")
        if self._approximate_columns > 2 * self.bits:
            raise InputError(f"expected at most the {2 * self.bits} columns of a product", field="columns")
        return self

    @property
    def _approximate_columns(self) -> int:
        return _DEGREES[self.columns] if isinstance(self.columns, str) else self.columns

    def products(self, a: ArrayLike, b: ArrayLike) -> Integers:
        """Return what the hardware computes, bit for bit; see the base class.

        A signed product is read from 2n bits: a magnitude that approximate high columns made too large wraps.
        """
        products = super().products(a, b)
        if not self.is_signed:
            return products
        half = 1 << (2 * self.bits - 1)
        return np.asarray(((products + half) & (2 * half - 1)) - half, dtype=np.int64)

    def _products(self, a: Integers, b: Integers) -> Integers:
        a_bits, b_bits = _bits(a, self.bits), _bits(b, self.bits)
        sums, carries = a_bits & b_bits[0], np.zeros_like(a_bits)
        product = [sums[0]]
        for row in range(1, self.bits):
            sums, carries = self._row(row, _moved_down(sums), a_bits & b_bits[row], carries)
            product.append(sums[0])
        ripple = np.zeros_like(sums[0])
        for place, (above, carry) in enumerate(zip(_moved_down(sums), carries, strict=True)):
            approximate = self.bits + place < self._approximate_columns
            added, ripple = mirror_adders.cell(self.cell if approximate else "exact", above, carry, ripple)
            product.append(added)
        return _number(product)

    def _row(self, row: int, *inputs: _Wires) -> tuple[_Wires, _Wires]:
        """Return sums and carries of a row of full adders, the first of which is in column `row`."""
        split = min(max(self._approximate_columns - row, 0), self.bits)
        low = mirror_adders.cell(self.cell, *(wires[:split] for wires in inputs))
        high = mirror_adders.cell("exact", *(wires[split:] for wires in inputs))
        return np.concatenate([low[0], high[0]]), np.concatenate([low[1], high[1]])

    def _published_cost(self) -> RelativeCost | None:
        if not isinstance(self.columns, str):
            return None
        found = _MEASUREMENTS[self.cell, self.columns]
        return RelativeCost(
            energy=found.energy_pj / _EXACT.energy_pj,
            delay=_EXACT.frequency_mhz / found.frequency_mhz,
            area=found.slice_luts / _EXACT.slice_luts,
            source=_SOURCE,
        )

    def _netlist_parameters(self) -> dict[str, Any]:
        return self._parameters() | {"columns": self._approximate_columns}


def _bits(values: Integers, count: int) -> _Wires:
    """Return the bits of the values along a new first axis, the least significant first."""
    return np.stack([(values >> place & 1).astype(np.uint8) for place in range(count)])


def _moved_down(sums: _Wires) -> _Wires:
    """Return a row's sums as the next row has them: one place to the right, with 0 at the top."""
    return np.concatenate([sums[1:], np.zeros_like(sums[:1])])


def _number(bits: list[_Wires]) -> Integers:
    total = np.zeros(bits[0].shape, np.int64)
    for place, bit in enumerate(bits):
        total |= bit.astype(np.int64) << place
    return total
