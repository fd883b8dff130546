"""Tables of a report as plain text cells; printing them is the command line's work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum

from archsim.results.accuracy import AccuracyRow
from archsim.results.comparison import component_area, energy_by_group, total_area
from archsim.results.designs import DesignRow
from archsim.results.formatting import decimals, images, integer, percent, quantity, scaled
from archsim.results.report import ActionRow, LayerRow, Report, group_of

GAP = 2
"""Blanks between two columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header, its unit and what happens to it where the terminal is narrow."""

    header: str
    unit: str = ""
    """Unit of every cell, shown under the header."""
    right: bool = True
    """Whether cells are aligned to the right, as numbers are."""
    rank: int = 0
    """0 stays; the highest rank is left out first where the table is too wide."""
    shortest: int | None = None
    """Characters to which long texts may be cut before any column is left out; None: never cut."""


@dataclass(frozen=True, slots=True)
class Table:
    """A title, columns, rows of text, and optionally a last row of totals."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    footer: tuple[str, ...] | None = None
    note: str = ""

    @property
    def width(self) -> int:
        """Characters of one line: the widest cell of each column, and the gaps."""
        return sum(self.column_widths) + GAP * (len(self.columns) - 1)

    @property
    def column_widths(self) -> list[int]:
        """Characters of the widest cell of each column, header and unit included."""
        lines = [self._headers, self._units, *self.rows, *([self.footer] if self.footer else [])]
        return [max(map(len, cells)) for cells in zip(*lines, strict=True)]

    def fit(self, width: int) -> Table:
        """Return the table without the columns for which `width` has no room; the note names them."""
        table, dropped = self._cut(width), list[str]()
        while table.width > width and any(column.rank for column in table.columns):
            index = max(range(len(table.columns)), key=lambda i: table.columns[i].rank)
            dropped.append(table.columns[index].header)
            table = table.without(index)._cut(width)
        if not dropped:
            return table
        told = f"left out at {width} columns: {', '.join(reversed(dropped))}"
        return replace(table, note=f"{self.note}; {told}" if self.note else told)

    def without(self, index: int) -> Table:
        """Return the table without one column."""
        columns, footer = self.columns, self.footer
        return replace(
            self,
            columns=columns[:index] + columns[index + 1 :],
            rows=tuple(row[:index] + row[index + 1 :] for row in self.rows),
            footer=footer[:index] + footer[index + 1 :] if footer else None,
        )

    def _cut(self, width: int) -> Table:
        """Return the table with the texts of columns that allow it cut to the room that there is."""
        table = self
        for index, column in enumerate(self.columns):
            if column.shortest is not None and table.width > width:
                room = table.column_widths[index] - (table.width - width)
                table = table._shorten(index, max(room, column.shortest))
        return table

    def _shorten(self, index: int, length: int) -> Table:
        def shorten(row: tuple[str, ...]) -> tuple[str, ...]:
            text = row[index]
            cut = text if len(text) <= length else text[: length - 1].rstrip() + "…"
            return (*row[:index], cut, *row[index + 1 :])

        return replace(self, rows=tuple(map(shorten, self.rows)))

    @property
    def _headers(self) -> tuple[str, ...]:
        return tuple(column.header for column in self.columns)

    @property
    def _units(self) -> tuple[str, ...]:
        return tuple(column.unit for column in self.columns)


@dataclass(frozen=True, slots=True)
class Cells:
    """A column with all its cells; the last one is the total where the table has a footer."""

    column: Column
    texts: Sequence[str]


def assemble(title: str, cells: Sequence[Cells], *, footer: bool, note: str = "") -> Table:
    """Return the table of some columns of equal length; with `footer` the last row is set apart."""
    lines = tuple(zip(*(one.texts for one in cells), strict=True))
    columns = tuple(one.column for one in cells)
    if not footer:
        return Table(title, columns, lines, None, note)
    return Table(title, columns, lines[:-1], lines[-1], note)


def text_cells(header: str, texts: Sequence[str], rank: int = 0, shortest: int | None = None) -> Cells:
    """Return a left-aligned column of text."""
    return Cells(Column(header, right=False, rank=rank, shortest=shortest), texts)


