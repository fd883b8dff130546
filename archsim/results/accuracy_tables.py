"""The table of errors by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from archsim.results.accuracy import QuantizationRow
from archsim.results.formatting import ABSENT, images, percent
from archsim.results.layer_errors import LayerErrors, errors_by_layer
from archsim.results.report import Report
from archsim.results.tables import Cells, Table, assemble, number_cells, text_cells

INFINITE = "∞"
"""Shown where nothing differs."""


def accuracy_table(report: Report) -> Table:
    """Return one row per output: signal to noise of all errors and of its own, and top-1 with it alone.

    Raises
    ------
    InputError
        If no accuracy was measured.
    """
    rows = errors_by_layer(report)
    accuracy = report.accuracy
    assert accuracy is not None
    units = [one.layers[0].unit for one in rows]
    cells = [
        text_cells("layer", [" + ".join(layer.name for layer in one.layers) for one in rows], shortest=16),
        text_cells("op", [one.layers[0].op for one in rows], rank=3),
        text_cells("unit", units, rank=2),
        number_cells("against float", [_decibels(one.against_float) for one in rows], "dB"),
        number_cells("against exact", [_decibels(one.against_exact) for one in rows], "dB"),
        number_cells("own", [_decibels(one.own) for one in rows], "dB"),
        *_overflow_cells(rows, accuracy.overflowed_sums),
        *_alone_cells(rows, accuracy.top1_exact),
    ]
    title = f"{report.architecture}: errors by layer of {report.network}"
    told = f"signal to noise of each output; own: what the layer adds to exact inputs; {INFINITE}: no error"
    note = f"{accuracy.dataset}, {images(accuracy.images)}; {told}{_ranges(accuracy.quantization)}"
    return assemble(title, cells, footer=False, note=note)


def _ranges(how: QuantizationRow | None) -> str:
    """What scales were taken from."""
    if how is None:
        return ""
    kind = "training image" if how.calibration_part == "train" else "test image"
    some = "" if how.calibration_images == 1 else "s"
    return f"; ranges: {how.calibration_images} {kind}{some}, {how.calibration}"


def _overflow_cells(rows: Sequence[LayerErrors], shares: Mapping[str, float]) -> list[Cells]:
    """Return the column of sums that left their accumulator, where any did."""
    if not any(shares.values()):
        return []
    return [number_cells("overflowed", [percent(shares.get(one.name)) for one in rows], "%")]


def _alone_cells(rows: Sequence[LayerErrors], exact: float) -> list[Cells]:
    """Return the columns of the network with a single layer on its unit's arithmetic, where it was run."""
    found = [one.top1_alone for one in rows]
    if all(value is None for value in found):
        return []
    lost = [None if value is None else exact - value for value in found]
    return [
        number_cells("top-1 alone", [percent(value) for value in found], "%"),
        number_cells("loss", [_points(value) for value in lost], "points", 1),
    ]


def _decibels(ratio: float | None) -> str:
    if ratio is None:
        return ABSENT
    return f"{ratio:.1f}" if isfinite(ratio) else INFINITE if ratio > 0 else f"-{INFINITE}"


def _points(share: float | None) -> str:
    # Adding zero takes the sign off a loss that rounds to none.
    return ABSENT if share is None else f"{round(100 * share, 1) + 0.0:.1f}"
