"""All benchmarks in one go; the results go to a file from which the documentation is made.

Usage: ``python benchmarks/run.py [--output FILE] [--repeats N]``. Times are in events of an empty SimPy loop
on the same machine, or ratios of two programs there, so that machines can be compared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import accuracy
import against_scalesim
import dram
import engine
from scaling import FITTED, Series, all_series
from timing import event_seconds

import archsim
import kernels

OUTPUT = Path(__file__).resolve().parent / "results.json"
PACKAGES = ("numpy", "simpy")


def machine(event_s: float) -> dict[str, object]:
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "archsim": archsim.__version__,
        **{name: metadata.version(name) for name in PACKAGES},
        "bare_event_ns": round(event_s * 1e9),
    }


def processor() -> str:
    """Name of the processor, where the system tells."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown")


def series_row(series: Series) -> dict[str, object]:
    return {
        "name": series.name,
        "unit": series.unit,
        "meaning": series.meaning,
        "fitted": FITTED,
        "mapping_exponent": round(series.mapping_exponent, 2) + 0.0,
        "running_exponent": round(series.running_exponent, 2) + 0.0,
        "points": [
            {
                "size": point.size,
                "tiles": point.tiles,
                "mapping_events": round(point.mapping),
                "running_events": round(point.running),
            }
            for point in series.points
        ],
    }


def engine_rows(repeats: int) -> Iterator[dict[str, object]]:
    """Ratios of the engine's benchmarks, to four digits; seconds are no claim."""
    for result in engine.results(repeats):
        row = {"name": result.name, "ratio": float(f"{result.ratio:.4g}"), "meaning": result.meaning}
        print(f"{result.name}: {row['ratio']:,} ({result.meaning})", flush=True)
        yield row


def kernel_rows(repeats: int) -> Iterator[dict[str, object]]:
    """Rows of the integer kernels with one and two threads."""
    for row in kernels.all_rows((1, 2), repeats):
        rounded = {"gmac_per_s": round(row.gmac_per_s, 2), "ratio_to_float32": round(row.ratio_to_float32, 3)}
        print(f"{row.multiplier}, {row.case}, {row.isa}, {row.threads} threads: {rounded}", flush=True)
        yield asdict(row) | rounded


def dram_rows(repeats: int) -> Iterator[dict[str, object]]:
    """Requests per second of the DRAM channel, to three digits."""
    for row in dram.rows(repeats):
        print(f"{row.part}, {row.pattern}: {row.requests_per_s:,.0f} requests/s", flush=True)
        yield asdict(row) | {"requests_per_s": float(f"{row.requests_per_s:.3g}")}


def scalesim_rows(repeats: int) -> dict[str, object] | None:
    python = against_scalesim.prepared()
    if python is None:
        return None
    rows = []
    for run in against_scalesim.runs(python, repeats):
        rows.append(asdict(run) | {"ratio": float(f"{run.ratio:.3g}")})
        print(f"SCALE-Sim / archsim, {run.topology} {run.flow}: {run.ratio:,.0f}, cycles equal", flush=True)
    return {"version": against_scalesim.VERSION, "runs": rows}


def accuracy_row(repeats: int) -> dict[str, object] | None:
    python = accuracy.prepared()
    if python is None:
        return None
    found = accuracy.measure(python, repeats=repeats)
    ratios = f"{found.ratio} times the time of PyTorch, the whole study {found.study_ratio} times"
    print(f"{found.network}, {found.multiplier}: {ratios}", flush=True)
    return asdict(found)


def scaling_rows(event_s: float, repeats: int) -> Iterator[dict[str, object]]:
    for series in all_series(event_s, repeats):
        exponents = f"map {series.mapping_exponent:.2f}, run {series.running_exponent:.2f}"
        print(f"exponents with {series.name}: {exponents}", flush=True)
        yield series_row(series)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=OUTPUT, help="JSON file to write")
    parser.add_argument("--repeats", type=int, default=3, help="repetitions; the shortest counts")
    options = parser.parse_args(arguments)
    event_s = event_seconds(options.repeats)
    results = {
        "machine": machine(event_s),
        "scalesim": scalesim_rows(options.repeats),
        "engine": list(engine_rows(options.repeats)),
        "kernels": list(kernel_rows(3 * options.repeats)),
        "accuracy": accuracy_row(options.repeats),
        "dram": list(dram_rows(options.repeats)),
        "scaling": list(scaling_rows(event_s, options.repeats)),
    }
    options.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
