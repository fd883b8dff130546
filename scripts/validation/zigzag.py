"""ZigZag's regression values of ResNet18 on its TPU-like and Edge-TPU-like presets, and TPUv1's peak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from archsim import Architecture, Network, Report, load_network, simulate
from validation.rows import Row, Section

_PICO = 1e12


@dataclass(frozen=True)
class Published:
    """Energy in pJ and cycles of ResNet18 in its two descriptions."""

    onnx_pj: float
    onnx_cycles: float
    yaml_pj: float
    yaml_cycles: float


_VALUES = {
    "tpu_like_zigzag": Published(1_871_436_380.66, 3_703_960.5, 2_615_172_831.38, 5_584_991),
    "edge_tpu_like": Published(1_903_229_377.55, 2_887_804.5, 2_413_348_670.67, 3_741_293),
}
_ENERGY = (
    "Weights from DRAM, 1.02 mJ, are the same on both sides; the rest is how often inputs and outputs of a layer cross to DRAM, and "
    "archsim keeps each layer's maps in DRAM here but fetches them once."
)
_YAML = (
    "ZigZag's own YAML description has 3x3 windows in the three downsamples, eight additions and two poolings, which are not in our layers; "
    "the ONNX row compares like with like."
)
_CYCLES = (
    "archsim loads the weights of every fold in 32 cycles that nothing hides and lays taps beside channels across the rows; ZigZag unrolls "
    "channels alone, hides loading behind 128 weights per PE, and mostly waits for DRAM."
)


def sections() -> Iterator[Section]:
    """Return ResNet18 on both presets, and the peak of TPUv1."""
    yield Section(
        title="ZigZag: ResNet18",
        source="KULeuven-MICAS/zigzag 3d12a96, tests/main/test_origin [pub] (reference/accelerators.md §8)",
        intro="The 21 layers with MACs of our trace, each on its own with its maps in DRAM, as ZigZag costs them; batch 1, 8 b; dynamic energy of "
        "DRAM, buffer and array on `tpu_like_zigzag` and `edge_tpu_like`. ZigZag's Ascend-, Tesla- and Meta-like presets and its in-memory "
        "arrays have no configuration here.",
        rows=tuple(row for name in _VALUES for row in _rows(name)),
    )
    yield Section(
        title="TPUv1: peak",
        source="Jouppi et al., ISCA 2017 [abs] (reference/accelerators.md §7)",
        intro="`tpu_like`: 2 x multipliers x clock. The clock was worked out from this peak, so agreement shows nothing.",
        rows=(Row("peak throughput", 92, _peak_tops(), "TOPS"),),
        basis="calibration",
    )


def _rows(name: str) -> Iterator[Row]:
    published, report = _VALUES[name], _report(name)
    energy = sum(action.energy_j for action in _dynamic(report)) * _PICO
    cycles = sum(layer.cycles for layer in report.layers if layer.unit == "npu")
    for of, picojoules, count, why in (
        ("ONNX", published.onnx_pj, published.onnx_cycles, _ENERGY),
        ("YAML", published.yaml_pj, published.yaml_cycles, _YAML),
    ):
        yield _explained(f"{name}, {of}: energy", picojoules * 1e-6, energy * 1e-6, "uJ", why)
        yield _explained(f"{name}, {of}: cycles", count, cycles, "cycles", _CYCLES)
    weights = sum(layer.weight_elements for layer in _layers().layers)
    read = sum(layer.bytes["dram"].read for layer in report.layers)
    yield _explained(f"{name}: weights read from DRAM, 8 b", 11.69, weights / 1e6, "M", "")
    yield Row(
        f"{name}: bytes read from DRAM / weights and inputs once",
        1,
        read / (weights + sum(layer.input_elements for layer in _layers().layers)),
        "",
    )


def _explained(quantity: str, theirs: float, ours: float, unit: str, why: str) -> Row:
    return Row(quantity, theirs, ours, unit, why if abs(ours / theirs - 1) > 0.1 else "")


def _dynamic(report: Report) -> Iterator[object]:
    static = ("leakage", "background", "refresh")
    return (one for one in report.actions if one.action not in static and not one.component.startswith("cpu"))


def _layers() -> Network:
    network = load_network("resnet18")
    layers = tuple(replace(layer, inputs=("input",)) for layer in network.layers if layer.is_mac)
    return Network(name="resnet18", input_shape=network.input_shape, layers=layers, independent=True)


@cache
def _report(name: str) -> Report:
    return simulate(Architecture.load(name), _layers())


def _peak_tops() -> float:
    array = Architecture.load("tpu_like").compute["mxu"]
    return 2 * array.multipliers * array.clock / 1e12
