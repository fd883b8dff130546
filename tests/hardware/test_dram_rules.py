"""DRAM constraints: each holds at its bound and not before, and no log of any pattern breaks one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from dram_checker import NAMES, NEAR, Constraints, Judge, run
from dram_patterns import mixed, random, stream
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.hardware.dram_controller import ControllerOptions, DramController, Requests
from archsim.hardware.dram_parts import dram_parts
from archsim.hardware.dram_rules import rules_of

PARTS = dram_parts()
WHOLE_RANK = {"PREAB", "REFAB", "PDE", "PDX", "SRE", "SRX"}
START = 10_000


def channel(part, ranks=1):
    return DramController(part, ControllerOptions(refresh="none", ranks=ranks))._channel


def pairs(part):
    """Every pair of commands, the way they are near each other, and the rank and bank of the second."""
    per_group = part.banks_per_group
    places = {"bank": (0, 0), "group": (0, 1), "rank": (0, per_group % part.banks), "other": (1, 0)}
    for before, after, near in product(NAMES, NAMES, NEAR):
        rank, bank = places[near]
        if near == "rank" and part.bank_groups == 1:
            continue
        whole = {before, after} & WHOLE_RANK
        if whole and near in ("group", "rank"):
            continue
        yield before, after, "rank" if whole and near == "bank" else near, rank, bank


@pytest.mark.parametrize("name", PARTS)
def test_every_pair_is_legal_at_its_bound_and_not_before(name):
    part = PARTS[name]
    rules = Constraints(part)
    for before, after, near, rank, bank in pairs(part):
        if "REFPB" in (before, after) and part.timing.tRFCpb is None:
            continue
        kernel = channel(part, ranks=2)
        kernel.issue(START, NAMES.index(before), 0, -1 if before in WHOLE_RANK else 0)
        least = rules.least(before, after, near)
        least = max(least, rules.bus(before) if rules.shares_bus(before, after) else 0)
        place = NAMES.index(after), rank, -1 if after in WHOLE_RANK else bank
        assert kernel.earliest(*place) == START + least, (before, after, near)
        if least:
            with pytest.raises(ValueError, match="too early"):
                kernel.issue(START + least - 1, *place)
        kernel.issue(START + least, *place)


@pytest.mark.parametrize("name", PARTS)
def test_a_fifth_activation_waits_for_the_window(name):
    part = PARTS[name]
    apart, window = max(part.timing.tRRD_S, part.commands.activate), part.timing.tFAW
    spread = [group * part.banks_per_group for group in range(part.bank_groups)] + list(range(1, 5))
    banks = spread[:4] if part.bank_groups > 1 else [0, 1, 2, 3]
    fifth = 1 if part.bank_groups > 1 else 4
    kernel = channel(part)
    for place, bank in enumerate(banks):
        kernel.issue(START + place * apart, 0, 0, bank)
    due = max(START + window, START + 3 * apart + apart, START + part.timing.tRRD_L)
    assert kernel.earliest(0, 0, fifth) == due
    with pytest.raises(ValueError, match="too early"):
        kernel.issue(due - 1, 0, 0, fifth)


def test_rules_are_ascending_and_positive():
    for part in PARTS.values():
        rules = rules_of(part)
        assert list(rules) == sorted(set(rules))
        assert all(rule.cycles > 0 for rule in rules)


PATTERNS = {
    "stream": lambda part, ranks: stream(1500, part.burst_bytes),
    "random": lambda part, ranks: mixed(part, 800, 1, 2**34, ranks),
    "one bank": lambda part, ranks: mixed(part, 400, 2, 2**13, ranks),
    "writes": lambda part, ranks: Requests(random(500).addresses % np.uint64(2**28), np.ones(500, np.uint8)),
}


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("page", ["open", "closed"])
@pytest.mark.parametrize("refresh", ["all_bank", "per_bank"])
def test_no_log_breaks_a_constraint(name, page, refresh, pattern):
    part = PARTS[name]
    if refresh == "per_bank" and part.timing.tRFCpb is None:
        pytest.skip("this part refreshes whole ranks")
    for mapping, ranks in (("robabgco", 1), ("robacobg", 2), ("xor", 1)):
        requests = PATTERNS[pattern](part, ranks)
        check(part, requests, page=page, refresh=refresh, mapping=mapping, ranks=ranks)


def check(part, requests, **options):
    """Replay the log of a run; each request is served exactly once, where it lies."""
    controller, log = run(part, requests, **options)
    judge = Judge(part).replay(log)
    assert not judge.faults, judge.faults[:3]
    result = controller.result()
    places = [controller.mapping.place(int(address)) for address in requests.addresses]
    wanted = [(p.rank, p.group * part.banks_per_group + p.bank, p.row, p.column) for p in places]
    writes = [place for place, write in zip(wanted, requests.writes, strict=True) if write]
    read = [place for place, write in zip(wanted, requests.writes, strict=True) if not write]
    assert sorted(judge.writes) == sorted(writes)
    assert len(judge.reads) + result.forwarded == len(read)
    if not result.forwarded:
        assert sorted(judge.reads) == sorted(read)
    assert (result.reads, result.writes) == (len(read), len(writes))
    assert result.bytes_requested == len(wanted) * part.burst_bytes
    assert sum(result.state_cycles.values()) == result.cycles * controller.options.ranks
    return result


@given(
    st.sampled_from(sorted(PARTS)),
    st.lists(st.tuples(st.booleans(), st.integers(0, 2**18), st.integers(0, 3000)), min_size=1, max_size=60),
    st.sampled_from(["open", "closed"]),
    st.sampled_from([(0, 0), (20, 0), (400, 0), (0, 1000), (20, 1000), (400, 1000)]),
    st.sampled_from([1, 2]),
)
@settings(max_examples=40, deadline=None)
def test_random_traces_keep_every_constraint(name, given_requests, page, sleep, ranks):
    part = PARTS[name]
    addresses = np.array([place * 4099 * part.burst_bytes for _, place, _ in given_requests], np.uint64)
    requests = Requests(
        addresses % np.uint64(part.rank_bits // 8),
        np.array([write for write, _, _ in given_requests], np.uint8),
        np.cumsum([wait for _, _, wait in given_requests]).astype(np.int64),
    )
    refresh = "per_bank" if part.timing.tRFCpb and addresses[0] % 3 else "all_bank"
    check(
        part,
        requests,
        page=page,
        refresh=refresh,
        ranks=ranks,
        power_down_after=sleep[0],
        self_refresh_after=sleep[1],
    )


def test_the_judge_sees_what_is_wrong():
    part = PARTS["DDR4-2400-x8-8Gb"]
    _, log = run(part, mixed(part, 300, 5))
    assert not Judge(part).replay(log).faults
    found = 0
    for index in range(40, 80):
        early = log.copy()
        early["cycle"][index:] -= 1
        found += bool(Judge(part).replay(early).faults)
    assert found > 30
    lost = np.delete(log, 0)
    assert any("wants row" in fault for fault in Judge(part).replay(lost).faults)
