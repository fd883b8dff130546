"""SRAM with error correction: archsim's overhead beside CACTI's own rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archsim.hardware.cacti import BankShape, sram_bank
from archsim.hardware.technology import Technology
from validation.rows import Row, Section

_TECHNOLOGY = Technology(node=65, voltage=1.0, temperature=350 - 273.15)
"""CACTI's figures are for 350 K."""

_SECDED = {
    "8 KiB": (8, 10.12, 13.1, 10.96, 0.06142, 0.4848),
    "64 KiB": (64, 55.35, 34.61, 73.2, 0.4308, 0.8106),
    "128 KiB": (128, 63.83, 43.08, 146.4, 0.9088, 1.178),
    "1 MiB": (1024, 142, 112.5, 1119, 7.692, 2.932),
}
"""KiB; read and write in pJ, leakage in mW, area in mm2, access in ns."""


def sections() -> Iterable[Section]:
    """Return the corrected banks."""
    yield Section(
        title="SRAM with SECDED",
        source=(
            "CACTI 7 (1ffd8df) with 64 + 8 bits, 65 nm itrs-hp, port of 64 b, 350 K [tool] "
            "(reference/memory.md §2)"
        ),
        intro=(
            "[sram](models/sram.md) with `ecc: true`: the row without correction times the median overhead "
            "of all rows with it. Rows without correction are the table's own."
        ),
        rows=tuple(_rows()),
        basis="calibration",
    )


def _rows() -> Iterator[Row]:
    names, units = ("read", "write", "leakage", "area", "access time"), ("pJ", "pJ", "mW", "mm2", "ns")
    for size, (kib, *printed) in _SECDED.items():
        bank = sram_bank(_TECHNOLOGY, BankShape(kib * 1024, 64, "itrs-hp", ecc=True))
        energies = (bank.read_j * 1e12, bank.write_j * 1e12)
        ours = (*energies, bank.leakage_w * 1e3, bank.area_mm2, bank.access_s * 1e9)
        for name, unit, reference, found in zip(names, units, printed, ours, strict=True):
            yield Row(f"{size}: {name}", reference, found, unit)
