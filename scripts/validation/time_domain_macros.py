"""Efficiency of in-memory macros that are known by their abstracts, beside 3D-PIM banks of the same node."""

from __future__ import annotations

from collections.abc import Iterable

from archsim import Architecture
from archsim.results.report import is_static
from archsim.simulation import simulate
from archsim.workload import Conv2d, build_network
from validation.rows import Row, Section

_LAYER = build_network("layer", (256, 56, 56), [Conv2d(name="conv", out_channels=256, kernel=3, padding=1)])

_65_NM = ("technology.node=65 nm", "technology.voltage=1 V")
_28_NM = ("technology.node=28 nm", "technology.voltage=0.9 V")

_SWING = (
    "How many products share a conversion of MC2-RAM is not in the abstract; in archsim 8 rows do, and "
    "digital additions and two conversions per signed weight take most of the energy."
)
_WIDTHS = "The macro has inputs of 7 b, which would take archsim's banks two passes instead of one."
_NEAR = "The macro multiplies near the memory, not in it; its node is not in the table, ours is 65 nm."
_TDC = "The macro's converter has 4 b; ours has 8 b, and each of its codes is added digitally."
_ACCUMULATIONS = (
    "The macro accumulates 64 products of 8 b; with 8 b operands archsim converts six times per weight and "
    "8 rows, and adds every code digitally."
)


def sections() -> Iterable[Section]:
    """Return TOPS/W, two operations per MAC."""
    at_65 = _tops_per_w("pim_3d", _65_NM)
    at_28 = _tops_per_w("pim_3d", _28_NM)
    wide_at_28 = _tops_per_w("pim_3d_int8", _28_NM)
    yield Section(
        title="In-memory macros known by their abstracts",
        source=(
            "MC2-RAM; arXiv 2605.30814; arXiv 2605.14162; TDC-CiM, arXiv 2601.00434; TD-IMC, 28 nm, 1 Mb "
            "[abs] (reference/pim.md §4)"
        ),
        intro=(
            "Dynamic energy of the banks alone (discharge, pulses, conversions, additions) of the shipped "
            "`pim_3d` and `pim_3d_int8` on a 3x3 convolution with 256 channels, 256 filters and 56x56 "
            "outputs; 65 nm and 1.0 V, 28 nm and 0.9 V. None of these macros is modelled: the rows say "
            "whether 3D-PIM's efficiency is of their order."
        ),
        rows=(
            Row("MC2-RAM, 65 nm, 4 b x 4 b", 59.7, at_65, "TOPS/W", _SWING),
            Row("charge sharing, 65 nm, 7 b x 4 b", 8.4, at_65, "TOPS/W", _WIDTHS),
            Row("time-domain, near memory, 4 b x 4 b", 7.62, at_65, "TOPS/W", _NEAR),
            Row("TDC-CiM, 28 nm, 4 b converter", 38.46, at_28, "TOPS/W", _TDC),
            Row("TD-IMC, 28 nm, 8 b x 8 b", 39.31, wide_at_28, "TOPS/W", _ACCUMULATIONS),
        ),
    )


def _tops_per_w(config: str, overrides: tuple[str, ...]) -> float:
    report = simulate(Architecture.load(config, overrides), _LAYER)
    banks = (row for row in report.actions if row.component.startswith("pim.") and not is_static(row.action))
    return 2 * report.totals.macs / sum(row.energy_j for row in banks) * 1e-12
