"""Energy, area and conversion time of the converters and adders around an analog array."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from archsim.errors import InputError, expected_one_of
from archsim.hardware.bitline import optima
from archsim.hardware.cost import Sourced
from archsim.hardware.datatables import read_rows
from archsim.hardware.technology import (
    Technology,
    area_scale,
    arithmetic_energy,
    energy_scale,
    register_energy,
)

ConverterKind = Literal["tdc", "adc"]
AdderSource = Literal["optima", "standard_cell"]


@dataclass(frozen=True, slots=True)
class Block:
    """One published circuit block: energy per action in joules, area in mm2, time in seconds (0: unknown)."""

    name: str
    kind: str
    bits: int
    node_nm: int
    energy_j: float
    area_mm2: float
    conversion_s: float
    source: str


@cache
def blocks() -> tuple[Block, ...]:
    """Return the shipped table ``converters.csv``, read once."""
    return tuple(_block(row) for row in read_rows("converters.csv"))


def _block(row: Mapping[str, str]) -> Block:
    return Block(
        name=row["name"],
        kind=row["kind"],
        bits=int(row["bits"]),
        node_nm=int(row["node_nm"]),
        energy_j=float(row["energy_pj"]) * 1e-12,
        area_mm2=float(row["area_um2"]) * 1e-6,
        conversion_s=float(row["conversion_ns"] or 0) * 1e-9,
        source=row["source"],
    )


def available_bits(kind: str) -> tuple[int, ...]:
    """Return the widths for which the table has a block of this kind."""
    return tuple(sorted(block.bits for block in blocks() if block.kind == kind))


def block(kind: str, bits: int) -> Block:
    """Return the published block of a kind and width.

    Raises
    ------
    InputError
        When no source gives that width; `field` is `bits`.
    """
    for candidate in blocks():
        if candidate.kind == kind and candidate.bits == bits:
            return candidate
    widths = expected_one_of(str(width) for width in available_bits(kind))
    raise InputError(f"no published {kind} has {bits} bits: {widths}", field="bits")


def adc_energy_j(bits: int) -> float:
    """Return the energy of one SAR conversion: 0.079 exp(0.29 n) pJ (OPTIMA, converters/adc.vams [pub])."""
    fit = optima().converters.adc
    return fit.scale_pj * math.exp(fit.per_bit * bits) * 1e-12


def dac_energy_j(bits: int) -> float:
    """Return the energy of one word-line DAC conversion: (0.42 / 0.71) of the ADC's (OPTIMA [pub])."""
    numerator, denominator = optima().converters.dac_over_adc
    return adc_energy_j(bits) * numerator / denominator


def adder_energy_j(bits: int) -> float:
    """Return the energy of one addition of ``bits`` bits, quadratic in the width (OPTIMA [pub])."""
    constant, linear, square = optima().converters.adder_pj
    return (constant + linear * bits + square * bits * bits) * 1e-12


def scaled_energy(technology: Technology, energy: Sourced, node_nm: float, voltage: float | None) -> Sourced:
    """Return an energy at the technology's node and supply, by the scaling of logic.

    Converters are partly analog, whose energy falls less than that of logic: below the node of the source the
    result is optimistic. ``voltage`` None: the source does not print it, and only the node is scaled.
    """
    scale = energy_scale(technology, node_nm, voltage)
    return Sourced(energy.value * scale, f"{energy.source}; {_scaled_note(technology, scale)}")


def scaled_area(technology: Technology, found: Block, count: int) -> Sourced:
    """Return the area in mm2 of ``count`` blocks at the technology's node, by the scaling of logic."""
    scale = area_scale(technology, found.node_nm)
    return Sourced(
        count * found.area_mm2 * scale, f"{count} x {found.source}; {_scaled_note(technology, scale)}"
    )


def _scaled_note(technology: Technology, scale: float) -> str:
    return f"x {scale:.4g} to {technology.node:g} nm {technology.voltage:g} V (Stillmaker and Baas 2017)"


def pulse_energy(technology: Technology) -> Sourced:
    """Return the energy in joules of turning one input into a pulse (TIMELY's 8 b DTC)."""
    found = block("dtc", 8)
    return scaled_energy(technology, Sourced(found.energy_j, found.source), found.node_nm, None)


def addition_energy(technology: Technology, source: AdderSource, bits: int) -> Sourced:
    """Return the energy in joules of adding a code to a running sum of ``bits`` bits.

    ``optima``: E_adder, scaled as logic; ``standard_cell``: an integer addition, the running sum read from
    and written to a register, from the tables of digital arrays.
    """
    if source == "optima":
        at_source = Sourced(adder_energy_j(bits), f"{optima().source}, E_adder({bits} b)")
        return scaled_energy(
            technology, at_source, optima().node.value_nm, optima().bit_line.nominal_supply_v
        )
    add, register = arithmetic_energy(technology, "integer_add", bits), register_energy(technology)
    total = add.value + 2 * bits * register.value
    return Sourced(total, f"{add.source}; + {bits} b read and written, {register.source}")


class Converter(BaseModel):
    """The converter that reads a word column."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: ConverterKind = "tdc"
    """`tdc`: comparator and time to digital (TIMELY, 8 b); `adc`: successive approximation (OPTIMA)."""

    bits: int = Field(default=8, ge=1, le=12)
    """Width of the code."""

    @model_validator(mode="after")
    def _check_width(self) -> Converter:
        if self.kind != "adc":
            block(self.kind, self.bits)
        return self

    @property
    def conversion_s(self) -> float:
        """How long one conversion takes, in seconds."""
        return (
            optima().timing.adc_ns * 1e-9 if self.kind == "adc" else block(self.kind, self.bits).conversion_s
        )

    def energy(self, technology: Technology) -> Sourced:
        """Return the energy of one conversion in joules."""
        if self.kind == "adc":
            at_source = Sourced(adc_energy_j(self.bits), f"{optima().source}, E_ADC({self.bits} b)")
            return scaled_energy(
                technology, at_source, optima().node.value_nm, optima().bit_line.nominal_supply_v
            )
        found, comparator = block(self.kind, self.bits), block("comparator", 1)
        at_source = Sourced(found.energy_j + comparator.energy_j, f"{found.source}, with its comparator")
        return scaled_energy(technology, at_source, found.node_nm, None)

    def area(self, technology: Technology, count: int) -> Sourced | None:
        """Return the area of ``count`` converters in mm2, None where no source gives one."""
        if self.kind == "tdc":
            tdc = scaled_area(technology, block("tdc", self.bits), count)
            comparator = scaled_area(technology, block("comparator", 1), count)
            return Sourced(tdc.value + comparator.value, f"{tdc.source}, with their comparators")
        if self.bits not in available_bits("area_of_adc"):
            return None
        return scaled_area(technology, block("area_of_adc", self.bits), count)
