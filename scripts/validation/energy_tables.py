"""Energies of arithmetic, memories and wires in the tables that archsim uses, and in others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archsim.hardware.cacti import BankShape, sram_bank
from archsim.hardware.links.bus import Bus
from archsim.hardware.memories.dram import Dram
from archsim.hardware.technology import (
    Technology,
    arithmetic_area,
    arithmetic_energy,
    register_area,
    register_energy,
)
from validation.rows import Row, Section

_45_NM = Technology(node=45, voltage=0.9)
_40_NM = Technology(node=40, voltage=0.9)
_65_NM = Technology(node=65, voltage=1.0)

_HOROWITZ = (
    ("integer_add", 8, 0.03, 36),
    ("integer_add", 16, 0.05, 67),
    ("integer_add", 32, 0.1, 137),
    ("integer_multiply", 8, 0.2, 282),
    ("integer_multiply", 32, 3.1, 3495),
    ("float_add", 16, 0.4, 1360),
    ("float_add", 32, 0.9, 4184),
    ("float_multiply", 16, 1.1, 1640),
    ("float_multiply", 32, 3.7, 7700),
)
"""Operation, width, energy in pJ, area in um2."""

_TWO_TABLES = (
    "archsim takes arithmetic from Horowitz's table; Aladdin's operators cost and occupy more than twice "
    "as much, which is why the two must not be mixed."
)
_WHICH_MAC = (
    "The two Timeloop figures disagree between themselves, since the older node has the smaller one; ours "
    "is a multiplication of 8 b and an addition of 16 b by Horowitz, scaled by Stillmaker and Baas."
)
_BANK = (
    "The table does not say which cells its SRAM has: in CACTI a bank of low operating power takes much "
    "less than one of high performance, which is near the figure."
)
_FREE_WIRE = (
    "archsim's default of 0.1 pJ/b is an assumption between the published links, whatever the length and "
    "node."
)
_HOP = (
    "nn_dataflow's default is the cost of a hop between nodes of many PEs; ours is the system's bus, an "
    "assumption."
)
_BUS = (
    "The ratio is of the wires between PEs, which archsim prices in row-stationary arrays alone, by this very figure; ours is the system's bus, an "
    "assumption."
)
_MAC = (
    "No table prints a multiplier of 16 b, and archsim's lies between Horowitz's rows, scaled to 65 nm; at "
    "half its price register file and DRAM would be at the published ratios, and the buffer far above."
)


def sections() -> Iterable[Section]:
    """Return the table that is used, other tables, ratios and links."""
    yield Section(
        title="Arithmetic and registers: the tables in use",
        source=(
            "Horowitz, ISSCC 2014, 45 nm, 0.9 V [pub]; registers of Aladdin, 40 nm, via "
            "accelergy-library-plug-in [pub] (reference/arithmetic.md §1)"
        ),
        intro="[technology](models/technology.md) at the tables' own nodes; archsim ships these rows.",
        rows=tuple(_horowitz_rows()),
        basis="implementation",
    )
    yield Section(
        title="Arithmetic and SRAM: other tables",
        source=(
            "Aladdin, 40 nm, via accelergy-library-plug-in [pub]; Timeloop examples [pub]; SRAM of "
            "Horowitz's table [pub] (reference/arithmetic.md §1)"
        ),
        intro=(
            "[technology](models/technology.md) scaled to the node of the row, 0.9 V at 40 nm and 45 nm, "
            "1.0 V at 65 nm; SRAM from [CACTI](models/sram.md)."
        ),
        rows=tuple(_other_rows()),
    )
    yield Section(
        title="Energy relative to a MAC: Eyeriss",
        source="Eyeriss and nn_dataflow's default costs, 16 b, 65 nm [pub] (reference/accelerators.md §4)",
        intro=(
            "archsim's parts at 65 nm and 1.0 V, itrs-lop: MAC of 16 b (addition of 32 b), bank of 512 B "
            "with a port of 16 b, the default bus, bank of 128 KiB with a port of 64 b, LPDDR4-3200."
        ),
        rows=tuple(_ratio_rows()),
    )
    yield Section(
        title="Wires and links",
        source=(
            "ISAAC, ISCA 2016, via accelergy-library-plug-in; the last two as quoted in two public "
            "repositories [pub] (reference/accelerators.md §9)"
        ),
        intro=(
            "The default energy of a [bus](models/bus.md), an assumption that was chosen between the "
            "figures of routers and networks."
        ),
        rows=tuple(_link_rows()),
        basis="calibration",
    )


def _horowitz_rows() -> Iterator[Row]:
    for operation, bits, picojoules, square_um in _HOROWITZ:
        name = f"{operation.replace('_', ' ')}, {bits} b"
        yield Row(f"{name}: energy", picojoules, _energy_pj(_45_NM, operation, bits), "pJ")
        yield Row(f"{name}: area", square_um, _area_um2(_45_NM, operation, bits), "um2")
    yield Row("register, energy per bit", 0.009, register_energy(_40_NM).value * 1e12, "pJ")
    yield Row("register, area per bit", 5.98, register_area(_40_NM).value * 1e6, "um2")


def _other_rows() -> Iterator[Row]:
    for operation, picojoules, square_um in (("integer_add", 0.21, 278), ("integer_multiply", 12.68, 6350)):
        name = f"Aladdin, {operation.replace('_', ' ')}, 32 b, 40 nm"
        yield Row(f"{name}: energy", picojoules, _energy_pj(_40_NM, operation, 32), "pJ", _TWO_TABLES)
        yield Row(f"{name}: area", square_um, _area_um2(_40_NM, operation, 32), "um2", _TWO_TABLES)
    yield Row("Timeloop, MAC of 8 b, 45 nm", 0.315, _mac_pj(_45_NM, 8), "pJ", _WHICH_MAC)
    yield Row("Timeloop, MAC of 8 b, 65 nm", 0.208, _mac_pj(_65_NM, 8), "pJ", _WHICH_MAC)
    for cell in ("itrs-lop", "itrs-hp"):
        bank = sram_bank(_45_NM, BankShape(8 * 1024, 32, cell))
        yield Row(f"Horowitz, SRAM of 8 KB, read of 32 b; {cell}", 5, bank.read_j * 1e12, "pJ", _BANK)


def _ratio_rows() -> Iterator[Row]:
    mac_pj = _mac_pj(_65_NM, 16)
    file = sram_bank(_65_NM, BankShape(512, 16)).read_j * 1e12
    buffer = sram_bank(_65_NM, BankShape(128 * 1024, 64)).read_j * 1e12 / 4
    dram = Dram(part="LPDDR4-3200-x16-8Gb").energy_per_bit(_65_NM)[0] * 16e12
    bus = _bus_pj_per_bit() * 16
    for name, reference, ours, why in (
        ("register file", 1, file, _MAC),
        ("array bus", 2, bus, _BUS),
        ("global buffer", 6, buffer, _MAC),
        ("DRAM", 200, dram, _MAC),
        ("hop of a network (nn_dataflow)", 10, bus, _HOP),
    ):
        yield Row(name, reference, ours / mac_pj, "MAC energies", why)


def _link_rows() -> Iterator[Row]:
    for name, picojoules in (
        ("ISAAC router, 32 nm", 0.081),
        ("ISAAC eDRAM bus, 32 nm", 0.054),
        ("ISAAC link between chips, 65 nm", 0.2),
        ("circuit-switched network, 22 nm, per hop", 0.25),
        ("Loihi's mesh, per hop", 3),
    ):
        yield Row(name, picojoules, _bus_pj_per_bit(), "pJ/b", _FREE_WIRE)


def _energy_pj(technology: Technology, operation: str, bits: int) -> float:
    return arithmetic_energy(technology, operation, bits).value * 1e12


def _area_um2(technology: Technology, operation: str, bits: int) -> float:
    return arithmetic_area(technology, operation, bits).value * 1e6


def _mac_pj(technology: Technology, bits: int) -> float:
    """Return a multiplication and an addition of twice its width, in pJ."""
    return _energy_pj(technology, "integer_multiply", bits) + _energy_pj(technology, "integer_add", 2 * bits)


def _bus_pj_per_bit() -> float:
    bus = Bus.model_validate({"width": "128 b", "clock": "500 MHz", "connects": ["dram", "buffer"]})
    return bus.energies(_65_NM)["transfer"].value * 1e12
