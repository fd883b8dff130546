"""SCALE-Sim and archsim on the same files: equal cycles, and the ratio of their times."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from peers import installed
from timing import shortest

from archsim import Architecture, load_network, simulate

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parent / ".venv-scalesim"
VERSION = "3.0.0"
# SCALE-Sim 3.0.0 turns arrays of one element into numbers, which newer releases of NumPy refuse.
REQUIREMENTS = (f"scalesim=={VERSION}", "numpy<2.4")
INSTALL_S = 300
FLOWS = ("os", "ws", "is")
SIZE = 32


@dataclass(frozen=True)
class Run:
    """One file in one dataflow on both tools; ``ratio`` is SCALE-Sim's time / archsim's."""

    topology: str
    flow: str
    layers: int
    equal: int
    cycles: int
    stalls: int
    ratio: float


def prepared(environment: Path = ENVIRONMENT) -> Path | None:
    """Python of an environment with SCALE-Sim; None, with a message, where it cannot be installed."""
    return installed(environment, f"SCALE-Sim {VERSION}", REQUIREMENTS, INSTALL_S)


def scalesim(python: Path, topology: Path, flow: str, repeats: int) -> tuple[float, list[int], list[int]]:
    """Seconds, cycles and stalls per layer of SCALE-Sim."""
    worker = (str(python), str(HERE / "scalesim_worker.py"), str(topology), flow, *[str(SIZE)] * 2)
    done = subprocess.run((*worker, str(repeats)), check=True, capture_output=True, text=True)
    result = json.loads(done.stdout)
    return result["seconds"], result["cycles"], result["stalls"]


def archsim(topology: Path, flow: str) -> list[int]:
    """Cycles per layer, from the text of the files to the bytes of the report."""
    report = simulate(Architecture.load(f"scalesim_{SIZE}x{SIZE}_{flow}"), load_network(topology))
    report.to_json()
    return [layer.compute_cycles for layer in report.layers if layer.macs]


def runs(python: Path, repeats: int) -> Iterator[Run]:
    """Both tools on both files; the large one once, because SCALE-Sim takes minutes.

    Imports and the first use of each tool are left out of both times.

    Raises
    ------
    AssertionError
        If a layer takes other cycles in one tool than in the other.
    """
    for name, times in (("small", repeats), ("alexnet", 1)):
        topology = HERE / "topologies" / f"{name}.csv"
        for flow in FLOWS:
            theirs_s, theirs, stalls = scalesim(python, topology, flow, times)
            ours = archsim(topology, flow)
            assert ours == theirs, (name, flow, ours, theirs)
            ours_s = shortest(lambda: archsim(topology, flow), repeats)  # noqa: B023 - called at once
            equal = sum(mine == one for mine, one in zip(ours, theirs, strict=True))
            yield Run(name, flow, len(ours), equal, sum(ours), sum(stalls), theirs_s / ours_s)
