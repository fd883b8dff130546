"""No unit computes faster than one MAC per multiplier and cycle, however the closed forms are rounded."""

from __future__ import annotations

from tiny_system import TINY, tiny

from archsim.hardware.architecture import Architecture
from archsim.simulation import simulate
from archsim.workload import Conv2d, Linear, build_network


# A step of the core's loop is 2 loads, a multiply, an add and 2 of control: 6 cycles for 16 filters.
# Depth 4 and an epilogue of one step: 30 cycles for the one vector of 3 filters.
def test_a_core_executes_layers_with_macs():
    network = build_network("fc", (4, 1, 1), [Linear(name="fc", out_channels=3)])
    report = simulate(Architecture.load("von_neumann", ["placement=[{unit: cpu}]"]), network)
    assert report.totals.macs == 12
    assert report.layers[0].compute_cycles == 30


def computing(channels, size, kernel, **array):
    """Cycles that a depthwise convolution computes, and the fewest that its PEs could take."""
    network = build_network(
        "dw", (channels, size, size), [Conv2d(name="dw", kernel=kernel, groups="depthwise")]
    )
    npu = TINY["compute"]["npu"] | array
    architecture = tiny(compute=TINY["compute"] | {"npu": npu}, mapping=[])
    (row,) = simulate(architecture, network).layers
    return row.compute_cycles, -(-row.macs // architecture.compute["npu"].multipliers)


# 512 channels, one MAC each, on 1 x 4 PEs: 128 cycles at least; a cycle less for each channel will not do.
def test_packed_groups_take_at_least_their_macs():
    cycles, least = computing(
        512, 1, 1, rows=1, columns=4, dataflow="output_stationary", depthwise_packing=True
    )
    assert cycles >= least


# Input stationary holds pixels across the columns, where packing would lay the groups: 14 x 14 pixels still
# need their folds.
def test_packed_groups_of_an_input_stationary_array_fold_over_pixels():
    cycles, least = computing(
        16, 16, 3, rows=4, columns=4, dataflow="input_stationary", depthwise_packing=True
    )
    assert cycles >= least


# One PE, depth 4, 3 filters: 12 MACs, where the closed form says 3 x (1 + 1 + 4 - 2) - 1 = 11 cycles.
def test_one_pe_does_one_mac_per_cycle():
    npu = TINY["compute"]["npu"] | {"rows": 1, "columns": 1, "dataflow": "output_stationary"}
    network = build_network("fc", (4, 1, 1), [Linear(name="fc", out_channels=3)])
    (row,) = simulate(tiny(compute=TINY["compute"] | {"npu": npu}), network).layers
    assert row.compute_cycles >= row.macs
