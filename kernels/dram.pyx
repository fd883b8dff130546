# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""One DRAM channel: hands checked descriptions and requests to the C kernel."""

from libc.stdint cimport INT64_MAX, int16_t, int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

import numpy as np

cdef extern from "dram.h":
    enum:
        MAX_RULES, MAX_RANKS, MAX_GROUPS, MAX_BANKS, MAX_CLOSING, MAX_QUEUE, MAX_WINDOW
        COMMANDS, FULL, SERVED, HANDED_OVER, CYCLE, ARRIVED, LOOPS, MAX_TICKETS, OWNER_COUNTS, NONE
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
        int64_t closed
        int64_t served[2]
        int64_t forwarded, hits, misses, conflicts
        int64_t cycles_active, cycles_idle, cycles_down, cycles_self
        int64_t waited[2]
        int64_t longest[2]
        int64_t last_beat
    ctypedef struct State:
        int64_t now, last_accepted, accepted
        int32_t queued[2]
        int64_t open_row[256]
        int64_t left[64]
        int64_t last_end[64]
        Tally tally
    ctypedef struct Runs:
        int64_t first, length
        int64_t count[4]
        int64_t stride[4]
    ctypedef struct CStream "Stream":
        const Runs *runs
        int64_t patterns, channels, channel, burst_bits
    ctypedef struct Job:
        const uint64_t *address
        const uint8_t *is_write
        const int64_t *start
        CStream *stream
        int32_t writes, owner
        int16_t ticket
        int64_t *by_owner
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
    void stream_start(CStream *stream)
    int64_t stream_next(CStream *stream)
    int64_t stream_count(const CStream *stream)
    void channel_reset(CChannel *channel)
    void copy_state(CChannel *to, const CChannel *source)
    void settle_power(CChannel *channel, int rank, int64_t cycle)
    int64_t earliest_for_rank(const CChannel *channel, int command, int rank)
    int64_t earliest_for_bank(const CChannel *channel, int command, int bank)
    void issue_command(CChannel *channel, Job *job, const Command *command)
    int run_channel(CChannel *channel, Job *job, int64_t until) nogil

LOGGED = np.dtype([("cycle", np.int64), ("row", np.int64), ("command", np.int32), ("rank", np.int32),
                   ("bank", np.int32), ("column", np.int32)])
"""One command: bank of the rank, -1 where row, bank or column mean nothing."""

TICKETS = MAX_TICKETS
"""Tickets of a channel: 0 to one less."""
COUNTED_BY_OWNER = ("activated", "read", "written", "forwarded", "requested")
"""Columns of the counts of `Channel.count_owners`."""

cdef class Stream:
    """The bursts of one channel among those that runs of bits touch, in order.

    A burst that follows itself, as at the end of one run and the start of the next, counts once.
    """

    cdef CStream stream
    cdef Runs *runs
    cdef readonly int64_t count

    def __cinit__(self, patterns, int64_t burst_bits, int64_t channels, int64_t channel):
        """``patterns``: (first bit, bits, 4 x (count, stride in bits)), loops from the outermost."""
        cdef Py_ssize_t i, j
        self.runs = <Runs *>malloc(max(1, len(patterns)) * sizeof(Runs))
        if not self.runs:
            raise MemoryError
        for i, pattern in enumerate(patterns):
            self.runs[i].first, self.runs[i].length = pattern[0], pattern[1]
            for j in range(LOOPS):
                self.runs[i].count[j], self.runs[i].stride[j] = pattern[2 + 2 * j], pattern[3 + 2 * j]
        self.stream.runs, self.stream.patterns = self.runs, len(patterns)
        self.stream.burst_bits, self.stream.channels, self.stream.channel = burst_bits, channels, channel
        stream_start(&self.stream)
        self.count = stream_count(&self.stream)

    def __dealloc__(self):
        free(self.runs)

    def bursts(self):
        """Return all bursts that are left, counted within the channel; none is left after that."""
        found = []
        while (burst := stream_next(&self.stream)) >= 0:
            found.append(burst)
        return found

