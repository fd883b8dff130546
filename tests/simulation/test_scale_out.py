"""Four arrays on one bus: faster where they compute, held up by the bus where they load."""

from __future__ import annotations

from archsim.hardware.architecture import Architecture
from archsim.results.report import Report
from archsim.simulation import simulate
from archsim.workload import Conv2d, Linear, Network, build_network

# 256 filters are 8 folds of 32 columns: two for each of four arrays, so that no column is left empty.
COMPUTE_BOUND = build_network("conv", (64, 28, 28), [Conv2d(name="conv", out_channels=256, kernel=3)])
# Every weight is used once: the DRAM and the bus that all share decide.
MEMORY_BOUND = build_network("fc", (2048, 1, 1), [Linear(name="fc", out_channels=2048)])


def run(network: Network, units: str) -> Report:
    return simulate(Architecture.load("systolic_scaleout", [f"placement.0.unit={units}"]), network)


def speed_up(network: Network) -> float:
    one, four = (run(network, units) for units in ("npu", "[npu, npu1, npu2, npu3]"))
    return one.totals.latency_s / four.totals.latency_s


def stalled(report: Report) -> float:
    return sum(layer.stall_cycles for layer in report.layers) / sum(layer.cycles for layer in report.layers)


def test_four_arrays_are_up_to_four_times_as_fast_where_they_compute():
    assert 2 < speed_up(COMPUTE_BOUND) <= 4


def test_they_are_hardly_faster_where_all_wait_for_the_same_memory():
    assert 1 < speed_up(MEMORY_BOUND) < speed_up(COMPUTE_BOUND) / 2
    alone, together = run(MEMORY_BOUND, "npu"), run(MEMORY_BOUND, "[npu, npu1, npu2, npu3]")
    assert stalled(together) > 0.5 > stalled(alone)
