# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""One DRAM channel: hands checked descriptions and requests to the C kernel."""

from libc.stdint cimport INT64_MAX, int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

import numpy as np

cdef extern from "dram.h":
    enum:
        MAX_RULES, MAX_RANKS, MAX_GROUPS, MAX_BANKS, MAX_CLOSING, MAX_QUEUE, MAX_WINDOW
        COMMANDS, FULL, SERVED
    ctypedef struct Rule:
        int32_t before, after, scope, cycles, window
    ctypedef struct Part:
        int32_t ranks, groups, banks
        int32_t read_latency, write_latency, burst, front_end
        int32_t row_active, read_to_precharge, write_to_precharge
        int32_t read_queue, write_queue, high_water, low_water
        int32_t closed_page, refresh_per_bank, split_buses
        int64_t refresh_interval, power_down_after, self_refresh_after
        int32_t held[13]
        int32_t rules
        Rule rule[256]
    ctypedef struct Fields:
        int32_t offset
        int32_t low[5]
        uint64_t mask[5]
        int32_t hashed, group_bits, bank_bits
    ctypedef struct Command:
        int64_t cycle, row
        int32_t command, rank, bank, column
    ctypedef struct Tally:
        int64_t counted[13]
        int64_t served[2]
        int64_t forwarded, hits, misses, conflicts
        int64_t cycles_active, cycles_idle, cycles_down, cycles_self
        int64_t waited[2]
        int64_t longest[2]
        int64_t last_beat
    ctypedef struct State:
        int64_t now, last_accepted, accepted
        Tally tally
    ctypedef struct Job:
        const uint64_t *address
        const uint8_t *is_write
        const int64_t *start
        int64_t first, pace_num, pace_den, count, done, outstanding
        int64_t *finished
        int64_t *accepted
        int64_t base
        int64_t *latencies
        int64_t longest
        int32_t goal
        Command *log
        int64_t log_size, logged
    ctypedef struct CChannel "Channel":
        Part part
        Fields fields
        int32_t banks_of_rank
        State state
    void channel_reset(CChannel *channel)
    void settle_power(CChannel *channel, int rank, int64_t cycle)
    int64_t earliest_for_rank(const CChannel *channel, int command, int rank)
    int64_t earliest_for_bank(const CChannel *channel, int command, int bank)
    void issue_command(CChannel *channel, Job *job, const Command *command)
    int run_channel(CChannel *channel, Job *job, int64_t until) nogil

LOGGED = np.dtype([("cycle", np.int64), ("row", np.int64), ("command", np.int32), ("rank", np.int32),
                   ("bank", np.int32), ("column", np.int32)])
"""One command: bank of the rank, -1 where row, bank or column mean nothing."""

