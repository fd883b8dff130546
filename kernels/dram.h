/* One DRAM channel at command granularity: state of ranks, bank groups and banks, and the controller before them.
 *
 * Times are cycles of the memory clock. What a command forbids is a list of rules (command before, command after,
 * where, cycles), so that a part is data; see archsim.hardware.dram_rules. */
#ifndef ARCHSIM_DRAM_H
#define ARCHSIM_DRAM_H

#include <stdint.h>

enum { ACT, PRE, PREAB, RD, WR, RDA, WRA, REFAB, REFPB, PDE, PDX, SRE, SRX, COMMANDS };
enum { CHANNEL, RANK, GROUP, BANK, OTHER_RANKS, OTHER_BANKS };
enum { STANDBY, POWERED_DOWN, REFRESHING_ITSELF };
enum { MAX_RANKS = 8, MAX_GROUPS = 64, MAX_BANKS = 256, MAX_RULES = 256, MAX_WINDOW = 8, MAX_CLOSING = 64,
       MAX_QUEUE = 256, LOOPS = 4, MAX_TICKETS = 64 };
enum { READS, WRITES, KINDS };
enum { NONE = -1 };
static const int64_t NEVER = INT64_MAX;

/* How far a job goes: all its requests are in the queue, all requests or those of its ticket are served, or a cycle
 * is reached. */
enum { HANDED_OVER, SERVED, CYCLE, ARRIVED };

/* What is counted for each owner of requests. */
enum { ACTIVATED, READ, WRITTEN, FORWARDED, REQUESTED, OWNER_COUNTS };

/* FULL: the log is full; empty it and go on. */
enum { DONE, FULL };

/* At least `cycles` from the `window`-th last `before` to `after`. */
typedef struct {
    int32_t before, after, scope, cycles, window;
} Rule;

typedef struct {
    int32_t ranks, groups, banks; /* groups of a rank, banks of a group */
    int32_t read_latency, write_latency, burst, front_end;
    int32_t row_active, read_to_precharge, write_to_precharge; /* when an automatic precharge takes place */
    int32_t read_queue, write_queue, high_water, low_water;
    int32_t closed_page, refresh_per_bank, split_buses;
    int64_t refresh_interval;     /* of a rank, or of one of its banks after the other; 0: never */
    int64_t power_down_after, self_refresh_after; /* idle cycles; 0: never */
    int32_t held[COMMANDS];       /* cycles for which a command occupies its bus */
    int32_t rules;
    Rule rule[MAX_RULES];         /* ascending by `before` */
} Part;

/* Where the bits of an address are: rank, group, bank, row, column; `low` the lowest bit, `mask` after shifting. */
typedef struct {
    int32_t offset;               /* bits of one burst */
    int32_t low[5];
    uint64_t mask[5];
    int32_t hashed;               /* bank and group are XORed with the lowest bits of the row */
    int32_t group_bits, bank_bits;
} Fields;

/* One command; bank of the channel, in a log of the rank; NONE where row, bank or column mean nothing. */
typedef struct {
    int64_t cycle, row;
    int32_t command, rank, bank, column;
} Command;

/* A command that may issue at `cycle`; among several, row hits go first, then the oldest request. */
typedef struct {
    int64_t cycle, number;
    int32_t command, rank, bank;
    int16_t entry;
} Choice;

typedef struct {
    int64_t number, accepted;     /* place among all requests; cycle in which the queue took it */
    int64_t row;
    int32_t bank, column;         /* bank of the channel */
    int32_t owner;                /* whose counters count it; NONE: nobody's */
    int16_t ticket;               /* who waits for it; NONE: nobody */
    int16_t next, previous;
    uint8_t kind;
} Entry;

/* Oldest request of a bank, oldest to the open row, and the last one; entries, or NONE. */
typedef struct {
    int16_t first, hit, last;
} Waiting;

typedef struct {
    int64_t counted[COMMANDS];
    int64_t closed;               /* rows */
    int64_t served[KINDS], forwarded, hits, misses, conflicts;
    int64_t cycles_active, cycles_idle, cycles_down, cycles_self; /* of all ranks together */
    int64_t waited[KINDS], longest[KINDS]; /* sum and largest of the cycles from acceptance to the end */
    int64_t last_beat;            /* end of the last burst on the data lines */
} Tally;

typedef struct {
    int64_t earliest[COMMANDS];
} Bound;

