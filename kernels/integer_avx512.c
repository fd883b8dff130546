#include "integer.h"

#include <stddef.h>
#include <string.h>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni")))
#define INLINE TARGET static inline __attribute__((always_inline))
#define NATIVE 64
#define NAME(x) x##_avx512
#define BUILT
#define STRIPPED

/* A byte of a 256-byte table for each of 64 indices: each quarter is one byte permute. */
typedef struct {
    __m512i quarter[4];
} Bytes;

INLINE Bytes load_bytes(const uint8_t *table)
{
    Bytes bytes;
    for (int i = 0; i < 4; i++)
        bytes.quarter[i] = _mm512_loadu_si512(table + 64 * i);
    return bytes;
}

typedef struct {
    __m512i index;
    __mmask64 second, third, fourth;
} Lookup;

INLINE Lookup prepare(__m512i index)
{
    __mmask64 upper = _mm512_movepi8_mask(index), odd = _mm512_movepi8_mask(_mm512_slli_epi16(index, 1));
    Lookup lookup = {index, ~upper & odd, upper & ~odd, upper & odd};
    return lookup;
}

INLINE __m512i look_up(const Bytes *table, const Lookup *at)
{
    __m512i found = _mm512_permutexvar_epi8(at->index, table->quarter[0]);
    found = _mm512_mask_permutexvar_epi8(found, at->second, at->index, table->quarter[1]);
    found = _mm512_mask_permutexvar_epi8(found, at->third, at->index, table->quarter[2]);
    return _mm512_mask_permutexvar_epi8(found, at->fourth, at->index, table->quarter[3]);
}

TARGET static void build_avx512(uint8_t *rows, const uint8_t *plane, const uint8_t *index, int64_t lanes,
                                const uint8_t *used, int first, int last)
{
    __mmask64 kept = lanes == 64 ? ~(__mmask64)0 : ((__mmask64)1 << lanes) - 1;
    Lookup at = prepare(_mm512_maskz_loadu_epi8(kept, index));
    for (int a = first; a <= last; a++)
        if (used == NULL || used[a]) {
            Bytes table = load_bytes(plane + a * 256);
            _mm512_mask_storeu_epi8(rows + a * lanes, kept, look_up(&table, &at));
        }
}

#include "integer_rows.h"

/* COUNT pixels by GROUPS x 16 lanes, four positions per instruction. */
INLINE void exact_tile(const Block *b, const uint8_t *const *pixel, int32_t *sums, const int count, const int groups)
{
    __m512i acc[24];
    for (int p = 0; p < count; p++)
        for (int n = 0; n < groups; n++)
            acc[p * groups + n] = _mm512_loadu_si512(sums + (p * groups + n) * 16);
    for (int64_t t = 0; t < b->taps; t++) {
        const int8_t *w = (const int8_t *)b->weights + t * b->depth * groups * 16;
        const uint8_t *x[12];
        for (int p = 0; p < count; p++)
            x[p] = pixel[p] + b->tap[t];
        for (int64_t k = 0; k < b->depth; k += 4, w += groups * 64) {
            __m512i weight[4];
            for (int n = 0; n < groups; n++)
                weight[n] = _mm512_loadu_si512(w + n * 64);
            for (int p = 0; p < count; p++) {
                int32_t four;
                memcpy(&four, x[p] + k, 4);
                __m512i activation = _mm512_set1_epi32(four);
                for (int n = 0; n < groups; n++)
                    acc[p * groups + n] = _mm512_dpbusd_epi32(acc[p * groups + n], activation, weight[n]);
            }
        }
    }
    for (int p = 0; p < count; p++)
        for (int n = 0; n < groups; n++)
            _mm512_storeu_si512(sums + (p * groups + n) * 16, acc[p * groups + n]);
}

/* The four activations' sixteen errors side by side: the table of one byte permute. */
INLINE __m512i four_tables(const uint8_t *table, const uint8_t *x)
{
    __m512i four = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(table + 16 * x[0])));
    four = _mm512_inserti32x4(four, _mm_loadu_si128((const __m128i *)(table + 16 * x[1])), 1);
    four = _mm512_inserti32x4(four, _mm_loadu_si128((const __m128i *)(table + 16 * x[2])), 2);
    return _mm512_inserti32x4(four, _mm_loadu_si128((const __m128i *)(table + 16 * x[3])), 3);
}

/* As exact_tile, plus the error of four positions: two permutes, one add, one multiply-accumulate. */
INLINE void separable_tile(const Block *b, const uint8_t *const *pixel, int32_t *sums, const int count,
                           const int groups)
{
    __m512i acc[16], scale = _mm512_set1_epi8((char)b->scale);
    for (int p = 0; p < count; p++)
        for (int n = 0; n < groups; n++)
            acc[p * groups + n] = _mm512_loadu_si512(sums + (p * groups + n) * 16);
    for (int64_t t = 0; t < b->taps; t++) {
        int64_t at = t * b->depth * groups * 16;
        const uint8_t *x[8];
        for (int p = 0; p < count; p++)
            x[p] = pixel[p] + b->tap[t];
        for (int64_t k = 0; k < b->depth; k += 4, at += groups * 64) {
            for (int p = 0; p < count; p++) {
                int32_t four;
                memcpy(&four, x[p] + k, 4);
                __m512i activation = _mm512_set1_epi32(four);
                __m512i low = four_tables(b->nibble_low, x[p] + k), high = four_tables(b->nibble_high, x[p] + k);
                for (int n = 0; n < groups; n++) {
                    int64_t here = at + n * 64;
                    __m512i error = _mm512_add_epi8(
                        _mm512_permutexvar_epi8(_mm512_loadu_si512(b->low + here), low),
                        _mm512_permutexvar_epi8(_mm512_loadu_si512(b->high + here), high));
                    __m512i sum = acc[p * groups + n];
                    sum = _mm512_dpbusd_epi32(sum, activation,
                                              _mm512_loadu_si512((const int8_t *)b->weights + here));
                    acc[p * groups + n] = _mm512_dpbusd_epi32(sum, error, scale);
                }
            }
        }
    }
    for (int p = 0; p < count; p++)
        for (int n = 0; n < groups; n++)
            _mm512_storeu_si512(sums + (p * groups + n) * 16, acc[p * groups + n]);
}

