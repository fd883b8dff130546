"""Tables of what exits do: one row per way through the network, and the distribution over the images."""

from __future__ import annotations

from archsim.results.exits import END, ExitsRow, PathRow
from archsim.results.formatting import images, integer, percent
from archsim.results.report import Report
from archsim.results.tables import Table, assemble, number_cells, scaled_cells, text_cells

_FIGURES = ("mean", "min", "p50", "p95", "p99", "max")


def exit_tables(report: Report) -> list[Table]:
    """Return the ways through the network and the distribution; nothing for networks without exits."""
    return [] if report.exits is None else [path_table(report, report.exits), spread_table(report.exits)]


def path_table(report: Report, exits: ExitsRow) -> Table:
    """Return one row per way: condition, images, accuracy, and what one image takes."""
    rows = exits.paths
    cells = [
        text_cells("leaves at", [row.exit for row in rows]),
        text_cells("if", [condition_text(row) for row in rows], rank=3),
        number_cells("images", [integer(row.images) for row in rows]),
        number_cells("share", [percent(row.share) for row in rows], "%", rank=1),
        number_cells("top-1", [percent(row.top1) for row in rows], "%"),
        number_cells("if all ended here", [percent(row.top1_of_all) for row in rows], "%", rank=2),
        scaled_cells("latency", [row.latency_s for row in rows], "s"),
        scaled_cells("energy", [row.energy_j for row in rows], "J"),
        number_cells("MACs", [integer(row.macs) for row in rows], rank=4),
    ]
    return assemble(f"{report.network} on {report.architecture}: where images leave", cells, footer=False)


def spread_table(exits: ExitsRow) -> Table:
    """Return latency and energy over the images: mean, extremes and percentiles."""
    latency, energy = ([getattr(one, name) for name in _FIGURES] for one in (exits.latency_s, exits.energy_j))
    cells = [
        text_cells("of the images", list(_FIGURES)),
        scaled_cells("latency", latency, "s"),
        scaled_cells("energy", energy, "J"),
    ]
    note = "each image alone; percentiles by nearest rank"
    title = f"latency and energy over {images(exits.images)}, top-1 {percent(exits.top1)} %"
    return assemble(title, cells, footer=False, note=note)


def condition_text(row: PathRow) -> str:
    """Return when images leave: `probability >= 0.9`, or `else` at the end."""
    if row.exit == END or row.measure is None or row.threshold is None:
        return "else"
    sign = ">=" if row.measure.startswith("min_") else "<="
    return f"{row.measure.partition('_')[2]} {sign} {row.threshold:g}"
