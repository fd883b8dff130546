/* Requests that wait: one pool of entries, and per bank a list of reads and one of writes, oldest first. */
#include "dram.h"

enum { RANK_FIELD, GROUP_FIELD, BANK_FIELD, ROW_FIELD, COLUMN_FIELD };

static uint64_t field(const Fields *fields, int which, uint64_t address) {
    return (address >> fields->low[which]) & fields->mask[which];
}

static void decode(const Channel *channel, uint64_t address, Entry *entry) {
    const Fields *fields = &channel->fields;
    const Part *part = &channel->part;
    uint64_t burst = address >> fields->offset;
    uint64_t row = field(fields, ROW_FIELD, burst);
    uint64_t group = field(fields, GROUP_FIELD, burst), bank = field(fields, BANK_FIELD, burst);
    if (fields->hashed) {
        group ^= row & fields->mask[GROUP_FIELD];
        bank ^= (row >> fields->group_bits) & fields->mask[BANK_FIELD];
    }
    uint64_t rank = field(fields, RANK_FIELD, burst);
    entry->bank = (int32_t)((rank * (uint64_t)part->groups + group) * (uint64_t)part->banks + bank);
    entry->row = (int64_t)row;
    entry->column = (int32_t)field(fields, COLUMN_FIELD, burst);
}

/* The registers of the front end hold requests on their way to the queue. */
int has_room(const Channel *channel, int kind) {
    int32_t size = kind == READS ? channel->part.read_queue : channel->part.write_queue;
    return channel->state.queued[kind] < size + channel->part.front_end;
}

Entry *take_in(Channel *channel, uint64_t address, int kind, int64_t cycle) {
    State *state = &channel->state;
    int16_t index = state->free_entry[--state->free_entries];
    Entry *entry = &state->entry[index];
    decode(channel, address, entry);
    entry->number = state->accepted++;
    entry->accepted = cycle;
    entry->kind = (uint8_t)kind;
    ++state->queued[kind];
    state->last_accepted = cycle;
    state->arriving[(state->arriving_first + state->arriving_count++) % MAX_QUEUE] = index;
    return entry;
}

/* A read finds the data of an earlier write that has not gone out yet in the queue. */
int is_written_soon(const Channel *channel, const Entry *entry) {
    const State *state = &channel->state;
    for (int16_t i = state->waiting[WRITES][entry->bank].first; i != NONE; i = state->entry[i].next)
        if (state->entry[i].row == entry->row && state->entry[i].column == entry->column)
            return 1;
    return 0;
}

void line_up(Channel *channel, int16_t index) {
    State *state = &channel->state;
    Entry *entry = &state->entry[index];
    Waiting *waiting = &state->waiting[entry->kind][entry->bank];
    entry->next = NONE;
    entry->previous = waiting->last;
    if (waiting->last == NONE)
        waiting->first = index;
    else
        state->entry[waiting->last].next = index;
    waiting->last = index;
    if (waiting->hit == NONE && state->open_row[entry->bank] == entry->row)
        waiting->hit = index;
    state->pending[entry->kind][entry->bank / 64] |= (uint64_t)1 << (entry->bank % 64);
    ++state->visible[entry->kind];
    ++state->pending_of_rank[channel->rank_of[entry->bank]];
}

static int16_t next_hit(const State *state, int16_t from, int64_t row) {
    while (from != NONE && state->entry[from].row != row)
        from = state->entry[from].next;
    return from;
}

void take_out(Channel *channel, int16_t index) {
    State *state = &channel->state;
    Entry *entry = &state->entry[index];
    Waiting *waiting = &state->waiting[entry->kind][entry->bank];
    if (entry->previous == NONE)
        waiting->first = entry->next;
    else
        state->entry[entry->previous].next = entry->next;
    if (entry->next == NONE)
        waiting->last = entry->previous;
    else
        state->entry[entry->next].previous = entry->previous;
    if (waiting->hit == index)
        waiting->hit = next_hit(state, entry->next, entry->row);
    if (waiting->first == NONE)
        state->pending[entry->kind][entry->bank / 64] &= ~((uint64_t)1 << (entry->bank % 64));
    --state->visible[entry->kind];
    --state->pending_of_rank[channel->rank_of[entry->bank]];
}

void row_opened(Channel *channel, int bank) {
    State *state = &channel->state;
    for (int kind = 0; kind < KINDS; ++kind) {
        Waiting *waiting = &state->waiting[kind][bank];
        waiting->hit = next_hit(state, waiting->first, state->open_row[bank]);
    }
}

void row_closed(Channel *channel, int bank) {
    for (int kind = 0; kind < KINDS; ++kind)
        channel->state.waiting[kind][bank].hit = NONE;
}
