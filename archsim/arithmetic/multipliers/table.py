"""A multiplier given by the table of its products."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from archsim.arithmetic.error_metrics import measure
from archsim.arithmetic.multipliers.base import Integers, Multiplier
from archsim.arithmetic.product_tables import Layout, ProductTable, load_table
from archsim.config import NamedFile
from archsim.errors import InputError

Axis = Literal["activation", "weight"]

_ALL_DIGITS: Final = Context(prec=800)
"""More digits than a float has, so that rounding to those of another one is defined."""


class DeclaredErrors(BaseModel):
    """Error figures that a table's source prints, over all pairs; what is left out is not checked."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    error_rate: int | float | None = None
    """Share of pairs with a wrong product, 0 to 1."""

    mean_error_distance: int | float | None = None
    """Mean of |E|."""

    normalized_mean_error_distance: int | float | None = None
    """Mean of |E| over the magnitude of the largest exact product."""

    mean_relative_error_distance_all: int | float | None = None
    """Sum of |E| / |exact| over the number of all pairs."""

    mean_relative_error_distance_nonzero: int | float | None = None
    """Mean of |E| / |exact| over the pairs whose product is not zero."""

    worst_case_error: int | None = None
    """Largest |E|."""

    bias: int | float | None = None
    """Mean of E."""

    mean_squared_error: int | float | None = None
    """Mean of E^2."""


class Table(Multiplier, kind="table"):
    """All products of a design as a file: the user's own multiplier, or one of a library.

    T(a, b) is looked up, so a table is exactly what its file says. Files of libraries have been found to
    differ from the circuits that they are named after (AdaPT's table of mul8s_1L2H in 12,414 of 65,536
    products; reference/arithmetic.md §13). So a table is checked when it is loaded: size, integers, range of
    the result, and the error figures that its source declares. The file's SHA-256 identifies it in a report.
    """

    widths = range(2, 9)

    file: NamedFile
    """Path relative to the configuration, else to the working directory; .npy, .bin, .csv, .txt or .h."""

    signed: bool
    """Whether operands and products are in two's complement."""

    axes: tuple[Axis, Axis] = ("activation", "weight")
    """Operand of the first and of the second index."""

    order: Literal["ascending", "bit_pattern"] = "ascending"
    """Index 0 is the lowest operand, or (C arrays indexed by an unsigned byte) the one with no bit set."""

    dtype: (
        Literal["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float32", "float64"] | None
    ) = None
    """Type of the entries of a .bin file, little endian."""

    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    """Hash that the file has to have."""

    declared: DeclaredErrors | None = None
    """Error figures of the table's source, which the products have to have."""

    _table: ProductTable = PrivateAttr()

    @model_validator(mode="after")
    def _load(self) -> Self:
        if set(self.axes) != {"activation", "weight"}:
            raise InputError("expected activation and weight, each once", field="axes")
        if self.dtype is not None and not self.file.lower().endswith(".bin"):
            raise InputError("only a .bin file needs the type of its entries", field="dtype")
        self._table = load_table(self.file, self._layout)
        if self.sha256 not in (None, self.content_hash):
            raise InputError(f"the file's hash is {self.content_hash}", field="sha256")
        self._check_declared()
        return self

    @property
    def content_hash(self) -> str:
        """SHA-256 of the file's content, hexadecimal."""
        return self._table.sha256

    def described(self) -> str:
        """Return the file, its hash and how it is read as one line of text."""
        ways = [" by ".join(self.axes)] if self.axes[0] == "weight" else []
        ways += ["by bit pattern"] if self.order == "bit_pattern" else []
        operands = f"{'signed' if self.is_signed else 'unsigned'} {self.bits}-bit"
        parts = [Path(self.file).name, f"sha256 {self.content_hash[:16]}", *ways, operands]
        return f"{self.kind} ({', '.join(parts)})"

    def _products(self, a: Integers, b: Integers) -> Integers:
        return self._table.products[a - self.lowest, b - self.lowest].astype("int64")

    @property
    def _layout(self) -> Layout:
        return Layout(
            self.bits, self.is_signed, self.axes[0] == "activation", self.order == "bit_pattern", self.dtype
        )

    def _check_declared(self) -> None:
        declared = self.declared.model_dump(exclude_none=True) if self.declared else {}
        if not declared:
            return
        measured = measure(self)
        for name, value in declared.items():
            if not _agree(getattr(measured, name), value):
                raise InputError(
                    f"declared {value}, the table has {getattr(measured, name):.10g}",
                    field=f"declared.{name}",
                )


def _agree(measured: float, declared: float) -> bool:
    """Tell whether a figure is the declared one to its digits; sources round some figures and cut others."""
    if declared == 0:
        return measured == 0
    printed, exact = Decimal(str(declared)), Decimal(measured)
    roundings = (ROUND_HALF_UP, ROUND_DOWN)
    return any(exact.quantize(printed, rounding, _ALL_DIGITS) == printed for rounding in roundings)
