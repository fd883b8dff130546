# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Integer convolution with approximate multipliers: hands checked arrays to the C kernels."""

from libc.stdint cimport int32_t, int64_t, uint8_t

cdef extern from "integer.h":
    ctypedef struct Kernels:
        pass
    ctypedef struct Job:
        const uint8_t *input
        int64_t image_stride, channel_stride, row_stride, column_stride
        int64_t images, groups, channels, height, width
        int64_t outputs, out_rows, out_columns
        int64_t kernel_rows, kernel_columns, row_step, column_step, top, left, row_dilation, column_dilation
        uint8_t pad, offset
        int64_t maps
        const uint8_t *map
        const int32_t *map_weight
        int path
        const uint8_t *packed
        const uint8_t *packed_low
        const uint8_t *packed_high
        const uint8_t *packed_index
        int64_t packed_group, index_group, weight_bytes, least_lanes
        int nibbles_by_row
        const uint8_t *nibble_low
        const uint8_t *nibble_high
        const uint8_t *plane_low
        const uint8_t *plane_high
        const int32_t *table
        int32_t scale, first_row, last_row, cell, low_bits
        const int32_t *start
        int32_t *output
    const Kernels *kernels_portable()
    const Kernels *kernels_avx2()
    const Kernels *kernels_avx512()
    bint c_isa_supported "isa_supported"(int level)
    int c_convolve "convolve"(const Job *job, const Kernels *kernels, int threads) nogil
    void c_table_loop "table_loop"(const int32_t *table, const uint8_t *activations, const uint8_t *weights,
                                   int64_t m, int64_t n, int64_t k, int32_t *sums) nogil


PATHS = ("exact", "separable", "plane", "table", "adder", "pixels")
CELLS = ("exact", "or", "zero", "ama1", "ama2", "ama3", "ama4", "ama5")
LEVELS = ("portable", "avx2", "avx512")


def supported_levels():
    """Instruction sets that this processor and build have, the plainest first."""
    return tuple(name for level, name in enumerate(LEVELS) if c_isa_supported(level))


cdef const uint8_t *bytes_of(const uint8_t[::1] array):
    return &array[0] if array is not None and array.shape[0] else NULL


cdef const int32_t *words_of(const int32_t[::1] array):
    return &array[0] if array is not None and array.shape[0] else NULL


cdef const Kernels *kernels_of(str level) except NULL:
    if level not in supported_levels():
        raise ValueError(f"{level} is not supported here")
    if level == "avx512":
        return kernels_avx512()
    return kernels_avx2() if level == "avx2" else kernels_portable()


cdef void take_geometry(Job *job, layer) except *:
    job.images, job.channels, job.outputs = layer.images, layer.channels, layer.outputs
    job.groups = layer.window.groups
    job.height, job.width = layer.height, layer.width
    job.out_rows, job.out_columns = layer.out_rows, layer.out_columns
    job.kernel_rows, job.kernel_columns = layer.kernel
    job.row_step, job.column_step = layer.window.strides
    job.top, job.left = layer.window.edges[0], layer.window.edges[1]
    job.row_dilation, job.column_dilation = layer.window.dilations


cdef void take_work(Job *job, work) except *:
    job.path = PATHS.index(work.path)
    job.maps, job.map, job.map_weight = work.maps, bytes_of(work.map), words_of(work.map_weight)
    job.packed, job.packed_index = bytes_of(work.packed), bytes_of(work.packed_index)
    job.packed_low, job.packed_high = bytes_of(work.packed_low), bytes_of(work.packed_high)
    job.packed_group, job.index_group = work.packed_group, work.index_group
    job.weight_bytes, job.least_lanes, job.nibbles_by_row = work.weight_bytes, work.least_lanes, work.nibbles_by_row
    job.nibble_low, job.nibble_high = bytes_of(work.nibble_low), bytes_of(work.nibble_high)
    job.plane_low, job.plane_high = bytes_of(work.plane_low), bytes_of(work.plane_high)
    job.table, job.start = words_of(work.table), words_of(work.start)
    job.scale, job.cell, job.low_bits = work.scale, CELLS.index(work.cell), work.low_bits


def convolve(const uint8_t[:, :, :, :] activations, int32_t[::1] output, layer, work, operands, str level, int threads):
    """Fill ``output`` ([image][row][column][output], flat) with the sums of one layer.

    Parameters
    ----------
    activations
        Bytes [image][channel][row][column], any strides.
    layer
        Sizes: ``archsim.arithmetic.kernels.geometry.Geometry``.
    work
        Weights and tables as the path wants them: ``archsim.arithmetic.kernels.packing.Work``.
    operands
        (pad, offset, first, last): the byte outside the image, what makes a byte an index, and the smallest
        and largest index that occur.
    level
        One of ``supported_levels()``.
    threads
        Number of threads; the result does not depend on it.
    """
    cdef Job job
    cdef const Kernels *kernels = kernels_of(level)
    cdef int failed
    take_geometry(&job, layer)
    take_work(&job, work)
    job.pad, job.offset, job.first_row, job.last_row = operands
    job.input = &activations[0, 0, 0, 0]
    job.image_stride, job.channel_stride = activations.strides[0], activations.strides[1]
    job.row_stride, job.column_stride = activations.strides[2], activations.strides[3]
    job.output = &output[0]
    with nogil:
        failed = c_convolve(&job, kernels, threads)
    if failed:
        raise MemoryError("not enough memory for the packed images of a layer")


def table_loop(const int32_t[:, ::1] table, const uint8_t[:, ::1] activations, const uint8_t[:, ::1] weights,
               int32_t[:, ::1] sums):
    """The plain loop over a product table, one look-up per multiplication: what every path must equal.

    Parameters
    ----------
    table
        [256][256] products by operand index.
    activations, weights
        [m][k] and [n][k] operand indices.
    sums
        [m][n], filled modulo 2^32.
    """
    cdef int64_t m = activations.shape[0], n = weights.shape[0], k = activations.shape[1]
    if m and n and k:
        with nogil:
            c_table_loop(&table[0, 0], &activations[0, 0], &weights[0, 0], m, n, k, &sums[0, 0])