cdef class Channel:
    """State of a channel and its controller."""

    cdef CChannel channel, ahead
    cdef Job job
    cdef object held, counts, owners

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
        self.ahead = self.channel
        self.job.owner, self.job.ticket = NONE, NONE

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
        self.job.stream, self.job.owner, self.job.ticket = NULL, NONE, NONE
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

    def count_owners(self, int64_t[:, ::1] counts):
        """Count in ``counts[owner][cause]`` what requests of a stream cause; see `COUNTED_BY_OWNER`."""
        if counts.shape[1] != OWNER_COUNTS:
            raise ValueError(f"expected {OWNER_COUNTS} columns")
        self.owners = counts
        self.job.by_owner = &counts[0, 0]

    def hand_over(self, Stream stream, int64_t most, pace, bint writes, int owner, int ticket=NONE):
        """Hand over the next requests of a stream; return the cycle in which the last one was accepted.

        Nothing later than that has happened in the channel then, but what its requests determine.

        ``most``: requests; ``pace`` as in `submit`; ``owner``: row of the counts; ``ticket``: of `arrival`.
        """
        if not stream.count or most < 1:
            return self.channel.state.last_accepted
        self.held = stream
        self.job.stream, self.job.writes, self.job.owner, self.job.ticket = &stream.stream, writes, owner, ticket
        self.job.count, self.job.done, self.job.outstanding = min(most, stream.count), 0, 0
        stream.count -= self.job.count
        self.job.first, self.job.pace_num, self.job.pace_den = pace
        self.job.start, self.job.log = NULL, NULL
        self.job.accepted = self.job.finished = NULL
        self.job.goal = HANDED_OVER
        with nogil:
            run_channel(&self.channel, &self.job, INT64_MAX)
        return self.channel.state.last_accepted

    def drain(self):
        """Serve all requests that were handed over."""
        self.job.count = self.job.done = 0
        self.job.goal, self.job.log = SERVED, NULL
        with nogil:
            run_channel(&self.channel, &self.job, INT64_MAX)

    def advance(self, int64_t cycle):
        """Go on without further requests up to a cycle."""
        self.job.count = self.job.done = 0
        self.job.goal, self.job.log = CYCLE, NULL
        with nogil:
            run_channel(&self.channel, &self.job, cycle)

    def idle_until(self, int64_t cycle):
        """Go on without requests up to a cycle, and book the time up to it."""
        self.advance(cycle)
        self.settle(cycle)

    @property
    def waiting(self):
        """Requests that were handed over and not served."""
        return self.channel.state.queued[0] + self.channel.state.queued[1]

    @property
    def open_rows(self):
        """Rows that are open."""
        cdef Part *part = &self.channel.part
        return sum(self.channel.state.open_row[i] != NONE for i in range(part.ranks * part.groups * part.banks))

    def open_ticket(self, int ticket):
        """Start to count for a ticket."""
        self.channel.state.left[ticket] = self.channel.state.last_end[ticket] = 0

    def arrival(self, int ticket):
        """Return the cycle in which the last burst of a ticket ends if no other request came; 0 if it has none."""
        cdef Job job
        if self.channel.state.left[ticket] <= 0:
            return self.channel.state.last_end[ticket]
        job = self.job
        job.goal, job.ticket, job.done, job.count = ARRIVED, ticket, 0, 0
        job.latencies, job.finished, job.by_owner, job.log = NULL, NULL, NULL, NULL
        copy_state(&self.ahead, &self.channel)
        with nogil:
            run_channel(&self.ahead, &job, INT64_MAX)
        return self.ahead.state.last_end[ticket]

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
        job.goal, job.log = SERVED, NULL
        job.latencies, job.finished, job.by_owner = NULL, NULL, NULL
        copy_state(&self.ahead, &self.channel)
        with nogil:
            run_channel(&self.ahead, &job, INT64_MAX)
        return self.ahead.state.tally.last_beat

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
