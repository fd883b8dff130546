"""The in-memory bank as two fabricated SRAM macros beside their papers' figures, out of simulated layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from archsim import Architecture, Report, simulate
from archsim.workload import Conv2d, Network, build_network
from validation.rows import Row, Section

_PIXELS = 64
"""Side of the layer's output: enough pixels that filling the macro does not matter."""

CODES_PJ = MappingProxyType(
    {0: 3.357, 1: 4.563, 2: 5.033, 4: 5.443, 6: 5.838, 8: 6.285, 10: 6.657, 12: 7.044, 15: 7.795}
)
"""Sinangil et al., Fig. 13(a): pJ per array operation at 0.8 V, by average output."""

SWEEP_PJ = MappingProxyType(
    {0.65: 5.109, 0.7: 5.875, 0.75: 6.797, 0.8: 7.813, 0.85: 9.031, 0.9: 10.25, 0.95: 11.75, 1.0: 13.125}
)
"""Sinangil et al., Fig. 13(b): worst-case pJ per array operation, by supply."""

EFFICIENCIES = MappingProxyType(
    {(0.8, 15): 262.3, (0.8, 6): 351.0, (0.8, 0): 610.5, (1.0, 15): 189.3, (1.0, 6): 321.0, (1.0, 0): 435.5}
)
"""Sinangil et al., Table I: TOPS/W by supply and average output."""

BITS_TOPS = MappingProxyType({1: 0.874, 2: 0.437, 4: 0.2185, 8: 0.0932})
"""Jia et al., Fig. 10: TOPS at 0.85 V by bits of an input."""

_FIRST_STEP = (
    "the measured energy jumps by a quarter between outputs 0 and 1, where rows begin to switch; one line "
    "through the two end points has no such step."
)
_WORST = (
    "the energy law is CiMLoop's fit to the paper's table; the paper's sweep rises faster, and the two do "
    "not follow one law."
)
_OUTLIER = (
    "the paper's figure at output 6 and 1.0 V falls off the trend of its other five, which CiMLoop puts "
    "down to the measurement; the straight line through the end points takes part of it back."
)
_BITS_WHY = "the chip's memory path limits 8-bit inputs (600 cycles, not 8 x 64); its width is not published."


@dataclass(frozen=True)
class Measured:
    """What a report says of a layer that fills a macro."""

    tops: float
    joules: dict[str, float]
    operations: int
    """Readouts of the whole macro, one per output pixel and pass."""
    area_mm2: float

    @property
    def analog_pj(self) -> float:
        """Return pJ of array and converters per operation of the whole macro."""
        return (self.joules["array"] + self.joules["converter"]) / self.operations * 1e12

    def per_column_pj(self, part: str, columns: int) -> float:
        """Return pJ of a part per column and operation."""
        return self.joules[part] / self.operations / columns * 1e12


def layer(depth: int, filters: int, zeros: float) -> Network:
    """Return a pointwise convolution that fills a macro; a share of its inputs is zero."""
    conv = Conv2d(name="conv", out_channels=filters, kernel=1, activation_sparsity=zeros, weight_sparsity=0)
    return build_network("fills_the_macro", (depth, _PIXELS, _PIXELS), [conv])


def measure(report: Report, passes: int) -> Measured:
    """Read rate, energies and areas of the macro out of a report."""
    joules: dict[str, float] = {}
    for row in report.actions:
        unit, _, part = row.component.partition(".")
        if unit == "macro":
            joules[part] = joules.get(part, 0.0) + row.energy_j
    (conv,) = report.layers[:1]
    area = sum(report.area_mm2[f"macro.{part}"].value for part in ("array", "converter"))
    return Measured(2 * conv.macs / conv.latency_s / 1e12, joules, _PIXELS**2 * passes, area)


@cache
def jia(supply: float, bits: int = 1) -> Measured:
    """Simulate a layer on the macro of Jia et al. at a supply in volts, for inputs of some bits."""
    changes = (f"compute.macro.measured.supply={supply} V", f"compute.macro.input_bits={bits}")
    return measure(simulate(Architecture.load("sram_macro_jia2020", changes), layer(2304, 256, 0.0)), bits)


@cache
def sinangil(supply: float, output: int) -> Measured:
    """Simulate a layer on the macro of Sinangil et al. at a supply in volts and an average output 0-15."""
    changes = (f"compute.macro.measured.supply={supply} V",)
    # A trace's sparsity stays below 1: at output 0 one input in 10^9 is on.
    network = layer(64, 16, min(1 - output / 15, 1 - 1e-9))
    return measure(simulate(Architecture.load("sram_macro_sinangil2021", changes), network), 1)


