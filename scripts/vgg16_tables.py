"""Tables and the picture of the comparison of von Neumann and 3D-PIM on VGG16."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from math import fsum

from doc_tables import Make, figure, markdown

from archsim import Architecture, Report, compare, load_network
from archsim.results.comparison_tables import totals_comparison
from archsim.results.report import ActionRow, LayerRow, is_static
from archsim.simulation import simulate

PUBLISHED_MJ = {"von_neumann": 16.77, "pim_3d": 2.27}
"""Energy of one inference, Table II of the paper that introduces the comparison [pub]."""

_PAIR = ("von_neumann", "pim_3d")
_PARTS: Mapping[str, tuple[str, ...]] = {
    "multiply and add": ("npu.mac/*",),
    "registers of the PEs": ("npu.registers/*",),
    "partial sums in SRAM": ("*.accumulator/*",),
    "discharge of bit lines": ("pim.array/*",),
    "pulse generators": ("pim.dtc/*",),
    "converters": ("pim.converter/*",),
    "digital additions": ("pim.digital/*",),
    "ReLU and transfer programs": ("*.activation/*", "*.output/*", "*.sequencer/*"),
    "SRAM buffer": ("buffer/*",),
    "DRAM": ("dram/*",),
    "bus": ("bus/*",),
    "core": ("cpu.core/*",),
}
"""Parts of the dynamic energy: patterns of component/action, the first part that matches counts."""
_STATIC: Mapping[str, tuple[str, ...]] = {
    "DRAM standby": ("dram/background",),
    "DRAM refresh": ("dram/refresh",),
    "leakage of the PIM cells": ("pim.array/*",),
    "leakage of everything else": ("*",),
}
_VARIANTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("von_neumann", "as shipped", ()),
    ("von_neumann", "int16 operands", ("compute.npu.number_format=int16",)),
    ("von_neumann", "int4 operands", ("compute.npu.number_format=int4",)),
    ("von_neumann", "itrs-hp buffer", ("memories.buffer.cell=itrs-hp",)),
    ("von_neumann", "buffer of 2 MiB", ("memories.buffer.capacity=2 MiB", "memories.buffer.banks=32")),
    (
        "von_neumann",
        "DDR4-2400, 1 channel of 8 devices",
        ("memories.dram.part=DDR4-2400-x8-8Gb", "memories.dram.channels=1"),
    ),
    ("von_neumann", "65 nm, 1.0 V", ("technology.node=65 nm", "technology.voltage=1 V")),
    ("pim_3d", "as shipped", ()),
    ("pim_3d", "N = 16", ("compute.pim.rows_per_readout=16",)),
    ("pim_3d", "ADC of 8 b", ("compute.pim.converter={kind: adc, bits: 8}",)),
    ("pim_3d", "OPTIMA's adder", ("compute.pim.adder=optima",)),
    ("pim_3d", "uniform operands", ("compute.pim.operand_statistics=uniform",)),
    ("pim_3d", "itrs-hp cells", ("compute.pim.cell=itrs-hp",)),
    ("pim_3d", "65 nm, 1.0 V", ("technology.node=65 nm", "technology.voltage=1 V")),
    ("pim_3d_int8", "8 b operands, twice the banks", ()),
    ("pim_3d_edge", "2 MiB of banks, weights reloaded", ()),
)


@cache
def run(config: str, overrides: tuple[str, ...] = (), network: str = "vgg16") -> Report:
    """Return the report of one network on one shipped architecture with changes."""
    return simulate(Architecture.load(config, overrides), load_network(network))


def energy_figure() -> bytes:
    """Return the bars of both architectures as PNG."""
    from archsim.visualization.energy import energy_comparison
    from archsim.visualization.style import figure_bytes

    return figure_bytes(energy_comparison([run(name) for name in _PAIR]))


def readme_comparison() -> str:
    """Return the figures of merit side by side."""
    table = totals_comparison(compare([run(name) for name in _PAIR]))
    header = [column.header for column in table.columns]
    return markdown(header, [[cell.strip() or " " for cell in row] for row in table.rows])


def vgg16_totals() -> str:
    """Return the predictions beside the published energies."""
    reports = [run(name) for name in _PAIR]
    dynamic = [report.totals.dynamic_energy_j * 1e3 for report in reports]
    published = [PUBLISHED_MJ[name] for name in _PAIR]
    rows = [
        _row("dynamic energy, mJ", dynamic, "less by"),
        _row("published, mJ [pub]", published, "less by", 4),
        _row("dynamic / published", [mine / theirs for mine, theirs in zip(dynamic, published, strict=True)]),
        _row("leakage, standby and refresh, mJ", [one.totals.leakage_energy_j * 1e3 for one in reports]),
        _row("all energy, mJ", [one.totals.energy_j * 1e3 for one in reports], "less by"),
        _row("latency, ms", [one.totals.latency_s * 1e3 for one in reports], "less by"),
        _row("loading the resident weights once, mJ", [one.setup.energy_j * 1e3 for one in reports]),
        _row("loading the resident weights once, ms", [one.setup.latency_s * 1e3 for one in reports]),
    ]
    return markdown(["", *_PAIR, "gain"], rows)


def _row(name: str, values: Sequence[float], gain: str = "", digits: int = 3) -> list[str]:
    ratio = f"x {figure(values[0] / values[1])}" if gain else ""
    return [name, *(figure(value, digits) for value in values), ratio]


def vgg16_parts() -> str:
    """Return the energy of both by part: dynamic, then what flows all the time, then setup."""
    reports = [run(name) for name in _PAIR]
    rows = [*_split(reports, _PARTS, static=False), *_split(reports, _STATIC, static=True)]
    setup = [one.setup.energy_j for one in reports]
    rows.append(["loading resident weights, once", *_cells(setup, reports)])
    header = ["part", "von_neumann mJ", "fJ/MAC", "pim_3d mJ", "fJ/MAC"]
    return markdown(header, rows)


def _split(
    reports: Sequence[Report], parts: Mapping[str, tuple[str, ...]], *, static: bool
) -> list[list[str]]:
    rows, totals = [], [0.0] * len(reports)
    left = [[row for row in one.actions if is_static(row.action) == static] for one in reports]
    for name, patterns in parts.items():
        energies = [fsum(row.energy_j for row in one if _matches(row, patterns)) for one in left]
        left = [[row for row in one if not _matches(row, patterns)] for one in left]
        rows.append([name, *_cells(energies, reports)])
        totals = [total + energy for total, energy in zip(totals, energies, strict=True)]
    assert not any(left), "every action belongs to a part"
    return [*rows, [f"**{'standby and leakage' if static else 'dynamic'}**", *_cells(totals, reports)]]


def _matches(row: ActionRow, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(f"{row.component}/{row.action}", pattern) for pattern in patterns)


def _cells(joules: Sequence[float], reports: Sequence[Report]) -> list[str]:
    pairs = zip(joules, reports, strict=True)
    return [text for value, report in pairs for text in _cell(value, report.totals.macs)]


def _cell(joules: float, macs: int) -> tuple[str, str]:
    """Return millijoules and femtojoules per MAC."""
    if not joules:
        return "-", "-"
    return figure(joules * 1e3), figure(joules / macs * 1e15)


def vgg16_layers() -> str:
    """Return dynamic energy and DRAM traffic of the convolutions, of the fully connected and other layers."""
    groups: Mapping[str, Callable[[LayerRow], bool]] = {
        "convolutions": lambda layer: layer.op == "conv2d",
        "fully connected": lambda layer: layer.op == "linear",
        "all others": lambda layer: layer.op not in ("conv2d", "linear"),
    }
    rows = []
    for name, belongs in groups.items():
        cells = []
        for config in _PAIR:
            layers = [layer for layer in run(config).layers if belongs(layer)]
            cells += [fsum(layer.dynamic_energy_j for layer in layers) * 1e3, *_dram_megabytes(layers)]
        rows.append([name, *map(figure, cells)])
    traffic = ("compulsory", "refetch and spill")
    header = [
        f"{config}: {what}" for config in _PAIR for what in ("dynamic mJ", *(f"{t} MB" for t in traffic))
    ]
    return markdown(["layers", *header], rows)


def _dram_megabytes(layers: Sequence[LayerRow]) -> tuple[float, float]:
    causes = [layer.traffic["dram"] for layer in layers if "dram" in layer.traffic]
    again = sum(cause.refetch + cause.spill for cause in causes)
    return sum(cause.compulsory for cause in causes) / 1e6, again / 1e6


def vgg16_sensitivity() -> str:
    """Return what one change at a time does to the dynamic energy."""
    rows = []
    for config, change, overrides in _VARIANTS:
        totals = run(config, overrides).totals
        dynamic = totals.dynamic_energy_j * 1e3
        side = "von_neumann" if config == "von_neumann" else "pim_3d"
        base = run(side).totals.dynamic_energy_j * 1e3
        shown = (dynamic, dynamic / base, dynamic / PUBLISHED_MJ[side])
        static = (totals.leakage_energy_j * 1e3, totals.latency_s * 1e3)
        rows.append([f"`{config}`", change, *map(figure, (*shown, *static))])
    header = [
        "config",
        "change",
        "dynamic mJ",
        "/ shipped",
        "/ published",
        "leakage, standby mJ",
        "latency ms",
    ]
    return markdown(header, rows)


def vgg16_same_width() -> str:
    """Return the gain in dynamic energy for operands of one width on both sides."""
    narrow = ("compute.npu.number_format=int4",)
    pairs = {
        "8 b and 4 b, as shipped": (run("von_neumann"), run("pim_3d")),
        "8 b on both": (run("von_neumann"), run("pim_3d_int8")),
        "4 b on both": (run("von_neumann", narrow), run("pim_3d")),
        "4 b on both, PIM weights reloaded": (run("von_neumann", narrow), run("pim_3d_edge")),
    }
    rows = []
    for name, reports in pairs.items():
        dynamic = [report.totals.dynamic_energy_j * 1e3 for report in reports]
        rows.append(_row(name, dynamic, "less by"))
    return markdown(["operands", "von Neumann mJ", "3D-PIM mJ", "gain"], rows)


def other_networks() -> str:
    """Return the same pair of architectures, untouched, on other networks."""
    rows = []
    for network in ("alexnet", "resnet18", "vgg16_cifar"):
        totals = [run(config, network=network).totals for config in _PAIR]
        rows.append(
            [
                f"`{network}`",
                *_row("", [one.dynamic_energy_j * 1e3 for one in totals], "less by")[1:],
                *(figure(one.leakage_energy_j * 1e3) for one in totals),
                *(figure(one.latency_s * 1e3) for one in totals),
            ]
        )
    figures = [f"{name} {what}" for what in ("leakage, standby mJ", "latency ms") for name in _PAIR]
    return markdown(["network", *(f"{name} dynamic mJ" for name in _PAIR), "gain", *figures], rows)


def action_energies() -> str:
    """Return every action of both architectures with its energy and source."""
    found: dict[tuple[str, str], ActionRow] = {}
    for config in _PAIR:
        for row in run(config).actions:
            found.setdefault((row.component, row.action), row)
    rows = [_action_row(row) for row in found.values()]
    return markdown(["component", "action", "each", "source"], rows)


def _action_row(row: ActionRow) -> list[str]:
    if is_static(row.action):
        each = f"{figure(row.energy_per_action_j * 1e15)} mW"
    else:
        each = f"{figure(row.energy_per_action_j * 1e12)} pJ"
    return [row.component, row.action, each, row.source]


VGG16_TABLES: Mapping[str, Make[str]] = {
    one.__name__: one
    for one in (
        readme_comparison,
        vgg16_totals,
        vgg16_parts,
        vgg16_layers,
        vgg16_sensitivity,
        vgg16_same_width,
        other_networks,
        action_energies,
    )
}
