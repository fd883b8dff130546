"""Perforated multiplier: whole rows of partial products are missing."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.evoapproxlib import broken_array_cost
from archsim.arithmetic.multipliers.base import Integers, SplittingMultiplier
from archsim.arithmetic.partial_products import Dropped, array_products
from archsim.errors import InputError


class Perforated(SplittingMultiplier, kind="perforated"):
    """Drops whole partial-product rows: T = a x (``b`` with those bits cleared), a table of rank 1.

    Definition: reference/arithmetic.md §8. Signed: ``b`` is in two's complement, so row N - 1 weighs
    -2^(N-1). Rows {0}, {0, 1, 2} and {0, ..., 5} then have the error figures printed for EvoApproxLib's
    mul8s_1KR8, mul8s_1KTY and mul8s_1KR3 (§9), which magnitudes would not give beyond one row; their power,
    area and delay are the published cost.
    """

    rows: tuple[Annotated[int, Field(ge=0, le=15)], ...] = Field(min_length=1)
    """Bits of ``b`` whose rows are missing, 0 the lowest."""

    @model_validator(mode="after")
    def _check_rows(self) -> Self:
        if len(set(self.rows)) < len(self.rows):
            raise InputError("names a row twice", field="rows")
        if self.width is not None and max(self.rows) >= self.width:
            raise InputError(
                f"row {max(self.rows)}: {self.width}-bit operands have rows 0 to {self.width - 1}",
                field="rows",
            )
        if self.width is not None and len(self.rows) == self.width:
            raise InputError("no row is left", field="rows")
        return self

    def _products(self, a: Integers, b: Integers) -> Integers:
        return array_products(a, b, self._dropped, signed=self.is_signed)

    def _published_cost(self) -> RelativeCost | None:
        return broken_array_cost(self._dropped, signed=self.is_signed)

    @property
    def _dropped(self) -> Dropped:
        return tuple(self.bits if row in self.rows else 0 for row in range(self.bits))
