/* What a command changes: the earliest cycles of later commands, open rows, and how long a rank was in which state. */
#include "dram.h"

#include <stddef.h>
#include <string.h>

void channel_reset(Channel *channel) {
    const Part *part = &channel->part;
    State *state = &channel->state;
    int banks = part->ranks * part->groups * part->banks;
    memset(state, 0, sizeof *state);
    channel->banks_of_rank = part->groups * part->banks;
    for (int bank = 0; bank < banks; ++bank) {
        channel->group_of[bank] = (uint8_t)(bank / part->banks);
        channel->rank_of[bank] = (uint8_t)(bank / channel->banks_of_rank);
        state->open_row[bank] = NONE;
        for (int kind = 0; kind < KINDS; ++kind)
            state->waiting[kind][bank] = (Waiting){NONE, NONE, NONE};
    }
    for (int rank = 0; rank < part->ranks; ++rank)
        state->refresh_due[rank] = part->refresh_interval * (rank + part->ranks) / part->ranks;
    state->free_entries = part->read_queue + part->write_queue + 2 * part->front_end;
    for (int i = 0; i < state->free_entries; ++i)
        state->free_entry[i] = (int16_t)i;
    state->last_accepted = -1;
    int next = 0;
    for (int command = 0; command <= COMMANDS; ++command) {
        while (next < part->rules && part->rule[next].before < command)
            ++next;
        channel->rule_first[command] = next;
    }
}

/* Copy what changes; both channels have the same part. */
void copy_state(Channel *to, const Channel *from) {
    const Part *part = &from->part;
    size_t banks = (size_t)(part->ranks * part->groups * part->banks);
    size_t entries = (size_t)(part->read_queue + part->write_queue + 2 * part->front_end);
    memcpy(&to->state, &from->state, offsetof(State, bank));
    memcpy(to->state.bank, from->state.bank, banks * sizeof(Bound));
    memcpy(to->state.entry, from->state.entry, entries * sizeof(Entry));
}

static void forbid(Bound *bound, const Rule *rule, int64_t cycle) {
    int64_t until = cycle + rule->cycles;
    if (until > bound->earliest[rule->after])
        bound->earliest[rule->after] = until;
}

/* Cycle of the rule's earlier command; a window that is not full yet binds nothing. */
static int64_t counted_from(const State *state, const Rule *rule, int rank, int64_t cycle) {
    if (rule->window == 1)
        return cycle;
    if (state->activations[rank] < rule->window)
        return -(int64_t)rule->cycles;
    return state->recent[rank][(state->activations[rank] - rule->window) % MAX_WINDOW];
}

static void apply(Channel *channel, const Rule *rule, int rank, int bank, int64_t cycle) {
    State *state = &channel->state;
    const Part *part = &channel->part;
    int64_t from = counted_from(state, rule, rank, cycle);
    int first = rank * channel->banks_of_rank;
    switch (rule->scope) {
    case CHANNEL:
        forbid(&state->channel, rule, from);
        break;
    case RANK:
        forbid(&state->rank[rank], rule, from);
        break;
    case GROUP:
        forbid(&state->group[channel->group_of[bank]], rule, from);
        break;
    case BANK:
        forbid(&state->bank[bank], rule, from);
        break;
    case OTHER_RANKS:
        for (int other = 0; other < part->ranks; ++other)
            if (other != rank)
                forbid(&state->rank[other], rule, from);
        break;
    default:
        for (int other = first; other < first + channel->banks_of_rank; ++other)
            if (other != bank)
                forbid(&state->bank[other], rule, from);
    }
}

static void count_time(State *state, int rank, int64_t cycle) {
    int64_t spent = cycle - state->since[rank];
    if (state->power[rank] == POWERED_DOWN)
        state->tally.cycles_down += spent;
    else if (state->power[rank] == REFRESHING_ITSELF)
        state->tally.cycles_self += spent;
    else if (state->open_banks[rank])
        state->tally.cycles_active += spent;
    else
        state->tally.cycles_idle += spent;
    state->since[rank] = cycle;
}

