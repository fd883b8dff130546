"""Broken-array multiplier: low rows and low columns of the partial-product array are missing."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.evoapproxlib import broken_array_cost
from archsim.arithmetic.multipliers.base import Integers, SplittingMultiplier
from archsim.arithmetic.partial_products import array_products, dropped_below
from archsim.errors import InputError


class BrokenArray(SplittingMultiplier, kind="broken_array"):
    """Drops rows (bits of ``b``) j < h and columns i + j < v: BAM(h, v).

    T = sum of a[i] b[j] 2^(i+j) over j >= h and i + j >= v (reference/arithmetic.md §8); BAM(0, k) is
    truncation by k columns, BAM(h, 0) perforates the rows below h. Signed: two's-complement partial products,
    as in :func:`~archsim.arithmetic.partial_products.array_products`; BAM(1, 3), BAM(1, 4) and BAM(2, 5) then
    have the error figures printed for EvoApproxLib's mul8s_1KR6, mul8s_1KRC and mul8s_1KVL (§9), whose power,
    area and delay are the published cost.
    """

    rows: int = Field(ge=0, le=15)
    """Rows h of the array, from the lowest bit of ``b`` on, that are missing."""

    columns: int = Field(ge=0, le=30)
    """Columns v of the array, from the lowest on, that are missing."""

    @model_validator(mode="after")
    def _check_break(self) -> Self:
        if self.width is None:
            return self
        for field, dropped, count in (
            ("rows", self.rows, self.width),
            ("columns", self.columns, 2 * self.width - 1),
        ):
            if dropped >= count:
                raise InputError(f"{self.width}-bit operands have {count} {field}: none is left", field=field)
        return self

    def _products(self, a: Integers, b: Integers) -> Integers:
        dropped = dropped_below(self.bits, self.rows, self.columns)
        return array_products(a, b, dropped, signed=self.is_signed)

    def _published_cost(self) -> RelativeCost | None:
        dropped = dropped_below(self.bits, self.rows, self.columns)
        return broken_array_cost(dropped, signed=self.is_signed)
