"""Operations, bytes, joules and time of random runs, recomputed from the report and the network alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, isclose

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from random_systems import ROWS, System, architectures, mapped, simulated, systems

from archsim.hardware.architecture import Architecture
from archsim.hardware.cost import Operands
from archsim.mapping.schedule import Schedule
from archsim.results.report import Bytes, LayerRow, Report, Traffic, is_static
from archsim.workload import INPUT, Layer, Op

NONE = Bytes()


@dataclass(frozen=True)
class Run:
    """A system, its schedule and its report."""

    system: System
    architecture: Architecture
    schedule: Schedule
    report: Report

    @classmethod
    def of(cls, system: System) -> Run:
        architecture = system.architecture
        return cls(system, architecture, mapped(system, architecture), simulated(system, architecture))

    def rows(self, layer: Layer) -> list[LayerRow]:
        return [row for row in self.report.layers if row.name == layer.name]

    def home(self, name: str) -> str:
        return "dram" if name == INPUT else self.schedule.homes[name]

    def operands(self, layer: Layer, row: LayerRow) -> Operands:
        return self.architecture.compute[row.unit].operands(layer)

    def executed(self) -> list[Layer]:
        """Layers that move data of their own: not those in an output stage."""
        fused = {rider.name for part in self.schedule.parts for rider in part.fused}
        return [one for one in self.system.network.layers if self.rows(one) and one.name not in fused]

    def resident(self, unit: str) -> bool:
        return any(part.resident for part in self.schedule.parts if part.unit == unit)


def positions(outputs: int, inputs: int, window: tuple[int, int, int, int]) -> int:
    """Distinct input positions that a sliding window reads along one axis, one by one."""
    kernel, stride, dilation, before = window
    return len(
        {
            place
            for i in range(outputs)
            for r in range(kernel)
            if 0 <= (place := i * stride + r * dilation - before) < inputs
        }
    )


def touched(layer: Layer) -> int:
    """Elements of the first input that a layer reads at least once per image."""
    source, out = layer.input_shapes[0], layer.output_shape
    if layer.op is Op.LINEAR or layer.op in (Op.GLOBAL_AVERAGE_POOL, Op.SOFTMAX):
        return source.elements
    rows = positions(
        out.rows, source.rows, (layer.kernel[0], layer.stride[0], layer.dilation[0], layer.padding[0])
    )
    columns = positions(
        out.columns, source.columns, (layer.kernel[1], layer.stride[1], layer.dilation[1], layer.padding[1])
    )
    return source.channels * rows * columns


def macs(layer: Layer) -> int:
    """MACs per image, output by output: every one has R S C / groups (the whole input for a linear layer)."""
    if layer.op is Op.LINEAR:
        return layer.output_shape.channels * layer.input_shapes[0].elements
    if layer.op is not Op.CONV2D:
        return 0
    shape = layer.output_shape
    each = layer.kernel[0] * layer.kernel[1] * (layer.input_shapes[0].channels // layer.groups)
    return shape.channels * shape.rows * shape.columns * each


def weights(layer: Layer) -> int:
    shape = layer.output_shape
    return macs(layer) // (shape.rows * shape.columns) if layer.is_mac else 0


def check_operations(run: Run) -> None:
    batch = run.system.batch
    for layer in run.system.network.layers:
        assert sum(row.macs for row in run.rows(layer)) == batch * macs(layer)
    assert run.report.totals.macs == batch * sum(macs(layer) for layer in run.system.network.layers)


def check_output_writes(run: Run) -> None:
    """DRAM writes are the results that live there, plus partial sums that left."""
    for name in run.system.network.outputs:
        assert run.home(name) == "dram"
    for layer in run.executed():
        for row in run.rows(layer):
            made = outputs_of(run, layer, row) * run.operands(layer, row).output_bits
            expected = made if run.home(layer.name) == "dram" else 0
            written = row.bytes.get("dram", NONE).write * 8
            spilled = row.traffic.get("dram", Traffic()).spill * 8 // 2
            assert expected <= written - spilled < expected + 8, layer.name


def outputs_of(run: Run, layer: Layer, row: LayerRow) -> int:
    """Outputs that a row's unit made: all, or its share of a layer with MACs."""
    if not layer.is_mac:
        return run.system.batch * layer.output_elements
    return row.macs * layer.output_elements // macs(layer)


def check_compulsory_reads(run: Run) -> None:
    """Operands that live in the DRAM are read at least once per execution."""
    repeats = run.schedule.repeats
    for layer in run.executed():
        for row in run.rows(layer):
            needed, operands = 0, run.operands(layer, row)
            if layer.is_mac and not run.resident(row.unit):
                made = outputs_of(run, layer, row)
                share = weights(layer) * made // (run.system.batch * layer.output_elements)
                needed += repeats * share * operands.weight_bits
            if run.home(layer.inputs[0]) == "dram" and len(run.rows(layer)) == 1:
                needed += run.system.batch * touched(layer) * operands.input_bits
            assert row.bytes.get("dram", NONE).read * 8 >= needed, layer.name


