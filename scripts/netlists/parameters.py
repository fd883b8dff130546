"""Which designs the table of netlist costs covers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import Any, NamedTuple

from archsim.arithmetic.netlist_costs import Design, parameter_text
from netlists.designs import CDM16_PARTS

WIDTHS = (4, 8, 16)
"""Bits of int4, int8 and int16 operands."""

CDM16_CODES = tuple(
    "0000 3000 7000 8000 8330 b330 f770 f880 f883 fbb3 fff7 fff8 fffb ffff".split()  # noqa: SIM905
)
"""The designs whose synthesis is published (reference/arithmetic.md §6)."""

_CDM16_DIGITS = dict(zip("0378bf", CDM16_PARTS, strict=True))


class Wanted(NamedTuple):
    """One design to be synthesised, with the parameters of its class."""

    kind: str
    parameters: Mapping[str, Any]
    width: int
    signed: bool

    @property
    def design(self) -> Design:
        """The row that it becomes."""
        return Design(self.kind, parameter_text(self.parameters), self.width, self.signed)


def wanted() -> Iterator[Wanted]:
    """Yield all designs, those at 8 bits first."""
    for width in sorted(range(2, 17), key=lambda bits: (bits != 8, bits)):
        yield from (Wanted("exact", {}, width, signed) for signed in (False, True))
    for mode, signed in product((8, 4, 2), (False, True)):
        yield Wanted("multi_precision", {"mode": mode}, mode, signed)
    for width in sorted(WIDTHS, key=lambda bits: (bits != 8, bits)):
        for kind, parameters in _parameters(width):
            yield from (Wanted(kind, parameters, width, signed) for signed in _signs(kind))


def _signs(kind: str) -> tuple[bool, ...]:
    return (True,) if kind == "scdm8" else (False, True)


def _parameters(width: int) -> Iterator[tuple[str, dict[str, Any]]]:
    if width == 8:
        yield from (("cdm8", {"low": x, "high": y}) for x, y in product(range(11), repeat=2))
        yield from (("scdm8", {"low": x, "high": y}) for x, y in product(range(11), repeat=2))
    if width == 16:
        yield from (("cdm16", cdm16_parts(code)) for code in CDM16_CODES)
    yield from _low_parts(width)
    yield from _missing_parts(width)
    yield from [("mitchell", {}), ("kulkarni", {})]
    yield from (("drum", {"k": k}) for k in range(1, width + 1))


def _low_parts(width: int) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from (("truncated", {"columns": count}) for count in range(2 * width - 1))
    yield from (("operand_truncated", {"low_bits": count}) for count in range(width))
    yield from (("loa_array", {"low_bits": count}) for count in range(2 * width + 1))
    for number, columns in product(range(1, 6), range(2 * width + 1)):
        yield "ama_array", {"cell": f"ama{number}", "columns": columns}


def _missing_parts(width: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield broken arrays and perforations: all up to 8 bits, those of the low rows alone beyond."""
    if width > 8:
        yield from (("perforated", {"rows": list(range(count))}) for count in range(1, width))
        return
    for rows, columns in product(range(width), range(2 * width - 1)):
        yield "broken_array", {"rows": rows, "columns": columns}
    for count in range(1, width):
        yield from (("perforated", {"rows": list(rows)}) for rows in combinations(range(width), count))


def cdm16_parts(code: str) -> dict[str, Any]:
    """Return the parameters of the design that is published as CDM16_`code`."""
    parts = (_CDM16_DIGITS[digit] for digit in code)
    return dict(zip(("low_low", "high_low", "low_high", "high_high"), parts, strict=True))
