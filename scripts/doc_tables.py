"""Tables of the documentation that follow from code and data files: networks, kinds, parts, commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import floor, log10
from typing import TypeVar

from validation import scalesim

from archsim import Network, load_network
from archsim.config import shipped, shipped_folder
from archsim.hardware.cacti import BankShape, sram_bank
from archsim.hardware.dram_parts import DramPart, dram_parts
from archsim.hardware.memories.dram import Dram
from archsim.hardware.technology import Technology, area_scale, energy_scale
from archsim.registry import FAMILIES, kinds
from archsim.results.tables import Table
from archsim.visualization.listing import kind_table

_T_co = TypeVar("_T_co", covariant=True)
Make = Callable[[], _T_co]

_SENTENCE_END = re.compile(r"(?<!Proc)(?<!Fig)\. (?=[A-Z0-9])")


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def figure(value: float, digits: int = 3) -> str:
    """Return a number with few significant digits, so that the last bit of a float cannot change a page."""
    if not value:
        return "0"
    places = digits - 1 - floor(log10(abs(float(f"{value:.{digits - 1}e}"))))
    return f"{value:,.{max(places, 0)}f}"


def networks() -> str:
    """Return layers, MACs, parameters and the source of every shipped network."""
    rows = []
    for name in shipped("traces"):
        network = load_network(name)
        rows.append([f"`{name}`", *_network_cells(network), _trace_source(name)])
    header = ["network", "input", "layers", "with MACs", "MACs", "parameters", "source"]
    return markdown(header, rows)


def _network_cells(network: Network) -> list[str]:
    with_macs = sum(layer.is_mac for layer in network.layers)
    return [
        str(network.input_shape),
        str(len(network.layers)),
        str(with_macs),
        f"{network.macs:,}",
        f"{network.parameters:,}",
    ]


def _trace_source(name: str) -> str:
    """Return the first sentence of the comment at the top of a trace."""
    text = (shipped_folder("traces") / f"{name}.yaml").read_text(encoding="utf-8")
    comment = " ".join(line.lstrip("# ") for line in text.partition("\narchsim:")[0].splitlines())
    return _SENTENCE_END.split(comment)[0].rstrip(".")


def kind_fields() -> str:
    """Return the fields of every kind of part, family by family."""
    parts = []
    for family in FAMILIES:
        for member in kinds(family).values():
            table = kind_table(member)
            title, _, summary = table.title.partition(": ")
            parts.append(f"**`{title.replace(' / ', '` / `')}`**. {summary}.\n")
            parts.append(_as_markdown(table) + "\n" if table.rows else "No fields.\n")
    return "\n".join(parts)


def _as_markdown(table: Table) -> str:
    header = [
        f"{column.header} ({column.unit})" if column.unit else column.header for column in table.columns
    ]
    return markdown(header, table.rows)


def dram_figures() -> str:
    """Return energies, powers and rates of every DRAM part."""
    header = [
        "part",
        "ACT+PRE pJ",
        "read pJ/b",
        "write pJ/b",
        "standby mW",
        "refresh mW",
        "GB/s",
        "latency ns",
    ]
    return markdown(header, [_dram_row(name, part) for name, part in dram_parts().items()])


def _dram_row(name: str, part: DramPart) -> list[str]:
    memory, technology = Dram(part=name), Technology(node=45, voltage=0.9)
    values = [
        part.activate_j * 1e12,
        part.read_j / part.burst_bits * 1e12,
        part.write_j / part.burst_bits * 1e12,
        part.background_w * 1e3,
        part.refresh_w * 1e3,
        float(memory.bits_per_ps(10**9)) / 8 * 1e3,
        memory.latency_ps(technology) / 1e3,
    ]
    return [f"`{name}`", *map(figure, values)]


def sram_figures() -> str:
    """Return CACTI's figures of some banks at 45 nm and 25 C, as an architecture would get them."""
    technology = Technology(node=45, voltage=0.9, temperature=25)
    rows = []
    for cell in ("itrs-lop", "itrs-hp"):
        for kib in (1, 16, 64, 512):
            bank = sram_bank(technology, BankShape(kib * 1024, 64, cell))
            times = (bank.access_s * 1e9, bank.cycle_s * 1e9)
            energies = (bank.read_j * 1e12, bank.write_j * 1e12)
            values = (*times, *energies, bank.leakage_w * 1e3, bank.area_mm2)
            rows.append([cell, f"{kib} KiB", *map(figure, values)])
    header = ["cell", "bank, 64 b port", "access ns", "cycle ns", "read pJ", "write pJ", "leakage mW", "mm2"]
    return markdown(header, rows)