#define TILE(KERNEL, COUNT, GROUPS)                                                                                \
    TARGET static void KERNEL##_##COUNT##x##GROUPS(const Block *b, const uint8_t *const *pixel, int32_t *sums)    \
    {                                                                                                             \
        KERNEL##_tile(b, pixel, sums, COUNT, GROUPS);                                                             \
    }

#define TILES(KERNEL, COUNT, GROUPS)                                                                               \
    TILE(KERNEL, COUNT, GROUPS)                                                                                   \
    TILE(KERNEL, 1, GROUPS)                                                                                       \
    TARGET static void KERNEL##_by##GROUPS(const Block *b)                                                        \
    {                                                                                                             \
        int64_t p = 0;                                                                                            \
        for (; p + COUNT <= b->pixels; p += COUNT)                                                                \
            KERNEL##_##COUNT##x##GROUPS(b, b->pixel + p, b->sums + p * (GROUPS * 16));                            \
        for (; p < b->pixels; p++)                                                                                \
            KERNEL##_1x##GROUPS(b, b->pixel + p, b->sums + p * (GROUPS * 16));                                    \
    }

TILES(exact, 6, 4)
TILES(exact, 10, 2)
TILES(exact, 12, 1)
TILES(separable, 4, 4)
TILES(separable, 8, 2)
TILES(separable, 8, 1)

TARGET static void exact_avx512(const Block *b)
{
    if (b->lanes == 64)
        exact_by4(b);
    else if (b->lanes == 32)
        exact_by2(b);
    else
        exact_by1(b);
}

TARGET static void separable_avx512(const Block *b)
{
    if (b->lanes == 64)
        separable_by4(b);
    else if (b->lanes == 32)
        separable_by2(b);
    else
        separable_by1(b);
}

INLINE void add_words(int32_t *sums, int shift, __m512i S, __m512i H)
{
    /* Even and odd bytes belong to pixels 0, 2, 4, ... and 1, 3, 5, ...: two interleavings put them in order. */
    __m512i even = _mm512_sub_epi16(S, _mm512_slli_epi16(H, 8));
    __m512i zero = _mm512_setzero_si512();
    __m512i part[4];
    __m512i first = _mm512_unpacklo_epi16(even, H), second = _mm512_unpackhi_epi16(even, H);
    part[0] = _mm512_unpacklo_epi16(first, zero);
    part[1] = _mm512_unpackhi_epi16(first, zero);
    part[2] = _mm512_unpacklo_epi16(second, zero);
    part[3] = _mm512_unpackhi_epi16(second, zero);
    /* Lane l of part i holds pixels 16 l + 4 i .. 16 l + 4 i + 3. */
    for (int i = 0; i < 4; i++) {
        int32_t four[16];
        _mm512_storeu_si512(four, _mm512_slli_epi32(part[i], shift));
        for (int l = 0; l < 4; l++) {
            __m128i *to = (__m128i *)(sums + 16 * l + 4 * i);
            _mm_storeu_si128(to, _mm_add_epi32(_mm_loadu_si128(to), _mm_loadu_si128((const __m128i *)(four + 4 * l))));
        }
    }
}

/* 128 pixels at a time; a row of the table stays in registers. Sources may be read up to 127 bytes beyond. */
TARGET static void strip_avx512(const Strip *s)
{
    enum { VECTORS = 2, MOST = 256 };
    for (int64_t p = 0; p < s->pixels; p += 64 * VECTORS)
        for (int64_t k0 = 0; k0 < s->depth; k0 += MOST) {
            int64_t end = s->depth - k0 < MOST ? s->depth : k0 + MOST;
            __m512i S[VECTORS][2], H[VECTORS][2];
            for (int v = 0; v < VECTORS; v++)
                for (int plane = 0; plane < 2; plane++)
                    S[v][plane] = H[v][plane] = _mm512_setzero_si512();
            for (int64_t k = k0; k < end; k++) {
                Bytes low = load_bytes(s->plane[0] + s->weight[k] * 256);
                Bytes high = load_bytes(s->plane[1] + s->weight[k] * 256);
                for (int v = 0; v < VECTORS; v++) {
                    Lookup at = prepare(_mm512_loadu_si512(s->source[k] + p + 64 * v));
                    __m512i x = look_up(&low, &at), y = look_up(&high, &at);
                    S[v][0] = _mm512_add_epi16(S[v][0], x);
                    H[v][0] = _mm512_add_epi16(H[v][0], _mm512_srli_epi16(x, 8));
                    S[v][1] = _mm512_add_epi16(S[v][1], y);
                    H[v][1] = _mm512_add_epi16(H[v][1], _mm512_srli_epi16(y, 8));
                }
            }
            for (int v = 0; v < VECTORS; v++)
                for (int plane = 0; plane < 2; plane++)
                    add_words(s->sums + p + 64 * v, 8 * plane, S[v][plane], H[v][plane]);
        }
}

static const Kernels AVX512 = {exact_avx512, separable_avx512, plane_avx512, table_avx512, adder_avx512, strip_avx512};

const Kernels *kernels_avx512(void) { return &AVX512; }
#else
const Kernels *kernels_avx512(void) { return NULL; }
#endif
