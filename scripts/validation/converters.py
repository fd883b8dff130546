"""Converters of other in-memory designs beside those of archsim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archsim.hardware.converters import Converter, dac_energy_j
from archsim.hardware.technology import Technology
from validation.rows import Row, Section

_AT_32_NM = Technology(node=32, voltage=1.0)
"""Supply of OPTIMA's fit, so that the node alone is scaled; ISAAC's is not printed."""

_ISAAC_PJ = {4: 0.79, 5: 0.99, 6: 1.20, 7: 1.42, 8: 1.667, 9: 1.969, 10: 2.379}

_SPEED = (
    "ISAAC's converter makes 1.2 G conversions per second and OPTIMA's 0.2 G; archsim knows no price of "
    "speed, and scaling an analog part from 65 nm as logic is optimistic."
)
_LAW = (
    "OPTIMA's SAR takes 5 ns and is scaled from 65 nm as logic, which is optimistic for an analog part; "
    "NEWTON's entry is linear in the width, and its speed is not in the table."
)
_FORMS = (
    "The circuits differ, and OPTIMA's is scaled from 65 nm as logic, which is optimistic for an analog part."
)
_ONE_BIT = (
    "OPTIMA's DAC has 4 b, and its fit is far outside its range at one; what ISAAC's figure includes is "
    "not in the table."
)
_WIDE = (
    "OPTIMA's DAC has 4 b, and its fit grows by 34 % with each further bit; BRAHMS's is another circuit at "
    "40 nm, to which ours is not scaled."
)


def sections() -> Iterable[Section]:
    """Return energies per conversion."""
    yield Section(
        title="Converters of other designs",
        source="ISAAC, ISCA 2016 (widths but 8 b scaled by Saberi et al. 2011), FORMS, NEWTON, BRAHMS, via "
        "accelergy-library-plug-in [pub] (reference/pim.md §6)",
        intro=(
            "`converter: {kind: adc}` of [pim_3d](models/pim_3d.md), OPTIMA's fit scaled from 65 nm to 32 "
            "nm at 1.0 V; DACs by OPTIMA's fit, which archsim does not scale. archsim has no model of its "
            "own for these designs: the rows show how far converters of one width lie apart."
        ),
        rows=tuple(_rows()),
    )


def _rows() -> Iterator[Row]:
    for bits, picojoules in _ISAAC_PJ.items():
        yield Row(f"ISAAC ADC, {bits} b, 32 nm", picojoules, _adc_pj(bits), "pJ", _SPEED)
    yield Row("FORMS ADC, 4 b, 32 nm", 0.226, _adc_pj(4), "pJ", _FORMS)
    yield Row("NEWTON ADC, 9 b, 32 nm", 2.583, _adc_pj(9), "pJ", _LAW)
    yield Row("ISAAC DAC, 1 b, 32 nm", 0.417, dac_energy_j(1) * 1e12, "pJ", _ONE_BIT)
    yield Row("BRAHMS DAC, 8 b, 40 nm", 0.291, dac_energy_j(8) * 1e12, "pJ", _WIDE)


def _adc_pj(bits: int) -> float:
    return Converter(kind="adc", bits=bits).energy(_AT_32_NM).value * 1e12
