#include "integer.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

enum { PACKED_BYTES = 16 << 20, DIRECT_PIXELS = 96, ROW_PIXELS = 8192, SLACK = 256 };

/* How one chunk of images lies in memory once packed. */
typedef struct {
    const Job *job;
    int64_t depth;                    /* bytes per position of the padded image */
    int64_t rows, columns;            /* of the padded image */
    int64_t image_bytes, taps;
    int64_t *tap;
} Layout;

static int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

static int64_t at_least_one(int64_t value) { return value > 1 ? value : 1; }

static int thread_count(void)
{
#ifdef _OPENMP
    return omp_get_num_threads();
#else
    return 1;
#endif
}

static int thread_number(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

int isa_supported(int level)
{
    if (level == 0)
        return 1;
#if defined(__x86_64__) || defined(_M_X64)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") != 0;
    if (level == 1)
        return avx2;
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni");
#else
    return 0;
#endif
}

static uint8_t *aligned(int64_t bytes)
{
    return aligned_alloc(64, (size_t)round_up(at_least_one(bytes) + SLACK, 64));
}

static int64_t padded_length(int64_t outputs, int64_t step, int64_t taps, int64_t dilation)
{
    return (outputs - 1) * step + (taps - 1) * dilation + 1;
}

/* Whether a map only adds its first byte, modulo 256. */
static int shifts(const uint8_t *map)
{
    uint8_t differing = 0;
    for (int i = 0; i < 256; i++)
        differing |= map[i] ^ (uint8_t)(i + map[0]);
    return !differing;
}

/* The mapped bytes of some columns, one after the other in the input and `depth` apart in the packed row. */
static void map_columns(const Job *job, const uint8_t *map, const uint8_t *from, uint8_t *into, int64_t depth,
                        int64_t columns)
{
    int64_t length = job->channels;
    if (job->channel_stride != 1 || !shifts(map)) {
        for (int64_t c = 0; c < job->channels; c++)
            for (int64_t x = 0; x < columns; x++)
                into[x * depth + c] =
                    map[(uint8_t)(from[c * job->channel_stride + x * job->column_stride] + job->offset)];
        return;
    }
    if (depth == length && job->column_stride == length) {
        length *= columns;
        columns = 1;
    }
    uint8_t shift = (uint8_t)(job->offset + map[0]);
    for (int64_t x = 0; x < columns; x++)
        for (int64_t c = 0; c < length; c++)
            into[x * depth + c] = (uint8_t)(from[x * job->column_stride + c] + shift);
}

/* One row of a padded image: [column][map][channel], channels rounded up to four with zero bytes. */
static void pack_row(const Layout *layout, int64_t image, int64_t group, int64_t row, uint8_t *to, int32_t *own)
{
    const Job *job = layout->job;
    int64_t y = row - job->top, depth = layout->depth, part = depth / job->maps;
    int64_t first = job->left < layout->columns ? job->left : layout->columns;
    int64_t last = job->left + job->width < layout->columns ? job->left + job->width : layout->columns;
    const uint8_t *from = job->input + image * job->image_stride + group * job->channels * job->channel_stride +
                          y * job->row_stride;
    if (y < 0 || y >= job->height)
        first = last = layout->columns;
    if (part > job->channels)
        for (int64_t x = 0; x < layout->columns; x++)
            for (int64_t m = 0; m < job->maps; m++)
                memset(to + x * depth + m * part + job->channels, 0, (size_t)(part - job->channels));
    for (int64_t m = 0; m < job->maps; m++) {
        const uint8_t *map = job->map + 256 * m;
        uint8_t outside = map[(uint8_t)(job->pad + job->offset)], *into = to + m * part;
        for (int64_t x = 0; x < layout->columns; x++)
            if (x < first || x >= last)
                memset(into + x * depth, outside, (size_t)job->channels);
        if (first < last)
            map_columns(job, map, from + (first - job->left) * job->column_stride, into + first * depth, depth,
                        last - first);
    }
    if (own == NULL)
        return;
    for (int64_t x = 0; x < layout->columns; x++) {
        uint32_t total = 0;
        for (int64_t m = 0; m < job->maps; m++) {
            uint32_t sum = 0;
            for (int64_t c = 0; c < job->channels; c++)
                sum += to[x * depth + m * part + c];
            total += (uint32_t)job->map_weight[m] * sum;
        }
        own[x] = (int32_t)total;
    }
}

static void run_block(const Job *job, const Kernels *kernels, Block *block)
{
    if (job->path == PATH_ADDER)
        kernels->adder(block);
    else if (job->path == PATH_TABLE)
        kernels->table(block);
    else if (job->path == PATH_SEPARABLE)
        kernels->separable(block);
    else {
        kernels->exact(block);
        if (job->path == PATH_PLANE)
            kernels->plane(block);
    }
}

/* Lanes of the block that begins at an output: 64, 32 or 16, the last one padded. */
static int64_t lanes_at(const Job *job, int64_t output)
{
    int64_t left = job->outputs - output;
    if (job->path == PATH_ADDER)
        return ADDER_LANES;
    if (left > 32)
        return 64;
    return left > 16 ? 32 : job->least_lanes;
}

typedef struct {
    const uint8_t **pixel;
    const int32_t **own;
    int32_t *sums;
    uint8_t *rows;
    int64_t pixels; /* at most, in one stretch */
} Scratch;

static void emit(const Job *job, const Block *block, int64_t group, int64_t output, int64_t first)
{
    int64_t all = job->groups * job->outputs, valid = job->outputs - output;
    if (valid > block->lanes)
        valid = block->lanes;
    for (int64_t p = 0; p < block->pixels; p++)
        memcpy(job->output + (first + p) * all + group * job->outputs + output, block->sums + p * block->lanes,
               (size_t)valid * 4);
}

static int32_t own_term(const Layout *layout, const int32_t *own)
{
    const Job *job = layout->job;
    uint32_t total = 0;
    for (int64_t r = 0; r < job->kernel_rows; r++)
        for (int64_t s = 0; s < job->kernel_columns; s++)
            total += (uint32_t)own[r * job->row_dilation * layout->columns + s * job->column_dilation];
    return (int32_t)total;
}

static void start_sums(const Layout *layout, const Block *block, const Scratch *scratch, int64_t group, int64_t output)
{
    const Job *job = layout->job;
    for (int64_t p = 0; p < block->pixels; p++) {
        uint32_t own = job->map_weight ? (uint32_t)own_term(layout, scratch->own[p]) : 0;
        for (int64_t n = 0; n < block->lanes; n++)
            block->sums[p * block->lanes + n] =
                output + n < job->outputs ? (int32_t)((uint32_t)job->start[group * job->outputs + output + n] + own) : 0;
    }
}

/* All outputs of one group for some pixels of packed images. */
static void run_stretch(const Layout *layout, const Kernels *kernels, Scratch *scratch, int64_t group, int64_t first,
                        int64_t count)
{
    const Job *job = layout->job;
    int64_t at = group * job->packed_group, row_at = group * job->index_group;
    Block block = {.pixel = scratch->pixel, .pixels = count, .tap = layout->tap, .taps = layout->taps,
                   .depth = layout->depth, .channels = job->channels, .sums = scratch->sums,
                   .nibble_low = job->nibble_low, .nibble_high = job->nibble_high,
                   .plane = {job->plane_low, job->plane_high}, .table = job->table, .scale = job->scale,
                   .first_row = job->first_row, .last_row = job->last_row, .cell = job->cell,
                   .low_bits = job->low_bits, .rows = scratch->rows};
    for (int64_t output = 0; output < job->outputs; output += block.lanes) {
        block.lanes = lanes_at(job, output);
        block.weights = job->packed ? job->packed + at * job->weight_bytes : NULL;
        block.low = job->packed_low ? job->packed_low + (job->nibbles_by_row ? row_at : at) : NULL;
        block.high = job->packed_high ? job->packed_high + (job->nibbles_by_row ? row_at : at) : NULL;
        block.index = job->packed_index ? job->packed_index + row_at : NULL;
        start_sums(layout, &block, scratch, group, output);
        run_block(job, kernels, &block);
        emit(job, &block, group, output, first);
        at += layout->taps * layout->depth * block.lanes;
        row_at += layout->taps * job->channels * block.lanes;
    }
}

static void run_pixels(const Layout *layout, const Kernels *kernels, Scratch *scratch, const uint8_t *packed,
                       const int32_t *own, int64_t group, int64_t image, int64_t first, int64_t end)
{
    const Job *job = layout->job;
    int64_t per_image = job->out_rows * job->out_columns;
    for (int64_t start = first; start < end; start += scratch->pixels) {
        int64_t count = end - start < scratch->pixels ? end - start : scratch->pixels;
        for (int64_t p = 0; p < count; p++) {
            int64_t which = (start + p) / per_image, at = (start + p) % per_image;
            int64_t y = at / job->out_columns * job->row_step, x = at % job->out_columns * job->column_step;
            int64_t position = (which * layout->rows + y) * layout->columns + x;
            scratch->pixel[p] = packed + position * layout->depth;
            scratch->own[p] = own ? own + position : NULL;
        }
        run_stretch(layout, kernels, scratch, group, image * per_image + start, count);
    }
}

static int make_scratch(const Job *job, Scratch *scratch, int64_t share)
{
    int by_rows = job->path == PATH_PLANE || job->path == PATH_TABLE || job->path == PATH_ADDER;
    int64_t most = by_rows ? ROW_PIXELS : DIRECT_PIXELS;
    scratch->pixels = at_least_one(share < most ? share : most);
    scratch->pixel = malloc((size_t)scratch->pixels * sizeof *scratch->pixel);
    scratch->own = malloc((size_t)scratch->pixels * sizeof *scratch->own);
    scratch->sums = (int32_t *)aligned(scratch->pixels * MAX_LANES * 4);
    scratch->rows = by_rows ? aligned((int64_t)2 * ROW_DEPTH * 256 * MAX_LANES) : NULL;
    return scratch->pixel && scratch->own && scratch->sums && (scratch->rows || !by_rows);
}

static void free_scratch(Scratch *scratch)
{
    free(scratch->pixel);
    free(scratch->own);
    free(scratch->sums);
    free(scratch->rows);
}

static int make_layout(const Job *job, Layout *layout)
{
    layout->job = job;
    layout->depth = round_up(job->channels, 4) * job->maps;
    layout->rows = padded_length(job->out_rows, job->row_step, job->kernel_rows, job->row_dilation);
    layout->columns = padded_length(job->out_columns, job->column_step, job->kernel_columns, job->column_dilation);
    layout->image_bytes = layout->rows * layout->columns * layout->depth;
    layout->taps = job->kernel_rows * job->kernel_columns;
    layout->tap = malloc((size_t)layout->taps * sizeof *layout->tap);
    for (int64_t t = 0; t < layout->taps && layout->tap; t++)
        layout->tap[t] = (t / job->kernel_columns * job->row_dilation * layout->columns +
                          t % job->kernel_columns * job->column_dilation) *
                         layout->depth;
    return layout->tap != NULL;
}

static int convolve_group(const Layout *layout, const Kernels *kernels, int threads, int64_t group, int64_t chunk,
                          uint8_t *packed, int32_t *own)
{
    const Job *job = layout->job;
    int64_t per_image = job->out_rows * job->out_columns;
    int failed = 0;
    (void)threads;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        Scratch scratch = {0};
        int64_t team = thread_count(), me = thread_number();
        int ready = make_scratch(job, &scratch, (chunk * per_image + team - 1) / team);
        failed |= !ready;
        for (int64_t image = 0; image < job->images; image += chunk) {
            int64_t images = job->images - image < chunk ? job->images - image : chunk;
#pragma omp for schedule(static)
            for (int64_t row = 0; row < images * layout->rows; row++)
                pack_row(layout, image + row / layout->rows, group, row % layout->rows,
                         packed + row * layout->columns * layout->depth, own ? own + row * layout->columns : NULL);
            int64_t pixels = images * per_image;
            if (ready)
                run_pixels(layout, kernels, &scratch, packed, own, group, image, pixels * me / team,
                           pixels * (me + 1) / team);
#pragma omp barrier
        }
        free_scratch(&scratch);
    }
    return failed;
}

