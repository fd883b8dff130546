"""Synthesise the shipped multipliers and write archsim/arithmetic/tables/netlist_costs.csv.

Usage: ``python scripts/make_netlist_costs.py [KIND ...]``. With kinds, the rows of these alone are made anew;
without, all of them (about a quarter of an hour). Needs yosys: ``pip install archsim[netlist]``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from netlists.composed import PORTS, multi_precision_verilog
from netlists.designs import TOP, verilog
from netlists.parameters import Wanted, wanted

from archsim.arithmetic.netlist_costs import TABLE, Design, Measured, read_table, table_text
from archsim.arithmetic.netlists.figures import Figures, figures
from archsim.arithmetic.netlists.synthesis import synthesised, tool_version
from archsim.arithmetic.netlists.toggles import EXHAUSTIVE_BITS, SEED

PATH = Path(__file__).resolve().parents[1] / "archsim" / "arithmetic" / "tables" / TABLE

COMMENTS = (
    "Figures of synthesised netlists, written by scripts/make_netlist_costs.py from scripts/netlists [calc].",
    "area: transistors; delay: tau of logical effort; energy: mean capacitance charged or discharged per",
    "operation, in inputs of a unit inverter; glitch_energy: with glitches. See archsim/arithmetic/netlists.",
    f"Operands: all pairs up to {EXHAUSTIVE_BITS} input bits, beyond that 65536 of seed {SEED}; for glitches",
    f"2048 steps of seed {SEED}. multi_precision: energies per product, area and delay of the operator.",
)

MODES = {8: {"wide": 1, "middle": 1}, 4: {"wide": 0, "middle": 1}, 2: {"wide": 0, "middle": 0}}
"""Values of the bits that choose the mode of a multi-precision multiplier."""

_SAVE_EVERY = 100


def main(arguments: Sequence[str]) -> int:
    """Write the table; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "kinds", nargs="*", help="the kinds whose rows are made anew; all where none is named"
    )
    kinds = parser.parse_args(arguments).kinds
    rows = _kept(kinds)
    chosen = [one for one in wanted() if not kinds or one.kind in kinds]
    for done, (design, figures_of_it) in enumerate(_measure(chosen), 1):
        rows[design] = figures_of_it
        if done % _SAVE_EVERY == 0 or done == len(chosen):
            PATH.write_text(table_text(COMMENTS, rows), encoding="utf-8")
            print(f"{done} of {len(chosen)} netlists", file=sys.stderr)
    return 0


def measured_figures(one: Wanted) -> Figures:
    """Synthesise and measure one design."""
    if one.kind != "multi_precision":
        return figures(synthesised(verilog(one.kind, one.parameters, one.width, signed=one.signed), TOP))
    mode = one.parameters["mode"]
    whole = figures(synthesised(multi_precision_verilog(TOP, signed=one.signed), TOP), MODES[mode])
    lanes = PORTS // mode
    return Figures(whole.area, whole.delay, whole.energy / lanes, whole.glitch_energy / lanes)


def _measure(chosen: Sequence[Wanted]) -> Iterator[tuple[Design, Measured]]:
    tool = tool_version()
    for one in chosen:
        yield one.design, Measured(measured_figures(one), tool)


def _kept(kinds: Sequence[str]) -> dict[Design, Measured]:
    if not kinds or not PATH.exists():
        return {}
    rows = read_table(PATH.read_text(encoding="utf-8"))
    return {design: row for design, row in rows.items() if design.kind not in kinds}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
