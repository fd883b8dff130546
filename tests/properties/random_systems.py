"""Random architectures and random small networks that run on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from random_networks import networks

from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.mapping.mapper import map_network
from archsim.mapping.schedule import Schedule
from archsim.results.report import Report, is_static
from archsim.simulation import simulate
from archsim.simulation.engine import Engine, Execution
from archsim.workload import Network

PARTS = ("LPDDR4-3200-x16-8Gb", "DDR4-2400-x8-8Gb", "DDR4-3200-x8-8Gb", "DDR3-1600-x8-4Gb")
CLOCKS = ("100 MHz", "166.667 MHz", "250 MHz", "333 MHz", "500 MHz")
OBJECTIVES = ("traffic", "latency", "energy", "edp")
FLAGS = st.booleans()
ROWS = ("rows", "rows+npu2")
"""Units of which one is a row-stationary array."""
FLOWS = ("weight_stationary", "output_stationary", "input_stationary")


@dataclass(frozen=True)
class System:
    """An architecture as plain data, a network and a number of images."""

    data: dict[str, Any]
    network: Network
    batch: int

    @property
    def architecture(self) -> Architecture:
        """The architecture; an example whose sizes are impossible is discarded."""
        return architecture_of(self.data)

    def changed(self, section: str, **changes: Any) -> System:
        """The same with fields of one component replaced; ``section`` is a path such as ``compute.npu``."""
        return replace(self, data=changed(self.data, section.split("."), changes))


def changed(data: dict[str, Any], path: list[str], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of nested data with fields replaced at the end of a path."""
    if not path:
        return data | changes
    return data | {path[0]: changed(data[path[0]], path[1:], changes)}


def architecture_of(data: dict[str, Any]) -> Architecture:
    """Return the architecture, or discard the example where its sizes are impossible."""
    try:
        return Architecture.from_dict(data)
    except (InputError, ValidationError):
        reject()


@contextmanager
def examples_that_fit() -> Iterator[None]:
    """A network that fits no memory of the architecture is no example; every other error counts."""
    try:
        yield
    except InputError as error:
        if "does not fit" not in error.message:
            raise
        reject()


def mapped(system: System, architecture: Architecture) -> Schedule:
    """Return the schedule."""
    with examples_that_fit():
        return map_network(system.network, architecture, system.batch)
    raise AssertionError


def simulated(system: System, architecture: Architecture | None = None) -> Report:
    """Return the report."""
    with examples_that_fit():
        return simulate(architecture or system.architecture, system.network, system.batch)
    raise AssertionError


def dynamic(report: Report) -> Counter[tuple[str, str]]:
    """Return the counts of all actions that are not power over time.

    One action has a row for each of its energies: they are summed.
    """
    found: Counter[tuple[str, str]] = Counter()
    for row in report.actions:
        if not is_static(row.action):
            found[row.component, row.action] += row.count
    return found


@st.composite
def pe_arrays(draw: st.DrawFn, memory: str = "buffer") -> dict[str, Any]:
    """A systolic array, of one PE at the least."""
    rows, columns = draw(st.sampled_from([(1, 1), (1, 4), (2, 1), (2, 2), (3, 5), (4, 8), (8, 8), (16, 16)]))
    return {
        "kind": "pe_array",
        "rows": rows,
        "columns": columns,
        "clock": draw(st.sampled_from(CLOCKS)),
        "dataflow": draw(st.sampled_from(FLOWS)),
        "memory": memory,
        "number_format": draw(st.sampled_from(["int8", "int8", "int16"])),
        "accumulator_capacity": draw(st.sampled_from(["1 KiB", "4 KiB", "16 KiB"])),
        "double_buffering": draw(st.booleans()),
        "zero_gating": draw(st.booleans()),
        "depthwise_packing": draw(st.booleans()),
    }


@st.composite
def row_stationary_arrays(draw: st.DrawFn, coded: st.SearchStrategy[bool]) -> dict[str, Any]:
    """A row-stationary array that holds a kernel of three rows at the least."""
    rows, columns = draw(st.sampled_from([(3, 1), (3, 4), (5, 2), (6, 6), (12, 14)]))
    return {
        "kind": "pe_array",
        "rows": rows,
        "columns": columns,
        "clock": draw(st.sampled_from(CLOCKS)),
        "dataflow": "row_stationary",
        "memory": "buffer",
        "number_format": draw(st.sampled_from(["int8", "int16"])),
        "accumulator": draw(st.sampled_from(["int16", "int32"])),
        "double_buffering": draw(st.booleans()),
        "zero_gating": draw(st.booleans()),
        "row_stationary": {
            "filter_spad": draw(st.sampled_from(["12 B", "64 B", "448 B"])),
            "input_spad": draw(st.sampled_from(["10 B", "24 B"])),
            "sum_spad": draw(st.sampled_from(["4 B", "48 B"])),
            "filter_bus": draw(st.sampled_from(["16 b", "64 b"])),
            "input_bus": draw(st.sampled_from(["8 b", "16 b", "64 b"])),
            "sum_bus": draw(st.sampled_from(["8 b", "64 b"])),
            "filter_buffer": draw(st.sampled_from(["256 B", "8 KiB"])),
            "allocation": draw(st.sampled_from(["1 B", "256 B"])),
            "whole_blocks": draw(st.booleans()),
            "run_length_coding": draw(coded),
            "overlap_activations": draw(st.booleans()),
        },
    }


