"""Speed of the integer kernels as ratios to float32 GEMM of the same shape, measured side by side.

Usage: ``python benchmarks/kernels.py [--json] [--repeats N] [--threads 1 2] [--all]``

A row is one multiplier on one layer, instruction set and number of threads. The kernel's time is everything
from the operands to the sums, packing of the activations included; weights are packed once. The peer is the
product of two float32 matrices of the convolution's shape in NumPy (OpenBLAS), without im2col, with as many
threads; the two take turns in rounds, and the shortest time of each counts. ``table_loop`` is one look-up in
an int32 table per multiplication, as public emulators on CPUs do it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
from archsim._integer import table_loop

from archsim.arithmetic.kernels import Window, instruction_sets, prepare
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.registry import create

PAUSE_S = 0.5
"""Threads of OpenBLAS spin for a while after their work, on the cores of whoever comes next."""

ROUNDS = 2


@dataclass(frozen=True)
class Case:
    """A convolution with a 3x3 kernel and padding 1."""

    images: int
    channels: int
    outputs: int
    size: int
    groups: int = 1

    @property
    def gemm(self) -> tuple[int, int, int]:
        """(m, k, n) of one group's matrix product."""
        return self.images * self.size**2, self.channels // self.groups * 9, self.outputs // self.groups

    @property
    def gmacs(self) -> float:
        m, k, n = self.gemm
        return self.groups * m * k * n / 1e9


CASES = {
    "conv64": Case(16, 64, 64, 32),
    "conv16": Case(16, 16, 16, 32),
    "conv256": Case(4, 256, 256, 14),
    "depthwise64": Case(16, 64, 64, 32, groups=64),
}

DESIGNS: tuple[dict[str, object], ...] = (
    {"kind": "exact"},
    {"kind": "drum", "k": 6},
    {"kind": "operand_truncated", "low_bits": 2},
    {"kind": "truncated", "columns": 2},
    {"kind": "kulkarni"},
    {"kind": "scdm8", "low": 5, "high": 1},
    {"kind": "scdm8", "low": 7, "high": 3},
    {"kind": "cdm8", "low": 7, "high": 3},
    {"kind": "truncated", "columns": 6},
    {"kind": "scdm8", "low": 8, "high": 4},
    {"kind": "cdm8", "low": 10, "high": 10},
    {"kind": "scdm8", "low": 7, "high": 3, "split": "activation"},
    {"kind": "mitchell"},
    {"kind": "ama_array", "cell": "ama2", "columns": 10},
)
FAMILIES = (
    *({"kind": "scdm8", "low": low, "high": high} for low in range(4, 9) for high in range(1, 5)),
    *({"kind": "cdm8", "low": low, "high": high} for low, high in ((4, 0), (4, 4), (5, 1), (6, 2), (7, 3))),
)


@dataclass(frozen=True)
class Row:
    multiplier: str
    path: str
    isa: str
    threads: int
    case: str
    gmac_per_s: float
    ratio_to_float32: float


def label(design: dict[str, object]) -> str:
    return " ".join(
        [str(design["kind"]), *(f"{name}={value}" for name, value in design.items() if name != "kind")]
    )


