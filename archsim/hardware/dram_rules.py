"""What a DRAM command forbids: minimum distances between commands, as a table that the kernel reads.

The rules are those of Ramulator 2's ``dram/ddr4.py`` [sheet] (reference/memory.md §4); per-bank refresh, the
activation of two cycles and split command lines are HBM2's and LPDDR4's; power-down and self-refresh are
those of JESD79-4, section 4 [sheet]. Distances are from the start of one command to the start of the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import product
from typing import Final

from archsim.hardware.dram_parts import DramPart


class Command(IntEnum):
    """Commands, numbered as in the kernel; an A at the end of RD and WR is an automatic precharge."""

    ACT = 0
    PRE = 1
    PREAB = 2
    RD = 3
    WR = 4
    RDA = 5
    WRA = 6
    REFAB = 7
    REFPB = 8
    PDE = 9
    PDX = 10
    SRE = 11
    SRX = 12


class Scope(IntEnum):
    """Where a rule holds, seen from the earlier command; numbered as in the kernel."""

    CHANNEL = 0
    RANK = 1
    GROUP = 2
    BANK = 3
    OTHER_RANKS = 4
    OTHER_BANKS = 5


@dataclass(frozen=True, order=True, slots=True)
class Rule:
    """At least `cycles` from the `window`-th last `before` to `after` within `scope`."""

    before: Command
    after: Command
    scope: Scope
    cycles: int
    window: int = 1


_C, _S = Command, Scope
_READ: Final = (_C.RD, _C.RDA)
_WRITE: Final = (_C.WR, _C.WRA)
_COLUMN: Final = (*_READ, *_WRITE)
_CLOSE: Final = (_C.PRE, _C.PREAB)
_QUIET: Final = (_C.REFAB, _C.SRE)
"""Commands that need all banks of a rank closed."""
_ACTIVE: Final = (_C.ACT, *_CLOSE, *_COLUMN, _C.REFAB, _C.REFPB, _C.PDE, _C.SRE)
"""Commands that a sleeping rank does not take."""

Commands = Command | Iterable[Command]
_Line = tuple[Commands, Commands, Scope, int]


def rules_of(part: DramPart) -> tuple[Rule, ...]:
    """Return every rule of a part, ascending by the earlier command; distances of 0 or less are left out."""
    lines = [*_column_lines(part), *_row_lines(part), *_refresh_lines(part), *_sleep_lines(part)]
    found = {
        Rule(before, after, scope, cycles)
        for first, second, scope, cycles in lines
        for before, after in product(_listed(first), _listed(second))
        if cycles > 0
    }
    return tuple(sorted(found | {Rule(_C.ACT, _C.ACT, _S.RANK, part.timing.tFAW, 4)}))


def bus_cycles(part: DramPart) -> tuple[int, ...]:
    """Return for how many cycles each command occupies its command lines."""
    of = {_C.ACT: part.commands.activate} | dict.fromkeys(_COLUMN, part.commands.column)
    return tuple(of.get(command, part.commands.other) for command in Command)


def _column_lines(part: DramPart) -> Iterator[_Line]:
    t, burst = part.timing, part.burst_cycles
    read_to_write = t.CL + burst - t.CWL
    written = t.CWL + burst
    yield from (
        (_READ, _READ, _S.CHANNEL, burst),
        (_WRITE, _WRITE, _S.CHANNEL, burst),
        (_READ, _READ, _S.RANK, t.tCCD_S),
        (_WRITE, _WRITE, _S.RANK, t.tCCD_S),
        (_READ, _WRITE, _S.RANK, read_to_write + t.tRTW),
        (_WRITE, _READ, _S.RANK, written + t.tWTR_S),
        (_READ, _READ, _S.OTHER_RANKS, burst + t.tCS),
        (_WRITE, _WRITE, _S.OTHER_RANKS, burst + t.tCS),
        # BL + tCS alone, as in Ramulator 2, lets the bursts meet on the data lines where CL > CWL.
        (_READ, _WRITE, _S.OTHER_RANKS, max(burst, read_to_write) + t.tCS),
        (_WRITE, _READ, _S.OTHER_RANKS, written + t.tCS - t.CL),
        (_READ, _READ, _S.GROUP, t.tCCD_L),
        (_WRITE, _WRITE, _S.GROUP, t.tCCD_L),
        (_WRITE, _READ, _S.GROUP, written + t.tWTR_L),
    )


def _row_lines(part: DramPart) -> Iterator[_Line]:
    t = part.timing
    written = t.CWL + part.burst_cycles + t.tWR
    yield from (
        (_C.ACT, _C.ACT, _S.RANK, t.tRRD_S),
        (_C.ACT, _C.ACT, _S.GROUP, t.tRRD_L),
        (_C.ACT, _C.ACT, _S.BANK, t.tRC),
        (_C.ACT, _READ, _S.BANK, t.tRCD),
        (_C.ACT, _WRITE, _S.BANK, t.tRCDW),
        (_C.ACT, _C.PRE, _S.BANK, t.tRAS),
        (_C.ACT, _C.PREAB, _S.RANK, t.tRAS),
        (_C.PRE, _C.ACT, _S.BANK, t.tRP),
        (_C.PREAB, _C.ACT, _S.RANK, t.tRPab),
        (_CLOSE, _CLOSE, _S.RANK, t.tPPD),
        (_READ, _C.PRE, _S.BANK, t.tRTP),
        (_READ, _C.PREAB, _S.RANK, t.tRTP),
        (_WRITE, _C.PRE, _S.BANK, written),
        (_WRITE, _C.PREAB, _S.RANK, written),
        (_C.RDA, _C.ACT, _S.BANK, t.tRTP + t.tRP),
        (_C.WRA, _C.ACT, _S.BANK, written + t.tRP),
    )


def _refresh_lines(part: DramPart) -> Iterator[_Line]:
    t = part.timing
    written = t.CWL + part.burst_cycles + t.tWR
    yield from (
        (_C.ACT, _QUIET, _S.RANK, t.tRAS + t.tRPab),
        (_C.ACT, _QUIET, _S.RANK, t.tRC),
        (_C.PRE, _QUIET, _S.RANK, t.tRP),
        (_C.PREAB, _QUIET, _S.RANK, t.tRPab),
        (_C.RDA, _QUIET, _S.RANK, t.tRTP + t.tRP),
        (_C.WRA, _QUIET, _S.RANK, written + t.tRP),
        (_C.REFAB, (_C.ACT, *_QUIET), _S.RANK, t.tRFC),
    )
    if t.tRFCpb is None or t.tRREFD is None:
        return
    yield from (
        (_C.ACT, _C.REFPB, _S.BANK, t.tRC),
        (_C.ACT, _C.REFPB, _S.RANK, t.tRRD_S),
        (_C.ACT, _C.REFPB, _S.GROUP, t.tRRD_L),
        (_C.PRE, _C.REFPB, _S.BANK, t.tRP),
        (_C.PREAB, _C.REFPB, _S.RANK, t.tRPab),
        (_C.RDA, _C.REFPB, _S.BANK, t.tRTP + t.tRP),
        (_C.WRA, _C.REFPB, _S.BANK, written + t.tRP),
        (_C.REFPB, (_C.ACT, _C.REFPB), _S.BANK, t.tRFCpb),
        (_C.REFPB, _C.ACT, _S.OTHER_BANKS, t.tRREFD),
        # One bank of a rank at a time, as DRAMSys has it for LPDDR4 and DRAMsim3 for all [sheet].
        (_C.REFPB, (_C.REFPB, *_QUIET), _S.RANK, t.tRFCpb),
        (_C.REFAB, _C.REFPB, _S.RANK, t.tRFC),
    )


def _sleep_lines(part: DramPart) -> Iterator[_Line]:
    t = part.timing
    read, written = t.CL + part.burst_cycles + 1, t.CWL + part.burst_cycles + t.tWR
    yield from (
        # tRDPDEN = RL + 4 + 1, tWRPDEN = WL + 4 + tWR, tWRAPDEN one more [JESD79-4].
        (_READ, (_C.PDE, _C.SRE), _S.RANK, read),
        (_C.WR, _C.PDE, _S.RANK, written),
        (_C.WRA, _C.PDE, _S.RANK, written + 1),
        ((*_CLOSE, _C.REFAB, _C.REFPB), _C.PDE, _S.RANK, t.tPDEN),
        (_C.PDE, _C.PDX, _S.RANK, t.tCKE),
        (_C.PDX, _ACTIVE, _S.RANK, t.tXP),
        (_C.PDX, _C.PDE, _S.RANK, t.tCKE),
        (_C.SRE, _C.SRX, _S.RANK, t.tCKESR),
        (_C.SRX, _ACTIVE, _S.RANK, t.tXS),
    )


def _listed(commands: Commands) -> tuple[Command, ...]:
    return (commands,) if isinstance(commands, Command) else tuple(commands)
