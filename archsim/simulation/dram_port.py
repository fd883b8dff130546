"""The port of a DRAM with a controller: requests instead of a rate.

The kernel's channels run as far ahead as the requests that were handed over determine what happens: until the
queues have taken the last of them. Nobody else is served by the port before that instant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from archsim._dram import COUNTED_BY_OWNER, TICKETS, Stream
from archsim.errors import InvariantError
from archsim.hardware.cost import Sourced
from archsim.hardware.dram_channels import DramChannels
from archsim.hardware.dram_rules import Command
from archsim.mapping.patterns import Pattern
from archsim.simulation.port import QUANTUM_BITS, Events, Port

NOBODY = -1
"""The ticket of writes, for which nobody waits."""


@dataclass(frozen=True, slots=True)
class DramActivity:
    """What a DRAM did during a run.

    Attributes
    ----------
    counts
        By owner and cause: ``activated``, ``read``, ``written``, ``forwarded``, ``requested`` bursts.
    static_power
        Average power of standby and refresh over the run, in watts.
    left
        Requests that were handed over and not served.
    open_rows
        Rows that are open at the end.
    drained_ps
        End of the last burst.
    """

    counts: NDArray[np.int64]
    static_power: Mapping[str, Sourced]
    tallies: Sequence[Mapping[str, Any]]
    left: int
    open_rows: int
    drained_ps: int

    @property
    def by_cause(self) -> dict[str, int]:
        """Counts of all owners."""
        return dict(zip(COUNTED_BY_OWNER, self.counts.sum(axis=0).tolist(), strict=True))

    @property
    def totals(self) -> dict[str, int]:
        """The same by the channels' own account."""
        tallies = self.tallies
        return {
            "activated": sum(tally["counted"][Command.ACT] for tally in tallies),
            "read": sum(tally["served"][0] for tally in tallies),
            "written": sum(tally["served"][1] for tally in tallies),
            "forwarded": sum(tally["forwarded"] for tally in tallies),
        }

    @property
    def opened(self) -> int:
        """Rows that were opened."""
        return self.totals["activated"]

    @property
    def closed(self) -> int:
        """Rows that were closed."""
        return sum(tally["closed"] for tally in self.tallies)

    def commands(self, owner: int) -> dict[str, int]:
        """Commands that the requests of an owner caused, by action."""
        row = dict(zip(COUNTED_BY_OWNER, self.counts[owner].tolist(), strict=True))
        return {"activate": row["activated"], "read": row["read"], "write": row["written"]}


@dataclass(slots=True)
class DramPort(Port):
    """Channels, and which transfers wait for reads.

    Attributes
    ----------
    counts
        By owner and cause.
    handed_over
        Quanta so far: who has waited looks again where others have come.
    """

    memory: DramChannels = field(kw_only=True)
    channels: list[Any] = field(kw_only=True)
    counts: NDArray[np.int64] = field(kw_only=True)
    handed_over: int = 0
    free_tickets: list[int] = field(default_factory=lambda: list(range(TICKETS)))

    @classmethod
    def of(cls, name: str, memory: DramChannels, owners: int) -> Self:
        """Return a port whose requests belong to so many owners."""
        counts = np.zeros((owners, len(COUNTED_BY_OWNER)), np.int64)
        channels = memory.open()
        for channel in channels:
            channel.count_owners(counts)
        return cls(name, memory=memory, channels=channels, counts=counts)

    def transfer(self, patterns: Sequence[Pattern], owner: int, *, written: bool) -> DramTransfer:
        """Return the requests of a transfer, of which none is handed over yet."""
        return DramTransfer(self, patterns, owner, written=written)

    def drain(self) -> int:
        """Serve all requests; return the end of the last burst in picoseconds."""
        for channel in self.channels:
            channel.drain()
        last = max(channel.tally["last_beat"] for channel in self.channels)
        return int(last) * self.memory.part.clock_ps

    def finish(self, makespan_ps: int) -> DramActivity:
        """Count up to the end of the run, which is no earlier than that of the last burst."""
        clock_ps, drained_ps = self.memory.part.clock_ps, self.drain()
        for channel in self.channels:
            channel.idle_until(makespan_ps // clock_ps)
        tallies = [channel.tally for channel in self.channels]
        beats = (sum(tally["served"]) * self.memory.part.burst_cycles * clock_ps for tally in tallies)
        self.busy_ps = max(beats)
        return DramActivity(
            counts=self.counts,
            static_power=self.memory.static_power(tallies),
            tallies=tallies,
            left=sum(channel.waiting for channel in self.channels),
            open_rows=sum(channel.open_rows for channel in self.channels),
            drained_ps=drained_ps,
        )


class DramTransfer:
    """The bursts of one transfer, quantum by quantum."""

    def __init__(self, port: DramPort, patterns: Sequence[Pattern], owner: int, *, written: bool) -> None:
        burst_bits, channels = port.memory.part.burst_bits, len(port.channels)
        self._port = port
        self._owner = owner
        self._written = written
        self._streams = [Stream(patterns, burst_bits, channels, k) for k in range(channels)]
        self._most = max(1, QUANTUM_BITS // (burst_bits * channels))
        self.quanta = max(1, *(-(-stream.count // self._most) for stream in self._streams))
        self._ticket = NOBODY if written else self._take_ticket()

    def _take_ticket(self) -> int:
        if not self._port.free_tickets:
            raise InvariantError(f"more than {TICKETS} transfers read from '{self._port.name}' at once")
        ticket = self._port.free_tickets.pop()
        for channel in self._port.channels:
            channel.open_ticket(ticket)
        return ticket

    def hand_over(self, start_ps: int, pace_ps: int, bits: int) -> None:
        """Hand over a quantum spread over ``pace_ps``; the port is free once the last request is taken."""
        port, clock_ps = self._port, self._port.memory.part.clock_ps
        first, accepted = -(-start_ps // clock_ps), -1
        for channel, stream in zip(port.channels, self._streams, strict=True):
            count = min(self._most, stream.count)
            if count:
                pace = (first, pace_ps, clock_ps * count)
                last = channel.hand_over(stream, count, pace, self._written, self._owner, self._ticket)
                accepted = max(accepted, last)
        port.handed_over += 1
        port.free_at_ps = max(start_ps, (accepted + 1) * clock_ps)
        port.written_bits += bits if self._written else 0
        port.read_bits += 0 if self._written else bits

    def arrive(self, env: Any) -> Events:
        """Wait until the last burst that was read is there; writes are done once they are accepted."""
        if self._ticket == NOBODY:
            return
        port, looked_at = self._port, -1
        while looked_at != port.handed_over:
            looked_at = port.handed_over
            last = max(channel.arrival(self._ticket) for channel in port.channels)
            wait_ps = last * port.memory.part.clock_ps - int(env.now)
            if wait_ps <= 0:
                break
            yield env.timeout(wait_ps)
        for channel in port.channels:
            channel.advance(int(env.now) // port.memory.part.clock_ps)
        port.free_tickets.append(self._ticket)
