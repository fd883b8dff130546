"""A DRAM channel with its controller: requests in, commands, latencies, counts and energies out.

The loop is the kernel ``archsim._dram``; here parts and options become its numbers, and its numbers a result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from archsim._dram import LOGGED, Channel
from archsim.errors import InputError, expected_one_of, nearest
from archsim.hardware.dram_mapping import DEFAULT_MAPPING, AddressMapping, address_mapping
from archsim.hardware.dram_parts import DramPart
from archsim.hardware.dram_result import DramResult, result_of
from archsim.hardware.dram_rules import Rule, bus_cycles, rules_of

LATEST_CYCLE: Final = 2**40
"""Cycles later than this are refused as earliest cycles: 15 minutes of DRAM time."""

_FRONT_END: Final = 2
"""Cycles from acceptance to the queues of the banks: c of the unloaded latency CL + BL/2 + c, as measured in
DRAMsim3 (reference/memory.md §5)."""
_LOG_SIZE: Final = 1 << 16
_LONGEST_COUNTED: Final = 1 << 16
_LONGEST_INTERVAL: Final = 10**6
"""Latencies from here on are all told as the longest of them."""
_HANDED_OVER: Final = 0
_SERVED: Final = 1

Addresses: TypeAlias = NDArray[np.uint64]
Flags: TypeAlias = NDArray[np.uint8]
Cycles: TypeAlias = NDArray[np.int64]
CommandLog: TypeAlias = NDArray[Any]
OnCommands: TypeAlias = Callable[[CommandLog], None]
PAGES: Final = ("open", "closed")
REFRESHES: Final = ("all_bank", "per_bank", "none")


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests in order: byte addresses, whether each is a write, and earliest cycles (None: at once)."""

    addresses: Addresses
    writes: Flags
    starts: Cycles | None = None


@dataclass(frozen=True, slots=True)
class ControllerOptions:
    """What a controller does; queue and marks in requests, times in cycles."""

    mapping: str = DEFAULT_MAPPING
    page: str = "open"
    """`open`: a row stays open until another one is wanted. `closed`: every access precharges its bank."""
    refresh: str = "all_bank"
    """Of a whole rank, of one bank of a rank after the other, or none at all."""
    ranks: int = 1
    refresh_interval: float = 1.0
    """Factor on the interval of refreshes."""
    outstanding: int = 0
    """Most requests that are accepted and not finished; 0: as many as the queues hold."""
    queue: int = 32
    """Entries of the queue of reads, and of that of writes."""
    high_water: float = 0.8
    """Share of the queue of writes above which writes are drained, as in Ramulator 2 [sheet]."""
    low_water: float = 0.2
    """Share below which reads go first again."""
    power_down_after: int = 0
    """Cycles without data after which a rank goes to power-down; 0: never."""
    self_refresh_after: int = 0
    """Cycles without data after which a rank refreshes itself; 0: never."""

    def check(self) -> None:
        """Refuse options that contradict each other.

        Raises
        ------
        InputError
            With the option.
        """
        for field, choices in (("page", PAGES), ("refresh", REFRESHES)):
            given = getattr(self, field)
            if given not in choices:
                message = f"unknown value '{given}': {expected_one_of(choices)}"
                raise InputError(message, field=field, suggestion=nearest(given, choices))
        self._check_sizes()
        if 0 < self.self_refresh_after <= self.power_down_after:
            raise InputError(
                "self-refresh comes after power-down: give it more cycles", field="self_refresh_after"
            )

    def _check_sizes(self) -> None:
        if not 1 <= self.queue <= 96:
            raise InputError(f"a queue of {self.queue} entries: expected 1 to 96", field="queue")
        if not 0 <= self.low_water <= self.high_water <= 1:
            marks = f"{self.low_water:g} and {self.high_water:g}"
            raise InputError(f"water marks {marks}: expected 0 <= low <= high <= 1", field="low_water")
        if not 0 < self.refresh_interval <= _LONGEST_INTERVAL:
            message = f"a factor of {self.refresh_interval:g}: expected above 0 to {_LONGEST_INTERVAL}"
            raise InputError(message, field="refresh_interval")
        for field in ("outstanding", "power_down_after", "self_refresh_after"):
            if not 0 <= getattr(self, field) <= LATEST_CYCLE:
                raise InputError(f"{field} of {getattr(self, field)} is out of range", field=field)


