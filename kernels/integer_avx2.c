#include "integer.h"

#include <stddef.h>
#include <string.h>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))
#define NATIVE 32
#define NAME(x) x##_avx2
#include "integer_rows.h"

/* COUNT pixels by 16 lanes; operands are widened to 16 bits a stretch at a time. */
#define EXACT(COUNT)                                                                                              \
    TARGET static void exact_avx2_##COUNT(const Block *b, const uint8_t *const *pixel, int32_t *sums)             \
    {                                                                                                             \
        int16_t wide[COUNT][EXPANDED];                                                                            \
        for (int64_t t = 0; t < b->taps; t++)                                                                     \
            for (int64_t k0 = 0; k0 < b->depth; k0 += EXPANDED) {                                                 \
                int64_t depth = b->depth - k0 < EXPANDED ? b->depth - k0 : EXPANDED;                              \
                for (int p = 0; p < COUNT; p++)                                                                   \
                    for (int64_t k = 0; k < depth; k++)                                                           \
                        wide[p][k] = pixel[p][b->tap[t] + k0 + k];                                                \
                for (int64_t lane = 0; lane < b->lanes; lane += 16) {                                             \
                    const int16_t *w = (const int16_t *)b->weights + (t * b->depth + k0) * b->lanes + 2 * lane;   \
                    __m256i acc[COUNT][2];                                                                        \
                    for (int p = 0; p < COUNT; p++)                                                               \
                        for (int v = 0; v < 2; v++)                                                               \
                            acc[p][v] = _mm256_loadu_si256((const __m256i *)(sums + p * b->lanes + lane) + v);    \
                    for (int64_t k = 0; k < depth; k += 2, w += 2 * b->lanes) {                                   \
                        __m256i w0 = _mm256_loadu_si256((const __m256i *)w);                                      \
                        __m256i w1 = _mm256_loadu_si256((const __m256i *)w + 1);                                  \
                        for (int p = 0; p < COUNT; p++) {                                                         \
                            int32_t pair;                                                                         \
                            memcpy(&pair, &wide[p][k], 4);                                                        \
                            __m256i x = _mm256_set1_epi32(pair);                                                  \
                            acc[p][0] = _mm256_add_epi32(acc[p][0], _mm256_madd_epi16(x, w0));                    \
                            acc[p][1] = _mm256_add_epi32(acc[p][1], _mm256_madd_epi16(x, w1));                    \
                        }                                                                                         \
                    }                                                                                             \
                    for (int p = 0; p < COUNT; p++)                                                               \
                        for (int v = 0; v < 2; v++)                                                               \
                            _mm256_storeu_si256((__m256i *)(sums + p * b->lanes + lane) + v, acc[p][v]);          \
                }                                                                                                 \
            }                                                                                                     \
    }

EXACT(4)
EXACT(1)

TARGET static void exact_avx2(const Block *b)
{
    int64_t p = 0;
    for (; p + 4 <= b->pixels; p += 4)
        exact_avx2_4(b, b->pixel + p, b->sums + p * b->lanes);
    for (; p < b->pixels; p++)
        exact_avx2_1(b, b->pixel + p, b->sums + p * b->lanes);
}

TARGET static inline __m256i nibble_table(const uint8_t *table)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
}

TARGET static void add_words(int32_t *sums, int32_t scale, __m256i words)
{
    __m256i factor = _mm256_set1_epi32(scale);
    __m256i first = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(words));
    __m256i second = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(words, 1));
    __m256i *to = (__m256i *)sums;
    _mm256_storeu_si256(to, _mm256_add_epi32(_mm256_loadu_si256(to), _mm256_mullo_epi32(first, factor)));
    _mm256_storeu_si256(to + 1, _mm256_add_epi32(_mm256_loadu_si256(to + 1), _mm256_mullo_epi32(second, factor)));
}

/* COUNT pixels by 32 lanes of the error; bytes are summed as in integer_rows.h. */
#define ERRORS(COUNT)                                                                                             \
    TARGET static void errors_avx2_##COUNT(const Block *b, const uint8_t *const *pixel, const int64_t *position,  \
                                           int64_t k0, int64_t depth, int64_t lane, int32_t *sums)                \
    {                                                                                                             \
        __m256i S[COUNT], H[COUNT];                                                                               \
        for (int p = 0; p < COUNT; p++)                                                                           \
            S[p] = H[p] = _mm256_setzero_si256();                                                                 \
        for (int64_t k = 0; k < depth; k++) {                                                                     \
            __m256i low = _mm256_loadu_si256((const __m256i *)(b->low + (k0 + k) * b->lanes + lane));             \
            __m256i high = _mm256_loadu_si256((const __m256i *)(b->high + (k0 + k) * b->lanes + lane));           \
            for (int p = 0; p < COUNT; p++) {                                                                     \
                int64_t a = 16 * pixel[p][position[k]];                                                           \
                __m256i x = _mm256_add_epi8(_mm256_shuffle_epi8(nibble_table(b->nibble_low + a), low),            \
                                            _mm256_shuffle_epi8(nibble_table(b->nibble_high + a), high));         \
                S[p] = _mm256_add_epi16(S[p], x);                                                                 \
                H[p] = _mm256_add_epi16(H[p], _mm256_srli_epi16(x, 8));                                           \
            }                                                                                                     \
        }                                                                                                         \
        for (int p = 0; p < COUNT; p++) {                                                                         \
            __m256i even = _mm256_sub_epi16(S[p], _mm256_slli_epi16(H[p], 8));                                    \
            add_words(sums + p * b->lanes + lane, b->scale, even);                                                \
            add_words(sums + p * b->lanes + lane + 16, b->scale, H[p]);                                           \
        }                                                                                                         \
    }

ERRORS(4)
ERRORS(1)

TARGET static void separable_avx2(const Block *b)
{
    int64_t position[EXPANDED], total = b->taps * b->channels;
    exact_avx2(b);
    for (int64_t k0 = 0; k0 < total; k0 += EXPANDED) {
        int64_t depth = total - k0 < EXPANDED ? total - k0 : EXPANDED;
        for (int64_t k = 0; k < depth; k++)
            position[k] = b->tap[(k0 + k) / b->channels] + (k0 + k) % b->channels;
        for (int64_t lane = 0; lane < b->lanes; lane += 32) {
            int64_t p = 0;
            for (; p + 4 <= b->pixels; p += 4)
                errors_avx2_4(b, b->pixel + p, position, k0, depth, lane, b->sums + p * b->lanes);
            for (; p < b->pixels; p++)
                errors_avx2_1(b, b->pixel + p, position, k0, depth, lane, b->sums + p * b->lanes);
        }
    }
}

static const Kernels AVX2 = {exact_avx2, separable_avx2, plane_avx2, table_avx2, adder_avx2, strip_avx2};

const Kernels *kernels_avx2(void) { return &AVX2; }
#else
const Kernels *kernels_avx2(void) { return NULL; }
#endif
