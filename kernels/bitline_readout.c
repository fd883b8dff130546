#include "bitline.h"

#include <stdlib.h>
#include <string.h>

/* Cells of the rows of one readout for LANES bit lines: all ones where a cell stores 1. */
typedef struct {
    uint16_t *stored;
    float *deviation;
    int64_t rows, outputs;
} Block;

static void load(const Readouts *job, int64_t output, int64_t row, Block *block)
{
    memset(block->stored, 0, (size_t)(block->rows * LANES) * sizeof *block->stored);
    if (job->cells)
        memset(block->deviation, 0, (size_t)(block->rows * LANES) * sizeof *block->deviation);
    for (int64_t m = 0; m < block->outputs; m++)
        for (int64_t i = 0; i < block->rows; i++) {
            const int64_t cell = (output + m) * job->depth + row + i;
            const int64_t lane = i * LANES + m * job->lines;
            for (int64_t k = 0; k < job->lines; k++) {
                if (!(job->weights[cell] >> k & 1))
                    continue;
                block->stored[lane + k] = 0xffff;
                if (job->cells)
                    block->deviation[lane + k] = job->cells[cell * job->lines + k];
            }
        }
}

static void discharge(const Block *block, const uint8_t *input, const Pass *pass, uint16_t *sums)
{
    memset(sums, 0, LANES * sizeof *sums);
    for (int64_t i = 0; i < block->rows; i++) {
        const uint16_t pulse = input[i] >> pass->shift & pass->mask;
        const uint16_t *stored = block->stored + i * LANES;
        for (int lane = 0; lane < LANES; lane++)
            sums[lane] += stored[lane] & pulse;
    }
}

static void deviate(const Readouts *job, const Block *block, const uint8_t *input, const Pass *pass, float *shift)
{
    memset(shift, 0, LANES * sizeof *shift);
    for (int64_t i = 0; i < block->rows; i++) {
        const float spread = job->spread[input[i] >> pass->shift & pass->mask];
        const float *deviation = block->deviation + i * LANES;
        for (int lane = 0; lane < LANES; lane++)
            shift[lane] += deviation[lane] * spread;
    }
}

/* The nearest integer, ties to even, of a value far below 2^51. */
static inline double nearest(double value)
{
    const double large = 6755399441055744.0;
    return (value + large) - large;
}

static inline double converted(const Readouts *job, const double *scale, const double *drop, int64_t lines)
{
    double level = 0.0;
    for (int64_t k = 0; k < lines; k++)
        level += drop[k] * scale[k];
    const double code = nearest(level);
    return code > job->last_code ? job->last_code : code;
}

static int64_t readout(const Readouts *job, const uint16_t *sums, const float *shift)
{
    double drop[MOST_LINES];
    for (int64_t k = 0; k < job->lines; k++) {
        drop[k] = job->drop[sums[k]];
        if (job->cells) {
            drop[k] += (double)shift[k];
            drop[k] = drop[k] > 0.0 ? drop[k] : 0.0;
        }
    }
    int64_t total = 0;
    for (int64_t c = 0; c < job->readings; c++) {
        const Reading *reading = job->reading + c;
        const double *scale = job->scale + c * MOST_LINES;
        total += reading->factor * (int64_t)converted(job, scale, drop + reading->first, reading->lines);
    }
    return total;
}

static void add_readouts(const Readouts *job, const Block *block, const uint8_t *input, int64_t *sums)
{
    uint16_t pulses[LANES];
    float shift[LANES];
    for (int64_t q = 0; q < job->passes; q++) {
        discharge(block, input, job->pass + q, pulses);
        if (job->cells)
            deviate(job, block, input, job->pass + q, shift);
        for (int64_t m = 0; m < block->outputs; m++)
            sums[m] += job->pass[q].factor * readout(job, pulses + m * job->lines, shift + m * job->lines);
    }
}

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* One strip of pixels of the outputs whose lines fit the lanes. */
static int fill(const Readouts *job, int64_t pixel, int64_t output)
{
    const int64_t last_pixel = smaller(pixel + STRIP, job->pixels);
    Block block = {malloc((size_t)(job->rows * LANES) * sizeof(uint16_t)),
                   malloc((size_t)(job->rows * LANES) * sizeof(float)), 0,
                   smaller(LANES / job->lines, job->outputs - output)};
    const int failed = !block.stored || !block.deviation;
    for (int64_t row = 0; row < job->depth && !failed; row += job->rows) {
        block.rows = smaller(job->rows, job->depth - row);
        load(job, output, row, &block);
        for (int64_t p = pixel; p < last_pixel; p++)
            add_readouts(job, &block, job->inputs + p * job->depth + row, job->sums + p * job->outputs + output);
    }
    free(block.stored);
    free(block.deviation);
    return failed;
}

int read_lines(const Readouts *job, int threads)
{
    const int64_t width = LANES / job->lines;
    const int64_t tiles = (job->outputs + width - 1) / width;
    const int64_t items = tiles * ((job->pixels + STRIP - 1) / STRIP);
    int failed = 0;
    (void)threads;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) num_threads(threads) reduction(| : failed)
#endif
    for (int64_t item = 0; item < items; item++)
        failed |= fill(job, item / tiles * STRIP, item % tiles * width);
    return failed;
}