static int convolve_blocks(const Job *job, const Kernels *kernels, int threads)
{
    Layout layout;
    int failed = !make_layout(job, &layout);
    int64_t chunk = at_least_one(PACKED_BYTES / at_least_one(layout.image_bytes));
    if (chunk > job->images)
        chunk = job->images;
    uint8_t *packed = aligned(chunk * layout.image_bytes);
    int32_t *own = job->map_weight ? (int32_t *)aligned(chunk * layout.rows * layout.columns * 4) : NULL;
    failed |= packed == NULL || (job->map_weight && own == NULL);
    for (int64_t group = 0; group < job->groups && !failed; group++)
        failed = convolve_group(&layout, kernels, threads, group, chunk, packed, own);
    free(packed);
    free(own);
    free(layout.tap);
    return failed;
}

/* One channel as planes of equal phase, [phase row][phase column][row][column]: a strided tap is a plain shift. */
static void pack_phases(const Job *job, int64_t image, int64_t channel, int64_t rows, int64_t columns, uint8_t *to)
{
    const uint8_t *input = job->input + image * job->image_stride + channel * job->channel_stride;
    uint8_t outside = (uint8_t)(job->pad + job->offset);
    for (int64_t py = 0; py < job->row_step; py++)
        for (int64_t px = 0; px < job->column_step; px++)
            for (int64_t r = 0; r < rows; r++, to += columns) {
                int64_t y = r * job->row_step + py - job->top, step = job->column_step;
                int64_t first = (job->left - px + step - 1) / step, end = (job->width + job->left - px + step - 1) / step;
                first = first > 0 ? first : 0;
                end = end < columns ? end : columns;
                if (y < 0 || y >= job->height || first >= end) {
                    memset(to, outside, (size_t)columns);
                    continue;
                }
                const uint8_t *from = input + y * job->row_stride + (px - job->left) * job->column_stride;
                memset(to, outside, (size_t)first);
                if (step * job->column_stride == 1)
                    for (int64_t c = first; c < end; c++)
                        to[c] = (uint8_t)(from[c] + job->offset);
                else
                    for (int64_t c = first; c < end; c++)
                        to[c] = (uint8_t)(from[c * step * job->column_stride] + job->offset);
                memset(to + end, outside, (size_t)(columns - end));
            }
}

