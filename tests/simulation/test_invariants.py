"""Each invariant can fail: an execution is tampered with in one place, and the run stops with the reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import pytest
from tiny_system import TINY, network, tiny

from archsim.errors import InvariantError
from archsim.hardware.architecture import Architecture
from archsim.mapping.mapper import map_network
from archsim.simulation.engine import Engine, Execution
from archsim.simulation.invariants import check
from archsim.simulation.ledger import Account, accounts
from archsim.simulation.pipeline import Record
from archsim.workload import Conv2d, build_network

CONV, POOL, FC = range(3)


@dataclass
class Case:
    """A sound execution, to be spoiled."""

    architecture: Architecture
    execution: Execution
    rows: list[Account]

    def record(self, part: int) -> Record:
        return self.execution.records[part]

    def swap(self, part: int, **changes) -> None:
        """Replace one tile of a part by a tile that differs."""
        tiles = self.record(part).tiles
        one = next(iter(tiles))
        tiles[one] -= 1
        tiles[replace(one, **changes)] += 1

    def refuse(self, message: str) -> None:
        with pytest.raises(InvariantError, match=message):
            check(self.architecture, self.execution, self.rows)


def executed(architecture, workload, batch=1) -> Case:
    execution = Engine(architecture, map_network(workload, architecture, batch)).run()
    return Case(architecture, execution, accounts(architecture, execution))


@pytest.fixture
def case() -> Case:
    return executed(tiny(), network(), batch=2)


def test_a_sound_run_passes(case):
    check(case.architecture, case.execution, case.rows)


def test_a_lost_tile(case):
    tiles = case.record(FC).tiles
    tiles[next(iter(tiles))] -= 1
    case.refuse(
        r"layer 'fc' on 'npu' MACs: counted 0, expected 30; .*output bits.*tiles: counted 0, expected 1"
    )


def test_a_tile_executed_twice(case):
    tiles = case.record(CONV).tiles
    tiles[next(iter(tiles))] += 1
    case.refuse("layer 'conv' on 'npu' MACs: counted 864, expected 432; ")


def test_a_lost_tile_without_macs(case):
    tiles = case.record(POOL).tiles
    tiles[next(iter(tiles))] -= 1
    case.refuse("layer 'pool' on 'cpu' output bits: counted 24, expected 48; ")


@pytest.mark.parametrize("change", [-1, 1])
def test_wrong_macs(case, change):
    work = next(iter(case.record(CONV).tiles)).work
    case.swap(CONV, work=replace(work, macs=work.macs + change))
    case.refuse(f"^layer 'conv' on 'npu' MACs: counted {432 + change}, expected 432$")


@pytest.mark.parametrize("change", [-8, 8])
@pytest.mark.parametrize(("part", "name"), [(CONV, "conv"), (POOL, "pool"), (FC, "fc")])
def test_outputs_that_are_not_finished_exactly_once(case, part, name, change):
    bits = next(iter(case.record(part).tiles)).finished_bits
    case.swap(part, finished_bits=bits + change)
    case.refuse(f"^layer '{name}' on .* output bits: counted")


@pytest.mark.parametrize("change", [-8, 8])
def test_outputs_that_are_not_written_home_exactly_once(case, change):
    # The tile, the records and the ports agree; only the results do not.
    old = next(iter(case.record(FC).tiles))
    (store,) = old.stores
    case.swap(FC, stores=(replace(store, bits=store.bits + change),))
    case.record(FC).moved["outputs", "buffer", "dram"] += change
    case.execution.ports["buffer"].read_bits += change
    case.execution.ports["bus"].read_bits += change
    case.execution.ports["dram"].written_bits += change
    case.refuse(
        f"^layer 'fc' on 'npu' output bits written to their home: counted {80 + change}, expected 80$"
    )


def test_outputs_that_never_reach_their_home(case):
    # Again everything agrees, so that only the compulsory traffic tells.
    case.swap(FC, stores=())
    del case.record(FC).moved["outputs", "buffer", "dram"]
    case.execution.ports["buffer"].read_bits -= 80
    case.execution.ports["bus"].read_bits -= 80
    case.execution.ports["dram"].written_bits -= 80
    spoiled = accounts(case.architecture, case.execution)
    assert any(row.compulsory.get(("outputs", "dram")) for row in spoiled)
    case.rows = spoiled
    case.refuse("^layer 'fc' outputs of 'dram': 0 bits moved, 80 needed$")


def test_an_operand_read_less_than_once(case):
    case.swap(CONV, loads=tuple(load for load in _loads(case, CONV) if load.tensor == "weights"))
    del case.record(CONV).moved["inputs", "dram", "buffer"]
    case.execution.ports["dram"].read_bits -= 512
    case.execution.ports["bus"].read_bits -= 512
    case.execution.ports["buffer"].written_bits -= 512
    case.rows = accounts(case.architecture, case.execution)
    case.refuse("^layer 'conv' inputs of 'dram': 0 bits moved, 512 needed$")


def _loads(case, part):
    return next(iter(case.record(part).tiles)).loads


@pytest.mark.parametrize("change", [-1, 1, 64])
def test_bits_that_no_tile_asked_for(case, change):
    case.record(CONV).moved["weights", "dram", "buffer"] += change
    case.refuse(r"layer 'conv' on 'npu' bits moved: counted \d+, expected 944; port 'dram' bits read")


@pytest.mark.parametrize("port", ["dram", "buffer", "bus"])
@pytest.mark.parametrize("direction", ["read_bits", "written_bits"])
@pytest.mark.parametrize("change", [-1, 1])
def test_fills_equal_reads_above(case, port, direction, change):
    served = case.execution.ports[port]
    setattr(served, direction, getattr(served, direction) + change)
    way = direction.split("_")[0]
    case.refuse(rf"^port '{port}' bits {way}: counted -?\d+, expected \d+$")


def test_a_port_busy_for_longer_than_the_run(case):
    case.execution.ports["bus"].busy_ps = case.execution.makespan_ps + 1
    case.refuse(r"^port 'bus' was busy for \d+ ps of \d+ ps$")


def test_a_port_busy_all_the_time_is_allowed(case):
    case.execution.ports["bus"].busy_ps = case.execution.makespan_ps
    check(case.architecture, case.execution, case.rows)


def test_resident_weights_that_move(case):
    part = replace(case.execution.schedule.parts[CONV], resident=True)
    parts = (part, *case.execution.schedule.parts[1:])
    execution = replace(case.execution, schedule=replace(case.execution.schedule, parts=parts))
    case.execution = execution
    case.refuse("^layer 'conv' on 'npu' resident weight bits moved: counted 432, expected 0$")


def test_a_unit_that_does_two_things_at_once(case):
    start, end = case.record(FC).intervals[0]
    shift = start - case.record(CONV).intervals[0][1] + 2000
    case.record(FC).intervals[0] = (start - shift, end - shift)
    case.refuse(r"^unit 'npu' started a part at \d+ ps before the last one ended at \d+ ps$")


@pytest.mark.parametrize("part", [CONV, POOL, FC])
@pytest.mark.parametrize("change", [-1, 1, 2, 100])
def test_cycles_that_are_not_the_time(case, part, change):
    case.record(part).cycles += change
    unit = case.execution.schedule.parts[part].unit
    case.refuse(rf"^unit '{unit}' cycles: counted \d+, expected \d+$")


def test_an_interval_that_is_not_the_cycles(case):
    start, end = case.record(FC).intervals[0]
    case.record(FC).intervals[0] = (start + 2000, end)
    case.refuse(r"^unit 'npu' cycles: counted \d+, expected \d+$")


def test_a_unit_busier_than_occupied(case):
    record = case.record(POOL)
    record.busy_cycles = record.cycles + 1
    case.refuse(r"^unit 'cpu': \d+ busy \+ -1 stalled cycles")


def test_a_makespan_shorter_than_the_work(case):
    occupied = sum(end - start for part in (CONV, FC) for start, end in case.record(part).intervals)
    case.execution = replace(case.execution, makespan_ps=occupied - 1)
    case.refuse(r"unit 'npu': .* -1 ps idle")


def test_a_row_that_needs_more_than_moved(case):
    row = case.rows[0]
    row.compulsory = {("weights", "dram"): 433}
    case.refuse("^layer 'conv' weights of 'dram': 432 bits moved, 433 needed$")


def test_a_row_that_never_touched_its_home(case):
    row = case.rows[0]
    row.memories = {}
    case.refuse("layer 'conv' inputs of 'dram': 0 bits moved, 512 needed")


def test_every_broken_sum_is_told(case):
    case.record(CONV).cycles += 50
    case.execution.ports["bus"].read_bits += 1
    case.record(POOL).tiles = Counter()
    with pytest.raises(InvariantError) as caught:
        check(case.architecture, case.execution, case.rows)
    message = str(caught.value)
    assert message.count("; ") >= 4
    assert all(part in message for part in ("'pool'", "port 'bus'", "unit 'npu'"))


def test_spills_are_counted_in_and_out():
    """Partial sums that come back less often than they left are missing from the records or the ports."""
    given = [{"layer": "*", "channels": 4, "rows": 2, "order": ("channels", "filters", "pixels")}]
    workload = build_network("one", (8, 4, 4), [Conv2d(name="conv", out_channels=8, kernel=1)])
    case = executed(tiny(mapping=given), workload)
    check(case.architecture, case.execution, case.rows)
    case.record(0).moved["partial_sums", "dram", "buffer"] -= 2048
    case.refuse("layer 'conv' on 'npu' bits moved")


@pytest.mark.parametrize("clock", ["166.667 MHz", "333 MHz", "500 MHz"])
@pytest.mark.parametrize("batch", [1, 3])
def test_awkward_clocks_close_exactly(clock, batch):
    compute = {name: unit | {"clock": clock} for name, unit in TINY["compute"].items()}
    case = executed(tiny(compute=compute, schedule={"batch_order": "image_major"}), network(), batch)
    check(case.architecture, case.execution, case.rows)
