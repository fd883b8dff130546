"""Cycles of SCALE-Sim beside those of archsim's reports: five layers, AlexNet's first, whole topologies."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from archsim import Architecture, Network, simulate
from archsim.workload import load_network
from validation.rows import Row, Section

_LAYERS = Path(__file__).resolve().parents[2] / "benchmarks" / "topologies"

FLOWS: Mapping[str, str] = {"os": "output stationary", "ws": "weight stationary", "is": "input stationary"}
"""SCALE-Sim's names of the dataflows, which end the names of the shipped configurations, and ours."""

COUNTED: Mapping[str, tuple[int, int, int]] = {
    "16x16, 3x3, 16 -> 32": (1441, 1449, 4409),
    "10x10, 3x3, 64 -> 96": (3827, 8531, 6839),
    "14x14, 1x1, 128 -> 64": (2659, 2319, 4423),
    "fully connected 256 -> 100": (1271, 3039, 1551),
    "9x9, 5x5, 20 -> 50, stride 2": (1123, 3295, 2303),
}
"""Cycles that SCALE-Sim v2 (22f88b1) counts on 32 x 32 PEs: OS, WS, IS [tool]; as in small.csv."""

_GOLDEN_CONV1 = 112_283
"""AlexNet conv1 in SCALE-Sim's golden report: 32 x 32 PEs, weight stationary, 3,025 pixels [pub]."""

LARGE = ("memories.buffer.capacity=8 GiB", "memories.buffer.banks=2048", "compute.npu.accumulator_banks=4")
"""Memories that hold every layer of SCALE-Sim's own topologies; their widest column has 4.2 million sums."""

_COLUMN_MIB = 16


class Stated(NamedTuple):
    """The matrix product of a row: output pixels, depth, filters, as SCALE-Sim derives them."""

    pixels: int
    depth: int
    filters: int


def sections(topologies: Path | None = None) -> Iterable[Section]:
    """Return the published rows, and whole topologies where a folder of them is at hand."""
    yield Section(
        title="SCALE-Sim: cycles of layers",
        source="SCALE-Sim v2 (22f88b1), stall-free runs [tool] and its golden report [pub] "
        "(reference/accelerators.md §5)",
        intro="Compute cycles of the report on `scalesim_32x32_os`, `_ws` and `_is`, each layer one tile. "
        "SCALE-Sim 3.0.0 counts the same (docs/benchmarks.md).",
        rows=tuple(_layer_rows()),
        basis="implementation",
    )
    if topologies is not None:
        yield Section(
            title="SCALE-Sim: rows of its topologies",
            source="SCALE-Sim (1d62b68), `topologies/`, and its closed forms (reference/accelerators.md §5)",
            intro="Number of layers of all files whose compute cycles equal the closed form on 32 x 32 PEs; "
            "memories as large as the 4k networks need.",
            rows=tuple(_topology_row(flow, topologies) for flow in FLOWS),
            basis="implementation",
        )


def counted(topology: str, flow: str) -> dict[str, int]:
    """Return compute cycles per layer of a file of ``benchmarks/topologies``, from a run as shipped."""
    return compute_cycles(Architecture.load(f"scalesim_32x32_{flow}"), load_network(_LAYERS / topology))


def compute_cycles(architecture: Architecture, network: Network) -> dict[str, int]:
    """Return the compute cycles of every layer in the report of a run."""
    rows = simulate(architecture, network).layers
    return {row.name: row.compute_cycles for row in rows if row.macs}


def large(flow: str, rows: int, columns: int) -> Architecture:
    """Return a SCALE-Sim configuration of another size with memories for any layer."""
    size = (f"compute.npu.rows={rows}", f"compute.npu.columns={columns}")
    sums = f"compute.npu.accumulator_capacity={_COLUMN_MIB * columns} MiB"
    return Architecture.load(f"scalesim_32x32_{flow}", [*LARGE, *size, sums])


def stall_free_cycles(flow: str, stated: Stated, rows: int, columns: int) -> int:
    """Return SCALE-Sim's count without stalls: folds x cycles of a fold, less the one that it starts from.

    The forms of reference/accelerators.md §5; its simulator numbers cycles from 0 and reports the last one.
    """
    down, across, streamed = {
        "os": (stated.pixels, stated.filters, stated.depth),
        "ws": (stated.depth, stated.filters, stated.pixels),
        "is": (stated.depth, stated.pixels, stated.filters),
    }[flow]
    folds = -(-down // rows) * -(-across // columns)
    load = 0 if flow == "os" else rows
    return folds * (load + rows + columns + streamed - 2) - 1


def stated_rows(path: Path) -> list[Stated]:
    """Return the matrix products of a topology, read without archsim."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *lines = [line for line in csv.reader(file) if any(cell.strip() for cell in line)]
    if header[1].strip().lower() == "m":
        products = (map(int, line[1:4]) for line in lines)
        return [Stated(m, k, n) for m, n, k in products]
    return [_convolution(*map(int, line[1:8])) for line in lines]


def topology_files(folder: Path) -> list[Path]:
    """Return SCALE-Sim's topologies below a folder; the file of MAESTRO's format is none."""
    return [path for path in sorted(folder.rglob("*.csv")) if "maestro" not in path.stem]


def _convolution(*sizes: int) -> Stated:
    """Return a convolution's product; the partial last window counts."""
    height, width, kernel_rows, kernel_columns, channels, filters, stride = sizes
    pixels = -(-(height - kernel_rows + stride) // stride) * -(-(width - kernel_columns + stride) // stride)
    return Stated(pixels, kernel_rows * kernel_columns * channels, filters)


def _layer_rows() -> Iterator[Row]:
    for place, (flow, name) in enumerate(FLOWS.items()):
        ours = counted("small.csv", flow).values()
        for (layer, cycles), mine in zip(COUNTED.items(), ours, strict=True):
            yield Row(f"{layer}, {name}", cycles[place], mine, "cycles")
    conv1 = counted("alexnet.csv", "ws")["conv1"]
    yield Row("AlexNet conv1, weight stationary", _GOLDEN_CONV1, conv1, "cycles")


def _topology_row(flow: str, topologies: Path) -> Row:
    architecture, equal, total = large(flow, 32, 32), 0, 0
    for path in topology_files(topologies):
        found = compute_cycles(architecture, load_network(path)).values()
        expected = [stall_free_cycles(flow, one, 32, 32) for one in stated_rows(path)]
        equal += sum(mine == theirs for mine, theirs in zip(found, expected, strict=True))
        total += len(expected)
    return Row(f"layers with equal cycles, {FLOWS[flow]}", total, equal, "layers")
