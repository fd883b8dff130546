/* The controller of a channel: first ready, first come first served; writes are drained together; refresh comes first.
 *
 * Nothing happens in most cycles, so that time goes from event to event: the next command that may issue, the next
 * request that comes out of the front end, the next refresh that is due. */
#include "dram.h"

#include <stddef.h>

static const int64_t NEVER = INT64_MAX;

/* A command that may issue at `cycle`; among several, row hits go first, then the oldest request. */
typedef struct {
    int64_t cycle, number;
    int32_t command, rank, bank;
    int16_t entry;
} Choice;

static const Choice NOTHING = {INT64_MAX, INT64_MAX, NONE, NONE, NONE, NONE};

static int is_column(int command) {
    return command == RD || command == WR || command == RDA || command == WRA;
}

static int is_before(const Choice *one, const Choice *other) {
    if (one->cycle != other->cycle)
        return one->cycle < other->cycle;
    if (is_column(one->command) != is_column(other->command))
        return is_column(one->command);
    return one->number < other->number;
}

static int column_command(const Part *part, int kind) {
    if (part->closed_page)
        return kind == READS ? RDA : WRA;
    return kind == READS ? RD : WR;
}

static int bank_to_refresh(const Channel *channel, int rank) {
    int banks = channel->banks_of_rank;
    return rank * banks + channel->state.refresh_bank[rank];
}

static int is_held_for_refresh(const Channel *channel, int rank, int bank) {
    if (!channel->state.refreshing[rank])
        return 0;
    return !channel->part.refresh_per_bank || bank == bank_to_refresh(channel, rank);
}

/* Earliest cycles of the commands that requests need, as far as the channel and a rank decide. */
typedef struct {
    int64_t earliest[RDA > WRA ? RDA + 1 : WRA + 1];
} Common;

static void find_common(const Channel *channel, int kind, int rank, Common *common) {
    int column = column_command(&channel->part, kind);
    common->earliest[ACT] = earliest_for_rank(channel, ACT, rank);
    common->earliest[PRE] = earliest_for_rank(channel, PRE, rank);
    common->earliest[column] = earliest_for_rank(channel, column, rank);
}

/* Take the next command that the requests of one bank wait for, if it goes before the best so far. */
static void consider(const Channel *channel, int kind, int bank, int rank, const Common *common, Choice *best) {
    const State *state = &channel->state;
    const Waiting *waiting = &state->waiting[kind][bank];
    int16_t entry = waiting->hit;
    int command = column_command(&channel->part, kind);
    if (entry == NONE) {
        entry = waiting->first;
        command = state->open_row[bank] == NONE ? ACT : PRE;
    }
    int64_t cycle = common->earliest[command], bound = state->bank[bank].earliest[command];
    if (bound > cycle)
        cycle = bound;
    bound = state->group[channel->group_of[bank]].earliest[command];
    if (bound > cycle)
        cycle = bound;
    if (cycle > best->cycle)
        return;
    Choice choice = {cycle, state->entry[entry].number, command, rank, bank, entry};
    if (is_before(&choice, best))
        *best = choice;
}

static uint64_t some_of_word(int word, int first, int last) {
    uint64_t all = ~(uint64_t)0;
    if (first > 64 * word)
        all &= ~(uint64_t)0 << (first - 64 * word);
    if (last < 64 * word + 64)
        all &= ((uint64_t)1 << (last - 64 * word)) - 1;
    return all;
}

static void consider_rank(const Channel *channel, int kind, int rank, Choice *best) {
    const State *state = &channel->state;
    int banks = channel->banks_of_rank;
    int first = rank * banks, last = first + banks;
    Common common;
    if (!state->pending_of_rank[rank] || state->power[rank] != STANDBY)
        return;
    find_common(channel, kind, rank, &common);
    for (int word = first / 64; word <= (last - 1) / 64; ++word)
        for (uint64_t left = state->pending[kind][word] & some_of_word(word, first, last); left; left &= left - 1) {
            int bank = 64 * word + __builtin_ctzll(left);
            if (!is_held_for_refresh(channel, rank, bank))
                consider(channel, kind, bank, rank, &common, best);
        }
}

static Choice best_of_kind(const Channel *channel, int kind) {
    Choice best = NOTHING;
    for (int rank = 0; rank < channel->part.ranks; ++rank)
        consider_rank(channel, kind, rank, &best);
    return best;
}

/* Drain when there are many writes, or no reads, down to a few. */
static void choose_mode(Channel *channel) {
    State *state = &channel->state;
    const Part *part = &channel->part;
    if (!state->writing)
        state->writing = state->visible[WRITES] > part->high_water
                         || (!state->visible[READS] && state->visible[WRITES]);
    else
        state->writing = state->visible[WRITES]
                         && (state->visible[WRITES] >= part->low_water || !state->visible[READS]);
}

