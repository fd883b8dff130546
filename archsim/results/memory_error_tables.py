"""The table of the errors of memories."""

from __future__ import annotations

from archsim.results.formatting import images, integer
from archsim.results.report import Report
from archsim.results.tables import Table, assemble, number_cells, text_cells


def memory_error_tables(report: Report) -> list[Table]:
    """Return one table with a row per memory that had errors to make; none where no memory had."""
    if not report.memory_errors:
        return []
    rows = report.memory_errors
    columns = {
        "bits read": [row.bits_read for row in rows.values()],
        "weak cells": [row.weak_cells for row in rows.values()],
        "bit errors": [row.bit_errors for row in rows.values()],
        "wrong bits": [row.wrong_bits for row in rows.values()],
        "corrected": [row.corrected for row in rows.values()],
        "detected": [row.detected for row in rows.values()],
        "silent": [row.silent for row in rows.values()],
    }
    units = dict.fromkeys(("corrected", "detected", "silent"), "words")
    cells = [
        text_cells("memory", list(rows)),
        *(
            number_cells(name, [integer(value) for value in values], units.get(name, ""))
            for name, values in columns.items()
        ),
    ]
    run = "" if report.accuracy is None else f"{images(report.accuracy.images)}; "
    note = f"{run}weights read once; wrong bits: behind the correction of SECDED, whose words are told"
    return [assemble(f"{report.architecture}: errors of memories", cells, footer=False, note=note)]