@st.composite
def pim_banks(draw: st.DrawFn, memory: str = "buffer") -> dict[str, Any]:
    """A group of 3D-PIM banks, resident or reloaded as their size allows."""
    words = draw(st.sampled_from([16, 32, 64]))
    return {
        "kind": "pim_3d",
        "memory": memory,
        "banks": draw(st.sampled_from([1, 2, 7, 64])),
        "rows": draw(st.sampled_from([64, 128, 256])),
        "words": words,
        "rows_per_readout": draw(st.sampled_from([1, 4, 8])),
        "words_per_converter": draw(st.sampled_from([1, 4, 8])),
        "number_format": draw(st.sampled_from(["int4", "int8"])),
        "signed_weights": draw(st.booleans()),
        "signed_inputs": draw(st.booleans()),
        "weights": draw(st.sampled_from(["auto", "reload"])),
        "layout": draw(st.sampled_from(["packed", "interleaved"])),
        "double_buffering": draw(st.booleans()),
    }


@st.composite
def buffers(draw: st.DrawFn) -> dict[str, Any]:
    """An SRAM in front of the DRAM."""
    capacity = draw(st.sampled_from([4, 8, 16, 64]))
    return {
        "kind": "sram",
        "capacity": f"{capacity} KiB",
        "width": draw(st.sampled_from(["32 b", "64 b", "128 b", "512 b"])),
        "banks": draw(st.sampled_from([1, 2])),
        "backed_by": "dram",
        "clock": "500 MHz",
    }


@st.composite
def architectures(
    draw: st.DrawFn,
    units: tuple[str, ...] = ("npu", "pim", "npu+npu2", "npu+pim", "npu|npu2", "cpu"),
    objectives: tuple[str, ...] = OBJECTIVES,
    coded: st.SearchStrategy[bool] = FLAGS,
) -> dict[str, Any]:
    """An architecture as plain data.

    Units: one array; PIM banks; two arrays that share a layer; an array for convolutions beside PIM for the
    rest; two arrays on one buffer; the core alone. On request a row-stationary array (``rows``), alone or
    beside a systolic one that shares its layers.
    """
    which = draw(st.sampled_from(units))
    memories = {
        "dram": {
            "kind": "dram",
            "part": draw(st.sampled_from(PARTS)),
            "channels": draw(st.integers(1, 3)),
            "model": "streaming",
        },
        "buffer": draw(buffers()),
    }
    compute: dict[str, Any] = {
        "cpu": {
            "kind": "core",
            "clock": draw(st.sampled_from(CLOCKS)),
            "memory": "buffer",
            "lanes": draw(st.sampled_from([4, 16])),
            "double_buffering": draw(st.booleans()),
            "number_format": draw(st.sampled_from(["int8", "int16"])),
        }
    }
    if "rows" in which:
        compute["npu"] = draw(row_stationary_arrays(coded))
        memories["buffer"]["accesses_per_cycle"] = draw(st.integers(1, memories["buffer"]["banks"]))
    elif "npu" in which:
        compute["npu"] = draw(pe_arrays())
    if "pim" in which:
        compute["pim"] = draw(pim_banks())
    if "npu2" in which:
        shared = "|" in which
        compute["npu2"] = draw(pe_arrays("buffer" if shared else "buffer2"))
        if not shared:
            memories["buffer2"] = draw(buffers())
    return {
        "archsim": 1,
        "name": "random",
        "technology": {"node": "45 nm", "voltage": "0.9 V"},
        "memories": memories,
        "links": {
            "bus": {
                "kind": "bus",
                "width": draw(st.sampled_from(["8 b", "32 b", "128 b"])),
                "clock": draw(st.sampled_from(["166.667 MHz", "500 MHz"])),
                "connects": [*memories, *compute],
            }
        },
        "compute": compute,
        "placement": _placement(which),
        "schedule": {
            "batch_order": draw(st.sampled_from(["layer_major", "image_major"])),
            "objective": draw(st.sampled_from(objectives)),
            "images_in_flight": draw(st.sampled_from([None, 1, 2, 3])),
        },
    }


def _placement(which: str) -> list[dict[str, Any]]:
    mac = ["conv2d", "linear"]
    rules: dict[str, list[dict[str, Any]]] = {
        "npu": [{"op": [*mac, "activation"], "unit": "npu"}],
        "pim": [{"op": [*mac, "activation"], "unit": "pim"}],
        "rows": [{"op": [*mac, "activation"], "unit": "npu"}],
        "rows+npu2": [{"op": mac, "unit": ["npu", "npu2"]}],
        "npu+npu2": [{"op": mac, "unit": ["npu", "npu2"]}],
        "npu|npu2": [{"op": "conv2d", "unit": ["npu", "npu2"]}, {"op": "linear", "unit": "npu2"}],
        "npu+pim": [{"op": "conv2d", "unit": "npu"}, {"op": "linear", "unit": "pim"}],
        "cpu": [],
    }
    return [*rules[which], {"unit": "cpu"}]


def systems(
    data: st.SearchStrategy[dict[str, Any]] | None = None, workloads: st.SearchStrategy[Network] | None = None
) -> st.SearchStrategy[System]:
    """Random pairs of an architecture and a network, one to three images."""
    return st.builds(
        System,
        architectures() if data is None else data,
        networks() if workloads is None else workloads,
        st.integers(1, 3),
    )


PS = 10**12
"""Picoseconds per second."""

BLIND = ("traffic", "latency")
"""Objectives that do not look at energies, so that a change of them leaves the mapping alone."""

pairs = settings(max_examples=60, deadline=None, derandomize=True)
many_pairs = settings(max_examples=500, deadline=None, derandomize=True)


def traffic(report: Report) -> int:
    """Bits that crossed the bus: everything that moved between memories and units."""
    return dynamic(report)["bus", "transfer"]


def executed(system: System, architecture: Architecture, other: Architecture | None = None) -> Execution:
    """Execute the schedule of an architecture, on another one of the same names if given."""
    return Engine(other or architecture, mapped(system, architecture)).run()