/* What a refresh that is due needs next: a wake-up, closed rows, the refresh. */
static Choice choice_of_refresh(const Channel *channel, int rank) {
    const State *state = &channel->state;
    Choice choice = {0, NONE, REFAB, rank, NONE, NONE};
    int one = channel->part.refresh_per_bank;
    int bank = one ? bank_to_refresh(channel, rank) : NONE;
    if (state->power[rank] == POWERED_DOWN)
        choice.command = PDX;
    else if (one) {
        choice.command = state->open_row[bank] == NONE ? REFPB : PRE;
        choice.bank = bank;
    } else if (state->open_banks[rank] > state->closings[rank])
        choice.command = PREAB;
    choice.cycle = choice.bank == NONE ? earliest_for_rank(channel, choice.command, rank)
                                       : earliest_for_bank(channel, choice.command, bank);
    return choice;
}

/* A rank wakes up for a request, and goes to sleep when it has had none for long. */
static Choice choice_of_power(const Channel *channel, int rank) {
    const State *state = &channel->state;
    const Part *part = &channel->part;
    Choice choice = {NEVER, NEVER, NONE, rank, NONE, NONE};
    int64_t after = part->power_down_after;
    if (state->power[rank] != STANDBY && state->pending_of_rank[rank]) {
        choice.command = state->power[rank] == POWERED_DOWN ? PDX : SRX;
        choice.cycle = earliest_for_rank(channel, choice.command, rank);
        return choice;
    }
    if (state->pending_of_rank[rank] || state->refreshing[rank] || state->power[rank] == REFRESHING_ITSELF)
        return NOTHING;
    if (state->power[rank] == STANDBY && part->power_down_after)
        choice.command = state->open_banks[rank] > state->closings[rank] ? PREAB : PDE;
    else if (part->self_refresh_after) {
        after = part->self_refresh_after;
        choice.command = state->power[rank] == POWERED_DOWN ? PDX
                         : state->open_banks[rank] > state->closings[rank] ? PREAB : SRE;
    } else
        return NOTHING;
    choice.cycle = earliest_for_rank(channel, choice.command, rank);
    if (choice.cycle < state->idle_since[rank] + after)
        choice.cycle = state->idle_since[rank] + after;
    return choice;
}

static Choice best_choice(Channel *channel) {
    State *state = &channel->state;
    Choice best;
    choose_mode(channel);
    best = best_of_kind(channel, state->writing ? WRITES : READS);
    for (int rank = 0; rank < channel->part.ranks; ++rank) {
        Choice choice = state->refreshing[rank] ? choice_of_refresh(channel, rank) : choice_of_power(channel, rank);
        if (choice.cycle < best.cycle || (choice.cycle == best.cycle && state->refreshing[rank]))
            best = choice;
    }
    return best;
}

static void finish(Channel *channel, const Job *job, const Entry *entry, int64_t cycle) {
    channel->state.end[channel->state.ended++ % MAX_QUEUE] = cycle;
    if (job->finished && entry->number >= job->base) {
        job->finished[entry->number - job->base] = cycle;
        job->accepted[entry->number - job->base] = entry->accepted;
    }
}

static void release(Channel *channel, int16_t index, int64_t cycle) {
    State *state = &channel->state;
    --state->queued[state->entry[index].kind];
    state->free_entry[state->free_entries++] = index;
    state->room_since = cycle;
}

static void transfer(Channel *channel, Job *job, const Choice *choice) {
    State *state = &channel->state;
    const Part *part = &channel->part;
    const Entry *entry = &state->entry[choice->entry];
    int64_t start = choice->cycle + (entry->kind == READS ? part->read_latency : part->write_latency);
    int64_t end = start + part->burst;
    if (end > state->tally.last_beat)
        state->tally.last_beat = end;
    if (end > state->idle_since[choice->rank])
        state->idle_since[choice->rank] = end;
    ++state->tally.served[entry->kind];
    state->tally.hits += state->used[choice->bank];
    state->used[choice->bank] = 1;
    finish(channel, job, entry, end);
    take_out(channel, choice->entry);
    release(channel, choice->entry, choice->cycle);
}

static void count_row(Channel *channel, const Choice *choice) {
    Tally *tally = &channel->state.tally;
    if (choice->command == ACT)
        ++tally->misses;
    else if (choice->command == PRE && choice->entry != NONE)
        ++tally->conflicts;
}

static void end_refresh(Channel *channel, const Choice *choice) {
    State *state = &channel->state;
    const Part *part = &channel->part;
    if (choice->command == REFPB)
        state->refresh_bank[choice->rank] = (state->refresh_bank[choice->rank] + 1) % (part->groups * part->banks);
    state->refreshing[choice->rank] = 0;
    state->refresh_due[choice->rank] += part->refresh_interval;
}

/* A rank that refreshes itself starts a new interval when it wakes up. */
static void change_refreshes(Channel *channel, const Choice *choice) {
    State *state = &channel->state;
    if (choice->command == REFAB || choice->command == REFPB)
        end_refresh(channel, choice);
    else if (choice->command == SRE)
        state->refresh_due[choice->rank] = NEVER;
    else if (choice->command == SRX)
        state->refresh_due[choice->rank] = choice->cycle + channel->part.refresh_interval;
    if (choice->command == SRX || choice->command == PDX)
        state->idle_since[choice->rank] = choice->cycle;
}

