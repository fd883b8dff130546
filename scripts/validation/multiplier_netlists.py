"""Costs of approximate multipliers by their netlists, beside those that were published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from netlists.parameters import CDM16_CODES, cdm16_parts

from archsim.arithmetic.multipliers.base import Multiplier
from archsim.arithmetic.netlist_costs import Design, netlist_cost, parameter_text
from archsim.registry import create
from validation.rows import LARGE, Row, Section

_DECK = "Carry-disregard re-synthesis, 45 nm, Cadence Genus"

_INTRO = (
    "All figures are relative to an exact multiplier: the published ones to that of the same source, ours to an "
    "exact carry-save array with a ripple adder. Ours are transistors (area), the longest path by logical "
    "effort (delay) and the capacitance charged by zero-delay toggles over uniform operands (energy), of "
    "netlists that yosys maps to two-input gates of one size. "
)

_GLITCHES: Final = (
    "Ours leaves out glitches, which grow with the number of adders that a carry passes: a design that cuts "
    "rows, columns or carries saves more of them than of the toggles that are counted."
)

_LIBRARY: Final = (
    "Ours counts transistors of two-input gates. A cell library has a full adder that is smaller beside its XOR, "
    "so that replacing one by the other saves less."
)

_CDM16_DELAY: Final = (
    "The adders that join the bytes are not described; ours are carry-lookahead adders (assumption), and our "
    "exact 16-bit array ripples through all its columns."
)

_SIZING: Final = (
    "Our gates have one size. The published netlists were sized for speed one by one: CDM8_95 is faster than "
    "CDM8_aa, which has fewer carries."
)

_EVOLVED: Final = (
    "The library's circuits are evolved, not laid out as arrays; of few rows little is left that is alike."
)

_CDM8: Final = (
    (4, 4),
    (5, 1),
    (6, 2),
    (7, 3),
    (7, 4),
    (8, 4),
    (9, 5),
    (10, 6),
    (10, 7),
    (10, 8),
    (10, 9),
    (10, 10),
)

_EVOAPPROX: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "mul8s_1KVA, truncated 2": ("truncated", {"columns": 2}),
    "mul8s_1KVB, truncated 3": ("truncated", {"columns": 3}),
    "mul8s_1KX2, truncated 4": ("truncated", {"columns": 4}),
    "mul8s_1KR8, row 0 missing": ("perforated", {"rows": (0,)}),
    "mul8s_1KTY, rows 0-2 missing": ("perforated", {"rows": (0, 1, 2)}),
    "mul8s_1KR3, rows 0-5 missing": ("perforated", {"rows": tuple(range(6))}),
    "mul8s_1KR6, broken array 1, 3": ("broken_array", {"rows": 1, "columns": 3}),
    "mul8s_1KRC, broken array 1, 4": ("broken_array", {"rows": 1, "columns": 4}),
    "mul8s_1KVL, broken array 2, 5": ("broken_array", {"rows": 2, "columns": 5}),
    "mul8s_1L2H, operands truncated 1": ("operand_truncated", {"low_bits": 1}),
    "mul8s_1L2D, operands truncated 2": ("operand_truncated", {"low_bits": 2}),
    "mul8s_1L1G, operands truncated 3": ("operand_truncated", {"low_bits": 3}),
}


def sections() -> Iterable[Section]:
    """Return the published designs whose circuit archsim has too."""
    yield Section(
        title="Multiplier netlists: CDM8",
        source=f"{_DECK}, slide 11 [pub] (reference/arithmetic.md §4)",
        intro=_INTRO + "Power is at one clock and stimulus, so its ratio is that of energy.",
        rows=tuple(
            row
            for low, high in _CDM8
            for row in _rows(
                f"CDM8_{low:x}{high:x}",
                ("cdm8", {"low": low, "high": high}),
                {"energy": _GLITCHES, "area": _LIBRARY, "delay": _SIZING},
            )
        ),
    )
    yield Section(
        title="Multiplier netlists: CDM16",
        source=f"{_DECK}, slide 16 [pub] (reference/arithmetic.md §6)",
        intro=_INTRO + "Operands of 16 b are sampled.",
        rows=tuple(
            row
            for code in CDM16_CODES
            for row in _rows(
                f"CDM16_{code}",
                ("cdm16", cdm16_parts(code)),
                {"energy": _GLITCHES, "area": _LIBRARY, "delay": _CDM16_DELAY},
            )
        ),
    )
    yield Section(
        title="Multiplier netlists: EvoApproxLib",
        source="EvoApproxLib d321f7f, file headers, 45 nm [pub] (reference/arithmetic.md §9)",
        intro=_INTRO + "Circuits whose printed errors are those of a truncated, perforated or broken array.",
        rows=tuple(
            row
            for name, design in _EVOAPPROX.items()
            for row in _rows(
                name, design, {"energy": _GLITCHES, "area": _EVOLVED, "delay": _EVOLVED}, signed=True
            )
        ),
    )


def _rows(
    name: str, design: tuple[str, Mapping[str, Any]], reasons: Mapping[str, str], *, signed: bool = False
) -> Iterator[Row]:
    """Yield published energy, area and delay of one design and those of its netlist."""
    kind, parameters = design
    multiplier = create("multipliers", {"kind": kind, "signed": signed, **parameters})
    assert isinstance(multiplier, Multiplier)
    published = multiplier.relative_cost()
    ours = netlist_cost(Design(kind, parameter_text(parameters), multiplier.bits, signed))
    if ours is None or published.source == ours.source:
        raise ValueError(f"{name} has no published figures or no netlist")
    for quantity, reason in reasons.items():
        row = Row(f"{name}: {quantity}", getattr(published, quantity), getattr(ours, quantity), "of exact")
        large = abs(row.difference) > LARGE
        yield Row(row.quantity, row.reference, row.ours, row.unit, reason if large else "")