def tops_per_watt(found: Measured, macs: int) -> float:
    """Return operations per joule of array and converters, in 1e12; two operations per MAC."""
    return 2 * macs / found.analog_pj


def sections() -> Sequence[Section]:
    """Return the comparison with both macros."""
    return (_jia_section(), _sinangil_section())


def _jia_section() -> Section:
    low, high = jia(0.85), jia(1.2)
    rows = [
        Row(f"TOPS at 0.85 V, {bits} b inputs{_input(bits == 1)}", tops, jia(0.85, bits).tops, "TOPS",
            _BITS_WHY if bits == 8 else "")
        for bits, tops in BITS_TOPS.items()
    ]  # fmt: skip
    macs = 2304 * 256
    rows += [
        Row("TOPS at 1.2 V, 1 b", 2.185, high.tops, "TOPS"),
        Row("TOPS/W at 0.85 V, 1 b (input)", 400, tops_per_watt(low, macs), "TOPS/W"),
        Row("TOPS/W at 1.2 V, 1 b", 192, tops_per_watt(high, macs), "TOPS/W"),
        Row("TOPS/mm2 at 0.85 V, 1 b (input)", 0.24, low.tops / low.area_mm2, "TOPS/mm2"),
        Row("TOPS/mm2 at 1.2 V, 1 b", 0.60, high.tops / high.area_mm2, "TOPS/mm2"),
        Row("ADC per column operation at 1.2 V", 3.56, high.per_column_pj("converter", 256), "pJ"),
        Row("array per column operation at 1.2 V", 20.4, high.per_column_pj("array", 256), "pJ"),
        Row("data path per output at 1.2 V", 14.7, high.per_column_pj("digital", 256), "pJ",
            "the data path's energy rises by 1.77 on the chip, V^2 says 1.99: part of it does not switch."),
    ]  # fmt: skip
    return Section(
        "Charge-domain macro, 65 nm",
        "Jia et al., JSSC 55(9), 2020, Tables I and II, Fig. 10 and 11, via CiMLoop [pub]",
        "`sram_macro_jia2020`, a pointwise layer of 2304 x 256 weights; energies at 0.85 V, the cycle "
        "there and CiMLoop's laws of the supply are inputs; TOPS/W and TOPS/mm2 count array and converters, "
        "as CiMLoop does.",
        tuple(rows),
    )


def _sinangil_section() -> Section:
    codes = [
        Row(f"energy per operation at 0.8 V, output {code}{_input(code in (0, 15))}", pj,
            sinangil(0.8, code).analog_pj, "pJ", _FIRST_STEP if 0 < code < 10 else "")
        for code, pj in CODES_PJ.items()
    ]  # fmt: skip
    sweep = [
        Row(f"worst-case energy per operation at {volts} V{_input(volts == 0.8)}", pj,
            sinangil(volts, 15).analog_pj, "pJ", _WORST if volts > 0.8 else "")
        for volts, pj in SWEEP_PJ.items()
    ]  # fmt: skip
    efficiencies = [
        Row(f"TOPS/W at {volts} V, output {code}{_input(volts == 0.8 and code != 6)}", value,
            tops_per_watt(sinangil(volts, code), 1024), "TOPS/W",
            (_OUTLIER if volts > 0.8 else _FIRST_STEP) if code == 6 else "")
        for (volts, code), value in EFFICIENCIES.items()
    ]  # fmt: skip
    rates = [
        Row(f"TOPS at {volts} V{_input(volts == 0.8)}", value, sinangil(volts, 15).tops, "TOPS")
        for volts, value in ((0.8, 0.3724), (1.0, 0.4551))
    ]
    return Section(
        "Pulse-width macro, 7 nm",
        "Sinangil et al., JSSC 56(1), 2021, Fig. 13 and Table I, via CiMLoop [pub]",
        "`sram_macro_sinangil2021`, a pointwise layer of 64 x 16 weights whose share of zero inputs sets the "
        "average output; both ends of the data curve, the cycle at 0.8 V and CiMLoop's laws are inputs.",
        tuple(codes + sweep + rates + efficiencies),
    )


def _input(holds: bool) -> str:
    return " (input)" if holds else ""


def _table(section: Section) -> str:
    lines = ["| quantity | paper | archsim | difference |", "|---|---|---|---|"]
    lines += [
        f"| {row.quantity} | {row.reference:.4g} {row.unit} | {row.ours:.4g} {row.unit} | "
        f"{100 * row.difference:+.1f} % |"
        for row in section.rows
    ]
    return "\n".join(lines)


TABLES = MappingProxyType(
    {
        "macro_jia2020": lambda: _table(_jia_section()),
        "macro_sinangil2021": lambda: _table(_sinangil_section()),
    }
)
"""Tables of the documentation, by name."""