class DramController:
    """One channel of a part and its controller.

    Requests are handed over in order, one per cycle while there is room in the queue; a read finds the data
    of a write that still waits there. The state stays between calls.

    Raises
    ------
    InputError
        If the options contradict each other or the part.
    """

    def __init__(self, part: DramPart, options: ControllerOptions | None = None) -> None:
        self.part = part
        self.options = options or ControllerOptions()
        self.mapping: AddressMapping = address_mapping(part, self.options.mapping, self.options.ranks)
        self._channel = kernel_channel(part, self.options)
        self._latencies: Cycles = np.zeros((2, _LONGEST_COUNTED), np.int64)
        self._channel.count_latencies(self._latencies)

    def run(self, requests: Requests | Iterable[Requests], on_commands: OnCommands | None = None) -> None:
        """Serve requests to the last one.

        Parameters
        ----------
        requests
            All of them, or pieces, of which only what waits is kept. The result does not depend on the
            pieces.
        on_commands
            Takes the commands in pieces, in order of their cycles: records of cycle, row, command, rank, bank
            (of the rank) and column (in bursts), -1 where one means nothing.

        Raises
        ------
        InputError
            If an address lies beyond the capacity, or an earliest cycle out of range or before another one.
        """
        for piece in (requests,) if isinstance(requests, Requests) else requests:
            self._check(piece)
            pace = (0, 0, 1)
            self._channel.submit(
                piece.addresses, piece.writes, piece.starts, pace, self.options.outstanding, None
            )
            self._proceed(_HANDED_OVER, on_commands)
        self._proceed(_SERVED, on_commands)

    def _proceed(self, goal: int, on_commands: OnCommands | None) -> None:
        log = np.zeros(_LOG_SIZE, LOGGED) if on_commands else None
        full = True
        while full:
            count, full = self._channel.proceed(goal, None, log)
            if on_commands and log is not None:
                on_commands(log[:count])

    def result(self) -> DramResult:
        """Return what has happened up to the last data beat."""
        self._channel.settle(self._channel.tally["last_beat"])
        return result_of(self.part, self._channel.tally, self._latencies)

    def _check(self, piece: Requests) -> None:
        beyond = piece.addresses >= np.uint64(self.mapping.capacity)
        if beyond.any():
            address = int(piece.addresses[int(beyond.argmax())])
            raise InputError(
                f"address {address:#x} lies beyond the capacity of {self.mapping.capacity:#x} bytes"
            )
        if piece.starts is None or not len(piece.starts):
            return
        if piece.starts.min() < 0 or piece.starts.max() > LATEST_CYCLE:
            raise InputError(f"an earliest cycle is out of range: expected 0 to {LATEST_CYCLE}")
        if (np.diff(piece.starts) < 0).any():
            raise InputError("an earliest cycle comes before that of the request before it")


def check_controller(part: DramPart, options: ControllerOptions) -> None:
    """Refuse options that contradict each other or the part.

    Raises
    ------
    InputError
        With the option.
    """
    options.check()
    if options.refresh == "per_bank" and not part.timing.refreshes_banks:
        raise InputError("this part has no per-bank refresh (tRFCpb)", field="refresh")
    address_mapping(part, options.mapping, options.ranks)
    timing, interval = part.timing, refresh_interval_cycles(part, options)
    longest = timing.tRFCpb if options.refresh == "per_bank" else timing.tRFC
    if interval and longest is not None and interval <= longest:
        message = f"a refresh takes {longest} cycles, which is no less than its interval of {interval}"
        raise InputError(message, field="refresh_interval")


def refresh_interval_cycles(part: DramPart, options: ControllerOptions) -> int:
    """Return the cycles between refreshes of a rank, or of one of its banks after the other; 0: never."""
    per_bank = part.timing.tREFIpb if options.refresh == "per_bank" else part.timing.tREFI
    return 0 if options.refresh == "none" or per_bank is None else round(per_bank * options.refresh_interval)


def kernel_channel(part: DramPart, options: ControllerOptions) -> Any:
    """Return a channel of the kernel.

    Raises
    ------
    InputError
        If the options contradict each other or the part.
    """
    check_controller(part, options)
    mapping = address_mapping(part, options.mapping, options.ranks)
    timing = part.timing
    per_bank = options.refresh == "per_bank"
    numbers = (
        *(options.ranks, part.bank_groups, part.banks_per_group),
        *(timing.CL, timing.CWL, part.burst_cycles, _FRONT_END),
        *(timing.tRAS, timing.tRTP, timing.CWL + part.burst_cycles + timing.tWR),
        *(options.queue, options.queue, int(options.high_water * options.queue)),
        int(options.low_water * options.queue),
        *(options.page == "closed", per_bank, part.commands.split_buses),
        *(refresh_interval_cycles(part, options), options.power_down_after, options.self_refresh_after),
    )
    rules = np.array([[*_numbers(rule)] for rule in rules_of(part)], np.int32)
    order = ("rank", "group", "bank", "row", "column")
    fields = (
        mapping.offset,
        [mapping.low[name] for name in order],
        [(1 << mapping.bits[name]) - 1 for name in order],
        mapping.is_hashed,
        mapping.bits["group"],
        mapping.bits["bank"],
    )
    try:
        return Channel(numbers, np.array(bus_cycles(part), np.int32), rules, fields)
    except ValueError as error:
        raise InputError(f"the channel does not fit the kernel: {error}") from None


def _numbers(rule: Rule) -> tuple[int, ...]:
    return (rule.before, rule.after, rule.scope, rule.cycles, rule.window)