def number_cells(header: str, texts: Sequence[str], unit: str = "", rank: int = 0) -> Cells:
    """Return a right-aligned column of ready texts."""
    return Cells(Column(header, unit, rank=rank), texts)


def scaled_cells(header: str, values: Sequence[float | None], unit: str, rank: int = 0) -> Cells:
    """Return a right-aligned column of values in one prefixed unit."""
    prefixed, texts = scaled(values, unit)
    return number_cells(header, texts, prefixed, rank)


def totals_table(report: Report) -> Table:
    """Return the figures of the whole run, one per row."""
    totals, setup = report.totals, report.setup
    rows = [
        ("latency", quantity(totals.latency_s, "s")),
        ("cycles", integer(totals.cycles)),
        ("energy", quantity(totals.energy_j, "J")),
        ("  dynamic", quantity(totals.dynamic_energy_j, "J")),
        ("  leakage and background", quantity(totals.leakage_energy_j, "J")),
        ("average power", quantity(totals.average_power_w, "W")),
        ("MACs", integer(totals.macs)),
        ("throughput (1 MAC = 2 operations)", f"{decimals([totals.throughput_gops])[0]} GOPS"),
        ("energy-delay product", quantity(totals.edp_js, "Js")),
        *_accuracy_rows(report.accuracy, totals.top1),
        ("setup (once, not included)", _setup_text(report) if setup.energy_j or setup.latency_s else None),
        ("area of the parts with a source", _area_text(report)),
    ]
    columns = (Column("figure", right=False), Column("value"))
    title = f"{report.network} on {report.architecture}, {images(report.batch)}"
    known = tuple((name, text) for name, text in rows if text is not None)
    designs = "; ".join(f"{part}: {_design_text(row)}" for part, row in report.arithmetic.items())
    return Table(title, columns, known, note=designs)


def _accuracy_rows(found: AccuracyRow | None, top1: float | None) -> list[tuple[str, str | None]]:
    if found is None:
        return [("top-1", None if top1 is None else f"{percent(top1)} %")]
    corrected = found.top1_compensated
    return [
        (f"top-1 ({found.dataset}, {images(found.images)})", f"{percent(found.top1)} %"),
        ("  with bias compensation", None if corrected is None else f"{percent(corrected)} %"),
        ("  exact arithmetic, float32", f"{percent(found.top1_exact)} %, {percent(found.top1_float)} %"),
        ("  same class as float32", f"{percent(found.agreement)} %"),
        ("  sums that left their accumulator", _overflow_text(found.overflowed_sums)),
    ]


def _overflow_text(shares: Mapping[str, float]) -> str | None:
    if not any(shares.values()):
        return None
    worst = max(shares, key=lambda name: shares[name])
    return f"up to {percent(shares[worst])} % ({worst})"


def layer_table(report: Report) -> Table:
    """Return one row per layer: time, cycles, stalls, utilization, bytes, energy, power; and the totals."""
    layers, totals = report.layers, report.totals
    energy: list[float | None] = [*(layer.energy_j for layer in layers), totals.energy_j]
    power: list[float | None] = [*(layer.average_power_w for layer in layers), totals.average_power_w]
    latency: list[float | None] = [*(layer.latency_s for layer in layers), totals.latency_s]
    stalls = [*(_share(layer.stall_cycles, layer.cycles) for layer in layers), None]
    utilization = [*(layer.utilization if layer.macs else None for layer in layers), None]
    cells = [
        text_cells("layer", [*(layer.name for layer in layers), "total"]),
        text_cells("op", [*(layer.op for layer in layers), ""], rank=30),
        text_cells("unit", [*(layer.unit for layer in layers), ""], rank=2),
        scaled_cells("latency", latency, "s"),
        number_cells(
            "cycles", [*(integer(layer.cycles) for layer in layers), integer(totals.cycles)], rank=4
        ),
        number_cells("stalled", [percent(value) for value in stalls], "%", rank=5),
        number_cells("utilization", [percent(value) for value in utilization], "%", rank=3),
        *_byte_cells(layers),
        scaled_cells("energy", energy, "J"),
        number_cells("share", [percent(_ratio(value, totals.energy_j)) for value in energy], "%", rank=31),
        scaled_cells("power", power, "W", rank=20),
        text_cells("bound by", [*(layer.bound_by or "" for layer in layers), ""], rank=32),
    ]
    note = "total latency and cycles are the whole run's; layers on different units may overlap"
    return assemble(f"{report.architecture}: layers of {report.network}", cells, footer=True, note=note)


