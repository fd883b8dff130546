"""The DRAM controller: latencies, queues, refresh, sleep, and that no chopping of a run changes it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from archsim._dram import LOGGED
from dram_checker import run
from dram_patterns import mixed, random, reads, stream
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.errors import InputError
from archsim.hardware.dram_controller import ControllerOptions, DramController, Requests
from archsim.hardware.dram_mapping import MAPPINGS, Place, address_mapping
from archsim.hardware.dram_parts import dram_part, dram_parts
from archsim.hardware.dram_rules import Command

DDR4 = dram_part("DDR4-2400")


def result(part, requests, **options):
    controller = DramController(part, ControllerOptions(**options))
    controller.run(requests)
    return controller.result()


@pytest.mark.parametrize("name", dram_parts())
def test_unloaded_latencies_are_the_closed_forms(name):
    # Row hit CL + BL/2 + 2, closed bank + tRCD, row conflict + tRP + tRCD (reference/memory.md §5).
    part = dram_part(name)
    t, hit = part.timing, part.timing.CL + part.burst_cycles + 2
    next_row = part.row_bytes * part.banks
    for places, latency in (([0], hit + t.tRCD), ([0, 1], hit), ([0, next_row], hit + t.tRCD + t.tRP)):
        addresses = np.array(places) * (part.burst_bytes if latency == hit else 1)
        requests = Requests(
            addresses.astype(np.uint64), np.zeros(len(places), np.uint8), np.arange(len(places)) * 2000
        )
        controller = DramController(part)
        controller.run(requests)
        counts = controller._latencies[0]
        assert counts[latency] >= 1
        assert counts.sum() == len(places)
        assert controller.result().latency.max == max(latency, hit + t.tRCD)


def test_a_write_is_done_after_its_latency():
    requests = Requests(np.zeros(1, np.uint64), np.ones(1, np.uint8))
    t = DDR4.timing
    assert result(DDR4, requests).latency.max == 2 + t.tRCDW + t.CWL + DDR4.burst_cycles


def test_one_outstanding_read_at_a_time_is_as_slow_as_in_dramsim3():
    # DRAMsim3, 10,000 and 20,000 reads: stream mean 24.27, random mean 58.12 and median 57 (memory.md §5).
    alone = {"outstanding": 1}
    assert result(DDR4, stream(10_000), **alone).latency.mean == pytest.approx(24.27, abs=0.1)
    found = result(DDR4, random(10_000), **alone)
    assert found.latency.mean == pytest.approx(58.12, abs=0.5)
    assert found.latency.p50 == 57


@given(st.integers(0, 2**32), st.lists(st.integers(1, 60), min_size=1, max_size=12), st.sampled_from([0, 3]))
@settings(max_examples=25, deadline=None)
def test_pieces_change_nothing(seed, sizes, outstanding):
    requests = mixed(DDR4, sum(sizes), seed)
    options = ControllerOptions(outstanding=outstanding, power_down_after=50)
    whole, pieces = DramController(DDR4, options), DramController(DDR4, options)
    logs: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    whole.run(requests, lambda log: logs[0].append(log.copy()))
    ends = np.cumsum([0, *sizes])
    chopped = [
        Requests(requests.addresses[start:end], requests.writes[start:end]) for start, end in pairwise(ends)
    ]
    pieces.run(chopped, lambda log: logs[1].append(log.copy()))
    assert np.array_equal(np.concatenate(logs[0]), np.concatenate(logs[1]))
    assert whole.result() == pieces.result()


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_stopping_at_cycles_changes_nothing(step):
    requests = mixed(DDR4, 400, 3)
    _, log = run(DDR4, requests)
    kernel = DramController(DDR4)._channel
    kernel.submit(requests.addresses, requests.writes, None, (0, 0, 1), 0, None)
    pieces, goal_cycle = [], 2
    for until in range(step, 100_000, step):
        piece = np.zeros(4096, LOGGED)
        count, full = kernel.proceed(goal_cycle, until, piece)
        assert not full
        assert not count or piece["cycle"][count - 1] <= until
        pieces.append(piece[:count].copy())
        if sum(kernel.tally["served"]) + kernel.tally["forwarded"] == 400:
            break
    chopped = np.concatenate(pieces)[: len(log)]
    assert np.array_equal(chopped, log)


def test_a_full_log_loses_no_command():
    requests = mixed(DDR4, 300, 9)
    _, log = run(DDR4, requests)
    kernel = DramController(DDR4)._channel
    kernel.submit(requests.addresses, requests.writes, None, (0, 0, 1), 0, None)
    pieces, full = [], True
    while full:
        piece = np.zeros(5, LOGGED)
        count, full = kernel.proceed(1, None, piece)
        pieces.append(piece[:count])
    assert np.array_equal(np.concatenate(pieces), log)


def test_each_request_ends_once_and_after_it_was_accepted():
    requests = mixed(DDR4, 2000, 4)
    kernel = DramController(DDR4)._channel
    accepted, finished = np.full(2000, -1, np.int64), np.full(2000, -1, np.int64)
    kernel.submit(requests.addresses, requests.writes, None, (0, 0, 1), 0, (accepted, finished))
    kernel.proceed(1)
    assert (np.diff(accepted) >= 1).all()
    assert (finished > accepted).all()
    data = finished[finished - accepted > 2]
    assert len(np.unique(data)) == len(data)
    assert sum(kernel.tally["served"]) + kernel.tally["forwarded"] == 2000


def test_looking_ahead_leaves_no_trace():
    requests = mixed(DDR4, 500, 8)
    controller = DramController(DDR4)
    kernel = controller._channel
    kernel.submit(requests.addresses, requests.writes, None, (0, 0, 1), 0, None)
    kernel.proceed(0)
    ahead = kernel.look_ahead()
    kernel.proceed(1)
    assert kernel.tally["last_beat"] == ahead
    assert controller.result() == result(DDR4, requests)


def test_a_read_finds_the_data_of_a_waiting_write():
    # The write waits behind reads of other rows; the read of its address takes the front end's two cycles.
    places = np.array([2**20, 2**21, 2**22, 64, 64], np.uint64)
    found = result(DDR4, Requests(places, np.array([0, 0, 0, 1, 0], np.uint8)))
    assert (found.forwarded, found.reads, found.writes) == (1, 4, 1)
    assert found.commands["rd"] == 3
    assert found.bytes_moved == 4 * 64
    assert found.bytes_requested == 5 * 64


@pytest.mark.parametrize("ranks", [1, 2])
def test_writes_are_drained_between_the_water_marks(ranks):
    requests = Requests(
        random(4000).addresses, (np.random.default_rng(0).random(4000) < 0.5).astype(np.uint8)
    )
    _, log = run(DDR4, requests, ranks=ranks)
    kinds = log["command"][np.isin(log["command"], [Command.RD, Command.WR])] == Command.WR
    changes = np.flatnonzero(np.diff(kinds.astype(int)))
    lengths = np.diff(changes)
    writes = lengths[::2] if kinds[changes[0] + 1] else lengths[1::2]
    # 26 waiting writes begin a drain and 6 end it: 20 at least go together, but for the last ones.
    assert writes[:-1].min() >= 20


def test_many_marks_cost_turns_of_the_data_lines():
    requests = Requests(
        random(4000).addresses, (np.random.default_rng(0).random(4000) < 0.5).astype(np.uint8)
    )
    together = result(DDR4, requests)
    apart = result(DDR4, requests, high_water=0.1, low_water=0.05)
    assert apart.cycles > together.cycles


def test_a_closed_page_activates_for_every_access():
    found = result(DDR4, random(3000), page="closed")
    assert found.commands["rda"] == 3000
    # A refresh may close rows that were opened for requests that still wait.
    assert 0 <= found.commands["act"] - 3000 <= DDR4.banks * found.commands["refab"]
    assert (found.row_hits, found.row_conflicts, found.commands["pre"]) == (0, 0, 0)


@pytest.mark.parametrize("name", dram_parts())
@pytest.mark.parametrize("refresh", ["all_bank", "per_bank"])
def test_refreshes_come_as_often_as_prescribed(name, refresh):
    part = dram_part(name)
    if refresh == "per_bank" and part.timing.tRFCpb is None:
        pytest.skip("this part refreshes whole ranks")
    interval = part.timing.tREFIpb if refresh == "per_bank" else part.timing.tREFI
    last = 50 * part.timing.tREFI
    requests = Requests(np.zeros(2, np.uint64), np.zeros(2, np.uint8), np.array([0, last]))
    found = result(part, requests, refresh=refresh)
    command = "refpb" if refresh == "per_bank" else "refab"
    assert abs(found.commands[command] - last // interval) <= 1
    none = result(part, requests, refresh="none")
    assert none.commands["refab"] == none.commands["refpb"] == 0
    assert none.energy_j["refresh"] == 0


def test_an_idle_rank_sleeps_deeper_and_deeper():
    idle = Requests(np.zeros(2, np.uint64), np.zeros(2, np.uint8), np.array([0, 10**6]))
    awake = result(DDR4, idle)
    down = result(DDR4, idle, power_down_after=100)
    deep = result(DDR4, idle, power_down_after=100, self_refresh_after=20_000)
    assert awake.state_cycles["power_down"] == awake.state_cycles["self_refresh"] == 0
    assert down.state_cycles["power_down"] > 0.94 * 10**6
    assert deep.state_cycles["self_refresh"] == pytest.approx(10**6 - 20_000, rel=0.001)
    assert deep.commands["refab"] == 2
    for found in (awake, down, deep):
        assert sum(found.state_cycles.values()) == found.cycles
    powers = [found.energy_j["background"] / found.seconds for found in (awake, down)]
    assert powers[1] == pytest.approx(DDR4.power_down_w, rel=0.05)
    assert powers[1] < powers[0]
    t = DDR4.timing
    assert down.latency.max == 2 + t.tXP + t.tRCD + t.CL + 4
    assert deep.latency.max == 2 + t.tXS + t.tRCD + t.CL + 4


def test_a_rank_that_is_asked_does_not_wake_the_other():
    addresses = np.arange(2000) * 64 % 8192
    requests = Requests(
        addresses.astype(np.uint64), np.zeros(2000, np.uint8), np.arange(2000, dtype=np.int64) * 10
    )
    found = result(DDR4, requests, ranks=2, power_down_after=100, refresh="none")
    assert found.state_cycles["power_down"] == pytest.approx(20_000, rel=0.02)


@given(st.sampled_from(sorted(dram_parts())), st.sampled_from(sorted(MAPPINGS)), st.data())
def test_mappings_are_one_to_one(name, mapping, data):
    part = dram_part(name)
    channels, ranks = data.draw(st.sampled_from([1, 4])), data.draw(st.sampled_from([1, 2]))
    where = address_mapping(part, mapping, ranks, channels)
    assert where.capacity * 8 == part.rank_bits * ranks * channels
    address = data.draw(st.integers(0, where.capacity // part.burst_bytes - 1)) * part.burst_bytes
    assert where.address(where.place(address)) == address
    assert where.place(address + part.burst_bytes - 1) == where.place(address)


def test_mappings_are_what_their_names_say():
    plain, low, hashed = (address_mapping(DDR4, name) for name in ("robabgco", "robacobg", "xor"))
    assert plain.place(64) == Place(0, 0, 0, 0, 0, 1)
    assert plain.place(8192) == Place(0, 0, 1, 0, 0, 0)
    assert low.place(64) == Place(0, 0, 1, 0, 0, 0)
    assert low.place(256) == Place(0, 0, 0, 0, 0, 1)
    # Rows follow each other in one bank; hashed, 16 of them lie in 16 banks.
    rows = [hashed.place(row * 2**17) for row in range(16)]
    assert len({(place.group, place.bank) for place in rows}) == 16
    assert {plain.place(row * 2**17)[2:4] for row in range(16)} == {(0, 0)}


def test_a_hashed_mapping_spares_conflicts_of_rows_a_power_of_two_apart():
    requests = reads(np.arange(3000) * 2**17)
    assert result(DDR4, requests, mapping="xor").cycles < result(DDR4, requests).cycles / 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mapping": "robabgc"}, "did you mean 'robabgco'"),
        ({"page": "opened"}, "did you mean 'open'"),
        ({"refresh": "per_bank"}, "no per-bank refresh"),
        ({"ranks": 3}, "no power of two"),
        ({"ranks": 16}, "more than 8 ranks"),
        ({"queue": 0}, "1 to 96"),
        ({"outstanding": -1}, "out of range"),
        ({"high_water": 0.1}, "low <= high"),
        ({"power_down_after": 50, "self_refresh_after": 50}, "after power-down"),
    ],
)
def test_impossible_options_are_told(options, message):
    with pytest.raises(InputError, match=message):
        DramController(DDR4, ControllerOptions(**options))


def test_bad_requests_are_told():
    one = np.zeros(1, np.uint8)
    with pytest.raises(InputError, match="beyond the capacity"):
        result(DDR4, Requests(np.array([2**33], np.uint64), one))
    with pytest.raises(InputError, match="out of range"):
        result(DDR4, Requests(np.zeros(1, np.uint64), one, np.array([-1])))
    with pytest.raises(InputError, match="before"):
        result(DDR4, Requests(np.zeros(2, np.uint64), np.zeros(2, np.uint8), np.array([5, 4])))
