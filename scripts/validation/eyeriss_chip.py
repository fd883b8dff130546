"""Figures that Eyeriss was measured by, and ours of the same kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

from archsim import Network, Report, load_network, simulate
from archsim.hardware.options import PassParameters
from archsim.inputs import read_architecture
from archsim.mapping.mapper import map_network
from archsim.mapping.schedule import Part
from validation.rows import LARGE, Row

PAPER = "Chen, Krishna, Emer, Sze, IEEE JSSC 52(1), 2017"
_MAPPINGS = Path(__file__).resolve().parents[2] / "configs" / "mappings"
_CLOCK_HZ = 200e6
_CHIP = ("pes", "glb", "link")

Reason = Callable[[str, str], str]
"""Layer (``all layers`` for the total) and field of :class:`Figures` -> one sentence."""


@dataclass(frozen=True)
class Figures:
    """One row of Table V or VI: mW, ms, ms, PEs, MB, MB."""

    power: float
    total: float
    processing: float
    pes: float
    buffer: float
    dram: float


NAMES: Mapping[str, tuple[str, str]] = {
    "processing": ("processing latency", "ms"),
    "total": ("total latency", "ms"),
    "pes": ("active PEs", ""),
    "buffer": ("buffer bytes", "MB"),
    "dram": ("DRAM bytes", "MB"),
    "power": ("power of the chip", "mW"),
}


@dataclass(frozen=True)
class Run:
    """One simulation and the schedule behind it."""

    report: Report
    parts: Mapping[str, Part]

    def energy(self, name: str) -> dict[str, float]:
        """Return the joules of a layer by component, of what is on the chip."""
        layer = next(one for one in self.report.layers if one.name == name)
        return {c: j for c, j in layer.energy_by_component_j.items() if c.partition(".")[0] in _CHIP}

    def figures(self, name: str) -> Figures:
        """Return what the chip's tables print, of one layer."""
        layer, part = next(one for one in self.report.layers if one.name == name), self.parts[name]
        cycles = sum(run.count * max(run.tile.work.cycles, run.tile.feed_cycles) for run in part.runs)
        array = sum(run.count * (run.tile.port_read_bits + run.tile.port_write_bits) for run in part.runs)
        return Figures(
            power=sum(self.energy(name).values()) / layer.latency_s * 1e3,
            total=layer.latency_s * 1e3,
            processing=cycles / _CLOCK_HZ * 1e3,
            pes=_active_pes(part),
            buffer=array / 8e6,
            dram=layer.bytes["dram"].total / 1e6,
        )

    def together(self, names: Sequence[str]) -> Figures:
        """Return the layers' sums; power and PEs weighted by the times that they are means over."""
        each = [self.figures(name) for name in names]
        sums = Figures(*(sum(getattr(one, field.name) for one in each) for field in fields(Figures)))
        return replace(
            sums,
            power=sum(one.power * one.total for one in each) / sums.total,
            pes=sum(one.pes * one.processing for one in each) / sums.processing,
        )


@cache
def network(name: str) -> Network:
    """Return a shipped trace."""
    return load_network(name)


@cache
def run(of: Network, batch: int, tiles: str | None, *changes: str) -> Run:
    """Return a run on `eyeriss`, with the passes of a file in ``configs/mappings`` or the mapper's."""
    path = None if tiles is None else str(_MAPPINGS / tiles)
    architecture, _ = read_architecture("eyeriss", changes, path)
    parts = {part.layer.name: part for part in map_network(of, architecture, batch).parts}
    return Run(simulate(architecture, of, batch), parts)


def _active_pes(part: Part) -> int:
    passes = part.tiling
    assert isinstance(passes, PassParameters)
    return part.layer.kernel[0] * passes.e * passes.r * passes.t


def rows_of(
    label: str, chip: Figures, ours: Figures, reason: Reason, wanted: Sequence[str] = tuple(NAMES)
) -> Iterator[Row]:
    """Yield one row for each wanted field; a sentence where the difference is large."""
    for field in wanted:
        what, unit = NAMES[field]
        row = Row(f"{label}: {what}", getattr(chip, field), getattr(ours, field), unit)
        yield replace(row, why=reason(label, field)) if abs(row.difference) > LARGE else row


def rows(
    chip: Mapping[str, Figures],
    total: Figures,
    ours: Run,
    reason: Reason,
    wanted: Sequence[str] = tuple(NAMES),
) -> tuple[Row, ...]:
    """Return the rows of all layers and of the printed total."""
    found = [
        row
        for name, of in chip.items()
        for row in rows_of(name.upper().replace("_", "-"), of, ours.figures(name), reason, wanted)
    ]
    return (*found, *rows_of("all layers", total, ours.together(tuple(chip)), reason, wanted))
