/* Kernels that are the same C on every instruction set: product rows, approximate accumulators, strips.
 *
 * Included once per set, with TARGET, NAME(x) and NATIVE (bytes of a vector register) defined; BUILT says that the
 * set has a row builder of its own, STRIPPED that it has a strip kernel.
 *
 * Product rows: for each position k of a window and each activation, the table's bytes for all lanes, so that one
 * load gives the products of all lanes. Bytes are summed as 16-bit words S and their upper bytes H, both modulo
 * 2^16: after at most 256 rows H is the sum of the odd bytes and S - 256 H that of the even ones, without a single
 * widening shuffle. */

#ifndef BUILT
TARGET static void NAME(build)(uint8_t *rows, const uint8_t *plane, const uint8_t *index, int64_t lanes,
                               const uint8_t *used, int first, int last)
{
    for (int a = first; a <= last; a++)
        if (used == NULL || used[a])
            for (int64_t n = 0; n < lanes; n++)
                rows[a * lanes + n] = plane[a * 256 + index[n]];
}
#endif

#define LANES 16
#define SIZED(x) NAME(x##_16)
#include "integer_lanes.h"
#undef LANES
#undef SIZED
#define LANES 32
#define SIZED(x) NAME(x##_32)
#include "integer_lanes.h"
#undef LANES
#undef SIZED
#define LANES 64
#define SIZED(x) NAME(x##_64)
#include "integer_lanes.h"
#undef LANES
#undef SIZED

TARGET static void NAME(all_rows)(const Block *b, int planes)
{
    if (b->lanes == 64)
        NAME(rows_64)(b, planes);
    else if (b->lanes == 32)
        NAME(rows_32)(b, planes);
    else
        NAME(rows_16)(b, planes);
}

TARGET static void NAME(plane)(const Block *b) { NAME(all_rows)(b, 1); }

TARGET static void NAME(table)(const Block *b) { NAME(all_rows)(b, 2); }

/* One approximate ripple adder per lane: `low` bits of a cell, exact above, the last cell's carry going in. */
typedef uint32_t NAME(sums16) __attribute__((vector_size(NATIVE), may_alias));

TARGET static inline __attribute__((always_inline)) NAME(sums16) NAME(ripple)(const int cell, NAME(sums16) a,
                                                                             NAME(sums16) b, int low)
{
    NAME(sums16) result = {0}, carry = {0};
    if (cell == CELL_EXACT || low == 0)
        return a + b;
    for (int i = 0; i < low; i++) {
        NAME(sums16) x = (a >> i) & 1, y = (b >> i) & 1, sum, out;
        if (cell == CELL_OR) {
            sum = x | y;
            out = x & y;
        } else if (cell == CELL_ZERO) {
            sum = x ^ x;
            out = x ^ x;
        } else if (cell == CELL_AMA1) {
            sum = ((x ^ 1) & (y ^ 1) & carry) | (x & y & carry);
            out = y | (x & carry);
        } else if (cell == CELL_AMA2) {
            out = (x & y) | (carry & (x | y));
            sum = out ^ 1;
        } else if (cell == CELL_AMA3) {
            out = y | (x & carry);
            sum = out ^ 1;
        } else if (cell == CELL_AMA4) {
            sum = carry & ((x ^ 1) | y);
            out = x;
        } else {
            sum = y;
            out = x;
        }
        result |= sum << i;
        carry = out;
    }
    if (low >= 32)
        return result;
    return (((a >> low) + (b >> low) + carry) << low) | result;
}

TARGET static inline __attribute__((always_inline)) void NAME(accumulate)(const Block *b, const int cell,
                                                                          const int32_t *rows,
                                                                          const int32_t *position, int64_t depth,
                                                                          int32_t *sums, const uint8_t *pixel)
{
    enum { PARTS = ADDER_LANES * 4 / NATIVE };
    NAME(sums16) sum[PARTS];
    memcpy(sum, sums, sizeof sum);
    for (int64_t k = 0; k < depth; k++) {
        const NAME(sums16) *row = (const NAME(sums16) *)(rows + (k * 256 + pixel[position[k]]) * ADDER_LANES);
        for (int v = 0; v < PARTS; v++)
            sum[v] = NAME(ripple)(cell, sum[v], row[v], b->low_bits);
    }
    memcpy(sums, sum, sizeof sum);
}

#define WITH_CELL(CELL)                                                                                      \
    case CELL:                                                                                               \
        for (int64_t p = 0; p < b->pixels; p++)                                                              \
            NAME(accumulate)(b, CELL, rows, position, depth, b->sums + p * ADDER_LANES, b->pixel[p]);        \
        break;

/* Products are added in the order of taps, then channels. */
TARGET static void NAME(adder)(const Block *b)
{
    enum { DEPTH = ROW_DEPTH / 4 };
    int32_t position[DEPTH];
    int32_t *rows = (int32_t *)b->rows;
    int64_t total = b->taps * b->channels;
    for (int64_t k0 = 0; k0 < total; k0 += DEPTH) {
        int64_t depth = total - k0 < DEPTH ? total - k0 : DEPTH;
        for (int64_t k = 0; k < depth; k++) {
            position[k] = (int32_t)(b->tap[(k0 + k) / b->channels] + (k0 + k) % b->channels);
            for (int a = b->first_row; a <= b->last_row; a++)
                for (int n = 0; n < ADDER_LANES; n++)
                    rows[(k * 256 + a) * ADDER_LANES + n] = b->table[a * 256 + b->index[(k0 + k) * ADDER_LANES + n]];
        }
        switch (b->cell) {
            WITH_CELL(CELL_EXACT)
            WITH_CELL(CELL_OR)
            WITH_CELL(CELL_ZERO)
            WITH_CELL(CELL_AMA1)
            WITH_CELL(CELL_AMA2)
            WITH_CELL(CELL_AMA3)
            WITH_CELL(CELL_AMA4)
            WITH_CELL(CELL_AMA5)
        }
    }
}
#undef WITH_CELL

#ifndef STRIPPED
TARGET static void NAME(strip)(const Strip *s)
{
    for (int64_t k = 0; k < s->depth; k++) {
        int32_t row[256];
        const uint8_t *low = s->plane[0] + s->weight[k] * 256, *high = s->plane[1] + s->weight[k] * 256;
        for (int a = 0; a < 256; a++)
            row[a] = low[a] + 256 * high[a];
        for (int64_t p = 0; p < s->pixels; p++)
            s->sums[p] += row[s->source[k][p]];
    }
}
#endif
