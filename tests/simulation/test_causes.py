"""Causes of traffic, idle time, set-up and closure of small runs, worked out by hand."""

from __future__ import annotations

import pytest
from tiny_system import TINY, network, tiny

from archsim.errors import InvariantError
from archsim.results.closure import check_closure
from archsim.results.report import Bytes, Traffic
from archsim.simulation import simulate
from archsim.workload import Concat, Conv2d, Linear, MaxPool, build_network


@pytest.fixture(scope="module")
def report():
    return simulate(tiny(), network())


def pointwise(mapping):
    """1x1 convolution, 8 -> 8 channels on 4x4 pixels, in tiles that the user gives."""
    layers = [Conv2d(name="conv", out_channels=8, kernel=1)]
    architecture = tiny(mapping=[{"layer": "conv", **mapping}])
    (row,) = simulate(architecture, build_network("one", (8, 4, 4), layers)).layers
    return row


# Weights 64 B, inputs 128 B, results 128 B: 320 B at least. Filters in two tiles outside, pixels in two tiles
# inside: the inputs are fetched for each half of the filters: 128 B again.
def test_refetched_bytes():
    row = pointwise({"filters": 4, "rows": 2, "order": ("filters", "pixels", "channels")})
    assert row.traffic["dram"] == Traffic(compulsory=320, refetch=128)
    assert row.bytes["dram"] == Bytes(read=64 + 2 * 128, write=128)


# Channels in two tiles outside: the 8 x 8 sums of 4 B of each pixel tile leave and come back once:
# 2 x 256 B out and in. Every operand is fetched once.
def test_spilled_bytes():
    row = pointwise({"channels": 4, "rows": 2, "order": ("channels", "filters", "pixels")})
    assert row.traffic["dram"] == Traffic(compulsory=320, spill=1024)
    assert row.bytes["dram"] == Bytes(read=64 + 128 + 512, write=128 + 512)


# Pixels outside: nothing changes outside a tile that would have to come again but the weights: 64 B per pixel
# tile of which there are four.
def test_refetched_weights():
    row = pointwise({"filters": 4, "rows": 1, "order": ("pixels", "filters", "channels")})
    assert row.traffic["dram"] == Traffic(compulsory=320, refetch=3 * 64)


# 8 b per cycle at the private port: the 198 B that conv reads and the 12 B that it writes there take 210
# cycles, longer than the 143 of computing. Loaded at edge 107, so 317 cycles.
def test_a_layer_bound_by_the_private_port():
    memories = TINY["memories"] | {"buffer": TINY["memories"]["buffer"] | {"width": "8 b"}}
    conv = simulate(tiny(memories=memories), network()).layers[0]
    assert conv.bound_by == "buffer port"
    assert (conv.cycles, conv.compute_cycles) == (107 + 210, 143)


# The core at 333 MHz: conv ends at 500,000 ps, but the core's next edge is 167 = floor(167 x 10^12 / 333 x
# 10^6) = 501,501: 1501 ps in which nobody works. The array then finds its own next edge.
def test_idle_time_between_clocks():
    compute = TINY["compute"] | {"cpu": TINY["compute"]["cpu"] | {"clock": "333 MHz"}}
    report = simulate(tiny(compute=compute), network())
    rows = {row.name: row for row in report.layers}
    assert round(rows["pool"].start_s * 1e12) == 501_501
    gap = round((rows["fc"].start_s - rows["pool"].end_s) * 1e12)
    assert 0 < gap < 2000
    assert round(rows["(idle)"].latency_s * 1e12) == 1501 + gap
    assert rows["(idle)"].dynamic_energy_j == 0
    makespan = round(report.totals.latency_s * 1e12)
    assert {row.count for row in report.actions if row.action == "leakage"} == {makespan}


PIM = {
    "kind": "pim_3d",
    "memory": "buffer",
    "banks": 2,
    "rows": 64,
    "words": 16,
    "number_format": "int4",
    "weights": "resident",
}


