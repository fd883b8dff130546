/* Which command goes next: first ready, first come first served; writes are drained together; refresh comes first. */
#include "dram.h"

static const Choice NOTHING = {INT64_MAX, INT64_MAX, NONE, NONE, NONE, NONE};

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

/* Go to a state that needs all rows closed, at `due` or as soon as it may be after that. */
static Choice towards(const Channel *channel, int command, int rank, int64_t due) {
    const State *state = &channel->state;
    Choice choice = {NEVER, NEVER, command, rank, NONE, NONE};
    if (state->power[rank] == POWERED_DOWN)
        choice.command = PDX;
    else if (state->open_banks[rank] > state->closings[rank])
        choice.command = PREAB;
    choice.cycle = later(earliest_for_rank(channel, choice.command, rank), due);
    return choice;
}

/* A rank wakes up for a request, and goes to sleep, deeper and deeper, when it has had none for long. */
static Choice choice_of_power(const Channel *channel, int rank) {
    const State *state = &channel->state;
    const Part *part = &channel->part;
    int64_t deep = part->self_refresh_after ? state->idle_since[rank] + part->self_refresh_after : NEVER;
    if (state->pending_of_rank[rank]) {
        if (state->power[rank] == STANDBY)
            return NOTHING;
        Choice choice = {NEVER, NEVER, state->power[rank] == POWERED_DOWN ? PDX : SRX, rank, NONE, NONE};
        choice.cycle = earliest_for_rank(channel, choice.command, rank);
        return choice;
    }
    if (state->power[rank] == REFRESHING_ITSELF)
        return NOTHING;
    if (part->power_down_after && state->power[rank] == STANDBY && state->now < deep)
        return towards(channel, PDE, rank, state->idle_since[rank] + part->power_down_after);
    return deep == NEVER ? NOTHING : towards(channel, SRE, rank, deep);
}

Choice best_choice(Channel *channel) {
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

/* One more request changes the best choice through its own bank alone, unless there was none or the mode changes. */
void choose_again(Channel *channel, int bank, int kind, Choice *best) {
    State *state = &channel->state;
    int before = state->writing, rank = channel->rank_of[bank];
    choose_mode(channel);
    if (best->entry == NONE || state->writing != before || state->power[rank] != STANDBY) {
        *best = best_choice(channel);
    } else if (kind == state->writing && !is_held_for_refresh(channel, rank, bank)) {
        Common common;
        find_common(channel, kind, rank, &common);
        consider(channel, kind, bank, rank, &common, best);
    }
}