/* Automatic precharges that have taken place by now. */
static void close_due(Channel *channel, int rank, int64_t cycle) {
    State *state = &channel->state;
    while (state->closings[rank] && state->closing[rank][state->closings[rank] - 1] <= cycle) {
        if (state->open_banks[rank] == 1)
            count_time(state, rank, state->closing[rank][state->closings[rank] - 1]);
        --state->closings[rank];
        --state->open_banks[rank];
    }
}

/* Add the time since the last change of a rank's state to where it belongs. */
void settle_power(Channel *channel, int rank, int64_t cycle) {
    close_due(channel, rank, cycle);
    count_time(&channel->state, rank, cycle);
}

/* The row is closed for the controller at once, for the power when the precharge takes place. */
static void close_later(Channel *channel, const Command *command) {
    State *state = &channel->state;
    const Part *part = &channel->part;
    int rank = command->rank, bank = command->bank;
    int64_t after = command->command == RDA ? part->read_to_precharge : part->write_to_precharge;
    int64_t at = later(command->cycle + after, state->activated[bank] + part->row_active);
    int32_t place = state->closings[rank]++;
    for (; place && state->closing[rank][place - 1] < at; --place)
        state->closing[rank][place] = state->closing[rank][place - 1];
    state->closing[rank][place] = at;
    state->open_row[bank] = NONE;
    ++state->tally.closed;
    row_closed(channel, bank);
}

static void close_row(Channel *channel, int rank, int bank, int64_t cycle) {
    State *state = &channel->state;
    if (state->open_row[bank] == NONE)
        return;
    close_due(channel, rank, cycle);
    if (state->open_banks[rank] == 1)
        settle_power(channel, rank, cycle);
    state->open_row[bank] = NONE;
    --state->open_banks[rank];
    ++state->tally.closed;
    row_closed(channel, bank);
}

static void open_row(Channel *channel, const Command *command) {
    State *state = &channel->state;
    int rank = command->rank, bank = command->bank;
    close_due(channel, rank, command->cycle);
    if (!state->open_banks[rank])
        count_time(state, rank, command->cycle);
    ++state->open_banks[rank];
    state->activated[bank] = command->cycle;
    state->used[bank] = 0;
    state->recent[rank][state->activations[rank]++ % MAX_WINDOW] = command->cycle;
    state->open_row[bank] = command->row;
    row_opened(channel, bank);
}

static void change_rows(Channel *channel, const Command *command) {
    int first = command->rank * channel->banks_of_rank;
    if (command->command == ACT) {
        open_row(channel, command);
    } else if (command->command == PRE) {
        close_row(channel, command->rank, command->bank, command->cycle);
    } else if (command->command == RDA || command->command == WRA) {
        close_later(channel, command);
    } else if (command->command == PREAB) {
        for (int bank = first; bank < first + channel->banks_of_rank; ++bank)
            close_row(channel, command->rank, bank, command->cycle);
    }
}

static void change_power(Channel *channel, int command, int rank, int64_t cycle) {
    State *state = &channel->state;
    if (command < PDE)
        return;
    settle_power(channel, rank, cycle);
    state->power[rank] = command == PDE ? POWERED_DOWN : command == SRE ? REFRESHING_ITSELF : STANDBY;
}

static void write_down(const Channel *channel, Job *job, const Command *command) {
    Command *place = &job->log[job->logged++];
    *place = *command;
    if (command->bank != NONE)
        place->bank -= command->rank * channel->banks_of_rank;
}

/* `bank` NONE: the command is for the whole rank. */
void issue_command(Channel *channel, Job *job, const Command *command) {
    State *state = &channel->state;
    const Part *part = &channel->part;
    int kind = command->command, rank = command->rank;
    state->now = command->cycle;
    state->bus_free[bus_of(part, kind)] = command->cycle + part->held[kind];
    ++state->tally.counted[kind];
    change_rows(channel, command);
    change_power(channel, kind, rank, command->cycle);
    for (int i = channel->rule_first[kind]; i < channel->rule_first[kind + 1]; ++i)
        apply(channel, &part->rule[i], rank, command->bank, command->cycle);
    if (job->log)
        write_down(channel, job, command);
}
