"""The process: node, supply and temperature, and what they make of published logic figures.

Logic energies scale by the polynomials of Stillmaker and Baas, areas by their table. SRAM is never
scaled: it is taken from the CACTI rows of the node.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from math import exp, log
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from archsim.errors import InputError
from archsim.hardware.cost import Sourced
from archsim.hardware.datatables import neighbours, read_rows
from archsim.units import Length, Temperature, Voltage

_HIGHEST_VOLTAGE = 1.8
_HOROWITZ_NODE_NM = 45.0
_HOROWITZ_VOLTAGE = 0.9
_ALADDIN_NODE_NM = 40.0
_WIDEST_OPERAND = 64

Row = Mapping[str, str]


class Technology(BaseModel):
    """Process node, supply voltage and temperature that all parts of an architecture share."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    node: Length
    """Feature size, 7 nm to 130 nm (in nanometres once read)."""

    voltage: Voltage
    """Supply of the logic, in volts."""

    temperature: Annotated[Temperature, Field(ge=-273.15)] = 25.0
    """Junction temperature in degrees Celsius; leakage depends on it."""

    @field_validator("node")
    @classmethod
    def _known_node(cls, node: float) -> float:
        nodes = tuple(sorted(_polynomials()))
        if not nodes[0] <= node <= nodes[-1]:
            raise InputError(f"{node:g} nm is outside the scaling table, {nodes[0]:g} nm to {nodes[-1]:g} nm")
        return node

    @model_validator(mode="after")
    def _plausible_voltage(self) -> Technology:
        a, b, _ = _coefficients(self.node)
        lowest = -b / (2 * a)
        if not lowest < self.voltage <= _HIGHEST_VOLTAGE:
            raise InputError(
                f"{self.voltage:g} V is outside {lowest:.2f} V to {_HIGHEST_VOLTAGE:g} V: below, the scaling "
                f"polynomial of {self.node:g} nm rises again; above, no logic of these nodes runs",
                field="voltage",
            )
        return self


@cache
def _polynomials() -> Mapping[float, tuple[float, float, float]]:
    rows = read_rows("logic_energy_scaling.csv")
    return {float(row["node_nm"]): (float(row["a"]), float(row["b"]), float(row["c"])) for row in rows}


def _coefficients(node_nm: float) -> tuple[float, float, float]:
    table = _polynomials()
    lower, upper, place = neighbours(tuple(sorted(table)), node_nm)
    a, b, c = (low + (high - low) * place for low, high in zip(table[lower], table[upper], strict=True))
    return a, b, c


def energy_factor(node_nm: float, voltage: float) -> float:
    """Return the relative energy of a logic operation at a node: f(V) = a V^2 + b V + c.

    Stillmaker and Baas, Integration 58 (2017) 74-81 [pub]; between two tabulated nodes linear in the node,
    as hwcomponents does.

    Raises
    ------
    ValueError
        If the node lies outside 7 nm to 130 nm.
    """
    a, b, c = _coefficients(node_nm)
    return a * voltage**2 + b * voltage + c


def energy_scale(technology: Technology, node_nm: float, voltage: float | None = None) -> float:
    """Return the factor from an energy published at ``node_nm`` to the technology's node and voltage.

    ``f_to(V_to) / f_from(V_from)``; where the source does not state its voltage (None) the technology's own
    stands on both sides, so only the node is scaled.
    """
    source_voltage = technology.voltage if voltage is None else voltage
    return energy_factor(technology.node, technology.voltage) / energy_factor(node_nm, source_voltage)


def area_scale(technology: Technology, node_nm: float) -> float:
    """Return the factor from an area published at ``node_nm`` to the technology's node.

    Table of Stillmaker and Baas [pub]. Between nodes the logarithm of the factor is interpolated in both
    directions, so that scaling there and back stays near one as it does between tabulated nodes.
    """
    if technology.node == node_nm:
        return 1.0
    table = {float(row["from_nm"]): row for row in read_rows("logic_area_scaling.csv")}
    nodes = tuple(sorted(table))
    low, high, place = neighbours(nodes, node_nm)
    return exp(
        (1 - place) * _log_area_factor(table[low], nodes, technology.node)
        + place * _log_area_factor(table[high], nodes, technology.node)
    )


def _log_area_factor(row: Row, nodes: tuple[float, ...], node_nm: float) -> float:
    low, high, place = neighbours(nodes, node_nm)
    return (1 - place) * log(float(row[f"{low:g}"])) + place * log(float(row[f"{high:g}"]))


