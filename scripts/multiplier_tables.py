"""Tables of docs/models/multipliers.md: errors and relative costs of the shipped designs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from doc_tables import Make, figure, markdown

from archsim.arithmetic.error_metrics import measure
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.errors import InputError
from archsim.registry import create, kinds

_UNIT_BITS = 8

# Each design at a few strengths, the weakest first; what is not named here is shown at its schema's examples.
_SHOWN: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "ama_array": tuple({"cell": f"ama{n}", "columns": degree} for n in (1, 5) for degree in ("D1", "D4")),
    "broken_array": tuple({"rows": h, "columns": v} for h, v in ((1, 3), (1, 4), (2, 5))),
    "cdm8": tuple({"low": x, "high": y} for x, y in ((4, 0), (5, 1), (7, 3), (8, 4), (10, 6), (10, 10))),
    "cdm16": tuple(
        dict(zip(("low_low", "high_low", "low_high", "high_high"), digits, strict=True))
        for digits in (("exact",) * 4, ("cdm8_95", "cdm8_40", "cdm8_40", "exact"), ("cdm8_aa",) * 4)
    ),
    "drum": tuple({"k": k} for k in (7, 6, 5, 4, 3)),
    "loa_array": tuple({"low_bits": k} for k in (4, 6, 8)),
    "operand_truncated": tuple({"low_bits": k} for k in (1, 2, 3)),
    "perforated": tuple({"rows": rows} for rows in ((0,), (0, 1, 2), (0, 1, 2, 3, 4, 5))),
    "scdm8": tuple({"low": x, "high": y} for x, y in ((5, 1), (7, 3), (8, 4))),
    "truncated": tuple({"columns": k} for k in (2, 3, 4)),
}
_NOT_SHOWN = frozenset({"table", "netlist"})
"""Kinds that have a function only once the user names a file."""


def multiplier_designs() -> str:
    """Return error and cost of every shipped kind, on operands as a unit has them."""
    header = ["kind", "parameters", "MED", "MRED", "energy", "delay", "area", "source of the ratios"]
    return markdown(header, [_row(*shown) for shown in _designs()])


def _designs() -> Iterator[tuple[Mapping[str, Any], Multiplier]]:
    for kind, member in kinds("multipliers").items():
        if kind in _NOT_SHOWN or not member.__module__.startswith("archsim."):
            continue
        for fields in _SHOWN.get(kind) or (_examples(member.model_json_schema()),):
            design = create("multipliers", {"kind": kind, **fields})
            assert isinstance(design, Multiplier)
            bits = _UNIT_BITS if _UNIT_BITS in design.widths else design.widths[0]
            yield fields, design.fitted(bits, signed=True)


def _examples(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first example of each required field."""
    required = [name for name in schema.get("required", []) if name != "kind"]
    return {name: schema["properties"][name]["examples"][0] for name in required}


def _row(fields: Mapping[str, Any], design: Multiplier) -> list[str]:
    errors = measure(design)
    parameters = ", ".join(f"{name} {_text(value)}" for name, value in fields.items())
    cells = [
        f"`{design.kind}`",
        parameters,
        figure(errors.mean_error_distance),
        figure(errors.mean_relative_error_distance_nonzero),
    ]
    try:
        cost = design.relative_cost()
    except InputError:
        return [*cells, "-", "-", "-", "none: state `cost`"]
    ratios = ["-" if ratio is None else figure(ratio) for ratio in (cost.energy, cost.delay, cost.area)]
    return [*cells, *ratios, cost.provenance]


def _text(value: Any) -> str:
    return "[" + ", ".join(map(str, value)) + "]" if isinstance(value, tuple) else str(value)


MULTIPLIER_TABLES: Mapping[str, Make[str]] = {"multiplier_designs": multiplier_designs}
