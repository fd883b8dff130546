/* Readouts of N rows that discharge shared bit lines, converted and added digitally.
 *
 * A line drops by a table of the integer sum of its pulses, plus what its cells deviate. Each output's sums are
 * taken in one order whatever the threads, and products are never fused, so the result has the same bits everywhere. */
#ifndef ARCHSIM_BITLINE_H
#define ARCHSIM_BITLINE_H

#include <stdint.h>

enum { LANES = 64, STRIP = 64, MOST_LINES = 8 };

typedef struct {
    int32_t shift, mask, factor; /* pulses are (input >> shift) & mask */
} Pass;

typedef struct {
    int32_t first, lines, factor; /* lines whose charge is shared, and what one code of them counts */
} Reading;

typedef struct {
    const uint8_t *inputs;  /* [pixels][depth] */
    const uint8_t *weights; /* [outputs][depth]: bit k is the cell on line k */
    const float *cells;     /* [outputs][depth][lines] deviations in standard deviations; NULL: all cells alike */
    int64_t pixels, outputs, depth;
    int64_t rows;  /* rows of one readout */
    int64_t lines; /* cells of one weight: 1, 2, 4 or 8 */
    const Pass *pass;
    const Reading *reading;
    int64_t passes, readings;
    const double *drop;   /* [largest sum + 1] volts */
    const float *spread;  /* [largest pulse + 1] volts */
    const double *scale;  /* [readings][MOST_LINES] codes per volt of each line */
    double last_code;
    int64_t *sums;        /* [pixels][outputs] sums of codes times factors */
} Readouts;

/* Returns 0, or 1 if memory ran out. */
int read_lines(const Readouts *job, int threads);

#endif