/* All that changes; copied as a whole to look ahead. */
typedef struct {
    int64_t now;
    Bound channel, rank[MAX_RANKS], group[MAX_GROUPS];
    int64_t recent[MAX_RANKS][MAX_WINDOW]; /* cycles of the last activations of a rank */
    int32_t activations[MAX_RANKS];
    int64_t bus_free[2];
    int64_t open_row[MAX_BANKS];
    int32_t open_banks[MAX_RANKS]; /* precharges that are still to take place included */
    int64_t activated[MAX_BANKS];
    uint8_t used[MAX_BANKS];       /* whether the open row has been read or written */
    int64_t closing[MAX_RANKS][MAX_CLOSING]; /* cycles of automatic precharges, descending */
    int32_t closings[MAX_RANKS];
    int64_t refresh_due[MAX_RANKS];
    int32_t refresh_bank[MAX_RANKS], refreshing[MAX_RANKS];
    int32_t power[MAX_RANKS];
    int64_t since[MAX_RANKS], idle_since[MAX_RANKS]; /* start of the rank's state; end of its last data */
    int32_t pending_of_rank[MAX_RANKS];
    Waiting waiting[KINDS][MAX_BANKS];
    uint64_t pending[KINDS][MAX_BANKS / 64];
    int32_t queued[KINDS], visible[KINDS]; /* accepted; of these in the banks' lists */
    int32_t writing;              /* whether writes are drained */
    int16_t free_entry[MAX_QUEUE];
    int32_t free_entries;
    int16_t arriving[MAX_QUEUE];  /* ring of accepted requests on their way through the front end */
    int32_t arriving_first, arriving_count;
    int64_t last_accepted, room_since;
    int64_t accepted;             /* requests so far */
    int64_t end[MAX_QUEUE], ended; /* ends of the last bursts, and how many there were */
    int64_t left[MAX_TICKETS], last_end[MAX_TICKETS]; /* requests without an end; the latest end */
    Tally tally;
    Bound bank[MAX_BANKS];        /* these two are copied as far as they are used */
    Entry entry[MAX_QUEUE];
} State;

/* Runs of bits in nested loops, the outermost first. */
typedef struct {
    int64_t first, length;
    int64_t count[LOOPS], stride[LOOPS];
} Runs;

/* The bursts of one channel among those that runs touch, in order; a burst that follows itself counts once. */
typedef struct {
    const Runs *runs;
    int64_t patterns;
    int64_t channels, channel, burst_bits;
    int64_t pattern, at[LOOPS];   /* the next run */
    int64_t next, last, previous; /* bursts of all channels: the next one, the last of the run, the one before */
} Stream;

/* Requests to hand over: request i no earlier than start[i], or than first + i x pace_num / pace_den. */
typedef struct {
    const uint64_t *address;
    const uint8_t *is_write;
    const int64_t *start;         /* NULL: as above */
    Stream *stream;               /* addresses come from here; NULL: from the arrays */
    int32_t writes, owner;        /* of all requests of a stream */
    int16_t ticket;
    int64_t *by_owner;            /* counts by owner and cause; NULL: not wanted */
    int64_t first, pace_num, pace_den;
    int64_t count, done;
    int64_t outstanding;          /* most requests that are accepted and not finished; 0: as the queue allows */
    int64_t *finished;            /* by number of the request less `base`: end of its burst; NULL: not wanted */
    int64_t *accepted;
    int64_t base;
    int64_t *latencies;           /* requests by kind and cycles, the last place holds all longer ones; or NULL */
    int64_t longest;              /* places of a kind */
    int32_t goal;                 /* HANDED_OVER, SERVED or the cycle `until` */
    Command *log;
    int64_t log_size, logged;
} Job;

typedef struct {
    Part part;
    Fields fields;
    int32_t rule_first[COMMANDS + 1];
    uint8_t group_of[MAX_BANKS], rank_of[MAX_BANKS];
    int32_t banks_of_rank;
    State state;
} Channel;

static inline int64_t later(int64_t one, int64_t other) { return one > other ? one : other; }

static inline int is_column(int command) {
    return command == RD || command == WR || command == RDA || command == WRA;
}

/* Column commands have a bus of their own where the part has two. */
static inline int bus_of(const Part *part, int command) { return part->split_buses && is_column(command); }

/* Earliest cycle of a command, as far as the channel and the rank decide. */
static inline int64_t earliest_for_rank(const Channel *channel, int command, int rank) {
    const State *state = &channel->state;
    int64_t bound = later(state->channel.earliest[command], state->rank[rank].earliest[command]);
    return later(later(bound, state->bus_free[bus_of(&channel->part, command)]), state->now);
}

/* The same as far as everything decides; `bank` of the channel. */
static inline int64_t earliest_for_bank(const Channel *channel, int command, int bank) {
    const State *state = &channel->state;
    int group = channel->group_of[bank], rank = channel->rank_of[bank];
    int64_t bound = later(state->group[group].earliest[command], state->bank[bank].earliest[command]);
    return later(bound, earliest_for_rank(channel, command, rank));
}

/* dram_stream.c */
void stream_start(Stream *stream);
int64_t stream_next(Stream *stream);
int64_t stream_count(const Stream *stream);

/* dram_timing.c */
void channel_reset(Channel *channel);
void copy_state(Channel *to, const Channel *from);
void issue_command(Channel *channel, Job *job, const Command *command);
void settle_power(Channel *channel, int rank, int64_t cycle);

/* dram_queue.c */
int has_room(const Channel *channel, int kind);
Entry *take_in(Channel *channel, uint64_t address, int kind, int64_t cycle);
void line_up(Channel *channel, int16_t index);
void take_out(Channel *channel, int16_t index);
void row_opened(Channel *channel, int bank);
void row_closed(Channel *channel, int bank);
int is_written_soon(const Channel *channel, const Entry *entry);

/* dram_choice.c */
Choice best_choice(Channel *channel);
void choose_again(Channel *channel, int bank, int kind, Choice *best);

/* dram_controller.c */
int run_channel(Channel *channel, Job *job, int64_t until);

#endif
