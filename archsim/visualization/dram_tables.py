"""Printed tables of a DRAM channel's run: time and latency, rows and states, energy."""

from __future__ import annotations

from archsim.hardware.dram_result import DramResult
from archsim.results.formatting import ABSENT, integer, percent, quantity
from archsim.results.tables import Table, assemble, number_cells, scaled_cells, text_cells


def dram_tables(title: str, result: DramResult) -> list[Table]:
    """Return the figures of a run, its commands with their energy, and the states of its ranks."""
    return [_figures(title, result), _energy(result), _states(result)]


def _figures(title: str, result: DramResult) -> Table:
    bursts = result.reads - result.forwarded + result.writes
    latency = result.latency
    rows = [
        ("requests", integer(result.reads + result.writes)),
        ("reads", integer(result.reads)),
        ("reads served from queued writes", integer(result.forwarded)),
        ("cycles", integer(result.cycles)),
        ("time", quantity(result.seconds, "s")),
        ("bandwidth", f"{result.bandwidth_gb_s:.2f} GB/s"),
        ("data lines busy", _percent(result.data_cycles, result.cycles)),
        ("latency, mean", f"{latency.mean:.1f} cycles"),
        ("latency, 50 / 95 / 99 %", f"{latency.p50} / {latency.p95} / {latency.p99} cycles"),
        ("latency, longest", f"{integer(latency.max)} cycles"),
        ("row hits", integer(result.row_hits)),
        ("row hit rate", _percent(result.row_hits, bursts)),
        ("row conflicts", integer(result.row_conflicts)),
        ("average power", quantity(result.total_j / result.seconds if result.seconds else None, "W")),
    ]
    names, values = (list(column) for column in zip(*rows, strict=True))
    return assemble(title, [text_cells("figure", names), number_cells("value", values)], footer=False)


def _percent(part: int, whole: int) -> str:
    return f"{percent(part / whole)} %" if whole else ABSENT


def _energy(result: DramResult) -> Table:
    count = result.commands
    counts = {
        "activate": count["act"],
        "read": count["rd"] + count["rda"],
        "write": count["wr"] + count["wra"],
        "refresh": count["refab"] + count["refpb"],
    }
    energy, total = result.energy_j, result.total_j
    cells = [
        text_cells("energy", [*energy, "total"]),
        number_cells("commands", [*(integer(counts.get(name)) for name in energy), ""]),
        scaled_cells("energy", [*energy.values(), total], "J"),
        number_cells(
            "share", [*(percent(one / total if total else None) for one in energy.values()), ""], "%"
        ),
    ]
    return assemble("Energy", cells, footer=True)


def _states(result: DramResult) -> Table:
    states, total = result.state_cycles, sum(result.state_cycles.values())
    cells = [
        text_cells("state", [name.replace("_", " ") for name in states]),
        number_cells("cycles", [integer(one) for one in states.values()]),
        number_cells("share", [percent(one / total if total else None) for one in states.values()], "%"),
    ]
    return assemble("States of the ranks", cells, footer=False)
