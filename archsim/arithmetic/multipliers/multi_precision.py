"""Multi-precision multiplier: one 8-bit operator that splits into narrower ones at run time."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from archsim.arithmetic.multipliers.base import Integers, Multiplier
from archsim.arithmetic.netlist_costs import Design, parameter_text
from archsim.errors import InputError


class MultiPrecision(Multiplier, kind="multi_precision"):
    """An 8-bit multiplier that works as one 8-bit, two 4-bit or four 2-bit multipliers; all are exact.

    The knob is that of mpDNN (Neda et al., ASP-DAC 2022 [abs]; reference/adaptive_systems.md). An operator
    that is composed recursively of narrower ones has (8 / m)^2 of them in a mode of m bits. Its two ports
    carry 8 bits each, which is 8 / m pairs of operands: here as many independent products leave per
    operation, from the sub-multipliers on the diagonal. Designs with wider ports use all (8 / m)^2; mpDNN's
    3 to 15 times the throughput is measured on an FPGA, with ports and packing of its own, and is not what
    this models.

    What a mode computes is exact in its width; what it changes is throughput and energy. No energy relative
    to a plain multiplier is published; that of its netlist is per product, beside an array as wide as the
    mode, while area and delay are those of the whole operator.
    """

    ports: ClassVar[int] = 8
    """Bits of each operand port."""

    widths = range(2, 9)
    signs = (True, False)

    mode: Literal[8, 4, 2] | None = None
    """Bits of the operands of a product; left out, the narrowest mode that holds the unit's operands."""

    @model_validator(mode="after")
    def _check_mode(self) -> Self:
        if self.mode is not None and self.width is not None and self.width > self.mode:
            raise InputError(f"{self.width}-bit operands do not fit the {self.mode}-bit mode", field="mode")
        return self

    @property
    def bits(self) -> int:
        """Bits of each operand, sign included; narrower ones than the mode are extended."""
        return self.width or self.mode or self.ports

    @property
    def active_mode(self) -> int:
        """Bits of the operands of the sub-multipliers in use."""
        return self.mode or min(mode for mode in (8, 4, 2) if mode >= self.bits)

    @property
    def products_per_operation(self) -> int:
        """Independent products that one operation gives."""
        return self.ports // self.active_mode

    def _products(self, a: Integers, b: Integers) -> Integers:
        return a * b

    def _netlist_design(self) -> Design:
        return Design(self.kind, parameter_text({"mode": self.active_mode}), self.bits, self.is_signed)
