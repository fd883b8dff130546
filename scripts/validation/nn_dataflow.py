"""nn_dataflow's analysis of AlexNet on an Eyeriss-like array."""

from __future__ import annotations

from collections.abc import Iterator

from archsim import Architecture, load_network
from archsim.hardware.cost import Work, total_work
from archsim.mapping.mapper import map_network
from archsim.mapping.schedule import Part
from validation.rows import Row, Section

# Half of a layer (one of two groups): cycles, MACs, DRAM words, buffer words, active PEs.
_HALVES = {
    "conv1": (1_393_920, 210_830_400, 1_273_776, 69_696, 151.25),
    "conv2": (3_317_760, 447_897_600, 1_264_896, 307_200, 135),
    "conv3": (1_916_928, 299_040_768, 1_263_360, 0, 156),
    "conv4": (1_437_696, 224_280_576, 979_968, 0, 156),
    "conv5": (958_464, 149_520_384, 653_312, 0, 156),
}
_WHOLE = {"fc6": (903_168, 150_994_944, 37_801_984), "fc7": (401_408, 67_108_864, 16_809_984)}
_WORD_BITS = 16
_CYCLES = (
    "nn_dataflow counts one cycle per MAC; archsim adds a cycle for each sum that a PE takes up and the ramp-up of each pass, as the chip "
    "has them."
)
_BUFFER = "nn_dataflow may bypass the buffer for every operand, and here does; on the chip sums and inputs always pass through it."
_DRAM = "The mappers differ: nn_dataflow has no banks and another register file, and reads inputs or weights more or less often."
_FC = (
    "The mapper minimises energy, which more sets do not save, and stacks sets for channels in columns only, as the chip's wires "
    "do; behind a link of 480 MB/s these layers wait for their weights anyway."
)


def sections() -> Iterator[Section]:
    """Return counts of AlexNet's layers, two halves together, batch 4."""
    rows: list[Row] = []
    for name, part in _parts().items():
        rows += _convolution(name, part) if name in _HALVES else _linear(name, part)
    yield Section(
        title="nn_dataflow: AlexNet",
        source="stanford-mast/nn_dataflow 198a527, one node, 12 x 14 PEs, batch 4 [tool] (reference/accelerators.md §3)",
        intro="`eyeriss` with the mapper's passes and without coding; halves of a layer added. DRAM words are those of 16 b. The cost function "
        "of nn_dataflow has no counterpart here.",
        rows=tuple(rows),
    )


def _parts() -> dict[str, Part]:
    architecture = Architecture.load("eyeriss", ["compute.pes.row_stationary.run_length_coding=false"])
    parts = map_network(load_network("alexnet"), architecture, 4).parts
    return {part.layer.name: part for part in parts if part.layer.name in (*_HALVES, *_WHOLE)}


def _work(part: Part) -> Work:
    return total_work((run.tile.work, run.count) for run in part.runs)


def _dram_words(part: Part) -> int:
    moved = (run.count * t.bits for run in part.runs for t in (*run.tile.loads, *run.tile.stores))
    return sum(moved) // _WORD_BITS


def _explained(quantity: str, theirs: float, ours: float, unit: str, why: str) -> Row:
    return Row(quantity, theirs, ours, unit, why if abs(ours / theirs - 1) > 0.1 else "")


def _convolution(name: str, part: Part) -> Iterator[Row]:
    cycles, macs, dram, buffer, pes = _HALVES[name]
    work, title = _work(part), name.upper()
    bits = sum(run.count * (run.tile.port_read_bits + run.tile.port_write_bits) for run in part.runs)
    yield Row(f"{title}: MACs", 2 * macs, work.macs, "")
    yield _explained(f"{title}: cycles", 2 * cycles, work.cycles, "cycles", _CYCLES)
    ideal = work.macs / (work.pe_cycles / sum(run.count * run.tile.feed_cycles for run in part.runs))
    yield _explained(f"{title}: MACs / active PEs", 2 * cycles, ideal, "cycles", _CYCLES)
    yield _explained(f"{title}: active PEs, on average", pes, work.macs / ideal, "", _CYCLES)
    yield _explained(f"{title}: DRAM words", 2 * dram, _dram_words(part), "words", _DRAM)
    if buffer:
        yield Row(f"{title}: buffer words", 2 * buffer, bits / _WORD_BITS, "words", _BUFFER)


def _linear(name: str, part: Part) -> Iterator[Row]:
    cycles, macs, dram = _WHOLE[name]
    work = _work(part)
    yield Row(f"{name}: MACs", macs, work.macs, "")
    yield _explained(f"{name}: cycles", cycles, work.cycles, "cycles", _FC)
    yield _explained(f"{name}: DRAM words", dram, _dram_words(part), "words", _DRAM)
