"""Run SCALE-Sim on one topology and print its cycles and its time as JSON.

Runs in SCALE-Sim's own environment, so it imports nothing of archsim.

Usage: ``python scalesim_worker.py TOPOLOGY DATAFLOW ROWS COLUMNS REPEATS`` with DATAFLOW one of os, ws, is.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
import tempfile
import time
from pathlib import Path

from scalesim.scale_sim import scalesim

# Buffers of 64 kB as in the runs behind the closed forms; `CALC` gives the interface the bandwidth that it
# needs, so that nothing stalls.
CONFIG = """
[general]
run_name = run
[architecture_presets]
ArrayHeight: {rows}
ArrayWidth: {columns}
IfmapSramSzkB: 64
FilterSramSzkB: 64
OfmapSramSzkB: 64
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Dataflow: {dataflow}
ReadRequestBuffer: 32
WriteRequestBuffer: 32
[layout]
IfmapCustomLayout: False
IfmapSRAMBankBandwidth: 10
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterCustomLayout: False
FilterSRAMBankBandwidth: 10
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2
[sparsity]
SparsitySupport: false
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""
WARM_UP = "Layer, M, N, K,\na, 2, 2, 2,\n"


def run(topology: Path, config: Path, folder: Path) -> float:
    """Write SCALE-Sim's reports below the folder; return seconds from reading the files to the reports."""
    layout = folder / "layout.csv"
    layout.write_text("Layer name,\n")
    with topology.open() as file:
        gemm = file.readline().split(",")[1].strip().lower() == "m"
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        simulator = scalesim(
            save_disk_space=True,
            verbose=False,
            config=str(config),
            topology=str(topology),
            layout=str(layout),
            input_type_gemm=gemm,
        )
        simulator.run_scale(top_path=str(folder))
    return time.perf_counter() - start


def reported(folder: Path) -> list[dict[str, str]]:
    with (folder / "run" / "COMPUTE_REPORT.csv").open() as file:
        return list(csv.DictReader(file, skipinitialspace=True))


def main(arguments: list[str]) -> None:
    topology, dataflow, rows, columns, repeats = arguments
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config, warm_up = folder / "run.cfg", folder / "warm_up.csv"
        config.write_text(CONFIG.format(rows=rows, columns=columns, dataflow=dataflow))
        warm_up.write_text(WARM_UP)
        run(warm_up, config, folder)
        seconds = min(run(Path(topology), config, folder) for _ in range(int(repeats)))
        layers = reported(folder)
    cycles, stalls = ([int(layer[column]) for layer in layers] for column in ("Total Cycles", "Stall Cycles"))
    print(json.dumps({"seconds": seconds, "cycles": cycles, "stalls": stalls}))


if __name__ == "__main__":
    main(sys.argv[1:])
