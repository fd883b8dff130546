"""nn_dataflow's analysis of AlexNet on an Eyeriss-like array."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from archsim import Architecture, load_network
from archsim.hardware.cost import Work, total_work
from archsim.mapping.mapper import map_network
from archsim.mapping.schedule import Part
from validation.rows import LARGE, Row, Section


@dataclass(frozen=True)
class Counts:
    """What nn_dataflow prints of a layer; words of 16 b."""

    cycles: float
    macs: float
    dram: float
    buffer: float
    bus: float
    registers: float
    pes: float


# One of the two halves (groups) of a convolution; a whole fully connected layer.
HALVES: Mapping[str, Counts] = {
    "conv1": Counts(1_393_920, 210_830_400, 1_273_776, 69_696, 9_158_688, 843_321_600, 151.25),
    "conv2": Counts(3_317_760, 447_897_600, 1_264_896, 307_200, 13_374_720, 1_791_590_400, 135),
    "conv3": Counts(1_916_928, 299_040_768, 1_263_360, 0, 10_123_776, 1_196_163_072, 156),
    "conv4": Counts(1_437_696, 224_280_576, 979_968, 0, 7_787_520, 897_122_304, 156),
    "conv5": Counts(958_464, 149_520_384, 653_312, 0, 5_191_680, 598_081_536, 156),
}
WHOLE: Mapping[str, Counts] = {
    "fc6": Counts(903_168, 150_994_944, 37_801_984, 258_048, 45_072_384, 603_979_776, 167.2),
    "fc7": Counts(401_408, 67_108_864, 16_809_984, 0, 18_186_240, 268_435_456, 167.2),
    "fc8": Counts(98_304, 16_384_000, 4_116_384, 0, 4_800_128, 65_536_000, 166.7),
}
_NAMES: Mapping[str, tuple[str, str]] = {
    "macs": ("MACs", ""),
    "cycles": ("cycles", "cycles"),
    "pes": ("active PEs, on average", ""),
    "dram": ("DRAM words", "words"),
    "buffer": ("buffer words", "words"),
    "bus": ("array-bus words", "words"),
    "registers": ("scratchpad words", "words"),
}
_WORD_BITS = 16
_CYCLES = (
    "nn_dataflow counts one cycle per MAC and nothing else; archsim adds a cycle for each sum that a PE takes up and the ramp-up of each "
    "pass, as the chip has them."
)
_BUFFER = "nn_dataflow may bypass the buffer for every operand, and here does; on the chip inputs and sums of every pass go through it."
_BUS = "archsim counts a word for each PE that it is written to and each hop of a sum from PE to PE; nn_dataflow multicasts."
_CONV1 = (
    "The passes of 7 output rows fetch the filters for each of 8 strips of 4 images, 1.1 M words in all; nn_dataflow's register file of 520 B "
    "and buffer without banks let it fetch them less often."
)
_PADDED = "nn_dataflow fetches the padded maps of 15 x 15, archsim those of 13 x 13; filters, outputs and the number of fetches are equal [calc]."
_FC = (
    "Sets for other channels are stacked in columns only, as the chip's wires run, and sets for other filters save no energy, which the mapper "
    "minimises; behind a link of 480 MB/s these layers wait for their weights anyway."
)
_FC_REGISTERS = "archsim counts the filling of the scratchpads and the sums from neighbours beside four words per MAC, which weigh more where filters are used only 4 times."


def sections() -> Iterator[Section]:
    """Return counts of AlexNet's layers, two halves together, batch 4."""
    yield Section(
        title="nn_dataflow: AlexNet",
        source="stanford-mast/nn_dataflow 198a527, one node, 12 x 14 PEs, batch 4 [tool] (reference/accelerators.md §3)",
        intro="`eyeriss` with the mapper's passes and without coding; trace `alexnet`, halves of a layer added. The second row of cycles leaves "
        "out what nn_dataflow has not: MACs / active PEs. Bus words are those into and between PEs, scratchpad words all reads and "
        "writes of the three. nn_dataflow's cost in units of a MAC is a weighted sum of these counts and has no counterpart here.",
        rows=tuple(row for name in (*HALVES, *WHOLE) for row in _rows(name)),
    )


@cache
def _parts() -> dict[str, Part]:
    architecture = Architecture.load("eyeriss", ["compute.pes.row_stationary.run_length_coding=false"])
    parts = map_network(load_network("alexnet"), architecture, 4).parts
    return {part.layer.name: part for part in parts}


def _ours(part: Part) -> Counts:
    work: Work = total_work((run.tile.work, run.count) for run in part.runs)
    port = sum(run.count * (run.tile.port_read_bits + run.tile.port_write_bits) for run in part.runs)
    moved = sum(run.count * t.bits for run in part.runs for t in (*run.tile.loads, *run.tile.stores))
    copies = work.weight_copies + work.input_copies
    return Counts(
        cycles=work.cycles,
        macs=work.macs,
        dram=moved / _WORD_BITS,
        buffer=port / _WORD_BITS,
        bus=copies + work.sum_hops + work.output_passes,
        registers=4 * work.macs + copies + work.sum_hops,
        pes=work.pe_cycles / sum(run.count * run.tile.feed_cycles for run in part.runs),
    )


def _rows(name: str) -> Iterator[Row]:
    half, ours = HALVES.get(name), _ours(_parts()[name])
    reference = WHOLE[name] if half is None else _twice(half)
    for field, (what, unit) in _NAMES.items():
        row = Row(f"{name.upper()}: {what}", getattr(reference, field), getattr(ours, field), unit)
        yield replace(row, why=_reason(name, field)) if abs(row.difference) > LARGE else row
        if field == "cycles":
            ideal = Row(f"{name.upper()}: MACs / active PEs", row.reference, ours.macs / ours.pes, unit)
            yield replace(ideal, why=_reason(name, "pes")) if abs(ideal.difference) > LARGE else ideal


def _twice(half: Counts) -> Counts:
    return Counts(
        cycles=2 * half.cycles,
        macs=2 * half.macs,
        dram=2 * half.dram,
        buffer=2 * half.buffer,
        bus=2 * half.bus,
        registers=2 * half.registers,
        pes=half.pes,
    )


def _reason(name: str, field: str) -> str:
    if field in ("buffer", "bus"):
        return {"buffer": _BUFFER, "bus": _BUS}[field]
    if name in WHOLE:
        return {"cycles": _FC, "pes": _FC, "registers": _FC_REGISTERS}.get(field, "")
    if field == "dram":
        return _CONV1 if name == "conv1" else _PADDED
    return {"cycles": _CYCLES}.get(field, "")