/* Some groups whose outputs are computed together, so that their sums are written side by side. */
typedef struct {
    int64_t rows, columns, plane, phases, length, stretch, groups, outputs;
    uint8_t *planes;
    const uint8_t **source;
    int32_t *sums;
} Planes;

static int make_planes(const Job *job, Planes *planes)
{
    planes->rows = job->out_rows + (job->kernel_rows - 1) * job->row_dilation / job->row_step + 1;
    planes->columns = job->out_columns + (job->kernel_columns - 1) * job->column_dilation / job->column_step + 1;
    planes->plane = planes->rows * planes->columns;
    planes->phases = job->row_step * job->column_step;
    planes->length = (job->out_rows - 1) * planes->columns + job->out_columns;
    planes->stretch = round_up(planes->length, 128);
    planes->groups = at_least_one(16 / job->outputs);
    planes->planes = aligned(job->channels * planes->phases * planes->plane);
    planes->source = malloc((size_t)(job->channels * job->kernel_rows * job->kernel_columns) * sizeof *planes->source);
    planes->sums = (int32_t *)aligned(planes->groups * job->outputs * planes->stretch * 4);
    return planes->planes && planes->source && planes->sums;
}

static void load_group(const Job *job, Planes *planes, int64_t image, int64_t group)
{
    int64_t k = 0;
    for (int64_t c = 0; c < job->channels; c++) {
        uint8_t *channel = planes->planes + c * planes->phases * planes->plane;
        pack_phases(job, image, group * job->channels + c, planes->rows, planes->columns, channel);
        for (int64_t r = 0; r < job->kernel_rows; r++)
            for (int64_t s = 0; s < job->kernel_columns; s++, k++) {
                int64_t y = r * job->row_dilation, x = s * job->column_dilation;
                int64_t phase = y % job->row_step * job->column_step + x % job->column_step;
                planes->source[k] = channel + phase * planes->plane + y / job->row_step * planes->columns +
                                    x / job->column_step;
            }
    }
}

