"""Costs of approximate multipliers by their netlists, beside those that were published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from netlists.parameters import CDM16_CODES, cdm16_parts

from archsim.arithmetic.multipliers.base import Multiplier
from archsim.arithmetic.netlist_costs import EXACT, Design, measured, parameter_text
from archsim.registry import create
from validation.rows import Row, Section

_DECK = "Carry-disregard re-synthesis, 45 nm, Cadence Genus"

_INTRO = (
    "All figures are relative to an exact multiplier: the published ones to that of the same source, ours to an "
    "exact carry-save array with a ripple adder. How ours are made: [models/netlists.md](models/netlists.md). The "
    "published energy stands twice, beside the toggles without glitches, which is archsim's figure, and with the "
    "glitches of gates of one size. "
)

_NO_GLITCHES: Final = (
    "Without glitches, which grow with the number of adders that a carry passes: a design that cuts rows, columns "
    "or carries saves more of them than of the toggles that are counted."
)

_GLITCHES: Final = (
    "With all glitches of gates of one size without wires. Circuits that were sized have fewer, so the exact array, "
    "which has most, loses more of them."
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
        intro=_INTRO + "Published power is at one clock and stimulus, so its ratio is that of energy.",
        rows=tuple(
            row
            for low, high in _CDM8
            for row in _rows(
                f"CDM8_{low:x}{high:x}",
                "cdm8",
                {"low": low, "high": high},
                {"area": _LIBRARY, "delay": _SIZING},
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
                f"CDM16_{code}", "cdm16", cdm16_parts(code), {"area": _LIBRARY, "delay": _CDM16_DELAY}
            )
        ),
    )
    yield Section(
        title="Multiplier netlists: EvoApproxLib",
        source="EvoApproxLib d321f7f, file headers, 45 nm [pub] (reference/arithmetic.md §9)",
        intro=_INTRO + "Circuits whose printed errors are those of a truncated, perforated or broken array.",
        rows=tuple(
            row
            for name, (kind, parameters) in _EVOAPPROX.items()
            for row in _rows(name, kind, parameters, {"area": _EVOLVED, "delay": _EVOLVED})
        ),
    )


def _rows(name: str, kind: str, parameters: Mapping[str, Any], reasons: Mapping[str, str]) -> Iterator[Row]:
    """Yield published energy, area and delay of one design and those of its netlist, both over the exact one."""
    signed = kind not in ("cdm8", "cdm16")
    multiplier = create("multipliers", {"kind": kind, "signed": signed, **parameters})
    assert isinstance(multiplier, Multiplier)
    published = multiplier.relative_cost()
    design = Design(kind, parameter_text(parameters), multiplier.bits, signed)
    ours, exact = (measured()[one].figures for one in (design, design._replace(kind=EXACT, parameters="")))
    if "netlist" in published.source or published.delay is None or published.area is None:
        raise ValueError(f"{name} has no published figures")
    energy = f"{name}: energy"
    yield _row(energy, published.energy, ours.energy / exact.energy, _NO_GLITCHES)
    yield _row(
        f"{energy} with glitches", published.energy, ours.glitch_energy / exact.glitch_energy, _GLITCHES
    )
    yield _row(f"{name}: area", published.area, ours.area / exact.area, reasons["area"])
    yield _row(f"{name}: delay", published.delay, ours.delay / exact.delay, reasons["delay"])


def _row(quantity: str, reference: float, ours: float, reason: str) -> Row:
    row = Row(quantity, reference, ours, "of exact")
    return replace(row, why=reason) if row.needs_reason else row
