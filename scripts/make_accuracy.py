"""Measure the table of docs/accuracy.md and write docs/accuracy.json and the figure.

Usage: ``python scripts/make_accuracy.py [--data DIR] [--network NAME]...``. DIR has the data sets and weights
of docs/data.md. Without it only the network whose images are part of the package is executed; of the others
the accuracies are kept and the energies taken anew. Afterwards ``python scripts/make_docs.py
docs/accuracy.md`` writes the page.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from accuracy.cases import CASES, Case
from accuracy.figure import FIGURE, trade_off_figure
from accuracy.running import refreshed, run_case
from accuracy.store import Measured, find, load, merged, save

from archsim.errors import InputError

_SETTINGS = {"OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Processes share the cores: waiting threads must not spin on them. No result depends on it."""


def main(arguments: Sequence[str]) -> int:
    """Measure, write and say what was kept; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with data sets and weights")
    parser.add_argument("--network", action="append", help="only these networks; default: all")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes; default: one per core"
    )
    options = parser.parse_args(arguments)
    start, networks = perf_counter(), load()
    for case in CASES:
        try:
            new = _measured(case, networks, options)
        except InputError as error:
            print(error, file=sys.stderr)
            return 2
        networks = merged(networks, () if new is None else (new,))
        save(networks)
    FIGURE.write_bytes(trade_off_figure(networks))
    _tell(f"{perf_counter() - start:.0f} s in all")
    return 0


def _measured(case: Case, networks: Sequence[Measured], options: argparse.Namespace) -> Measured | None:
    """Return a network anew, its accuracies as they were where its images or its name were not given."""
    chosen = options.network is None or case.network in options.network
    if chosen and (case.embedded or options.data is not None):
        return run_case(case, options.data, _tell, options.jobs)
    known = find(networks, case)
    if chosen and known is not None:
        _tell(f"{case.title}: accuracies kept, for images name a folder with --data (make accuracy DATA=...)")
    elif chosen:
        _tell(f"{case.title}: left out, for images name a folder with --data (make accuracy DATA=...)")
    return None if known is None else refreshed(case, known)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    os.environ |= _SETTINGS
    sys.exit(main(sys.argv[1:]))
