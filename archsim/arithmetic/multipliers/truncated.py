"""Truncated multiplier: the partial products of the low columns are missing."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.evoapproxlib import broken_array_cost
from archsim.arithmetic.multipliers.base import Integers, Multiplier
from archsim.arithmetic.partial_products import array_products, dropped_below
from archsim.errors import InputError


class Truncated(Multiplier, kind="truncated"):
    """Drops every partial product in columns i + j < k, without a correction.

    Unsigned: T = sum of a[i] b[j] 2^(i+j) over i + j >= k (reference/arithmetic.md §8). Signed: the same sum
    over two's-complement partial products, where those of one sign bit are negative (see
    :func:`~archsim.arithmetic.partial_products.array_products`). This form, and not the one on magnitudes,
    gives the error figures printed for EvoApproxLib's mul8s_1KVA, mul8s_1KVB and mul8s_1KX2 (k = 2, 3, 4;
    §9), whose power, area and delay are its published cost. T <= P for k < N: the error is one-sided.
    """

    columns: int = Field(ge=0, le=30)
    """Columns k of the array, from the lowest on, that are missing."""

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        if self.width is not None and self.columns >= 2 * self.width - 1:
            raise InputError(
                f"{self.width}-bit operands have columns 0 to {2 * self.width - 2}: none is left",
                field="columns",
            )
        return self

    def _products(self, a: Integers, b: Integers) -> Integers:
        return array_products(a, b, dropped_below(self.bits, 0, self.columns), signed=self.is_signed)

    def _published_cost(self) -> RelativeCost | None:
        return broken_array_cost(dropped_below(self.bits, 0, self.columns), signed=self.is_signed)
