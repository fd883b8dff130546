#include "integer.h"

#include <stddef.h>
#include <string.h>

#define TARGET
#define NATIVE 16
#define NAME(x) x##_portable
#include "integer_rows.h"

/* Pairs of positions as 16-bit operands, which compilers turn into multiply-add instructions. */
static inline __attribute__((always_inline)) void exact_pixels(const Block *b, const uint8_t *const *pixel,
                                                               const int count, int32_t *sums)
{
    const int16_t *weights = b->weights;
    for (int64_t lane = 0; lane < b->lanes; lane += 16) {
        int32_t acc[2][16];
        for (int p = 0; p < count; p++)
            memcpy(acc[p], sums + p * b->lanes + lane, sizeof acc[p]);
        for (int64_t t = 0; t < b->taps; t++)
            for (int64_t k = 0; k < b->depth; k += 2) {
                const int16_t *w = weights + ((t * b->depth + k) * b->lanes) + 2 * lane;
                for (int p = 0; p < count; p++) {
                    const uint8_t *x = pixel[p] + b->tap[t] + k;
                    for (int n = 0; n < 16; n++)
                        acc[p][n] += x[0] * w[2 * n] + x[1] * w[2 * n + 1];
                }
            }
        for (int p = 0; p < count; p++)
            memcpy(sums + p * b->lanes + lane, acc[p], sizeof acc[p]);
    }
}

static void exact_portable(const Block *b)
{
    int64_t p = 0;
    for (; p + 2 <= b->pixels; p += 2)
        exact_pixels(b, b->pixel + p, 2, b->sums + p * b->lanes);
    for (; p < b->pixels; p++)
        exact_pixels(b, b->pixel + p, 1, b->sums + p * b->lanes);
}

static const Kernels PORTABLE = {exact_portable, NULL, plane_portable, table_portable, adder_portable, strip_portable};

const Kernels *kernels_portable(void) { return &PORTABLE; }