cdef class Channel:
    """State of a channel and its controller."""

    cdef CChannel channel
    cdef State saved
    cdef Job job
    cdef object held, counts

    def __init__(self, numbers, const int32_t[::1] held, const int32_t[:, ::1] rules, fields):
        """``numbers``: the fields of ``Part`` up to ``self_refresh_after``; ``rules`` ascending by the first column."""
        cdef Part *part = &self.channel.part
        cdef Fields *where = &self.channel.fields
        (part.ranks, part.groups, part.banks, part.read_latency, part.write_latency, part.burst, part.front_end,
         part.row_active, part.read_to_precharge, part.write_to_precharge, part.read_queue, part.write_queue,
         part.high_water, part.low_water, part.closed_page, part.refresh_per_bank, part.split_buses,
         part.refresh_interval, part.power_down_after, part.self_refresh_after) = numbers
        self._check(rules, held)
        memcpy(part.held, &held[0], held.shape[0] * sizeof(int32_t))
        part.rules = <int32_t>rules.shape[0]
        memcpy(part.rule, &rules[0, 0], rules.shape[0] * sizeof(Rule))
        where.offset, low, mask, where.hashed, where.group_bits, where.bank_bits = fields
        for i in range(5):
            where.low[i], where.mask[i] = low[i], mask[i]
        channel_reset(&self.channel)

    def _check(self, const int32_t[:, ::1] rules, const int32_t[::1] held):
        """Refuse what does not fit into the arrays of the kernel."""
        cdef Part *part = &self.channel.part
        if rules.shape[0] > MAX_RULES or rules.shape[1] != 5 or held.shape[0] != COMMANDS:
            raise ValueError("too many rules, or not one bus time for each command")
        if max(rules[i, 4] for i in range(rules.shape[0])) > MAX_WINDOW:
            raise ValueError(f"a window of more than {MAX_WINDOW} commands")
        if part.ranks > MAX_RANKS or part.ranks * part.groups > MAX_GROUPS:
            raise ValueError(f"more than {MAX_RANKS} ranks or {MAX_GROUPS} bank groups in a channel")
        if part.ranks * part.groups * part.banks > MAX_BANKS or part.groups * part.banks > MAX_CLOSING:
            raise ValueError(f"more than {MAX_BANKS} banks in a channel or {MAX_CLOSING} in a rank")
        if part.read_queue + part.write_queue + 2 * part.front_end > MAX_QUEUE:
            raise ValueError(f"queues and front end hold more than {MAX_QUEUE} requests")

    def submit(self, const uint64_t[::1] addresses, const uint8_t[::1] writes, starts, pace, int64_t outstanding,
               ends):
        """Set the next requests, in order; `proceed` hands them over.

        ``starts``: earliest cycle of each; None: ``pace`` (first, numerator, denominator), request i no earlier than
        first + i x numerator / denominator. ``ends``: arrays for the cycles of acceptance and of the end of the burst,
        or None. All arrays are of one length, and stay until the requests are served.
        """
        cdef const int64_t[::1] given
        cdef int64_t[::1] accepted, finished
        self.held = (addresses, writes, starts, ends)
        self.job.count, self.job.done = addresses.shape[0], 0
        self.job.address = &addresses[0] if addresses.shape[0] else NULL
        self.job.is_write = &writes[0] if writes.shape[0] else NULL
        self.job.first, self.job.pace_num, self.job.pace_den = pace
        self.job.start = NULL
        if starts is not None:
            given = starts
            self.job.start = &given[0]
        self.job.outstanding, self.job.base = outstanding, self.channel.state.accepted
        self.job.accepted = self.job.finished = NULL
        if ends is not None:
            accepted, finished = ends
            self.job.accepted, self.job.finished = &accepted[0], &finished[0]

    def count_latencies(self, int64_t[:, ::1] counts):
        """Count requests in ``counts[write][cycles]``, cycles from acceptance to the end; the last column is for all longer."""
        self.counts = counts
        self.job.latencies, self.job.longest = &counts[0, 0], counts.shape[1]

    def proceed(self, int goal, until=None, Command[::1] log=None):
        """Go on to the goal, at most to the cycle ``until``; return the commands logged, and whether the log is full."""
        cdef int64_t last = INT64_MAX if until is None else until
        cdef int status
        self.job.goal, self.job.logged = goal, 0
        self.job.log = NULL
        if log is not None:
            self.job.log, self.job.log_size = &log[0], log.shape[0]
        with nogil:
            status = run_channel(&self.channel, &self.job, last)
        return self.job.logged, status == FULL

    def look_ahead(self):
        """Return the cycle in which the last burst of all requests so far would end if no others came."""
        cdef Job job = self.job
        cdef int64_t last
        self.saved = self.channel.state
        self.job.latencies = self.job.finished = NULL
        self.proceed(SERVED)
        last = self.channel.state.tally.last_beat
        self.channel.state, self.job = self.saved, job
        return last

    def earliest(self, int command, int rank, int bank=-1):
        """Return the first cycle in which a command is legal; ``bank`` of the rank, -1: for the whole rank."""
        if bank < 0:
            return earliest_for_rank(&self.channel, command, rank)
        return earliest_for_bank(&self.channel, command, rank * self.channel.banks_of_rank + bank)

    def issue(self, int64_t cycle, int command, int rank, int bank=-1, int64_t row=0):
        """Issue a command past the controller.

        Raises
        ------
        ValueError
            If it comes too early.
        """
        cdef Command one
        if cycle < self.earliest(command, rank, bank):
            raise ValueError(f"too early: {self.earliest(command, rank, bank)} is the first legal cycle")
        one.cycle, one.row, one.command, one.rank, one.column = cycle, row, command, rank, 0
        one.bank = -1 if bank < 0 else rank * self.channel.banks_of_rank + bank
        self.job.log = NULL
        issue_command(&self.channel, &self.job, &one)

    def settle(self, int64_t cycle):
        """Book the time up to a cycle under the state of each rank."""
        for rank in range(self.channel.part.ranks):
            settle_power(&self.channel, rank, cycle)

    @property
    def last_accepted(self):
        """Cycle in which the queue took the last request."""
        return self.channel.state.last_accepted

    @property
    def now(self):
        """Cycle of the last event."""
        return self.channel.state.now

    @property
    def tally(self):
        """What has been counted."""
        return self.channel.state.tally
