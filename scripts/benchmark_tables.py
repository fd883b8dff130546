"""Tables of docs/benchmarks.md, from the results that ``make bench`` left behind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from doc_tables import Make, figure, markdown

RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "results.json"
_FLOWS = {"os": "output stationary", "ws": "weight stationary", "is": "input stationary"}
_LEVELS = ("portable", "avx2", "avx512")
_NO_TORCH = "PyTorch could not be installed where these results were taken."
_NOT_COMPARED = "SCALE-Sim could not be installed where these results were taken."


@cache
def _results() -> Mapping[str, Any]:
    return json.loads(RESULTS.read_text(encoding="utf-8"))


def benchmark_machine() -> str:
    """Return what the results were taken on, in one sentence."""
    found = _results()["machine"]
    return (
        f"Taken on: {found['processor']}, {found['cores']} cores, {found['system']}, "
        f"Python {found['python']}, NumPy {found['numpy']}, SimPy {found['simpy']}, "
        f"archsim {found['archsim']}. A bare event takes {found['bare_event_ns']} ns there."
    )


def benchmark_scalesim() -> str:
    """Return equal layers and the ratio of times for each file and dataflow."""
    found = _results()["scalesim"]
    if found is None:
        return _NOT_COMPARED
    rows = [
        [
            f"`{run['topology']}.csv`",
            _FLOWS[run["flow"]],
            f"{run['equal']} / {run['layers']}",
            f"{run['cycles']:,}",
            f"{run['stalls']:,}",
            figure(run["ratio"], 2),
        ]
        for run in found["runs"]
    ]
    name = f"SCALE-Sim {found['version']}"
    header = ["file", "dataflow", "layers with equal cycles", "cycles", f"stalls of {name}", "time ratio"]
    return markdown(header, rows)


def benchmark_engine() -> str:
    """Return the ratios of engine, tiling search and whole networks."""
    rows = [[row["name"], figure(row["ratio"]), row["meaning"]] for row in _results()["engine"]]
    return markdown(["what", "ratio", "meaning"], rows)


def benchmark_kernels() -> str:
    """Return ratios to float32 per instruction set, and the gain of a second thread."""
    header = ["layer", "multiplier", "path", *_LEVELS, "best, GMAC/s", "2 threads"]
    found: dict[tuple[str, str, bool], dict[tuple[str, int], Mapping[str, Any]]] = {}
    for row in _results()["kernels"]:
        what = row["case"], row["multiplier"], row["path"] == "table_loop"
        found.setdefault(what, {})[row["isa"], row["threads"]] = row
    rows = [[case, f"`{multiplier}`", *_kernel_cells(rows)] for (case, multiplier, _), rows in found.items()]
    return markdown(header, rows)


def benchmark_dram() -> str:
    """Return million requests per second of the DRAM channel by part and pattern."""
    found = {(row["part"], row["pattern"]): row["requests_per_s"] / 1e6 for row in _results()["dram"]}
    parts, patterns = (list(dict.fromkeys(names)) for names in zip(*found, strict=True))
    rows = [[f"`{part}`", *(figure(found[part, one], 3) for one in patterns)] for part in parts]
    return markdown(["part", *patterns], rows)


def _kernel_cells(by_level: Mapping[tuple[str, int], Mapping[str, Any]]) -> list[str]:
    """Path on the best instruction set, ratios, speed and gain of two threads there."""
    best = max((level for level, _ in by_level), key=_LEVELS.index)
    one, two = by_level[best, 1], by_level.get((best, 2))
    ratios = [by_level.get((level, 1)) for level in _LEVELS]
    cells = ["-" if row is None else figure(row["ratio_to_float32"], 2) for row in ratios]
    gain = "-" if two is None else f"x {two['gmac_per_s'] / one['gmac_per_s']:.2f}"
    return [f"`{one['path']}`", *cells, figure(one["gmac_per_s"], 3), gain]


def benchmark_accuracy() -> str:
    """Return images per second of a quantized network and of PyTorch, and the memory."""
    found = _results().get("accuracy")
    if found is None:
        return _NO_TORCH
    header = [
        "network",
        "multiplier",
        "images",
        "threads",
        "images/s",
        "PyTorch, images/s",
        "time / PyTorch's",
        "peak, MiB",
    ]
    row = [found["network"], f"`{found['multiplier']}`", f"{found['images']:,}", str(found["threads"])]
    row += [f"{found[key]:,.0f}" for key in ("images_per_s", "torch_images_per_s")]
    return markdown(header, [[*row, figure(found["ratio"], 2), f"{found['peak_mib']:,.0f}"]])


def benchmark_scaling() -> str:
    """Return exponents and events per unit of every series."""
    header = ["grows", "from", "to", "exponent of mapping", "of running", "events per tile, first", "last"]
    return markdown(header, [_scaling_row(series) for series in _results()["scaling"]])


def _scaling_row(series: Mapping[str, Any]) -> list[str]:
    first, last = series["points"][0], series["points"][-1]
    return [
        f"{series['name']} ({series['meaning']})",
        f"{first['size']:,}",
        f"{last['size']:,}",
        f"{series['mapping_exponent']:.2f}",
        f"{series['running_exponent']:.2f}",
        *(figure(point["running_events"] / point["tiles"], 2) for point in (first, last)),
    ]


BENCHMARK_TABLES: Mapping[str, Make[str]] = {
    one.__name__: one
    for one in (
        benchmark_machine,
        benchmark_scalesim,
        benchmark_engine,
        benchmark_kernels,
        benchmark_accuracy,
        benchmark_dram,
        benchmark_scaling,
    )
}
