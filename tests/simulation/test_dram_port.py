"""The port of a DRAM with a controller: bandwidth of the channel alone, sharing, latency, conservation."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import simpy
from archsim._dram import Stream
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_system import TINY

from archsim.hardware.architecture import Architecture
from archsim.hardware.dram_controller import ControllerOptions, DramController, Requests
from archsim.hardware.dram_parts import dram_part
from archsim.mapping.patterns import one_run
from archsim.results.report import Report
from archsim.simulation import simulate
from archsim.simulation.ports import Fabric
from archsim.simulation.ports import Requests as PortRequests
from archsim.workload import load_network

PART = dram_part("LPDDR4-3200")
BURST = PART.burst_bits


def machine(channels: int = 1, **dram: Any) -> Architecture:
    """DRAM and buffer on a bus that is faster than all channels."""
    memories = {
        "dram": {"kind": "dram", "part": "LPDDR4-3200-x16-8Gb", "channels": channels, **dram},
        "buffer": {"kind": "sram", "capacity": "256 KiB", "width": "512 b", "banks": 8, "backed_by": "dram"},
    }
    bus = {"kind": "bus", "width": "1024 b", "clock": "500 MHz", "connects": ["dram", "buffer", "npu", "cpu"]}
    return Architecture.from_dict({**TINY, "memories": memories, "links": {"bus": bus}})


class Bench:
    """A fabric on which transfers run, and the end of each."""

    def __init__(self, architecture: Architecture) -> None:
        self.env = simpy.Environment(initial_time=0)
        self.fabric = Fabric(architecture, owners=2)
        self.ends: dict[str, int] = {}

    def move(self, name: str, first: int, bits: int, *, written: bool = False, owner: int = 0) -> None:
        ends = ("buffer", "dram") if written else ("dram", "buffer")
        requests = PortRequests(owner, lambda _: [one_run(first, bits)])

        def client() -> Any:
            yield from self.fabric.move(self.env, self.fabric.path(*ends), bits, None, requests)
            self.ends[name] = int(self.env.now)

        self.env.process(client())

    def run(self) -> Any:
        self.env.run()
        return self.fabric.finish(int(self.env.now))["dram"]


def test_a_tiny_read_takes_the_unloaded_latency_of_a_closed_bank() -> None:
    bench = Bench(machine())
    bench.move("read", 0, BURST)
    bench.run()
    timing = PART.timing
    cycles = timing.tRCD + timing.CL + PART.burst_cycles + 2
    assert bench.ends["read"] == cycles * PART.clock_ps


@pytest.mark.parametrize("mapping", ["robabgco", "xor"])
def test_one_stream_is_as_fast_as_the_channel_alone(mapping: str) -> None:
    count = 20_000
    bench = Bench(machine(controller={"mapping": mapping}))
    bench.move("stream", 0, count * BURST)
    activity = bench.run()
    alone = DramController(PART, ControllerOptions(mapping=mapping))
    addresses = np.arange(count, dtype=np.uint64) * np.uint64(PART.burst_bytes)
    alone.run(Requests(addresses, np.zeros(count, np.uint8)))
    assert bench.ends["stream"] == pytest.approx(alone.result().cycles * PART.clock_ps, rel=1e-3)
    assert activity.commands(0)["read"] == count


def test_two_clients_share_and_neither_waits_for_all_of_the_other() -> None:
    bits = 8 * 64 * 1024 * 8
    alone = Bench(machine())
    alone.move("one", 0, bits)
    alone.run()
    both = Bench(machine())
    both.move("one", 0, bits, owner=0)
    both.move("two", 1 << 30, bits, owner=1)
    activity = both.run()
    assert both.ends["one"] > 1.8 * alone.ends["one"]
    assert abs(both.ends["one"] - both.ends["two"]) < 0.3 * alone.ends["one"]
    assert activity.commands(0)["read"] == activity.commands(1)["read"] == bits // BURST


def test_more_channels_are_never_slower() -> None:
    ends = []
    for channels in (1, 2, 4):
        bench = Bench(machine(channels))
        bench.move("read", 0, 4 * 64 * 1024 * 8)
        bench.run()
        ends.append(bench.ends["read"])
    assert all(after <= before * 1.01 for before, after in pairwise(ends))
    assert ends[1] < 0.6 * ends[0]


_TRANSFERS = st.lists(
    st.tuples(st.integers(0, 1 << 26), st.integers(1, 1 << 16), st.booleans(), st.integers(0, 1)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(_TRANSFERS, st.sampled_from([1, 2, 3]), st.sampled_from(["open", "closed"]))
def test_no_request_is_lost_or_served_twice(
    transfers: list[tuple[int, int, bool, int]], channels: int, page: str
) -> None:
    bench = Bench(machine(channels, controller={"page": page, "power_down_after": 200}))
    expected = np.zeros(2, int)
    for i, (first, bits, written, owner) in enumerate(transfers):
        bench.move(str(i), first, bits, written=written, owner=owner)
        expected[owner] += (first + bits - 1) // BURST - first // BURST + 1
    activity = bench.run()
    assert len(bench.ends) == len(transfers)
    assert activity.left == 0
    assert activity.opened - activity.closed == activity.open_rows
    for owner in (0, 1):
        _, read, written_, forwarded, requested = activity.counts[owner].tolist()
        assert read + written_ + forwarded == requested == expected[owner]
    assert activity.by_cause | activity.totals == activity.by_cause


@given(st.integers(0, 5000), st.integers(1, 900), st.integers(1, 5), st.integers(0, 4000), st.integers(1, 4))
def test_streams_yield_every_touched_burst_once_per_visit(
    first: int, length: int, count: int, stride: int, channels: int
) -> None:
    pattern = (first, length, 1, 0, 1, 0, 1, 0, count, stride)
    for channel in range(channels):
        expected: list[int] = []
        for i in range(count):
            start = first + i * stride
            for burst in range(start // BURST, (start + length - 1) // BURST + 1):
                if burst % channels == channel and (not expected or expected[-1] != burst):
                    expected.append(burst)
        stream = Stream([pattern], BURST, channels, channel)
        assert stream.count == len(expected)
        assert stream.bursts() == [burst // channels for burst in expected]


def _report(*overrides: str) -> Report:
    return simulate(Architecture.load("von_neumann", overrides), load_network("lenet5"), 2)


def test_the_same_run_gives_the_same_bytes() -> None:
    assert _report().to_json() == _report().to_json()


def test_traffic_does_not_depend_on_the_model_or_the_channels() -> None:
    reports = [
        _report(),
        _report("memories.dram.model=streaming"),
        _report("memories.dram.channels=4"),
    ]
    assert len({str([row.bytes for row in report.layers if row.unit]) for report in reports}) == 1


def test_longer_refresh_intervals_cost_less() -> None:
    often, never = _report(), _report("memories.dram.controller={refresh: none}")
    refreshes = [
        sum(row.energy_j for row in report.actions if (row.component, row.action) == ("dram", "refresh"))
        for report in (often, never)
    ]
    assert refreshes[0] > refreshes[1] == 0