static void carry_out(Channel *channel, Job *job, const Choice *choice) {
    int column = NONE;
    if (choice->entry != NONE)
        column = choice->command == ACT ? choice->entry : channel->state.entry[choice->entry].column;
    issue_command(channel, job, choice->command, choice->rank, choice->bank, choice->cycle, column);
    count_row(channel, choice);
    if (is_column(choice->command))
        transfer(channel, job, choice);
    else
        change_refreshes(channel, choice);
}

static int64_t wanted_at(const Job *job) {
    if (job->start)
        return job->start[job->done];
    return job->first + (job->done * job->pace_num + job->pace_den - 1) / job->pace_den;
}

/* First cycle in which so few requests are in flight that one more is allowed; NEVER: none of them has an end yet. */
static int64_t allowed_at(const Channel *channel, const Job *job) {
    const State *state = &channel->state;
    int64_t queued = state->queued[READS] + state->queued[WRITES];
    int64_t place = state->ended - (job->outstanding - queued);
    if (!job->outstanding || place < 0)
        return 0;
    return queued >= job->outstanding ? NEVER : state->end[place % MAX_QUEUE];
}

/* Hand over requests in order, one each cycle, while the queue has room. */
static void hand_over(Channel *channel, Job *job) {
    State *state = &channel->state;
    while (job->done < job->count) {
        int kind = job->is_write[job->done] ? WRITES : READS;
        int64_t cycle = wanted_at(job), allowed = allowed_at(channel, job);
        if (!has_room(channel, kind) || allowed == NEVER)
            return;
        cycle = later(cycle, later(allowed, later(state->last_accepted + 1, state->room_since)));
        take_in(channel, job->address[job->done++], kind, cycle);
    }
}

/* The first request in the front end: to its bank's list, or (NULL) served from the queue of writes. */
static const Entry *come_out(Channel *channel, Job *job, int64_t cycle) {
    State *state = &channel->state;
    int16_t index = state->arriving[state->arriving_first];
    Entry *entry = &state->entry[index];
    state->arriving_first = (state->arriving_first + 1) % MAX_QUEUE;
    --state->arriving_count;
    state->now = cycle;
    if (entry->kind == READS && is_written_soon(channel, entry)) {
        ++state->tally.forwarded;
        finish(channel, job, entry, cycle);
        release(channel, index, cycle);
        return NULL;
    }
    line_up(channel, index);
    return entry;
}

static int64_t out_of_front_end(const Channel *channel) {
    const State *state = &channel->state;
    if (!state->arriving_count)
        return NEVER;
    int64_t at = state->entry[state->arriving[state->arriving_first]].accepted + channel->part.front_end;
    return at > state->now ? at : state->now;
}

static int rank_due(const Channel *channel, int64_t *cycle) {
    const State *state = &channel->state;
    int found = NONE;
    *cycle = NEVER;
    for (int rank = 0; channel->part.refresh_interval && rank < channel->part.ranks; ++rank)
        if (!state->refreshing[rank] && state->refresh_due[rank] < *cycle) {
            *cycle = state->refresh_due[rank];
            found = rank;
        }
    return found;
}

static int is_idle(const State *state) {
    return !state->arriving_count && !state->visible[READS] && !state->visible[WRITES];
}

static int is_finished(const Channel *channel, const Job *job) {
    if (job->done < job->count || job->goal == CYCLE)
        return 0;
    return job->goal == HANDED_OVER || is_idle(&channel->state);
}

/* One more request changes the best choice through its own bank alone, unless there was none or the mode changes. */
static void choose_again(Channel *channel, int bank, int kind, Choice *best) {
    State *state = &channel->state;
    int before = state->writing, rank = channel->rank_of[bank];
    choose_mode(channel);
    if (best->entry == NONE || state->writing != before) {
        *best = best_choice(channel);
    } else if (kind == state->writing && !is_held_for_refresh(channel, rank, bank)) {
        Common common;
        find_common(channel, kind, rank, &common);
        consider(channel, kind, bank, rank, &common, best);
    }
}

/* Go on until the job has reached its goal; nothing happens after the cycle `until`. */
int run_channel(Channel *channel, Job *job, int64_t until) {
    State *state = &channel->state;
    Choice choice = best_choice(channel);
    for (;;) {
        hand_over(channel, job);
        if (is_finished(channel, job))
            return DONE;
        if (job->log && job->logged == job->log_size)
            return FULL;
        int64_t due, out = out_of_front_end(channel);
        int rank = rank_due(channel, &due);
        int64_t first = choice.cycle < due ? choice.cycle : due;
        if ((out < first ? out : first) > until)
            return DONE;
        if (out <= first) {
            const Entry *entry = come_out(channel, job, out);
            if (entry)
                choose_again(channel, entry->bank, entry->kind, &choice);
            continue;
        }
        if (due <= choice.cycle) {
            state->now = later(due, state->now);
            state->refreshing[rank] = 1;
        } else
            carry_out(channel, job, &choice);
        choice = best_choice(channel);
    }
}
