# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Readouts of shared bit lines: hands checked arrays to the C kernel."""

from libc.stdint cimport int32_t, int64_t, uint8_t

cdef extern from "bitline.h":
    ctypedef struct Pass:
        pass
    ctypedef struct Reading:
        pass
    ctypedef struct Readouts:
        const uint8_t *inputs
        const uint8_t *weights
        const float *cells
        int64_t pixels, outputs, depth, rows, lines
        const Pass *pass_ "pass"
        const Reading *reading
        int64_t passes, readings
        const double *drop
        const float *spread
        const double *scale
        double last_code
        int64_t *sums
    int read_lines(const Readouts *job, int threads) nogil


def read_codes(const uint8_t[:, ::1] inputs, const uint8_t[:, ::1] weights, const float[:, :, ::1] cells,
               const int32_t[:, ::1] passes, const int32_t[:, ::1] readings, circuit, int64_t[:, ::1] sums,
               int threads):
    """Add to ``sums`` [pixel][output] the codes of all readouts, times their factors.

    ``circuit``: rows, lines, drops, spreads, scales and the last code. ``cells`` None: no deviations. The caller
    checks that every sum of pulses has a drop and every pulse a spread.
    """
    cdef Readouts job
    cdef int64_t rows = circuit[0], lines = circuit[1]
    cdef const double[::1] drops = circuit[2]
    cdef const float[::1] spreads = circuit[3]
    cdef const double[:, ::1] scales = circuit[4]
    cdef int failed
    if inputs.shape[0] == 0 or inputs.shape[1] == 0 or weights.shape[0] == 0:
        return
    job.inputs, job.weights = &inputs[0, 0], &weights[0, 0]
    job.cells = NULL if cells is None else &cells[0, 0, 0]
    job.pixels, job.outputs, job.depth = inputs.shape[0], weights.shape[0], inputs.shape[1]
    job.rows, job.lines = rows, lines
    job.pass_, job.passes = <const Pass *>&passes[0, 0], passes.shape[0]
    job.reading, job.readings = <const Reading *>&readings[0, 0], readings.shape[0]
    job.drop, job.spread, job.scale = &drops[0], &spreads[0], &scales[0, 0]
    job.last_code, job.sums = circuit[5], &sums[0, 0]
    with nogil:
        failed = read_lines(&job, threads)
    if failed:
        raise MemoryError("no memory for the cells of a readout")
