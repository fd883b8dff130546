"""ZigZag's figures of ResNet18 on its TPU-like and Edge-TPU-like presets, and TPUv1's peak."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from archsim import Architecture, Network, Report, load_network, simulate
from archsim.results.report import ActionRow
from validation.rows import LARGE, Row, Section

_MICRO = 1e6
_PICO_TO_MICRO = 1e-6
_FIRST = "conv1"
_STATIC = ("leakage", "background", "refresh")


@dataclass(frozen=True)
class Total:
    """A published total and the sentence on the difference."""

    description: str
    energy_pj: float
    energy_why: str
    cycles: float
    cycles_why: str


@dataclass(frozen=True)
class Level:
    """Energy of one level of ZigZag's hierarchy in pJ, and the actions of ours that do its work."""

    picojoules: float
    ours: tuple[str, ...]
    why: str = ""


_YAML = (
    "ZigZag's YAML description has 3x3 windows in the three downsamples, eight additions and two poolings, which "
    "our layers do not have; in ZigZag itself it costs {} times the energy and {} times the cycles of the ONNX one."
)
_YAML_TPU = _YAML.format("1.40", "1.51")
_YAML_EDGE = _YAML.format("1.27", "1.30")
_TOTALS: Mapping[str, tuple[Total, ...]] = {
    "tpu_like_zigzag": (
        Total(
            "ONNX",
            1_871_436_380.66,
            "Partial sums: with 128 weights per PE ZigZag finishes most of them in registers, archsim writes and reads them "
            "at every fold; they are nearly the whole difference (levels below).",
            3_703_960.5,
            "Two larger differences that partly cancel, see the cycles of the first and the other layers below.",
        ),
        Total("YAML", 2_615_172_831.38, _YAML_TPU, 5_584_991, _YAML_TPU),
    ),
    "edge_tpu_like": (
        Total(
            "ONNX",
            1_903_229_377.55,
            "",
            2_887_804.5,
            "A layer that fits the buffer is one tile here, loaded, computed and stored one after the other; ZigZag overlaps "
            "the three.",
        ),
        Total("YAML", 2_413_348_670.67, _YAML_EDGE, 3_741_293, _YAML_EDGE),
    ),
}
"""KULeuven-MICAS/zigzag 3d12a96, tests/main/test_origin [pub] (reference/accelerators.md §8)."""

_BUFFER = ("buffer read", "buffer write", "npu.accumulator read", "npu.accumulator write")
_LEVELS: Mapping[str, Mapping[str, Level]] = {
    "tpu_like_zigzag": {
        "DRAM reads": Level(1_021_904_800 + 167_977_600, ("dram read",)),
        "DRAM writes": Level(232_941_750, ("dram write",)),
        "SRAM": Level(
            104_986_590.56 + 18_086_380.64,
            _BUFFER,
            "ZigZag finishes most sums in the registers of the PEs; here each fold's sums go to the accumulators, "
            "and weights pass through the buffer, which they bypass in ZigZag.",
        ),
        "registers": Level(173_446_464.32 + 79_529_861.376, ("npu.registers access",)),
        "MACs": Level(72_562_933.76, ("npu.mac multiply",)),
    },
    "edge_tpu_like": {
        "DRAM reads": Level(1_021_904_800 + 167_977_600, ("dram read",)),
        "DRAM writes": Level(232_941_750, ("dram write",)),
        "SRAM": Level(
            55_859_227.23 + 327_143_618.72 + 12_119_084.8,
            _BUFFER,
            "ZigZag reads an input for every 8 output channels and a weight for every 16 pixels from an SRAM of its own; "
            "here an input serves 64 channels, and weights come from the large SRAM.",
        ),
        "registers": Level(
            2_591_764.48 + 10_128_598.56,
            ("npu.registers access",),
            "ZigZag also counts the write of each weight into its register and the move of finished sums.",
        ),
        "MACs": Level(72_562_933.76, ("npu.mac multiply",)),
    },
}
"""ZigZag 3.9.1, sums over the 21 layers of ``mem_energy_breakdown`` and ``mac_energy`` [tool].

Weights + inputs (+ outputs) where a level holds several; the sums are the published totals to their last digit.
"""

_LOADING = (
    "ZigZag holds 128 weights in each PE and waits for DRAM mostly; archsim loads 32 rows of weights and fills and drains "
    "the array in every fold, and loads and stores a layer's maps before and after."
)
_ROWS = "ZigZag unrolls 3 input channels over 32 rows; archsim lays the 7 x 7 taps beside them, 147 deep."
_CYCLES: Mapping[str, tuple[tuple[float, str], tuple[float, str]]] = {
    "tpu_like_zigzag": ((1_248_163, _ROWS), (3_865_041 - 1_248_163, _LOADING)),
    "edge_tpu_like": (
        (
            326_146,
            "ZigZag unrolls 3 input channels over 8 places; 16 pixels x 64 output channels fill the array here.",
        ),
        (
            3_051_339 - 326_146,
            "Loading and storing of a layer in one tile is not hidden here, as above.",
        ),
    ),
}
"""ZigZag 3.9.1, cycles of the first layer and of the others [tool]; its totals are not those of 3d12a96."""


