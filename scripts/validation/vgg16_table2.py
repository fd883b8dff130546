"""VGG16 on a von Neumann system and on 3D-PIM: the two published energies and their ratio."""

from __future__ import annotations

from collections.abc import Iterable

from vgg16_tables import PUBLISHED_MJ, run

from validation.rows import Row, Section

_PUBLISHED_GAIN = 7.37
"""As printed; 16.77 / 2.27 is 7.388 [calc]."""

_ALL = {
    "von_neumann": (
        "Standby and refresh of the DRAM and leakage flow for the whole run; whether the paper counts them "
        "is not known."
    ),
    "pim_3d": (
        "The cells that hold all weights leak more than the whole dynamic energy; whether the paper counts "
        "it is not known."
    ),
    "gain": "Leakage of the cells that hold all weights takes most of the gain away.",
}
_NAMES = {"von_neumann": "von Neumann", "pim_3d": "3D-PIM"}


def sections() -> Iterable[Section]:
    """Return the comparison of the dynamic energies, and of all energy beside it."""
    totals = {name: run(name).totals for name in PUBLISHED_MJ}
    dynamic = {name: _millijoules(name) for name in PUBLISHED_MJ}
    everything = {name: one.energy_j * 1e3 for name, one in totals.items()}
    yield Section(
        title="3D-PIM: VGG16 inference",
        source=(
            "Seyedfaraji et al., IEEE Transactions on Computers 2024, as printed in Table II of the paper "
            "that introduces the comparison [pub] (reference/pim.md §1)"
        ),
        intro=(
            "One image of 224 x 224 on the shipped `von_neumann` and `pim_3d`, untouched; more in "
            "[models/vgg16.md](models/vgg16.md). No constant is fitted to these energies, but the range "
            "from which `pim_3d` takes its 8 rows per readout was read from them."
        ),
        rows=(
            *_rows("dynamic energy", dynamic, _why_dynamic()),
            *_rows("with leakage and standby", everything, _ALL),
        ),
        basis="calibration",
    )


def _rows(what: str, millijoules: dict[str, float], why: dict[str, str]) -> Iterable[Row]:
    for name, published in PUBLISHED_MJ.items():
        yield Row(f"{_NAMES[name]}, {what}", published, millijoules[name], "mJ", why[name])
    gain = millijoules["von_neumann"] / millijoules["pim_3d"]
    yield Row(f"gain, {what}", _PUBLISHED_GAIN, gain, "", why["gain"])


def _why_dynamic() -> dict[str, str]:
    four_bits, sixteen_bits = (
        _millijoules("von_neumann", f"compute.npu.number_format=int{bits}") for bits in (4, 16)
    )
    many_rows = _millijoules("pim_3d", "compute.pim.rows_per_readout=16")
    published = PUBLISHED_MJ["von_neumann"]
    return {
        "von_neumann": (
            "Operand width, buffer, DRAM and what was counted of the paper's system are not known; "
            f"archsim has 8 b operands, and would be at {four_bits / published:.2f} times the figure with "
            f"4 b and at {sixteen_bits / published:.2f} times with 16 b."
        ),
        "pim_3d": (
            "How many rows share a readout is not known, nor whether DRAM traffic and digital additions "
            f"are counted; archsim has 8 rows, and would be at {many_rows / PUBLISHED_MJ['pim_3d']:.2f} "
            "times the figure with 16."
        ),
        "gain": (
            "The von Neumann side is farther above its figure than the 3D-PIM side; with 4 b operands on "
            f"both sides the gain would be {four_bits / _millijoules('pim_3d'):.2f}."
        ),
    }


def _millijoules(config: str, *changes: str) -> float:
    return run(config, changes).totals.dynamic_energy_j * 1e3