def scaling_factors() -> str:
    """Return energy and area of logic relative to 45 nm and 0.9 V, at some nodes and supplies."""
    rows = []
    for node, voltage in (
        (65, 1.0),
        (45, 1.0),
        (45, 0.9),
        (45, 0.7),
        (32, 0.9),
        (22, 0.8),
        (16, 0.8),
        (7, 0.7),
    ):
        technology = Technology(node=node, voltage=voltage)
        energy, area = energy_scale(technology, 45, 0.9), area_scale(technology, 45)
        rows.append([f"{node} nm", f"{voltage:g} V", figure(energy), figure(area)])
    return markdown(["node", "supply", "energy", "area"], rows)


def systolic_cycles() -> str:
    """Return cycles of five layers on 32 x 32 PEs beside those of SCALE-Sim."""
    columns = [scalesim.counted("small.csv", flow).values() for flow in scalesim.FLOWS]
    rows = []
    for (name, counted), mine in zip(scalesim.COUNTED.items(), zip(*columns, strict=True), strict=True):
        pairs = zip(mine, counted, strict=True)
        rows.append([name, *(f"{ours:,} / {theirs:,}" for ours, theirs in pairs)])
    return markdown(["layer", *scalesim.FLOWS.values()], rows)


def core_loops() -> str:
    """Return the instruction table of the core."""
    from archsim.hardware.datatables import read_rows

    names = ("op", "function", "per", "loads", "adds", "multiplies", "stores", "control")
    rows = [
        [*(row[name] for name in names), row["source"].removeprefix("assumption: ")]
        for row in read_rows("core_instructions.csv")
    ]
    return markdown([*names, "what (all are assumptions)"], rows)


def command_line() -> str:
    """Return every command with its arguments and options, from the program itself."""
    import typer

    from archsim.cli import app

    program = typer.main.get_command(app)
    parts = [_command("archsim", program)]
    commands: Mapping[str, object] = getattr(program, "commands")  # noqa: B009 - click's group has it
    parts += [_command(f"archsim {name}", command) for name, command in commands.items()]
    return "\n".join(parts)


def _command(title: str, command: object) -> str:
    parameters = [_parameter(one) for one in getattr(command, "params", [])]
    table = markdown(["argument", "meaning", "default"], parameters) + "\n" if parameters else ""
    return f"### `{title}`\n\n{getattr(command, 'help', '')}\n\n{table}"


def _parameter(parameter: object) -> tuple[str, str, str]:
    options: list[str] = getattr(parameter, "opts", [])
    metavar: str | None = getattr(parameter, "metavar", None)
    named = [option for option in options if option.startswith("-")]
    flag = bool(getattr(parameter, "is_flag", False))
    value = metavar or (getattr(parameter, "name", "") or "").upper()
    shown = ", ".join(sorted(named, key=len)) + (f" {value}" if not flag else "") if named else value
    default = getattr(parameter, "default", None)
    told = (
        "" if flag or default is None or callable(default) or not isinstance(default, str | int) else default
    )
    return f"`{shown}`", getattr(parameter, "help", "") or "", str(told)


TABLES: Mapping[str, Make[str]] = {
    one.__name__: one
    for one in (
        networks,
        kind_fields,
        dram_figures,
        sram_figures,
        scaling_factors,
        systolic_cycles,
        core_loops,
        command_line,
    )
}
