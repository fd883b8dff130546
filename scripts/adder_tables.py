"""Tables of docs/models/adders.md: errors of approximate adders beside printed ones, and energies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from doc_tables import Make, markdown

from archsim.arithmetic.adders.ama import MirrorRipple
from archsim.arithmetic.adders.base import Adder, LowPartAdder
from archsim.arithmetic.adders.loa import LowerPartOr
from archsim.arithmetic.adders.truncated import Truncated
from archsim.arithmetic.error_metrics import ErrorMetrics, measure_results
from archsim.errors import InputError

ACCUMULATOR_BITS: Final = 32
PRINTED_MED: Final[Mapping[str, str]] = {"ama3": "1.125", "ama4": "1", "ama5": "1", "loa": "0.625"}
"""MED of a 3-bit adder with two approximate bits: Liang et al., 2013 [pub] (reference/arithmetic.md §7)."""


def designs(low_bits: int) -> dict[str, LowPartAdder]:
    """Return every approximate adder with so many approximate bits, by cell or kind."""
    mirrors = {
        cell: MirrorRipple(cell=cell, low_bits=low_bits) for cell in ("ama1", "ama2", "ama3", "ama4", "ama5")
    }
    return {**mirrors, "loa": LowerPartOr(low_bits=low_bits), "truncated": Truncated(low_bits=low_bits)}


def unsigned_error(adder: Adder, bits: int) -> ErrorMetrics:
    """Return the error over all pairs of unsigned operands; the carry out is a bit of the sum."""
    values = np.arange(1 << bits)
    a, b = values[:, None], values[None, :]
    return measure_results(adder.sums(a, b, bits + 2), a + b, largest=(2 << bits) - 2, bits=bits + 1)


def adder_errors() -> str:
    """Return errors of 8-bit adders with four approximate bits, and the MED of 3-bit ones beside print."""
    rows = []
    for (name, adder), small in zip(designs(4).items(), designs(2).values(), strict=True):
        error, med = unsigned_error(adder, 8), unsigned_error(small, 3).mean_error_distance
        figures = [f"{error.error_rate:.4f}", f"{error.mean_error_distance:.4f}", f"{error.bias:.4f}"]
        three_bits = [f"{med:g}", PRINTED_MED.get(name, "-")]
        rows.append([f"`{name}`", *figures, str(error.worst_case_error), *three_bits])
    header = ["adder", "ER", "MED", "bias", "WCE", "MED, 3 b, low 2", "Liang et al."]
    return markdown(header, rows)


def adder_energies() -> str:
    """Return the energy of an addition of 32 bits by the number of approximate bits."""
    counts = (4, 8, 16)
    rows = [
        [f"`{name}`", *(_energy(designs(count)[name]) for count in counts)] for name in designs(counts[0])
    ]
    return markdown(["adder", *(f"low {count}" for count in counts)], rows)


def _energy(adder: Adder) -> str:
    try:
        return f"{adder.relative_cost(ACCUMULATOR_BITS).energy:.3f}"
    except InputError:
        return "state `cost`"


ADDER_TABLES: Mapping[str, Make[str]] = {one.__name__: one for one in (adder_errors, adder_energies)}
