/* Adding product rows of LANES bytes. Included per instruction set and number of lanes; see integer_rows.h. */

#define WIDTH (LANES < NATIVE ? LANES : NATIVE)
#define PARTS (LANES / WIDTH)

typedef uint16_t SIZED(words) __attribute__((vector_size(WIDTH), may_alias));

TARGET static inline __attribute__((always_inline)) void SIZED(flush)(const SIZED(words) *S, const SIZED(words) *H,
                                                                      int32_t scale, int32_t *sums)
{
    uint16_t s[LANES / 2], h[LANES / 2];
    memcpy(s, S, LANES);
    memcpy(h, H, LANES);
    for (int i = 0; i < LANES / 2; i++) {
        sums[i] += scale * (int32_t)(uint16_t)(s[i] - (h[i] << 8));
        sums[LANES / 2 + i] += scale * (int32_t)h[i];
    }
}

TARGET static void SIZED(add_plane)(const uint8_t *rows, const uint8_t *pixel, const int32_t *position, int64_t depth,
                                    int32_t scale, int32_t *sums)
{
    SIZED(words) S[PARTS] = {{0}}, H[PARTS] = {{0}};
    for (int64_t k = 0; k < depth; k++) {
        const SIZED(words) *row = (const SIZED(words) *)(rows + (k * 256 + pixel[position[k]]) * LANES);
        for (int v = 0; v < PARTS; v++) {
            S[v] += row[v];
            H[v] += row[v] >> 8;
        }
    }
    SIZED(flush)(S, H, scale, sums);
}

TARGET static void SIZED(add_table)(const uint8_t *rows, const uint8_t *pixel, const int32_t *position, int64_t depth,
                                    int32_t *sums)
{
    SIZED(words) S[PARTS] = {{0}}, H[PARTS] = {{0}}, S1[PARTS] = {{0}}, H1[PARTS] = {{0}};
    const uint8_t *upper = rows + ROW_DEPTH * 256 * LANES;
    for (int64_t k = 0; k < depth; k++) {
        int64_t at = (k * 256 + pixel[position[k]]) * LANES;
        const SIZED(words) *row = (const SIZED(words) *)(rows + at), *row1 = (const SIZED(words) *)(upper + at);
        for (int v = 0; v < PARTS; v++) {
            S[v] += row[v];
            H[v] += row[v] >> 8;
            S1[v] += row1[v];
            H1[v] += row1[v] >> 8;
        }
    }
    SIZED(flush)(S, H, 1, sums);
    SIZED(flush)(S1, H1, 256, sums);
}

TARGET static void SIZED(rows)(const Block *b, int planes)
{
    int32_t position[ROW_DEPTH];
    uint8_t used[ROW_DEPTH][256];
    int64_t total = b->taps * b->channels;
    int sparse = b->pixels < 512;
    for (int64_t k0 = 0; k0 < total; k0 += ROW_DEPTH) {
        int64_t depth = total - k0 < ROW_DEPTH ? total - k0 : ROW_DEPTH;
        for (int64_t k = 0; k < depth; k++)
            position[k] = (int32_t)(b->tap[(k0 + k) / b->channels] + (k0 + k) % b->channels);
        if (sparse) {
            memset(used, 0, sizeof used);
            for (int64_t p = 0; p < b->pixels; p++)
                for (int64_t k = 0; k < depth; k++)
                    used[k][b->pixel[p][position[k]]] = 1;
        }
        for (int64_t k = 0; k < depth; k++)
            for (int plane = 0; plane < planes; plane++)
                NAME(build)(b->rows + (plane * ROW_DEPTH + k) * 256 * LANES, b->plane[plane],
                            b->index + (k0 + k) * LANES, LANES, sparse ? used[k] : NULL, b->first_row, b->last_row);
        for (int64_t p = 0; p < b->pixels; p++)
            if (planes == 1)
                SIZED(add_plane)(b->rows, b->pixel[p], position, depth, b->scale, b->sums + p * LANES);
            else
                SIZED(add_table)(b->rows, b->pixel[p], position, depth, b->sums + p * LANES);
    }
}

#undef WIDTH
#undef PARTS
