"""OPTIMA, the bit line that computes by discharging: check values of its equations, and the headline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from statistics import fmean

import numpy as np

from archsim.hardware.bitline import BitLine, integral_nonlinearity
from archsim.hardware.converters import adc_energy_j, adder_energy_j, dac_energy_j
from validation.rows import Row, Section

_PAPER = "OPTIMA, DAC 2024, arXiv 2411.06846"

_LINE = (
    (0.1, 30.5, 1.96, 8.6),
    (0.2, 62.3, 3.34, 16.3),
    (0.4, 125.3, 6.08, 30.8),
    (0.8, 248.3, 11.5, 57.0),
    (1.2, 367.5, 16.8, 79.4),
    (1.6, 482.8, 21.8, 98.4),
    (2.0, 594.3, 26.6, 114.2),
)
"""Time in ns; drop and mismatch in mV and discharge energy in fJ at 1.0 V and 25 C."""

_PRODUCTS = (
    (0, 15, 1.00000, 4.52),
    (15, 0, 0.99417, 10.52),
    (1, 15, 0.98497, 19.20),
    (15, 1, 0.98779, 17.04),
    (5, 10, 0.95309, 50.39),
    (10, 5, 0.96123, 43.59),
    (7, 12, 0.91833, 83.19),
    (15, 15, 0.77848, 197.80),
)
"""Weight, input; voltage after charge sharing in V and energy of the array in fJ, T0 = 0.2 ns."""

_SAMPLES_S = 0.2e-9 * 2.0 ** np.arange(4)
_FULL_SCALE_S = 1.5e-9
_UNIT_S = 100e-12

_OTHER_CIRCUIT = (
    "archsim has OPTIMA's circuit alone, of whose energy the 8 b ADC is 80 %; the abstract does not say "
    "which converter its figure counts."
)


def sections() -> Iterable[Section]:
    """Return what the equations give, and what the papers print for one multiplication."""
    yield Section(
        title="OPTIMA: bit line and converters",
        source=(
            f"{_PAPER}, sevjaeg/optima `sram_params.v` and `converters/*.vams` [pub]; values computed from "
            "them by hand [calc] (reference/pim.md §2)"
        ),
        intro=(
            "Bit line, converters and adder of [pim_3d](models/pim_3d.md) at 1.0 V and 25 C. A weight of 4 "
            "b is sampled at 0.2, 0.4, 0.8 and 1.6 ns; its input sets the amplitude of the word line."
        ),
        rows=(*_line_rows(), *_product_rows(), *_array_rows(), *_pulse_rows(), *_converter_rows()),
        basis="implementation",
    )
    yield Section(
        title="AID and SMART: one 4 b multiplication",
        source="AID, arXiv 2204.07387; SMART, DSD 2022, arXiv 2209.04434 [abs] (reference/pim.md §3)",
        intro=(
            "archsim does not model these circuits. Ours is OPTIMA's: array, 4 b DAC and 8 b ADC by its "
            "equations, mean over all 256 pairs of operands. Every product is digitised, unlike in "
            "[pim_3d](models/pim_3d.md), where rows share a readout."
        ),
        rows=(
            Row("AID", 0.523, _whole_product_pj(), "pJ", _OTHER_CIRCUIT),
            Row("SMART", 0.683, _whole_product_pj(), "pJ", _OTHER_CIRCUIT),
        ),
    )


def _line_rows() -> Iterator[Row]:
    line = BitLine()
    for time_ns, drop_mv, sigma_mv, energy_fj in _LINE:
        drop = line.drop_v(time_ns * 1e-9)
        yield Row(f"drop after {time_ns} ns", drop_mv, float(drop) * 1e3, "mV")
        yield Row(
            f"mismatch after {time_ns} ns", sigma_mv, float(line.mismatch_v(time_ns * 1e-9)) * 1e3, "mV"
        )
        yield Row(
            f"discharge energy at {time_ns} ns", energy_fj, float(line.discharge_energy_j(drop)) * 1e15, "fJ"
        )


def _product_rows() -> Iterator[Row]:
    for weight, code, volts, energy_fj in _PRODUCTS:
        found_v, found_fj = _multiply(weight, code)
        yield Row(f"weight {weight}, input {code}: shared voltage", volts, found_v, "V")
        yield Row(f"weight {weight}, input {code}: array energy", energy_fj, found_fj, "fJ")


def _array_rows() -> Iterator[Row]:
    energies = _all_energies_fj()
    yield Row("array energy of a product, mean", 52.96, fmean(energies), "fJ")
    yield Row("array energy of a product, smallest", 4.52, min(energies), "fJ")
    yield Row("array energy of a product, largest", 197.8, max(energies), "fJ")
    yield Row("product with DAC and ADC, mean; the paper's headline [abs]", 1.05, _whole_product_pj(), "pJ")
    amplitudes = [float(BitLine(word_line_v=_amplitude_v(code)).drop_v(_SAMPLES_S[0])) for code in range(16)]
    yield Row(
        "non-linearity, amplitude coded", 8.88, integral_nonlinearity(amplitudes) * 100, "% of full scale"
    )
    yield Row("write energy of a cell", 251.5, BitLine().write_energy_j() * 1e15, "fJ")


def _pulse_rows() -> Iterator[Row]:
    line, times = BitLine(), np.arange(16) * _UNIT_S
    drops = line.drop_v(times)
    energies = line.discharge_energy_j(drops) * 1e15
    yield Row("non-linearity, pulse-width coded", 1.32, integral_nonlinearity(drops) * 100, "% of full scale")
    yield Row("pulse width, full scale", 454.4, float(line.drop_v(_FULL_SCALE_S)) * 1e3, "mV")
    yield Row("pulse width, mismatch at full scale", 20.6, float(line.mismatch_v(_FULL_SCALE_S)) * 1e3, "mV")
    yield Row(
        "pulse width, energy per bit, mean of the inputs that pulse", 54.8, float(energies[1:].mean()), "fJ"
    )
    yield Row("pulse width, energy per bit, largest", 94.0, float(energies.max()), "fJ")


def _converter_rows() -> Iterator[Row]:
    yield Row("DAC, 4 b", 0.149, dac_energy_j(4) * 1e12, "pJ")
    for bits, picojoules in ((4, 0.252), (8, 0.804)):
        yield Row(f"ADC, {bits} b", picojoules, adc_energy_j(bits) * 1e12, "pJ")
    for bits, picojoules in ((10, 0.575), (11, 0.633)):
        yield Row(f"adder, {bits} b", picojoules, adder_energy_j(bits) * 1e12, "pJ")


def _amplitude_v(code: int) -> float:
    """Return OPTIMA's word-line voltage of an input of 4 b: 0.3 V + 0.7 V (x + 1/2) / 16."""
    return 0.3 + 0.7 * (code + 0.5) / 16


def _multiply(weight: int, code: int) -> tuple[float, float]:
    """Return voltage after charge sharing in V and array energy in fJ of one amplitude-coded product."""
    line = BitLine(word_line_v=_amplitude_v(code))
    drops = line.drop_v(_SAMPLES_S) * np.array([weight >> bit & 1 for bit in range(4)])
    return line.supply_v - float(drops.mean()), float(line.discharge_energy_j(drops).sum()) * 1e15


def _whole_product_pj() -> float:
    """Return the mean energy of array, DAC and ADC in pJ."""
    return fmean(_all_energies_fj()) * 1e-3 + (dac_energy_j(4) + adc_energy_j(8)) * 1e12


def _all_energies_fj() -> list[float]:
    return [_multiply(weight, code)[1] for weight, code in product(range(16), repeat=2)]
