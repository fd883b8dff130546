"""Networks from files and by the names of shipped traces."""

from __future__ import annotations

from pathlib import Path

from archsim.config import find, load_document, read_text
from archsim.errors import InputError, Position
from archsim.workload.network import Network
from archsim.workload.topology import read_topology
from archsim.workload.trace import read_trace


def load_network(name_or_path: str | Path) -> Network:
    """Return the network of a trace file, a SCALE-Sim topology CSV or a shipped trace.

    Parameters
    ----------
    name_or_path
        Path of a `.yaml`, `.yml` or `.csv` file, or the name of a shipped trace such as `vgg16`.

    Raises
    ------
    InputError
        In one line, with file, line and column where the text is to blame.
    """
    path = find("traces", name_or_path)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return read_topology(read_text(path), str(path))
    if suffix not in {".yaml", ".yml"}:
        shown = f"{suffix} files" if suffix else "files without suffix"
        message = f"{shown} are not read; a network is a .yaml trace or a .csv topology"
        raise InputError(message, position=Position(str(path), 1, 1))
    return read_trace(load_document(path))
