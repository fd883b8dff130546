"""SRAM figures from the CACTI table: energy, time, leakage and area of one bank.

Between rows, the figures are interpolated linearly in the port width and as a piecewise power law in the
bank capacity and in the node: exact on every row, and exact for what is proportional to capacity. CACTI
reorganises subarrays from size to size, so figures are not smooth, and not everywhere monotonic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import exp, log
from statistics import median

from archsim.errors import InputError
from archsim.hardware.datatables import neighbours, read_rows
from archsim.hardware.technology import Technology
from archsim.units import format_quantity

_COLUMNS = ("access_ns", "cycle_ns", "read_pJ", "write_pJ", "leak_mW", "area_mm2")
_LEAKAGE = _COLUMNS.index("leak_mW")
_TABLE_KELVIN = 350
_ZERO_CELSIUS_KELVIN = 273.15

_Figures = tuple[float, ...]
_Grid = Mapping[tuple[int, int], _Figures]


@dataclass(frozen=True, slots=True)
class SramBank:
    """Figures of one SRAM bank with one read/write port, and where they come from."""

    access_s: float
    cycle_s: float
    read_j: float
    write_j: float
    leakage_w: float
    area_mm2: float
    source: str
    leakage_source: str


@dataclass(frozen=True, slots=True)
class BankShape:
    """What is asked of the table: capacity, port width, cell type, error correction."""

    capacity_bytes: int
    width_bits: int
    cell: str = "itrs-lop"
    ecc: bool = False

    def __str__(self) -> str:
        capacity = format_quantity(self.capacity_bytes, "capacity")
        return f"{self.cell}, {capacity}, {self.width_bits} b port" + (", SECDED" if self.ecc else "")


def shape_refusal(shape: BankShape) -> str | None:
    """Tell why the table has no such bank (capacity or width out of range), or None."""
    points = _table()[22, "itrs-lop", 0, _TABLE_KELVIN]
    widths = tuple(sorted({width for _, width in points}))
    if not widths[0] <= shape.width_bits <= widths[-1]:
        return f"a port of {shape.width_bits} b is outside the SRAM table, {widths[0]} b to {widths[-1]} b"
    sizes = _common_sizes(points, shape.width_bits)
    if not sizes[0] <= shape.capacity_bytes <= sizes[-1]:
        bank, least, most = (
            format_quantity(size, "capacity") for size in (shape.capacity_bytes, sizes[0], sizes[-1])
        )
        port = f"{shape.width_bits} b port"
        return f"a bank of {bank} with a {port} is outside the SRAM table, {least} to {most}"
    return None


def node_refusal(technology: Technology) -> str | None:
    """Tell why the table has no figures at the technology's node, or None."""
    nodes = _nodes()
    if nodes[0] <= technology.node <= nodes[-1]:
        return None
    return f"no SRAM figures at {technology.node:g} nm: the table covers {nodes[0]:g} nm to {nodes[-1]:g} nm"


def smallest_bank_bytes(width_bits: int) -> int:
    """Return the capacity in bytes of the smallest tabulated bank with a port of that width."""
    return _common_sizes(_table()[22, "itrs-lop", 0, _TABLE_KELVIN], width_bits)[0]


@cache
def sram_bank(technology: Technology, shape: BankShape) -> SramBank:
    """Return the figures of one bank at the technology's node and temperature.

    CACTI 7 (1ffd8df), plain RAM, one read/write port [tool]. Leakage is tabulated at 300, 320 and 350 K and
    follows an exponential between them; outside it stays at the end of the range. Error correction adds the
    median overhead of the rows with 64 + 8 bits at the same node and cell.

    Raises
    ------
    InputError
        If node, capacity or width lie outside the table (65 nm to 22 nm, 256 B to 4 MiB, 8 b to 512 b).
    """
    refusal = node_refusal(technology) or shape_refusal(shape)
    if refusal:
        raise InputError(refusal)
    low, high, place = neighbours(_nodes(), technology.node, logarithmic=True)
    kelvin = _clamped_kelvin(technology)
    access, cycle, read, write, leakage, area = _geometric(
        _at_node(int(low), shape, kelvin), _at_node(int(high), shape, kelvin), place
    )
    source = _source(technology, shape)
    return SramBank(
        access_s=access * 1e-9,
        cycle_s=cycle * 1e-9,
        read_j=read * 1e-12,
        write_j=write * 1e-12,
        leakage_w=leakage * 1e-3,
        area_mm2=area,
        source=source,
        leakage_source=f"{source}; {_temperature_note(technology, shape)}",
    )


@cache
def _table() -> Mapping[tuple[int, str, int, int], _Grid]:
    grids: dict[tuple[int, str, int, int], dict[tuple[int, int], _Figures]] = {}
    for row in read_rows("cacti_sram.csv"):
        key = int(row["tech_nm"]), row["cell"], int(row["ecc"]), int(row["temperature_K"])
        figures = tuple(float(row[column]) for column in _COLUMNS)
        grids.setdefault(key, {})[int(row["size_B"]), int(row["width_b"])] = figures
    return grids