static void run_groups(const Job *job, const Kernels *kernels, Planes *planes, int64_t image, int64_t first)
{
    int64_t depth = job->channels * job->kernel_rows * job->kernel_columns, all = job->groups * job->outputs;
    int64_t end = first + planes->groups < job->groups ? first + planes->groups : job->groups;
    int64_t outputs = (end - first) * job->outputs;
    memset(planes->sums, 0, (size_t)(outputs * planes->stretch) * 4);
    for (int64_t n = 0; n < outputs; n++) {
        int64_t output = first * job->outputs + n;
        if (n % job->outputs == 0)
            load_group(job, planes, image, first + n / job->outputs);
        Strip strip = {planes->source, job->packed_index + output * depth, depth, planes->length,
                       {job->plane_low, job->plane_high}, planes->sums + n * planes->stretch};
        kernels->strip(&strip);
    }
    const int32_t *start = job->start + first * job->outputs;
    int32_t *to = job->output + image * job->out_rows * job->out_columns * all + first * job->outputs;
    for (int64_t p = 0; p < job->out_rows; p++)
        for (int64_t q = 0; q < job->out_columns; q++, to += all)
            for (int64_t n = 0; n < outputs; n++)
                to[n] = (int32_t)((uint32_t)start[n] +
                                  (uint32_t)planes->sums[n * planes->stretch + p * planes->columns + q]);
}

static int convolve_strips(const Job *job, const Kernels *kernels, int threads)
{
    int failed = 0;
    (void)threads;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        Planes planes = {0};
        int ready = make_planes(job, &planes);
        int64_t parts = (job->groups + planes.groups - 1) / planes.groups;
        failed |= !ready;
#pragma omp for schedule(static)
        for (int64_t item = 0; item < job->images * parts; item++)
            if (ready)
                run_groups(job, kernels, &planes, item / parts, item % parts * planes.groups);
        free(planes.planes);
        free(planes.source);
        free(planes.sums);
    }
    return failed;
}

int convolve(const Job *job, const Kernels *kernels, int threads)
{
    return job->path == PATH_PIXELS ? convolve_strips(job, kernels, threads) : convolve_blocks(job, kernels, threads);
}

void table_loop(const int32_t *table, const uint8_t *activations, const uint8_t *weights, int64_t m, int64_t n,
                int64_t k, int32_t *sums)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            uint32_t sum = 0;
            for (int64_t l = 0; l < k; l++)
                sum += (uint32_t)table[256 * activations[i * k + l] + weights[j * k + l]];
            sums[i * n + j] = (int32_t)sum;
        }
}
