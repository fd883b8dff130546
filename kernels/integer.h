/* Integer convolution with any multiplier of up to 8 bits: what the driver and the block kernels share.
 *
 * A layer's operands are bytes: the index of an activation or weight among its values in ascending order.
 * A block kernel adds the products of some pixels and up to 64 outputs ("lanes") to 32-bit sums. All sums are
 * taken modulo 2^32, so their order is free and every instruction set and thread count gives the same bits. */
#ifndef ARCHSIM_INTEGER_H
#define ARCHSIM_INTEGER_H

#include <stdint.h>

enum { MAX_LANES = 64, ROW_DEPTH = 48, EXPANDED = 256, ADDER_LANES = 16 };

/* How a layer is computed; see archsim.arithmetic.kernels.plans. */
enum { PATH_EXACT = 0, PATH_SEPARABLE = 1, PATH_PLANE = 2, PATH_TABLE = 3, PATH_ADDER = 4, PATH_PIXELS = 5 };

/* Cells of an accumulator's low bits. */
enum { CELL_EXACT = 0, CELL_OR = 1, CELL_ZERO = 2, CELL_AMA1 = 3, CELL_AMA2 = 4, CELL_AMA3 = 5, CELL_AMA4 = 6,
       CELL_AMA5 = 7 };

/* Some pixels and the lanes of one block of outputs. */
typedef struct {
    const uint8_t *const *pixel;  /* first byte of each pixel's window */
    int64_t pixels;
    const int64_t *tap;           /* where each tap begins within a window */
    int64_t taps, depth, channels; /* bytes per tap (a multiple of 4), those of them that are real channels */
    int64_t lanes;                /* 16, 32 or 64 */
    int32_t *sums;                /* [pixels][lanes] */
    const void *weights;          /* exact: [k/4][lanes][4] int8 (AVX-512), [k/2][lanes][2] int16 (others) */
    const uint8_t *low, *high;    /* separable: nibbles of the weights, laid out for the instruction set */
    const uint8_t *index;         /* rows: [k][lanes] weight indices, even and odd lanes apart */
    const uint8_t *nibble_low, *nibble_high; /* separable: [256][16] error of an activation and a nibble */
    const uint8_t *plane[2];      /* tables [activation][weight] of one byte each */
    const int32_t *table;         /* adder: [activation][weight] */
    int32_t scale;                /* of the error planes */
    int32_t first_row, last_row;  /* activations that occur */
    int32_t cell, low_bits;       /* adder */
    uint8_t *rows;                /* scratch for product rows */
} Block;

/* Pixel lanes of one output of one group: [k] runs over channels and taps. */
typedef struct {
    const uint8_t *const *source; /* [k] activations of the first pixel */
    const uint8_t *weight;        /* [k] weight index */
    int64_t depth, pixels;
    const uint8_t *plane[2];      /* tables [weight][activation] of one byte each */
    int32_t *sums;                /* [pixels, rounded up to 64] */
} Strip;

typedef struct {
    void (*exact)(const Block *);
    void (*separable)(const Block *);
    void (*plane)(const Block *);
    void (*table)(const Block *);
    void (*adder)(const Block *);
    void (*strip)(const Strip *);
} Kernels;

/* A whole convolution; strides in bytes. */
typedef struct {
    const uint8_t *input;
    int64_t image_stride, channel_stride, row_stride, column_stride;
    int64_t images, groups, channels, height, width; /* channels of one group */
    int64_t outputs, out_rows, out_columns;          /* outputs of one group */
    int64_t kernel_rows, kernel_columns, row_step, column_step, top, left, row_dilation, column_dilation;
    uint8_t pad;                   /* input byte outside the image */
    uint8_t offset;                /* added to an input byte: its index */
    int64_t maps;                  /* bytes per channel: one, or one per pair of factors */
    const uint8_t *map;            /* [maps][256] index to byte */
    const int32_t *map_weight;     /* [maps] factor of each map in the pixels' own term; NULL if all are zero */
    int path;
    const uint8_t *packed;         /* per group and block: as the block kernel wants it */
    const uint8_t *packed_low, *packed_high, *packed_index;
    int64_t packed_group, index_group; /* bytes per group */
    int64_t weight_bytes;          /* bytes of one weight in packed: 1 or 2 */
    int64_t least_lanes;           /* 16 or 32 */
    int nibbles_by_row;            /* packed_low and packed_high lie as packed_index does */
    const uint8_t *nibble_low, *nibble_high, *plane_low, *plane_high;
    const int32_t *table;
    int32_t scale, first_row, last_row, cell, low_bits;
    const int32_t *start;          /* [groups * outputs] first value of each sum */
    int32_t *output;               /* [images][out_rows][out_columns][groups * outputs] */
} Job;

const Kernels *kernels_portable(void);
const Kernels *kernels_avx2(void);   /* NULL where not compiled in */
const Kernels *kernels_avx512(void);
int isa_supported(int level);        /* 0 portable, 1 AVX2, 2 AVX-512 VBMI and VNNI */

/* Returns 0, or 1 if memory ran out. */
int convolve(const Job *job, const Kernels *kernels, int threads);

/* sums[m][n] = sum over k of table[256 activation[m][k] + weight[n][k]]: the loop that every kernel here must equal. */
void table_loop(const int32_t *table, const uint8_t *activations, const uint8_t *weights, int64_t m, int64_t n,
                int64_t k, int32_t *sums);

#endif
