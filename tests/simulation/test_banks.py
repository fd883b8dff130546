"""Bank conflicts: the engine against closed forms, and those against a simulation cycle by cycle."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from bench_parts import PlainMemory, machine, part, schedule, tile
from hypothesis import given
from hypothesis import strategies as st

from archsim.hardware.architecture import Architecture
from archsim.hardware.links.bus import Bus
from archsim.hardware.memories.sram import Sram
from archsim.simulation import simulate
from archsim.simulation.banks import Banks
from archsim.simulation.engine import Engine
from archsim.workload import load_network


class Banked(PlainMemory):
    """A plain memory of some banks of which one is accessed at a time."""

    banks: int = 1

    @property
    def conflict_share(self) -> Fraction:
        return Fraction(1, self.banks)


def cycles_step_by_step(accesses: int, load: float, banks: int, seed: int) -> int:
    """Cycles until a client has made its accesses, one per cycle, beside another one that is served first.

    Every access of either goes to a random bank; one that finds its bank taken tries again.
    """
    rng, cycles, wanted = random.Random(seed), 0, None
    while accesses:
        cycles += 1
        wanted = rng.randrange(banks) if wanted is None else wanted
        taken = rng.randrange(banks) if rng.random() < load else None
        if wanted != taken:
            accesses, wanted = accesses - 1, None
    return cycles


@pytest.mark.parametrize("banks", [1, 2, 4, 8])
@pytest.mark.parametrize("load", [0.25, 0.5, 0.9])
def test_a_client_beside_a_load_takes_n_over_1_minus_load_over_banks(banks, load):
    accesses = 40_000
    stepped = cycles_step_by_step(accesses, load, banks, seed=banks)
    # The standard deviation of the mean is below 1 % for each of these.
    assert stepped == pytest.approx(accesses / (1 - load / banks), rel=0.03)


def unit_strides(accesses: int, banks: int, period: int, start: int) -> int:
    """Conflicts of two streams over neighbouring banks, the first served one step in ``period`` cycles."""
    other, own, conflicts, cycle = start, 0, 0, 0
    while own < accesses:
        other_now = cycle % period == 0
        if other_now and other % banks == own % banks:
            conflicts += 1
        else:
            own += 1
        other += other_now
        cycle += 1
    return conflicts


@pytest.mark.parametrize("banks", [2, 3, 5, 8])
def test_two_streams_of_one_pace_meet_once_at_most(banks):
    # After the first conflict they walk through the banks one behind the other.
    assert max(unit_strides(10_000, banks, 1, start) for start in range(banks)) <= 1


@pytest.mark.parametrize(
    ("banks", "period", "accesses_per_conflict"),
    # Twice the pace: it catches up, waits, and finds the other in the next bank. Four times: once a lap.
    [(8, 2, 1), (3, 2, 1), (8, 4, 11)],
)
def test_streams_of_unequal_pace_lock_where_independent_ones_would_not(banks, period, accesses_per_conflict):
    accesses = 12_000
    conflicts = [unit_strides(accesses, banks, period, start) for start in range(banks)]
    assert conflicts == pytest.approx([accesses / accesses_per_conflict] * banks, rel=0.01)
    independent = accesses / (1 - Fraction(1, period * banks)) - accesses
    assert min(conflicts) > 2 * independent


def banked(banks: int, units: str = "a") -> Architecture:
    """Units with one banked memory whose port moves 1 b/ps, as does the bus; conflicts take time."""
    memory = Banked(bits_per_ns=1000, banks=banks)
    bus = Bus(width=1000, clock="1 GHz", connects=("dram", "mem_a"))
    built = machine(*units, memories={"mem_a": memory}, links={"bus": bus})
    shared = {name: unit.model_copy(update={"memory": "mem_a"}) for name, unit in built.compute.items()}
    return built.model_copy(update={"compute": shared})


def intervals(architecture, *parts):
    done = Engine(architecture, schedule(*parts)).run()
    return [record.intervals[-1] for record in done.records], done


# a's tile 0 takes 100,000 b from its memory at 1 b/ps, 100 cycles, from 1000 (loaded) to 101,000; meanwhile
# tile 1 loads 60,000 b from 1000 on over the bus. With b banks one in b of these hits a bank that a wants.
@pytest.mark.parametrize(("banks", "extra"), [(1, 60), (2, 30), (4, 15), (8, 8), (60, 1)])
def test_a_tile_waits_for_the_share_of_a_load_that_hits_its_banks(banks, extra):
    first, second = tile(1000, 0, port=100_000), tile(60_000, 0)
    spans, done = intervals(banked(banks), part("a", (first, 1), (second, 1)))
    assert spans == [(0, 101_000 + extra * 1000)]
    assert done.records[0].cycles - done.records[0].busy_cycles == 101 + extra


def test_a_tile_that_computes_for_longer_than_its_port_needs_waits_in_the_slack():
    first, second = tile(1000, 150, port=100_000), tile(40_000, 0)
    assert intervals(banked(1), part("a", (first, 1), (second, 1)))[0] == [(0, 151_000)]


def test_what_arrives_while_nothing_is_accessed_hinders_nobody():
    alone = tile(60_000, 0, port=10_000)
    assert intervals(banked(1), part("a", (alone, 1)))[0] == [(0, 70_000)]


# Two units on one memory: both take 100,000 b in 100 cycles. b comes later in turn: it waits for a's half
# (two banks), a for nobody.
def test_the_unit_that_began_first_goes_first():
    spans, _ = intervals(
        banked(2, units="ab"),
        part("a", (tile(0, 0, port=100_000), 1)),
        part("b", (tile(0, 0, port=100_000, unit="b"), 1)),
    )
    assert spans == [(0, 100_000), (0, 150_000)]


def test_a_memory_with_a_port_for_everyone_has_no_conflicts():
    shared = banked(1)
    apart = shared.model_copy(update={"memories": shared.memories | {"mem_a": PlainMemory(bits_per_ns=1000)}})
    tiles = part("a", (tile(1000, 0, port=100_000), 1), (tile(60_000, 0), 1))
    assert intervals(apart, tiles)[0] == [(0, 101_000)]


spans = st.tuples(st.integers(0, 1000), st.integers(1, 1000), st.integers(0, 10**6))


@given(st.lists(spans), st.integers(0, 1000), st.integers(1, 1000), st.integers(1, 16))
def test_blocked_bits_are_the_share_of_what_overlaps(quanta, start, length, banks):
    state = Banks(Fraction(1, banks), [(begin, begin + lasted, bits) for begin, lasted, bits in quanta])
    window = state.enter(start, start + length, 1)
    whole = state.blocked_bits(window, 10**9)
    inside = sum(bits for begin, lasted, bits in quanta if begin >= start)
    touching = sum(bits for begin, lasted, bits in quanta if begin + lasted > start)
    assert inside <= whole * banks < touching + banks
    assert state.blocked_bits(window, start) == 0
    state.leave(window)
    state.enter(2001, 2002, 1)
    assert (len(state.windows), state.quanta) == (1, [])


def test_the_share_is_the_accesses_of_a_cycle_over_the_banks():
    fields = {"capacity": "512 KiB", "width": "128 b", "banks": 8}
    assert Sram(**fields).conflict_share == 0
    assert Sram(**fields, bank_conflicts=True).conflict_share == Fraction(1, 8)
    assert Sram(**fields, bank_conflicts=True, accesses_per_cycle=3).conflict_share == Fraction(3, 8)


def test_conflicts_stall_a_shipped_system_and_move_no_bit_and_no_cycle_of_work():
    network = load_network("lenet5")
    plain, hindered, one_bank = (
        simulate(
            Architecture.load("von_neumann", [f"memories.buffer.{change}" for change in changes]), network
        )
        for changes in ([], ["bank_conflicts=true"], ["bank_conflicts=true", "banks=1", "clock=200 MHz"])
    )
    assert plain.totals.latency_s <= hindered.totals.latency_s
    rows = zip(plain.layers, hindered.layers, strict=True)
    for before, after in rows:
        assert before.compute_cycles == after.compute_cycles
        assert before.bytes == after.bytes
        assert before.stall_cycles <= after.stall_cycles + 1
    assert one_bank.totals.latency_s > plain.totals.latency_s
