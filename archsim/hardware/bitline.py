"""Behavioural model of a 6T SRAM bit line that computes by discharging.

Equations and coefficients: OPTIMA, DAC 2024, arXiv 2411.06846, sevjaeg/optima ``sram_params.v`` [pub]
(reference/pim.md §2). A cell that stores a 1 and whose word line is on draws a current that depends only on
the voltage of its bit line, so several cells on one line obey ``dV/dt = -n(t) f(V)``: the drop after pulses
of any overlap is the single-cell drop at the *sum* of the pulse widths.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import yaml
from numpy.polynomial.polynomial import polyval
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict

from archsim.hardware.datatables import table_text

Floats: TypeAlias = NDArray[np.float64]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LineCoefficients(_Strict):
    """Fitted coefficients of the bit line: time in ns, temperature in deg C, voltages in V."""

    threshold_v: float
    nominal_supply_v: float
    nominal_temperature_c: float
    longest_time_ns: float
    drop: tuple[float, ...]
    temperature: tuple[float, ...]
    mismatch: tuple[float, ...]
    write: tuple[float, ...]
    discharge: tuple[float, ...]


class NodeAssumption(_Strict):
    """Node of the fitted array, which the publication does not print."""

    value_nm: int
    source: str


class CircuitTiming(_Strict):
    """Circuit constants of the fitted system, in nanoseconds."""

    precharge_ns: float
    write_ns: float
    adc_ns: float
    adder_ns: float


class Exponential(_Strict):
    """Energy of a converter, ``scale_pj * exp(per_bit * bits)``."""

    scale_pj: float
    per_bit: float


class ConverterCoefficients(_Strict):
    """Energy fits of the converters and the adder."""

    adc: Exponential
    dac_over_adc: tuple[float, float]
    adder_pj: tuple[float, float, float]


class Optima(_Strict):
    """All published constants of the model, as shipped in ``tables/optima.yaml``."""

    source: str
    bit_line: LineCoefficients
    node: NodeAssumption
    timing: CircuitTiming
    converters: ConverterCoefficients


@cache
def optima() -> Optima:
    """Return the shipped constants, read once."""
    return Optima.model_validate(yaml.safe_load(table_text("optima.yaml")))


@dataclass(frozen=True, slots=True)
class BitLine:
    """One bit line at an operating point; all methods are pure and take arrays.

    Attributes
    ----------
    word_line_v, supply_v
        Amplitude of the word-line pulse and precharge voltage in volts.
    temperature_c
        Junction temperature in deg C.
    """

    word_line_v: float = 1.0
    supply_v: float = 1.0
    temperature_c: float = 25.0

    def drop_v(self, time_s: ArrayLike) -> Floats:
        """Return the drop in volts after cells storing 1 were on for ``time_s`` seconds in total.

        The fit has a dead time of about 5 ps (the word line's rise): shorter pulses drop nothing.
        """
        fit, time_ns = optima().bit_line, np.asarray(time_s, dtype=np.float64) * 1e9
        overdrive = self._overdrive_v()
        b = fit.drop
        shape = polyval(time_ns, b[:3]) * polyval(overdrive, b[3:8])
        shape = shape * polyval(self.supply_v - fit.nominal_supply_v, b[8:])
        heat = self.temperature_c - fit.nominal_temperature_c
        shift = time_ns * heat * polyval(overdrive, fit.temperature)
        return np.asarray(np.clip(-(shape + shift), 0.0, None), dtype=np.float64)

    @property
    def dead_time_s(self) -> float:
        """Pulse in seconds below which the fit gives no drop: -b0 / b1, where b2 t^2 does not matter yet."""
        offset, slope = optima().bit_line.drop[:2]
        return -offset / slope * 1e-9

    def mismatch_v(self, time_s: ArrayLike) -> Floats:
        """Return the standard deviation of one cell's drop by mismatch, in volts."""
        m, time_ns = optima().bit_line.mismatch, np.asarray(time_s, dtype=np.float64) * 1e9
        growth = polyval(time_ns, (m[0], m[1], 0.0, m[2]))
        return np.asarray(growth * polyval(self._overdrive_v(), m[3:]), dtype=np.float64)

    def discharge_energy_j(self, drop_v: ArrayLike) -> Floats:
        """Return the energy in joules to restore one line from a drop; a drop of 0 pays the constant part."""
        fit, drop = optima().bit_line, np.asarray(drop_v, dtype=np.float64)
        e = fit.discharge
        bend = (e[5] + e[6] * (drop - 0.3)) * (e[7] + e[8] * (self.word_line_v - fit.threshold_v))
        effective = drop * (1.0 + bend)
        scale = (e[0] + self.supply_v) * (1.0 + e[4] * self.temperature_c)
        return np.asarray(scale * polyval(effective, e[1:4]), dtype=np.float64)

    def write_energy_j(self) -> float:
        """Return the energy in joules to write one cell."""
        w = optima().bit_line.write
        return float(polyval(self.supply_v, w[:3])) * (1.0 + w[3] * self.temperature_c)

    def _overdrive_v(self) -> float:
        return max(self.word_line_v - optima().bit_line.threshold_v, 0.0)


def integral_nonlinearity(response: ArrayLike) -> float:
    """Return the largest distance of a response from the line through its end points, over its full scale."""
    values = np.asarray(response, dtype=np.float64)
    line = np.linspace(values[0], values[-1], values.size)
    return float(np.max(np.abs(values - line)) / abs(values[-1] - values[0]))
