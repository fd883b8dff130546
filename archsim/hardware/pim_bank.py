"""Geometry and operating point of a group of SRAM banks that compute on their bit lines."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, model_validator

from archsim.errors import InputError
from archsim.hardware.bitline import BitLine, optima
from archsim.hardware.cacti import BankShape, shape_refusal
from archsim.hardware.compute.base import ComputeUnit
from archsim.hardware.converters import AdderSource, Converter
from archsim.hardware.measured_macro import MeasuredMacro
from archsim.hardware.operand_statistics import StatisticsKind
from archsim.hardware.shared_line import SharedLine
from archsim.hardware.slicing import Slicing
from archsim.units import Capacity, Frequency, Time, Voltage, format_quantity, text_default
from archsim.workload.layer import Layer

ACCUMULATOR_BITS = 32
FORMAT_BITS: Mapping[str, int] = MappingProxyType({"int4": 4, "int8": 8})
_BITS_PER_BYTE = 8
_WIDEST_PORT = 512


class BankGroup(ComputeUnit):
    """Banks, their bit lines and their converters: sizes, times and the checks that tie them together."""

    clock: Frequency = text_default("166.667 MHz")
    """One readout, or one conversion of each converter, per cycle; OPTIMA's system clock of 6 ns [pub].

    By default as fast as ``measured`` allows, where that is given."""

    measured: MeasuredMacro | None = None
    """Figures of a fabricated macro, which then stand for those of the modelled bit line and converters."""

    banks: int = Field(ge=1)
    """Banks that work at the same time."""

    rows: int = Field(default=256, ge=1)
    """Word lines of a bank. Assumption: that of common SRAM subarrays; range 64 to 512."""

    words: int = Field(default=64, ge=1)
    """Columns of words in a bank. Assumption: range 16 to 128."""

    word_bits: Literal[1, 2, 4] = 4
    """Cells of a word, whose bit lines share a conversion; 4 in AID, SMART and OPTIMA."""

    pulse_bits: Literal[1, 2, 4] = 4
    """Bits of an input that one pulse stands for; wider inputs take more passes."""

    rows_per_readout: int = Field(default=8, ge=1)
    """N: rows that discharge a bit line together."""

    words_per_converter: int = Field(default=8, ge=1)
    """Columns that take turns at one converter. Assumption, as in 8:1 multiplexed macros; range 1 to 64."""

    converter: Converter = Converter()
    """The converter that reads a word column."""

    number_format: Literal["int4", "int8"] = "int4"
    """Weights and inputs of layers that state nothing wider."""

    weight_bits: Literal[1, 2, 4, 8] | None = None
    """Width of weights, where it is not that of ``number_format``."""

    input_bits: Literal[1, 2, 4, 8] | None = None
    """Width of inputs, where it is not that of ``number_format``."""

    signed_weights: bool = True
    """Weights are two's complement; False: their signs are kept elsewhere."""

    signed_inputs: bool = False
    """Inputs are two's complement; False: they come from a ReLU."""

    weights: Literal["auto", "resident", "reload"] = "auto"
    """Weights stay in the cells, are reloaded for each layer, or whichever their size allows."""

    layout: Literal["packed", "interleaved"] = "packed"
    """Resident weights fill one bank after another, or each layer's rows are spread over all banks."""

    operand_statistics: StatisticsKind = "measured"
    """Distribution of operands where no data are given."""

    word_line_voltage: Voltage = Field(default=text_default("1 V"), gt=0.3)
    """Amplitude of the word-line pulse; above the 0.3 V threshold."""

    array_voltage: Voltage = Field(default=text_default("1 V"), gt=0)
    """Precharge voltage of the bit lines, which may differ from the logic's supply."""

    full_scale_time: Time = Field(default=text_default("1.5 ns"), gt=0)
    """Summed pulse width at which the converter is at its last code: 454.4 mV at 1.0 V."""

    unit_time: Time | None = Field(default=None, gt=0)
    """T0, pulse width of the input 1; by default full scale divided by N x 15."""

    mismatch: bool = False
    """Each cell's drop deviates by OPTIMA's sigma, fixed for the cell; off as in its ``sram.vams`` [pub].

    Changes what is computed, not what it costs."""

    adder: AdderSource = "optima"
    """Source of the addition's energy: OPTIMA's fit, or the adder and register of the digital arrays."""

    cell: Literal["itrs-hp", "itrs-lop", "itrs-lstp"] = "itrs-lop"
    """Cells and periphery, for leakage and area."""

    accumulator_capacity: Capacity = text_default("32 KiB")
    """SRAM at the edge of the group for partial sums of outputs that are split over tiles."""

    power_gating: bool = False
    """Put the cells into a data-retaining sleep that leaves ``gated_leakage_fraction`` of their leakage."""

    gated_leakage_fraction: float | None = Field(default=None, ge=0, le=1)
    """Leakage that power gating leaves; needed with it, because no source gives one."""

    @model_validator(mode="before")
    @classmethod
    def _run_as_fast_as_measured(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, Mapping) or data.get("measured") is None or "clock" in data:
            return data
        try:
            context = None if info.context is None else dict(info.context)
            macro = MeasuredMacro.model_validate(data["measured"], context=context)
        except ValidationError:
            # The field's own check reports it, with its place.
            return data
        return {**data, "clock": format_quantity(macro.fastest_hz, "frequency")}

    @model_validator(mode="after")
    def _check_geometry(self) -> BankGroup:
        _require_at_most("rows_per_readout", self.rows_per_readout, self.rows)
        _require_at_most("words_per_converter", self.words_per_converter, self.words)
        slicing = self.slicing(None)
        _require(slicing.weight_bits % self.word_bits == 0, "word_bits", "weights are no whole words")
        _require(slicing.input_bits % self.pulse_bits == 0, "pulse_bits", "inputs are no whole pulses")
        narrow = self.operand_statistics == "measured" and min(slicing.weight_bits, slicing.input_bits) < 4
        _require(
            not narrow, "operand_statistics", "operands of less than 4 b were not measured: uniform or ones"
        )
        needed = slicing.words
        _require(self.words >= needed, "words", f"one weight needs {needed} words")
        _require(not (refusal := shape_refusal(self.bank_shape)), "rows", refusal or "")
        _require(not (refusal := shape_refusal(self.sums_shape)), "accumulator_capacity", refusal or "")
        ungated = self.power_gating and self.gated_leakage_fraction is None
        unknown = self.mismatch and self.measured is not None
        _require(not unknown, "mismatch", "belongs to the modelled bit line, not to a measured macro")
        _require(not ungated, "power_gating", "needs gated_leakage_fraction: no source gives one")
        return self

    @model_validator(mode="after")
    def _check_times(self) -> BankGroup:
        _require(self.clock > 0, "clock", "must be above 0 Hz")
        if self.measured is None:
            self._check_pulses()
        for name, busy_s in self._busy_times().items():
            reason = f"{name} takes {busy_s * 1e9:.4g} ns, a cycle {1e9 / self.clock:.4g} ns"
            _require(busy_s * self.clock <= 1, "clock", reason)
        return self

    def _check_pulses(self) -> None:
        fitted_s = optima().bit_line.longest_time_ns * 1e-9
        summed_s = self.shared_line.largest_sum * self.shared_line.unit_time_s
        for field, time_s in {"full_scale_time": self.full_scale_time, "unit_time": summed_s}.items():
            within = time_s <= fitted_s * (1 + 1e-9)
            reason = f"sums last {time_s * 1e9:.4g} ns, the discharge model ends at {fitted_s * 1e9:g} ns"
            _require(within, field, reason)
        pulse_s, dead_s = self.shared_line.unit_time_s, self.shared_line.line.dead_time_s
        too_short = f"the shortest pulse lasts {pulse_s * 1e12:.3g} ps, the fitted bit line reacts after"
        field = "rows_per_readout" if self.unit_time is None else "unit_time"
        _require(pulse_s > dead_s, field, f"{too_short} {dead_s * 1e12:.3g} ps")

    def _busy_times(self) -> Mapping[str, float]:
        if self.measured is not None:
            return {"a readout": self.measured.cycle_s}
        pulse_s = self._largest_pulse * self.shared_line.unit_time_s
        return {
            "precharge and the longest pulse": optima().timing.precharge_ns * 1e-9 + pulse_s,
            "a conversion": self.converter.conversion_s,
        }

    @property
    def shared_line(self) -> SharedLine:
        """The readout's function at 25 C: N, T0, full scale and converter in one place."""
        return self.readout_at(optima().bit_line.nominal_temperature_c)

    def readout_at(self, temperature_c: float) -> SharedLine:
        """Return the readout's function at a temperature in deg C."""
        largest = self.rows_per_readout * self._largest_pulse
        unit_s = self.full_scale_time / largest if self.unit_time is None else self.unit_time
        bit_line = BitLine(self.word_line_voltage, self.array_voltage, temperature_c)
        return SharedLine(
            bit_line,
            self.rows_per_readout,
            unit_s,
            self.full_scale_time,
            self.converter.bits,
            self._largest_pulse,
        )

    @property
    def _largest_pulse(self) -> int:
        return int((1 << self.pulse_bits) - 1)

    @property
    def weight_capacity_bits(self) -> int:
        """Cells of all banks."""
        return self.banks * self.rows * self.words * self.word_bits

    @property
    def accumulator_capacity_bits(self) -> int:
        """Bits of the partial-sum SRAM."""
        return self.accumulator_capacity * _BITS_PER_BYTE

    @property
    def multipliers(self) -> int:
        """Multiply-accumulates per cycle of all banks at the unit's number format, rounded up."""
        slicing = self.slicing(None)
        return ceil(self.banks * self.rows_per_readout * self.columns(slicing) / self.step_cycles(slicing))

    @property
    def width_field(self) -> str:
        """Field that says how wide operands are, for messages."""
        widths = {"weight_bits": self.weight_bits, "input_bits": self.input_bits}
        stated = {name: bits for name, bits in widths.items() if bits is not None}
        return min(stated, key=lambda name: stated[name], default="number_format")

    def slicing(self, layer: Layer | None) -> Slicing:
        """How the layer's operands are sliced; a format narrower than the unit's is widened to it."""
        own, stated = FORMAT_BITS[self.number_format], layer.number_format if layer else None
        least = FORMAT_BITS[stated] if stated else 1
        weight_bits, input_bits = (max(bits or own, least) for bits in (self.weight_bits, self.input_bits))
        signs = self.signed_weights, self.signed_inputs
        return Slicing(weight_bits, input_bits, *signs, self.word_bits, self.pulse_bits)

    def columns(self, slicing: Slicing) -> int:
        """Weights side by side in a row of a bank."""
        return self.words // slicing.words

    def step_cycles(self, slicing: Slicing) -> int:
        """Cycles per readout of a bank, all passes: its conversions take turns at its converters."""
        return ceil(self.columns(slicing) * slicing.codes / self.converters) * slicing.passes

    @property
    def converters(self) -> int:
        """Converters of a bank."""
        return ceil(self.words / self.words_per_converter)

    @property
    def bank_shape(self) -> BankShape:
        """One bank as an SRAM that reads a row at a time, as far as the table's ports are wide."""
        row_bits = self.words * self.word_bits
        return BankShape(self.rows * row_bits // _BITS_PER_BYTE, min(row_bits, _WIDEST_PORT), self.cell)

    @property
    def sums_shape(self) -> BankShape:
        """The partial-sum SRAM."""
        return BankShape(self.accumulator_capacity, ACCUMULATOR_BITS, self.cell)


def _require(holds: bool, field: str, message: str) -> None:
    if not holds:
        raise InputError(message, field=field)


def _require_at_most(field: str, value: int, limit: int) -> None:
    _require(value <= limit, field, f"{value} exceeds the bank's {limit}")