def component_table(report: Report) -> Table:
    """Return one row per component, the costliest first: energy, its static part, share, power and area."""
    totals = report.totals
    names = costliest_first(report)
    static = report.static_energy_j
    areas = [component_area(report, name) for name in names]
    energy = [*(report.energy_by_component_j[name] for name in names), totals.energy_j]
    leakage = [*(static.get(name, 0.0) for name in names), totals.leakage_energy_j]
    power = [_ratio(value, totals.latency_s) for value in energy]
    cells = [
        text_cells("component", [*names, "total"]),
        scaled_cells("energy", energy, "J"),
        number_cells("share", [percent(_ratio(value, totals.energy_j)) for value in energy], "%"),
        scaled_cells("dynamic", [a - b for a, b in zip(energy, leakage, strict=True)], "J", rank=2),
        scaled_cells("leakage", leakage, "J", rank=1),
        scaled_cells("power", power, "W", rank=3),
        number_cells("area", decimals([*areas, total_area(report)]), "mm2", rank=4),
    ]
    return assemble(f"{report.architecture}: energy by component", cells, footer=True)


def action_table(report: Report) -> Table:
    """Return one row per action, grouped by component: count, energy of one, energy of all, source."""
    order = {name: number for number, name in enumerate(costliest_first(report))}
    actions = sorted(report.actions, key=lambda row: (order.get(row.component, len(order)), -row.energy_j))
    return _action_rows(f"{report.architecture}: energy by action", actions, report.totals.energy_j)


def costliest_first(report: Report) -> list[str]:
    """Return the components by falling energy of their unit, memory or link, then by their own."""
    groups, energies = energy_by_group(report), report.energy_by_component_j
    return sorted(energies, key=lambda name: (-groups[group_of(name)], group_of(name), -energies[name], name))


def _action_rows(title: str, actions: Sequence[ActionRow], total: float) -> Table:
    cells = [
        text_cells("component", [row.component for row in actions]),
        text_cells("action", [row.action for row in actions]),
        number_cells("count", [integer(row.count) for row in actions], rank=1),
        number_cells("each", [quantity(row.energy_per_action_j, "J") for row in actions], rank=2),
        scaled_cells("energy", [row.energy_j for row in actions], "J"),
        number_cells("share", [percent(_ratio(row.energy_j, total)) for row in actions], "%", rank=3),
        text_cells("source", [row.source for row in actions], rank=4, shortest=20),
    ]
    return assemble(title, cells, footer=False)


def _byte_cells(layers: Sequence[LayerRow]) -> Iterable[Cells]:
    """Return one column per memory: bytes read and written together."""
    memories = sorted({name for layer in layers for name in layer.bytes})
    for rank, name in enumerate(memories, 6):
        moved = [layer.bytes[name].total if name in layer.bytes else 0 for layer in layers]
        yield scaled_cells(name, [*moved, sum(moved)], "B", rank)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _ratio(part: float | None, whole: float) -> float | None:
    return part / whole if part is not None and whole else None


def _setup_text(report: Report) -> str:
    moved = fsum(one.total for one in report.setup.bytes.values())
    parts = [quantity(report.setup.energy_j, "J"), quantity(report.setup.latency_s, "s")]
    return ", ".join([*parts, quantity(moved, "B")] if moved else parts)


def _design_text(row: DesignRow) -> str:
    clock = f", clock {quantity(row.clock_hz, 'Hz')}" if row.clock_hz else ""
    return f"{row.design}, {decimals([row.energy])[0]} of the energy of the exact one{clock}"


def _area_text(report: Report) -> str | None:
    area = total_area(report)
    return None if area is None else f"{decimals([area])[0]} mm2"