def check_fills(run: Run) -> None:
    """An array's buffer receives what the DRAM gave, and the results and sums that the array wrote."""
    for layer in run.executed():
        for row in run.rows(layer):
            unit = run.architecture.compute[row.unit]
            if not layer.is_mac or unit.weight_capacity_bits is not None or row.unit == "cpu":
                continue
            given = row.bytes.get("dram", NONE).read
            produced = outputs_of(run, layer, row) * run.operands(layer, row).output_bits // 8
            spilled = sum(causes.spill for causes in row.traffic.values()) // 2
            others = sum(bits.read for name, bits in row.bytes.items() if name not in ("dram", unit.memory))
            assert row.bytes[unit.memory].write == given + others + produced + spilled


def check_cells(run: Run) -> None:
    """Resident weights are written once, in the set-up; others each time they are loaded."""
    unit = run.architecture.compute.get("pim")
    if unit is None:
        return
    held = [layer for layer in run.executed() if layer.is_mac and run.rows(layer)[0].unit == "pim"]
    bits = sum(weights(layer) * unit.operands(layer).weight_bits for layer in held)
    written = counts(run.report.actions, "pim.array", "write")
    before = counts(run.report.setup.actions, "pim.array", "write")
    if run.resident("pim"):
        assert (before, written) == (bits, 0)
    else:
        read = 8 * sum(row.bytes.get("dram", NONE).read for one in held for row in run.rows(one))
        assert before == 0
        assert run.schedule.repeats * bits <= written <= read


def counts(actions, component: str, action: str) -> int:
    return sum(row.count for row in actions if (row.component, row.action) == (component, action))


def check_energy(report: Report) -> None:
    """Components = layers = actions = total."""
    total = report.totals.energy_j

    def same(value: float, other: float = total) -> None:
        assert isclose(value, other, rel_tol=1e-12, abs_tol=0.0)

    same(fsum(row.count * row.energy_per_action_j for row in report.actions))
    same(fsum(report.energy_by_component_j.values()))
    same(fsum(row.energy_j for row in report.layers))
    same(fsum(joules for row in report.layers for joules in row.energy_by_component_j.values()))
    moving = [row for row in report.actions if not is_static(row.action)]
    same(fsum(row.energy_j for row in moving), report.totals.dynamic_energy_j)
    same(fsum(row.dynamic_energy_j for row in report.layers), report.totals.dynamic_energy_j)
    same(report.totals.leakage_energy_j + report.totals.dynamic_energy_j)


def check_time(run: Run) -> None:
    """Static power flows for the whole run, cycles add up, nobody is occupied for longer than the run."""
    report = run.report
    makespan = round(report.totals.latency_s * 1e12)
    assert {row.count for row in report.actions if is_static(row.action)} == {makespan}
    for name in run.architecture.compute:
        rows = [row for row in report.layers if row.unit == name]
        assert all(row.cycles == row.compute_cycles + row.stall_cycles for row in rows)
        assert sum(round(row.latency_s * 1e12) for row in rows) <= makespan
    ends = [round(row.end_s * 1e12) for row in report.layers if row.name != "(idle)"]
    # A controller may still write when the last layer has ended.
    assert max(ends) <= makespan
    if run.architecture.memories["dram"].controlled is None:
        assert max(ends) == makespan


def check_traffic(run: Run) -> None:
    for row in run.report.layers:
        for memory, causes in row.traffic.items():
            assert causes.compulsory >= 0
            assert causes.refetch >= 0
            assert causes.spill >= 0
            assert causes.compulsory + causes.refetch + causes.spill == row.bytes[memory].total


def check_all(system: System) -> None:
    run = Run.of(system)
    check_operations(run)
    check_output_writes(run)
    check_compulsory_reads(run)
    check_fills(run)
    check_cells(run)
    check_energy(run.report)
    check_time(run)
    check_traffic(run)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(systems())
def test_everything_is_conserved(system):
    check_all(system)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(systems(), st.sampled_from(["open", "closed"]), st.sampled_from(["robabgco", "robacobg", "xor"]))
def test_everything_is_conserved_behind_a_controller(system, page, mapping):
    options = {"page": page, "mapping": mapping, "power_down_after": 64}
    check_all(system.changed("memories.dram", model="controller", controller=options))


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, derandomize=True)
@given(systems(architectures(units=("npu", "npu+npu2", "npu|npu2"))))
def test_everything_is_conserved_on_arrays(system):
    check_all(system)


# What is coded is shorter than its values, which these checks count.
@settings(max_examples=120, deadline=None, derandomize=True)
@given(systems(architectures(units=ROWS, coded=st.just(value=False))))
def test_everything_is_conserved_on_row_stationary_arrays(system):
    check_all(system)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(systems(architectures(units=ROWS)))
def test_runs_with_coding_are_conserved(system):
    run = Run.of(system)
    check_operations(run)
    check_energy(run.report)
    check_time(run)
    check_traffic(run)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(systems(architectures(units=("pim", "npu+pim"))))
def test_everything_is_conserved_in_memory(system):
    if not any(layer.is_mac for layer in system.network.layers):
        reject()
    check_all(system)