def operands(multiplier: Multiplier, case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Uniform activations and weights over the whole range of the multiplier."""
    rng = np.random.default_rng(0)
    shape = case.images, case.channels, case.size, case.size
    kind = np.int8 if multiplier.is_signed else np.uint8
    activations = rng.integers(multiplier.lowest, multiplier.highest + 1, shape).astype(kind)
    kernel = (case.outputs, case.channels // case.groups, 3, 3)
    return activations, rng.integers(multiplier.lowest, multiplier.highest + 1, kernel)


@cache
def matrices(case: Case) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    m, k, n = case.gemm
    return rng.random((m, k), dtype=np.float32), rng.random((k, n), dtype=np.float32)


def float32(case: Case) -> None:
    left, right = matrices(case)
    for _ in range(case.groups):
        left @ right


def side_by_side(work: Callable[[], object], peer: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Shortest seconds of each, in rounds of both, so that both see the same machine."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        time.sleep(PAUSE_S)
        for own, run in zip(times, (work, peer), strict=True):
            run()
            own.extend(seconds(run) for _ in range(repeats))
    return min(times[0]), min(times[1])


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def measure(design: dict[str, object], name: str, level: str, threads: int, repeats: int) -> Row:
    case, multiplier = CASES[name], create("multipliers", design)
    assert isinstance(multiplier, Multiplier)
    os.environ["ARCHSIM_ISA"] = level
    activations, weights = operands(multiplier, case)
    layer = prepare(weights, multiplier, Window(padding=1, groups=case.groups))
    seconds, peer = side_by_side(lambda: layer(activations, threads=threads), lambda: float32(case), repeats)
    path = layer.path(case.size**2)
    return Row(label(design), path, level, threads, name, case.gmacs / seconds, peer / seconds)


def plain_loop(design: dict[str, object], repeats: int) -> Row:
    """The table loop on a sixteenth of conv64's pixels, im2col left out."""
    multiplier = create("multipliers", design)
    assert isinstance(multiplier, Multiplier)
    m, k, n = CASES["conv64"].gemm
    rng = np.random.default_rng(0)
    table = np.ascontiguousarray(multiplier.layer_table())
    pixels, kernel = (rng.integers(0, 256, (rows, k)).astype(np.uint8) for rows in (m // 16, n))
    sums = np.empty((m // 16, n), dtype=np.int32)
    seconds, peer = side_by_side(
        lambda: table_loop(table, pixels, kernel, sums), lambda: float32(CASES["conv64"]), repeats
    )
    rate = CASES["conv64"].gmacs / 16 / seconds
    return Row(
        label(design), "table_loop", "portable", 1, "conv64", rate, rate * peer / CASES["conv64"].gmacs
    )


def rows(threads: int, repeats: int, every: bool) -> Iterator[Row]:
    for design in (*DESIGNS, *(FAMILIES if every else ())):
        for level in instruction_sets():
            yield measure(design, "conv64", level, threads, repeats)
    for name in ("conv16", "conv256", "depthwise64"):
        for design in ({"kind": "exact"}, {"kind": "scdm8", "low": 7, "high": 3}, {"kind": "mitchell"}):
            yield measure(design, name, instruction_sets()[-1], threads, repeats)
    if threads == 1:
        yield plain_loop({"kind": "scdm8", "low": 7, "high": 3}, repeats)


def all_rows(numbers_of_threads: Sequence[int], repeats: int, every: bool = False) -> Iterator[Row]:
    """Rows of some numbers of threads, each in a process whose BLAS has as many from its start."""
    for threads in numbers_of_threads:
        command = [sys.executable, __file__, "--child", str(threads), "--repeats", str(repeats)]
        limits = {f"{name}_NUM_THREADS": str(threads) for name in ("OPENBLAS", "MKL", "OMP")}
        done = subprocess.run(
            [*command, *(["--all"] if every else [])],
            env={**os.environ, **limits},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        yield from (Row(**row) for row in json.loads(done.stdout))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--repeats", type=int, default=9, help="repetitions of each measurement")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads")
    parser.add_argument("--all", action="store_true", help="the whole SCDM8 and CDM8 families too")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.child:
        found = list(rows(given.child, given.repeats, given.all))
    else:
        found = list(all_rows(given.threads, given.repeats, given.all))
    if given.json or given.child:
        print(json.dumps([asdict(row) for row in found], indent=1))
        return 0
    for row in found:
        size = f"{row.gmac_per_s:7.1f} GMAC/s {row.ratio_to_float32:6.3f} of float32"
        print(f"{row.case:12} {row.multiplier:38} {row.path:16} {row.isa:9} {row.threads} {size}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
