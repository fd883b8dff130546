"""The contract of a multiplier: its exact integer function and its cost relative to an exact one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, ValidationError, model_validator

from archsim.arithmetic.cost import RelativeCost, StatedCost
from archsim.arithmetic.netlist_costs import Design, netlist_cost, parameter_text
from archsim.errors import InputError
from archsim.registry import Component

Integers = NDArray[np.int64]

TABLE_BITS: Final = 8
"""Widest operand whose products are tabulated; wider ones are computed by the design's function."""


class Multiplier(Component, family="multipliers"):
    """An integer multiplier. Subclass with a ``kind`` to add one.

    A design defines ``_products`` (its function on integers within its operands' range), the class variables
    below where they differ, and ``_published_cost`` where its source prints figures. Operand ``a`` is the
    activation and ``b`` the weight.
    """

    widths: ClassVar[Sequence[int]] = range(2, 17)
    """Operand widths for which the design is defined, ascending."""

    signs: ClassVar[tuple[bool, ...]] = (False, True)
    """Whether it is defined for unsigned, for two's-complement operands, or both; the published one first."""

    by_magnitude: ClassVar[bool] = False
    """Signed operands are multiplied as magnitudes and the sign is put back: ``_products`` never sees one."""

    width: int | None = Field(default=None, ge=2, le=16)
    """Bits of each operand, sign included; left out, those of the unit's number format (8 without a unit)."""

    signed: bool | None = None
    """Two's-complement operands; left out, as the unit's number format (as published without a unit)."""

    cost: StatedCost | None = None
    """Energy, delay and area relative to the exact design, in place of published figures."""

    @model_validator(mode="after")
    def _check_operands(self) -> Self:
        if self.width is not None and self.width not in self.widths:
            raise InputError(f"{self.kind} is defined for {_listed(self.widths)}", field="width")
        if self.signed is not None and self.signed not in self.signs:
            defined = "two's-complement" if self.signs[0] else "unsigned"
            raise InputError(f"{self.kind} is defined for {defined} operands only", field="signed")
        return self

    @property
    def bits(self) -> int:
        """Bits of each operand, sign included."""
        return self.width if self.width is not None else max(min(8, self.widths[-1]), self.widths[0])

    @property
    def is_signed(self) -> bool:
        """Whether operands are in two's complement."""
        return self.signs[0] if self.signed is None else self.signed

    @property
    def lowest(self) -> int:
        """Smallest operand."""
        return -(1 << (self.bits - 1)) if self.is_signed else 0

    @property
    def highest(self) -> int:
        """Largest operand."""
        return (1 << (self.bits - self.is_signed)) - 1

    def fitted(self, bits: int, *, signed: bool) -> Self:
        """Return the design for a unit's operands: what the user left open follows the unit's number format.

        Raises
        ------
        InputError
            If the design, or what the user stated of it, is not for such operands; `field` is `width` or
            `signed`.
        """
        for field, stated, wanted in (("width", self.width, bits), ("signed", self.signed, signed)):
            if stated is not None and stated != wanted:
                raise InputError(
                    f"{stated} does not fit the unit's number format: expected {wanted}", field=field
                )
        try:
            return type(self).model_validate(self.model_dump() | {"width": bits, "signed": signed})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            cause = first.get("ctx", {}).get("error")
            if isinstance(cause, InputError):
                raise InputError(
                    f"{cause.message}, the unit's operands are {_operands(bits, signed=signed)}",
                    field=cause.field,
                ) from None
            raise InputError(first["msg"], field=".".join(map(str, first["loc"]))) from None

    def products(self, a: ArrayLike, b: ArrayLike) -> Integers:
        """Return what the hardware computes, bit for bit, for operands that broadcast.

        Parameters
        ----------
        a, b
            Integers from `lowest` to `highest`.

        Returns
        -------
        int64 array of the broadcast shape; each product fits 2 x `bits` bits.

        Raises
        ------
        ValueError
            If an operand is out of range or not an integer.
        """
        left, right = np.broadcast_arrays(self._operand(a, "a"), self._operand(b, "b"))
        if not (self.is_signed and self.by_magnitude):
            return self._products(left, right)
        magnitude = self._products(np.abs(left), np.abs(right))
        return np.where((left < 0) != (right < 0), -magnitude, magnitude)

    def product(self, a: int, b: int) -> int:
        """Return the product of two operands, bit for bit."""
        return int(self.products(a, b))

    def layer_products(self, activations: ArrayLike, weights: ArrayLike) -> Integers:
        """Return the products of a layer's activations and weights; splitting designs say which is ``b``."""
        return self.products(activations, weights)

    @property
    def longest_cycles(self) -> int:
        """Cycles of the longest product, for which an array that runs in step has to wait."""
        return 1

    def operand_values(self) -> Integers:
        """Return all operands in ascending order."""
        return np.arange(self.lowest, self.highest + 1, dtype=np.int64)

    def table(self) -> NDArray[np.int32]:
        """Return all products, ``[a][b]`` with operands in ascending value, shape (2^bits, 2^bits).

        Raises
        ------
        InputError
            If operands are wider than 8 bits.
        """
        return self._tabulated(self.products)

    def layer_table(self) -> NDArray[np.int32]:
        """Return all products as ``[activation][weight]``, operands in ascending value."""
        return self._tabulated(self.layer_products)

    def relative_cost(self) -> RelativeCost:
        """Energy, delay and area relative to the exact multiplier of the same source.

        What the user states comes first, then published figures, then those of the design's own netlist.

        An energy is only comparable with another of the same source (library, supply, activity), so a design
        is known by its ratio to its own source's exact multiplier; the technology's exact energy is scaled
        with it.

        Raises
        ------
        InputError
            If no source has figures for this design and these parameters; nothing is guessed.
        """
        if self.cost is not None:
            return self.cost.relative()
        # Sources print unsigned designs: the negations around a signed one by magnitude are not in them.
        published = None if self.by_magnitude and self.is_signed else self._published_cost()
        found = published or netlist_cost(self._netlist_design())
        if found is None:
            raise InputError(
                f"no figures for the energy of {self.described()}; state cost: {{energy: ..., source: ...}}",
                field="cost",
            )
        return found

    def described(self) -> str:
        """Return kind and parameters as one line of text."""
        values = [f"{name} {value}" for name, value in self._parameters().items()]
        return f"{self.kind} ({', '.join([*values, _operands(self.bits, signed=self.is_signed)])})"

    @abstractmethod
    def _products(self, a: Integers, b: Integers) -> Integers:
        """Return the products of int64 arrays of one shape; magnitudes where the design is `by_magnitude`."""

    def _published_cost(self) -> RelativeCost | None:
        return None

    def _netlist_design(self) -> Design:
        """Return what names the design's row among the synthesised netlists; see `netlist_costs`."""
        fields = {name: value for name, value in self._netlist_parameters().items() if name != "split"}
        return Design(self.kind, parameter_text(fields), self.bits, self.is_signed)

    def _netlist_parameters(self) -> dict[str, Any]:
        """Return the parameters under which the design was synthesised, where they differ from its fields."""
        return self._parameters()

    def _parameters(self) -> dict[str, Any]:
        """Return the design's own fields that have a value; what is serialised has the kind among them."""
        fields = self.model_dump(exclude={"cost", "width", "signed"}, exclude_none=True)
        return {name: value for name, value in fields.items() if name != "kind"}

    def _operand(self, values: ArrayLike, name: str) -> Integers:
        operand = np.asarray(values)
        if operand.size and not np.issubdtype(operand.dtype, np.integer):
            raise ValueError(f"operand {name} is {operand.dtype}: expected integers")
        operand = operand.astype(np.int64)
        if operand.size and (operand.min() < self.lowest or operand.max() > self.highest):
            raise ValueError(f"operand {name} is outside {self.lowest} to {self.highest}")
        return operand

    def _tabulated(self, function: Any) -> NDArray[np.int32]:
        if self.bits > TABLE_BITS:
            raise InputError(
                f"products of {self.bits}-bit operands are computed, not tabulated", field="width"
            )
        values = self.operand_values()
        return np.asarray(function(values[:, None], values[None, :]), dtype=np.int32)


class SplittingMultiplier(Multiplier):
    """A multiplier that treats its operands differently: T(a, b) is not T(b, a)."""

    split: Literal["weight", "activation"] = "weight"
    """Which operand of a layer is ``b``, the one that the design splits into partial-product rows."""

    def layer_products(self, activations: ArrayLike, weights: ArrayLike) -> Integers:
        """Return the products with the operand that `split` names as ``b``."""
        if self.split == "weight":
            return self.products(activations, weights)
        return self.products(weights, activations)


def _operands(bits: int, *, signed: bool) -> str:
    return f"{'signed' if signed else 'unsigned'} {bits}-bit"


def _listed(widths: Sequence[int]) -> str:
    if isinstance(widths, range) and len(widths) > 1:
        return f"{widths[0]} to {widths[-1]} bits"
    return f"{' or '.join(map(str, widths))} bits"
