"""Timeloop's reference output for an Eyeriss-like array on one convolution."""

from __future__ import annotations

from collections.abc import Iterator

from archsim import Architecture, simulate
from archsim.results.report import LayerRow
from archsim.workload import Conv2d, build_network
from validation.rows import Row, Section

_MACS = 10_838_016
_FEMTO = 1e15
_CHANGES = (
    "compute.pes.number_format=int8",
    "compute.pes.zero_gating=false",
    "compute.pes.row_stationary.whole_blocks=false",
    "mapping=[{layer: conv, passes: {m: 16, n: 1, e: 14, p: 8, q: 1, r: 3, t: 1}}]",
)
# Level: fJ per MAC, our components, why it differs.
_LEVELS = {
    "MAC": (
        207.69,
        ("pes.mac",),
        "Horowitz's multiplier, scaled from 45 nm, against a synthesised one of 65 nm; ours also adds sums of neighbours.",
    ),
    "psum spad": (
        386.77,
        ("pes.sum_spad",),
        "Timeloop has 1.67 accesses per MAC; ours reads and writes 16 b for every MAC, and reads again for a neighbour's sum.",
    ),
    "weight spad": (
        1006.69,
        ("pes.filter_spad",),
        "CACTI's 448 B with a port of 8 b against a table of another library; both read it once per MAC.",
    ),
    "input spad": (
        112.37,
        ("pes.input_spad",),
        "Timeloop keeps one input in the multiplier's register for eight filters; ours reads the scratchpad for every MAC.",
    ),
    "shared GLB": (
        375.27,
        ("glb", "pes.filter_buffer"),
        "CACTI's banks of 4 KiB cost 6.2 and 12.0 pJ per 64 b against 18.2 and 14.1 pJ, but ours also carry sums in and out.",
    ),
    "DRAM": (
        3380.86,
        ("dram",),
        "512 pJ per 64 b against LPDDR4's commands; the rest is how often inputs are fetched (dynamic energy only).",
    ),
}


def sections() -> Iterator[Section]:
    """Return cycles, PEs and energy per MAC by level."""
    yield Section(
        title="Timeloop: eyeriss_like, one convolution",
        source="Accelergy-Project/timeloop-accelergy-exercises, eyeriss_like/ref_outputs/default_problem [pub] "
        "(reference/accelerators.md §6)",
        intro="3 -> 32 channels, 3x3, stride 2, 224x224 -> 112x112, 8 b. `eyeriss` with int8 and passes that follow Timeloop's loop nest (14 columns "
        "for output rows, 3 channels x 3 filter rows down the array, 8 filters per PE). Timeloop counts neither ramp-up nor the sums' cycle in "
        "the adder nor a clock network.",
        rows=tuple(_rows()),
    )


def _rows() -> Iterator[Row]:
    network = build_network(
        "timeloop", (3, 224, 224), [Conv2d(name="conv", out_channels=32, kernel=3, stride=2, padding=1)]
    )
    report = simulate(Architecture.load("eyeriss", _CHANGES), network)
    layer = report.layers[0]
    yield Row("MACs", _MACS, layer.macs, "")
    yield Row("active PEs", 0.75 * 168, 3 * 14 * 3, "")
    yield Row(
        "cycles without stalls and ramp-up: MACs / active PEs", 86_016, layer.macs / (3 * 14 * 3), "cycles"
    )
    why = "A PE takes four cycles for three MACs, because its adder also takes up a sum, and filters are loaded before each pass."
    yield Row("cycles", 86_016, layer.compute_cycles, "cycles", why)
    for level, (reference, components, reason) in _LEVELS.items():
        yield Row(
            f"energy of the {level} per MAC", reference, _dynamic_fj(report.actions, components), "fJ", reason
        )
    total = sum(
        _dynamic_fj(report.actions, (name,)) for name in _components(layer) if not name.startswith("host")
    )
    yield Row(
        "energy per MAC",
        5469.65,
        total,
        "fJ",
        "The clock network, which Timeloop leaves out, is the largest part of ours.",
    )


def _components(layer: LayerRow) -> tuple[str, ...]:
    return tuple(layer.energy_by_component_j)


def _dynamic_fj(actions: object, components: tuple[str, ...]) -> float:
    static = ("leakage", "background", "refresh")
    chosen = (a for a in actions if a.component in components and a.action not in static)  # type: ignore[attr-defined]
    return sum(action.energy_j for action in chosen) / _MACS * _FEMTO