# Linear 15 -> 5 at 4 b: 75 weights x 4 b = 300 b over the bus (75,000 ps, DRAM is faster), 2 bursts of 256 b,
# one row; each weight is one word of 4 cells: 300 cells written, once, before the run. 37.5 B are 38.
def test_setup_of_resident_weights():
    architecture = tiny(
        links={"bus": TINY["links"]["bus"] | {"connects": ["dram", "buffer", "pim", "cpu"]}},
        compute={"pim": PIM, "cpu": TINY["compute"]["cpu"]},
        placement=[{"op": "linear", "unit": "pim"}, {"unit": "cpu"}],
    )
    report = simulate(architecture, build_network("fc", (15, 1, 1), [Linear(name="fc", out_channels=5)]))
    setup = {(row.component, row.action): row.count for row in report.setup.actions}
    assert setup == {
        ("dram", "read"): 2,
        ("dram", "activate"): 1,
        ("bus", "transfer"): 300,
        ("pim.array", "write"): 300,
    }
    assert report.setup.bytes == {"dram": Bytes(read=38)}
    assert report.setup.latency_s == 75e-9
    assert report.setup.energy_j == pytest.approx(
        sum(row.energy_j for row in report.setup.actions), rel=1e-12
    )
    # In the run only the 15 inputs and 5 results of 4 b move: 60 b (7.5 B) and 20 b (2.5 B).
    run = {(row.component, row.action): row.count for row in report.actions}
    assert ("pim.array", "write") not in run
    assert run["bus", "transfer"] == 60 + 20
    assert report.layers[0].bytes["dram"] == Bytes(read=8, write=3)


# A result that is stacked from tensors of which one is read, too: all of it leaves the chip.
def test_a_stacked_result_leaves_the_chip():
    layers = [
        Conv2d(name="a", out_channels=4, kernel=1),
        Conv2d(name="b", out_channels=4, kernel=1),
        Concat(name="c", inputs=("b", "a")),
    ]
    stacked = simulate(tiny(), build_network("stack", (3, 4, 4), layers))
    assert sum(row.bytes["dram"].write for row in stacked.layers) == 8 * 4 * 4


# A resident unit and one that loads its weights at run time are told apart in the same run's report.
def test_no_setup_without_resident_weights(report):
    assert report.setup.actions == ()
    assert report.setup.energy_j == report.setup.latency_s == 0


@pytest.mark.parametrize(
    ("field", "factor"), [("energy_j", 1.001), ("dynamic_energy_j", 0.999), ("macs", 2), ("edp_js", 1.01)]
)
def test_closure_notices_wrong_totals(report, field, factor):
    totals = report.totals.model_copy(update={field: getattr(report.totals, field) * factor})
    with pytest.raises(InvariantError, match=r"differs from"):
        check_closure(report.model_copy(update={"totals": totals}))


@pytest.mark.parametrize("index", range(4))
def test_closure_notices_a_missing_layer(report, index):
    layers = tuple(row for i, row in enumerate(report.layers) if i != index)
    with pytest.raises(InvariantError, match="the layers"):
        check_closure(report.model_copy(update={"layers": layers}))


def test_closure_notices_a_missing_action(report):
    for i in range(len(report.actions)):
        actions = report.actions[:i] + report.actions[i + 1 :]
        with pytest.raises(InvariantError, match="actions"):
            check_closure(report.model_copy(update={"actions": actions}))


def test_a_pool_that_drops_pixels_does_not_fetch_them():
    # 2x2 windows two apart on 5x5: the last row and column are never read: 16 of 25 positions.
    layers = [MaxPool(name="pool", kernel=2)]
    (row,) = simulate(tiny(), build_network("pool", (1, 5, 5), layers)).layers
    assert row.traffic["dram"] == Traffic(compulsory=16 + 4)