def arithmetic_energy(technology: Technology, operation: str, bits: int) -> Sourced:
    """Return the energy of one arithmetic operation in joules at the technology's node and voltage.

    Rows of Horowitz, ISSCC 2014 (45 nm, 0.9 V) [pub]. Widths between the rows: adders linearly, multipliers
    as a power of the width. Outside the rows adders grow with the width and multipliers with its square.

    Parameters
    ----------
    technology
        Node and voltage.
    operation
        ``integer_add``, ``integer_multiply``, ``float_add`` or ``float_multiply``.
    bits
        Operand width, 1 to 64.

    Raises
    ------
    ValueError
        If the operation is not tabulated or no width near ``bits`` is.
    """
    value, source = _at_width(operation, bits, "energy_pj")
    scale = energy_scale(technology, _HOROWITZ_NODE_NM, _HOROWITZ_VOLTAGE)
    return Sourced(value * 1e-12 * scale, source + _scaling_note(technology, scale))


def arithmetic_area(technology: Technology, operation: str, bits: int) -> Sourced:
    """Return the area of one arithmetic unit in mm2; rows, widths and errors as :func:`arithmetic_energy`."""
    value, source = _at_width(operation, bits, "area_um2")
    scale = area_scale(technology, _HOROWITZ_NODE_NM)
    return Sourced(value * 1e-6 * scale, source + _area_note(technology, scale))


def _at_width(operation: str, bits: int, column: str) -> tuple[float, str]:
    table = read_rows("arithmetic_45nm.csv")
    rows = {int(row["bits"]): row for row in table if row["operation"] == operation}
    if not rows:
        raise ValueError(f"no figure for the operation {operation!r}")
    if not 1 <= bits <= _WIDEST_OPERAND or (operation.startswith("float") and not 16 <= bits <= 32):
        raise ValueError(f"no figure for {operation} at {bits} b")
    if bits in rows:
        return float(rows[bits][column]), f"{rows[bits]['source']}, {operation} {bits} b"
    return _between_widths(rows, bits, column, quadratic="multiply" in operation)


def _between_widths(rows: Mapping[int, Row], bits: int, column: str, *, quadratic: bool) -> tuple[float, str]:
    widths = sorted(rows)
    for low, high in pairwise(widths):
        if low < bits < high:
            at_low, at_high = float(rows[low][column]), float(rows[high][column])
            place = log(bits / low) / log(high / low) if quadratic else (bits - low) / (high - low)
            value = at_low * (at_high / at_low) ** place if quadratic else at_low + (at_high - at_low) * place
            law = "a power of the width" if quadratic else "linear in the width"
            return value, f"{rows[low]['source']}, {bits} b between {low} b and {high} b, {law} [calc]"
    nearest = widths[0] if bits < widths[0] else widths[-1]
    value = float(rows[nearest][column]) * (bits / nearest) ** (2 if quadratic else 1)
    law = "its square, as an array multiplier's cells" if quadratic else "it, as a carry chain's cells"
    return value, f"assumption: {bits} b from {nearest} b of {rows[nearest]['source']}, growing with {law}"


def register_energy(technology: Technology) -> Sourced:
    """Return the energy in joules of reading, or writing, one bit of a pipeline register."""
    row = _aladdin("register")
    scale = energy_scale(technology, _ALADDIN_NODE_NM)
    source = f"{row['source']}, register read per bit (a write alike: assumption; its arithmetic is not used)"
    return Sourced(float(row["energy_pj"]) * 1e-12 * scale, source + _scaling_note(technology, scale))


def register_area(technology: Technology) -> Sourced:
    """Return the area in mm2 of one bit of a pipeline register."""
    row = _aladdin("register")
    scale = area_scale(technology, _ALADDIN_NODE_NM)
    source = f"{row['source']}, register per bit"
    return Sourced(float(row["area_um2"]) * 1e-6 * scale, source + _area_note(technology, scale))


def leakage_density(part: str) -> Sourced:
    """Return the leakage of logic in watts per mm2, to be multiplied with the part's area at its own node.

    Leakage energy per 1 ns cycle over area, both of the same part of the Aladdin library at 40 nm [calc]:
    12.6 mW/mm2 for multipliers, 8.6 mW/mm2 for adders. No source says how it moves with node, voltage or
    temperature, so it does not.

    Parameters
    ----------
    part
        ``multiplier`` or ``adder``.
    """
    row = _aladdin(part)
    milliwatts = float(row["leakage_pj"])
    square_millimetres = float(row["area_um2"]) * 1e-6
    source = f"{row['source']}: {part} leakage / area [calc]; not scaled with node, voltage or temperature"
    return Sourced(milliwatts * 1e-3 / square_millimetres, source)


def _aladdin(part: str) -> Row:
    return next(row for row in read_rows("aladdin_40nm.csv") if row["part"] == part)


def _scaling_note(technology: Technology, scale: float) -> str:
    if scale == 1:
        return ""
    return f"; x {scale:.4g} to {technology.node:g} nm {technology.voltage:g} V (Stillmaker and Baas 2017)"


def _area_note(technology: Technology, scale: float) -> str:
    return "" if scale == 1 else f"; x {scale:.4g} to {technology.node:g} nm (Stillmaker and Baas 2017)"
