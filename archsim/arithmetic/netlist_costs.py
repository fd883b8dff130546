"""Cost of designs by their netlists: `tables/netlist_costs.csv`, written by `scripts/make_netlist_costs.py`.

A row holds the figures of one synthesised netlist; :mod:`archsim.arithmetic.netlists.figures` says what they
are and what they leave out. A design's cost is its row over that of the exact array of its width and sign.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from archsim.arithmetic.cost import RelativeCost
from archsim.arithmetic.netlists.figures import Figures

TABLE: Final = "netlist_costs.csv"

EXACT: Final = "exact"
"""Kind of the rows that the others are divided by."""


class Design(NamedTuple):
    """What names a row: kind, parameters as one text, operand width in bits, sign."""

    kind: str
    parameters: str
    width: int
    signed: bool


class Measured(NamedTuple):
    """Figures of a netlist and the tool that synthesised it."""

    figures: Figures
    tool: str


def netlist_cost(design: Design) -> RelativeCost | None:
    """Return the figures of a design over those of the exact array, None if it was not synthesised."""
    rows = measured()
    exact = Design(EXACT, "", design.width, design.signed)
    if design not in rows or exact not in rows:
        return None
    return relative(rows[design].figures, rows[exact].figures, rows[design].tool)


def relative(figures: Figures, exact: Figures, tool: str) -> RelativeCost:
    """Return figures over those of the exact array of the same width and sign, synthesised by one tool."""
    glitches = figures.glitch_energy / exact.glitch_energy
    return RelativeCost(
        energy=figures.energy / exact.energy,
        delay=figures.delay / exact.delay,
        area=figures.area / exact.area,
        source=(
            f"netlist: {tool}, transistor counts, toggles over uniform operands without glitches, relative "
            "to the exact array synthesised the same way"
        ),
        detail=f"with glitches its energy is {glitches:.3f}",
    )


def parameter_text(parameters: Mapping[str, Any]) -> str:
    """Return the parameters of a design as one text: by name, without absent ones, lists ascending."""
    given = {name: value for name, value in sorted(parameters.items()) if value is not None}
    return "; ".join(f"{name}={_value_text(value)}" for name, value in given.items())


@cache
def measured() -> Mapping[Design, Measured]:
    """Return all rows of the table."""
    text = (files("archsim.arithmetic") / "tables" / TABLE).read_text(encoding="utf-8")
    return read_table(text)


def read_table(text: str) -> dict[Design, Measured]:
    """Return the rows of a table as :func:`table_text` writes it."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {
        Design(row["kind"], row["parameters"], int(row["width"]), row["sign"] == "signed"): Measured(
            Figures(int(row["area"]), *(float(row[name]) for name in ("delay", "energy", "glitch_energy"))),
            row["tool"],
        )
        for row in csv.DictReader(lines)
    }


def table_text(comments: Iterable[str], rows: Mapping[Design, Measured]) -> str:
    """Return the text of a table, rows sorted, with comment lines on top."""
    head = [
        *(f"# {comment}" for comment in comments),
        "kind,parameters,width,sign,area,delay,energy,glitch_energy,tool",
    ]
    lines = [
        f"{design.kind},{design.parameters},{design.width},{'signed' if design.signed else 'unsigned'},"
        f"{one.figures.area},{_decimals(one.figures)},{one.tool}"
        for design, one in sorted(rows.items())
    ]
    return "\n".join([*head, *lines, ""])


def _decimals(figures: Figures) -> str:
    return ",".join(f"{value:.3f}" for value in (figures.delay, figures.energy, figures.glitch_energy))


def _value_text(value: Any) -> str:
    return " ".join(str(item) for item in sorted(value)) if isinstance(value, list | tuple) else str(value)