def sections() -> Iterator[Section]:
    """Return ResNet18 on both presets, the same by level, and the peak of TPUv1."""
    yield Section(
        title="ZigZag: ResNet18",
        source="KULeuven-MICAS/zigzag 3d12a96, tests/main/test_origin [pub] (reference/accelerators.md §8)",
        intro="The 21 layers with MACs of our trace, each on its own with its maps in DRAM, as ZigZag costs them; "
        "batch 1, 8 b; dynamic energy of DRAM, buffer and array on `tpu_like_zigzag` and `edge_tpu_like`. The energies of "
        "single accesses and MACs are ZigZag's, so the rows compare how many there are. ZigZag's Ascend-, Tesla- and "
        "Meta-like presets and its analog and digital in-memory arrays have no counterpart here.",
        rows=tuple(row for name in _TOTALS for row in _total_rows(name)),
    )
    yield Section(
        title="ZigZag: ResNet18 by level",
        source="ZigZag 3.9.1 with its own presets and ONNX file [tool]; its energies are those of 3d12a96 to the last "
        "digit, its cycles are not",
        intro="The same runs, ONNX description. SRAM: buffer, and here also the partial sums beside the array, at the "
        "buffer's energy per bit. Of the DRAM reads, 1021.9 uJ are the 11.68 M weights, once. Energies of single actions "
        "are ZigZag's.",
        rows=tuple(row for name in _LEVELS for row in _level_rows(name)),
        basis="implementation",
    )
    yield Section(
        title="TPUv1: peak",
        source="Jouppi et al., ISCA 2017 [abs] (reference/accelerators.md §7)",
        intro="`tpu_like`: 2 x multipliers x clock. The clock was worked out from this peak, so agreement shows nothing.",
        rows=(Row("peak throughput", 92, _peak_tops(), "TOPS"),),
        basis="calibration",
    )


def action_energies(name: str) -> dict[str, float]:
    """Return joules of each dynamic action of DRAM, buffer and array (``dram read``)."""
    counted: list[ActionRow] = [one for one in report(name).actions if one.action not in _STATIC]
    return {f"{one.component} {one.action}": one.energy_j for one in counted if one.component != "cpu"}


@cache
def report(name: str) -> Report:
    """Simulate the layers on a shipped configuration."""
    return simulate(Architecture.load(name), mac_layers())


@cache
def mac_layers() -> Network:
    """Return the layers of ResNet18 with MACs, each with its own input."""
    network = load_network("resnet18")
    layers = tuple(replace(layer, inputs=("input",)) for layer in network.layers if layer.is_mac)
    return Network(name="resnet18", input_shape=network.input_shape, layers=layers, independent=True)


def _total_rows(name: str) -> Iterator[Row]:
    microjoules = sum(action_energies(name).values()) * _MICRO
    cycles = sum(layer.cycles for layer in report(name).layers)
    for total in _TOTALS[name]:
        place = f"{name}, {total.description}"
        theirs = total.energy_pj * _PICO_TO_MICRO
        yield _explained(f"{place}: energy", theirs, microjoules, "uJ", total.energy_why)
        yield _explained(f"{place}: cycles", total.cycles, cycles, "cycles", total.cycles_why)


def _level_rows(name: str) -> Iterator[Row]:
    energies = action_energies(name)
    for what, level in _LEVELS[name].items():
        ours = sum(energies.get(action, 0.0) for action in level.ours) * _MICRO
        yield _explained(f"{name}: {what}", level.picojoules * _PICO_TO_MICRO, ours, "uJ", level.why)
    first = sum(layer.cycles for layer in report(name).layers if layer.name == _FIRST)
    others = sum(layer.cycles for layer in report(name).layers) - first
    for what, ours, (theirs, why) in zip(
        ("first layer", "other layers"), (first, others), _CYCLES[name], strict=True
    ):
        yield _explained(f"{name}: {what}", theirs, ours, "cycles", why)


def _explained(quantity: str, theirs: float, ours: float, unit: str, why: str) -> Row:
    """Return a row; one whose difference is small needs no sentence."""
    row = Row(quantity, theirs, ours, unit, why)
    return row if abs(row.difference) > LARGE else replace(row, why="")


def _peak_tops() -> float:
    array = Architecture.load("tpu_like").compute["mxu"]
    return 2 * array.multipliers * array.clock / 1e12
