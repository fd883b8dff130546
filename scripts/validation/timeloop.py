"""Timeloop's reference output for an Eyeriss-like array on one convolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archsim import Architecture, Report, simulate
from archsim.hardware.cost import Work, total_work
from archsim.mapping.mapper import map_network
from archsim.mapping.schedule import Part
from archsim.workload import Conv2d, build_network
from validation.rows import Row, Section

_MACS = 10_838_016
_COLUMNS, _CHANNELS, _TAPS = 14, 3, 3
_FEMTO = 1e15
_CHANGES = (
    "compute.pes.number_format=int8",
    "compute.pes.zero_gating=false",
    "compute.pes.row_stationary.whole_blocks=false",
    "mapping=[{layer: conv, passes: {m: 8, n: 1, e: 14, p: 8, q: 1, r: 3, t: 1}}]",
)
_STATIC = ("leakage", "background", "refresh")


@dataclass(frozen=True)
class Level:
    """One level of Timeloop's hierarchy: fJ per MAC, our components, why they differ."""

    femtojoules: float
    components: tuple[str, ...]
    why: str


_LEVELS = {
    "MAC": Level(
        207.69,
        ("pes.mac",),
        "Horowitz's multiplier and adder, scaled from 45 nm, against a synthesised MAC of 65 nm; ours also adds the sums of neighbours.",
    ),
    "psum spad": Level(
        386.77,
        ("pes.sum_spad",),
        "Energy per access is alike (0.219 pJ against 0.251 and 0.219 pJ); ours has 2.33 accesses per MAC, Timeloop 1.67.",
    ),
    "weight spad": Level(
        1006.69,
        ("pes.filter_spad",),
        "Both read it once per MAC; CACTI's 448 B with a port of 8 b cost 1.14 pJ, and Timeloop's energy per MAC is half of its 1.98 pJ per access [calc].",
    ),
    "input spad": Level(112.37, ("pes.input_spad",), ""),
    "shared GLB": Level(
        375.27,
        ("glb", "pes.filter_buffer"),
        "CACTI's banks of 4 KiB cost 6.2 and 12.0 pJ per 64 b against 18.2 and 14.1 pJ; the number of accesses differs far less.",
    ),
    "DRAM": Level(
        3380.86,
        ("dram",),
        "512 pJ per 64 b against the commands of an LPDDR4 part, dynamic energy only; the words differ by 2 %.",
    ),
}
_CLOCK = "pes.clock"

_STALLS = "A PE takes four cycles for three MACs, because its adder also takes up a sum, and filters are loaded before each pass."
_SUMS = (
    "Ours reads and writes a sum for every MAC and reads once more for each sum from a neighbour; Timeloop's 1.67 per MAC are those of a write for "
    "each and a read for two of three taps [calc]."
)
_TOTAL = "The sum of the levels above; most of it is DRAM, with less energy per word."
_ALL = "Adds the clock network and the wires of the array, which Timeloop leaves out; the clock's energy rests on an assumption."


def sections() -> Iterator[Section]:
    """Return cycles, PEs, accesses and energy per MAC by level."""
    yield Section(
        title="Timeloop: eyeriss_like, one convolution",
        source="Accelergy-Project/timeloop-accelergy-exercises, eyeriss_like/ref_outputs/default_problem [pub] "
        "(reference/accelerators.md §6)",
        intro="3 -> 32 channels, 3x3, stride 2, 224x224 -> 112x112, 8 b. `eyeriss` with int8 and passes that follow Timeloop's loop nest (14 columns "
        "for output rows, 3 channels x 3 filter rows down the array, 8 filters per PE and in the buffer). Timeloop counts neither ramp-up nor the "
        "cycle of sums in the adder. Energies are dynamic. A scalar is one input, weight or sum.",
        rows=tuple(_rows()),
    )


def _rows() -> Iterator[Row]:
    network = build_network(
        "timeloop", (3, 224, 224), [Conv2d(name="conv", out_channels=32, kernel=3, stride=2, padding=1)]
    )
    architecture = Architecture.load("eyeriss", _CHANGES)
    report, (part,) = simulate(architecture, network), map_network(network, architecture, 1).parts
    layer, pes = report.layers[0], _COLUMNS * _CHANNELS * _TAPS
    yield Row("MACs", _MACS, layer.macs, "")
    yield Row("active PEs", 0.75 * 168, pes, "")
    yield Row("cycles without ramp-up and sums: MACs / active PEs", 86_016, layer.macs / pes, "cycles")
    yield Row("cycles", 86_016, layer.compute_cycles, "cycles", _STALLS)
    yield from _access_rows(report, part)
    yield from _energy_rows(report)


def _access_rows(report: Report, part: Part) -> Iterator[Row]:
    """Yield scalar accesses by level."""
    work: Work = total_work((run.tile.work, run.count) for run in part.runs)
    inputs, weights, outputs = (
        sum(
            run.count * t.bits // 8
            for run in part.runs
            for t in (*run.tile.loads, *run.tile.stores)
            if t.tensor == name
        )
        for name in ("inputs", "weights", "outputs")
    )
    # Inputs enter once and leave for each pass; sums leave and enter in every pass, outputs leave once.
    buffer = inputs + work.input_reads + work.accumulator_reads + work.output_passes + outputs
    yield Row("scalar accesses: psum spad", 18_063_360, _count(report, "pes.sum_spad"), "", _SUMS)
    yield Row("scalar accesses: weight spad", 11_031_552, _count(report, "pes.filter_spad"), "")
    yield Row("scalar accesses: input spad", 12_192_768, _count(report, "pes.input_spad"), "")
    yield Row("scalar accesses: GLB", 1_913_456, buffer, "")
    yield Row("scalar accesses: DRAM", 572_528, inputs + weights + outputs, "")


def _energy_rows(report: Report) -> Iterator[Row]:
    total = 0.0
    for name, level in _LEVELS.items():
        ours = _dynamic_fj(report, level.components)
        total += ours
        yield Row(f"energy per MAC: {name}", level.femtojoules, ours, "fJ", level.why)
    yield Row("energy per MAC: these levels", 5469.65, total, "fJ", _TOTAL)
    chip = {a.component for a in report.actions if a.component.partition(".")[0] != "host"}
    yield Row("energy per MAC: all of archsim's", 5469.65, _dynamic_fj(report, tuple(chip)), "fJ", _ALL)


def _count(report: Report, component: str) -> int:
    return sum(a.count for a in report.actions if a.component == component and a.action not in _STATIC)


def _dynamic_fj(report: Report, components: tuple[str, ...]) -> float:
    chosen = (a for a in report.actions if a.component in components and a.action not in _STATIC)
    return sum(action.energy_j for action in chosen) / _MACS * _FEMTO
