/* The controller of a channel: requests come in, commands go out, until a goal is reached.
 *
 * Nothing happens in most cycles, so that time goes from event to event: the next command that may issue, the next
 * request that comes out of the front end, the next refresh that is due. */
#include "dram.h"

#include <stddef.h>

static void count_for(const Job *job, const Entry *entry, int what) {
    if (job->by_owner && entry->owner != NONE)
        ++job->by_owner[entry->owner * OWNER_COUNTS + what];
}

static void tell(State *state, const Entry *entry, int64_t cycle) {
    if (entry->ticket == NONE)
        return;
    --state->left[entry->ticket];
    state->last_end[entry->ticket] = later(state->last_end[entry->ticket], cycle);
}

static void finish(Channel *channel, const Job *job, const Entry *entry, int64_t cycle) {
    Tally *tally = &channel->state.tally;
    int64_t waited = cycle - entry->accepted;
    channel->state.end[channel->state.ended++ % MAX_QUEUE] = cycle;
    tally->waited[entry->kind] += waited;
    tally->longest[entry->kind] = later(tally->longest[entry->kind], waited);
    tell(&channel->state, entry, cycle);
    if (job->latencies)
        ++job->latencies[entry->kind * job->longest + (waited < job->longest ? waited : job->longest - 1)];
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
    count_for(job, entry, entry->kind == READS ? READ : WRITTEN);
    take_out(channel, choice->entry);
    release(channel, choice->entry, choice->cycle);
}

static void count_row(Channel *channel, const Job *job, const Choice *choice) {
    Tally *tally = &channel->state.tally;
    if (choice->command == ACT) {
        ++tally->misses;
        count_for(job, &channel->state.entry[choice->entry], ACTIVATED);
    } else if (choice->command == PRE && choice->entry != NONE)
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
}

static void carry_out(Channel *channel, Job *job, const Choice *choice) {
    const State *state = &channel->state;
    Command command = {choice->cycle, NONE, choice->command, choice->rank, choice->bank, NONE};
    if (choice->command == ACT)
        command.row = state->entry[choice->entry].row;
    else if (choice->bank != NONE)
        command.row = state->open_row[choice->bank];
    if (is_column(choice->command))
        command.column = state->entry[choice->entry].column;
    issue_command(channel, job, &command);
    count_row(channel, job, choice);
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
    if (!job->outstanding || place < 0 || state->ended - place > MAX_QUEUE)
        return 0;
    return queued >= job->outstanding ? NEVER : state->end[place % MAX_QUEUE];
}

static void take_next(Channel *channel, Job *job, int kind, int64_t cycle) {
    uint64_t address = job->stream ? (uint64_t)stream_next(job->stream) << channel->fields.offset
                                   : job->address[job->done];
    Entry *entry = take_in(channel, address, kind, cycle);
    entry->owner = job->owner;
    entry->ticket = job->ticket;
    count_for(job, entry, REQUESTED);
    if (entry->ticket != NONE)
        ++channel->state.left[entry->ticket];
    ++job->done;
}

/* Hand over requests in order, one each cycle, while the queue has room. */
static void hand_over(Channel *channel, Job *job) {
    State *state = &channel->state;
    while (job->done < job->count) {
        int kind = (job->stream ? job->writes : job->is_write[job->done]) ? WRITES : READS;
        int64_t cycle = wanted_at(job), allowed = allowed_at(channel, job);
        if (!has_room(channel, kind) || allowed == NEVER)
            return;
        cycle = later(cycle, later(allowed, later(state->last_accepted + 1, state->room_since)));
        take_next(channel, job, kind, cycle);
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
        count_for(job, entry, FORWARDED);
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
    if (job->goal == ARRIVED)
        return !channel->state.left[job->ticket];
    return job->goal == HANDED_OVER || is_idle(&channel->state);
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
        int64_t next = out < first ? out : first;
        if (next > until || next == NEVER)
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