@cache
def _nodes() -> tuple[float, ...]:
    return tuple(sorted({float(node) for node, *_ in _table()}))


def _common_sizes(points: _Grid, width_bits: int) -> tuple[int, ...]:
    """Return the tabulated capacities that both neighbouring widths have, ascending."""
    low, high = _width_neighbours(points, width_bits)[:2]
    return tuple(sorted({size for size, width in points if width == low and (size, int(high)) in points}))


def _width_neighbours(points: _Grid, width_bits: int) -> tuple[int, int, float]:
    low, high, place = neighbours(tuple(sorted({float(width) for _, width in points})), float(width_bits))
    return int(low), int(high), place


@cache
def _at_node(node_nm: int, shape: BankShape, kelvin: float) -> _Figures:
    points = _table()[node_nm, shape.cell, 0, _TABLE_KELVIN]
    sizes = tuple(float(size) for size in _common_sizes(points, shape.width_bits))
    low, high, place = neighbours(sizes, float(shape.capacity_bytes), logarithmic=True)
    figures = _geometric(
        _at_width(points, int(low), shape.width_bits), _at_width(points, int(high), shape.width_bits), place
    )
    factors = _secded_factors(node_nm, shape.cell) if shape.ecc else (1.0,) * len(_COLUMNS)
    heat = _leakage_factor(node_nm, shape, kelvin)
    return tuple(
        figure * factor * (heat if column == _LEAKAGE else 1.0)
        for column, (figure, factor) in enumerate(zip(figures, factors, strict=True))
    )


def _at_width(points: _Grid, size_bytes: int, width_bits: int) -> _Figures:
    low, high, place = _width_neighbours(points, width_bits)
    ends = zip(points[size_bytes, low], points[size_bytes, high], strict=True)
    return tuple(first + (second - first) * place for first, second in ends)


def _geometric(low: _Figures, high: _Figures, place: float) -> _Figures:
    return tuple(first * (second / first) ** place for first, second in zip(low, high, strict=True))


@cache
def _secded_factors(node_nm: int, cell: str) -> _Figures:
    """Return medians over the capacities: a row that CACTI organises otherwise is no overhead."""
    plain = _table()[node_nm, _measured_cell(cell), 0, _TABLE_KELVIN]
    corrected = _table()[node_nm, _measured_cell(cell), 1, _TABLE_KELVIN]
    ratios = [
        tuple(first / second for first, second in zip(figures, plain[point], strict=True))
        for point, figures in corrected.items()
    ]
    return tuple(median(column) for column in zip(*ratios, strict=True))


def _leakage_factor(node_nm: int, shape: BankShape, kelvin: float) -> float:
    """Return leakage relative to 350 K, from the rows nearest in capacity."""
    grids = {
        k: grid
        for (node, cell, ecc, k), grid in _table().items()
        if (node, cell, ecc) == (node_nm, _measured_cell(shape.cell), 0)
    }
    temperatures = tuple(sorted(float(k) for k in grids))
    low, high, place = neighbours(temperatures, kelvin)
    coolest = grids[int(temperatures[0])]
    point = min(coolest, key=lambda p: abs(log(p[0] / shape.capacity_bytes)))
    at_low, at_high, reference = (grids[int(k)][point][_LEAKAGE] for k in (low, high, temperatures[-1]))
    return exp((1 - place) * log(at_low) + place * log(at_high)) / reference


def _measured_cell(cell: str) -> str:
    """Return the cell whose rows vary in temperature and error correction; itrs-lstp has none of its own."""
    return "itrs-lop" if cell == "itrs-lstp" else cell


def _clamped_kelvin(technology: Technology) -> float:
    kelvins = [kelvin for *_, kelvin in _table()]
    return min(max(technology.temperature + _ZERO_CELSIUS_KELVIN, float(min(kelvins))), float(max(kelvins)))


def _source(technology: Technology, shape: BankShape) -> str:
    notes = [f"CACTI 7, {technology.node:g} nm {shape} [tool]"]
    if technology.node not in _nodes():
        notes.append("interpolated between nodes")
    if (shape.capacity_bytes, shape.width_bits) not in _table()[22, "itrs-lop", 0, _TABLE_KELVIN]:
        notes.append("interpolated between capacities or widths")
    if shape.ecc:
        notes.append(f"median SECDED overhead of {_measured_cell(shape.cell)} rows, without the coding logic")
    return "; ".join(notes)


def _temperature_note(technology: Technology, shape: BankShape) -> str:
    kelvin = _clamped_kelvin(technology)
    cell = _measured_cell(shape.cell)
    ratio = "" if cell == shape.cell else f", with the ratio of {cell} (assumption: {shape.cell} has no rows)"
    inside = kelvin == technology.temperature + _ZERO_CELSIUS_KELVIN
    return f"leakage at {kelvin:g} K{'' if inside else ', the nearest that is tabulated'}{ratio}"
