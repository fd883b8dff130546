# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Loops over the codes of whole tensors: sums and codes to codes, and sums of squares.

Each float32 operation rounds once, in one order, as NumPy's does: all processors give the same bits.
"""

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t

ctypedef fused Code:
    int8_t
    uint8_t
    int16_t
    uint16_t

ctypedef fused Value:
    int8_t
    uint8_t
    int16_t
    uint16_t
    float

# Adding it leaves no bits behind the point of magnitudes below 2^22: the addition itself rounds half to even.
cdef float ROUNDER = 12582912.0

cdef enum:
    LANES = 8
    STRETCH = 32768  # squares of differences of bytes that 32 bits add up


cdef inline float nearest(float value, float least, float most) noexcept nogil:
    value = value if value > least else least
    value = value if value < most else most
    return (value + ROUNDER) - ROUNDER


def requantize(const int32_t[:, ::1] sums, const float[::1] ratio, limits, Code[:, ::1] codes):
    """Fill ``codes`` with sums x ratio + zero point: nearest, ties to even, saturated.

    Parameters
    ----------
    sums, codes
        [row][column].
    ratio
        [column].
    limits
        (zero point, smallest, largest code), within 16 bits.
    """
    cdef int32_t zero = limits[0]
    cdef float least = limits[1] - limits[0], most = limits[2] - limits[0]
    cdef int64_t row, column, columns = sums.shape[1]
    cdef const int32_t *source
    cdef const float *by
    cdef Code *into
    if not sums.shape[0] or not columns:
        return
    by = &ratio[0]
    with nogil:
        for row in range(sums.shape[0]):
            source, into = &sums[row, 0], &codes[row, 0]
            for column in range(columns):
                into[column] = <Code>(<int32_t>nearest(<float>source[column] * by[column], least, most) + zero)


def add_codes(const Code[::1] first, const Code[::1] second, factors, limits, Code[::1] codes):
    """Fill ``codes`` with first x factor + start + second x factor: nearest, ties to even, saturated.

    Parameters
    ----------
    factors
        (of the first, start, of the second), float32.
    limits
        (smallest, largest code), within 16 bits.
    """
    cdef float one = factors[0], start = factors[1], other = factors[2], least = limits[0], most = limits[1]
    cdef int64_t i, size = first.shape[0]
    cdef const Code *left
    cdef const Code *right
    cdef Code *into
    if not size:
        return
    left, right, into = &first[0], &second[0], &codes[0]
    with nogil:
        for i in range(size):
            into[i] = <Code><int32_t>nearest(<float>left[i] * one + start + <float>right[i] * other, least, most)


cdef inline int32_t stretch_of_squares(const Code *first, const Code *second, int64_t size) noexcept nogil:
    cdef int32_t total = 0
    cdef int16_t difference
    cdef int64_t i
    for i in range(size):
        difference = <int16_t>(<int16_t>first[i] - <int16_t>second[i])
        total += <int32_t>difference * <int32_t>difference
    return total


cdef inline int64_t all_squares(const Code *first, const Code *second, int64_t size) noexcept nogil:
    cdef int64_t total = 0, i = 0, difference
    if sizeof(Code) == 1:
        while i < size:
            total += stretch_of_squares(first + i, second + i, min(<int64_t>STRETCH, size - i))
            i += STRETCH
    else:
        for i in range(size):
            difference = <int64_t>first[i] - <int64_t>second[i]
            total += difference * difference
    return total


def add_difference_squares(const Code[:, ::1] first, const Code[:, ::1] second, int64_t[::1] squares):
    """Fill ``squares`` with the sum of (first - second)^2 of each row; exact."""
    cdef int64_t row, columns = first.shape[1]
    if not columns:
        return
    with nogil:
        for row in range(first.shape[0]):
            squares[row] = all_squares(&first[row, 0], &second[row, 0], columns)


def add_signal_and_noise(const float[:, ::1] wanted, const Value[:, ::1] found, coding, double[::1] signal,
                         double[::1] noise):
    """Fill in, for each row, the sums of wanted^2 and (wanted - value)^2, where value = (found - zero) x scale.

    Parameters
    ----------
    coding
        (zero, scale), float32.
    """
    cdef float zero = coding[0], scale = coding[1]
    cdef int64_t row, columns = wanted.shape[1]
    if not columns:
        return
    with nogil:
        for row in range(wanted.shape[0]):
            row_squares(&wanted[row, 0], &found[row, 0], columns, zero, scale, &signal[row], &noise[row])


cdef inline void row_squares(const float *wanted, const Value *found, int64_t size, float zero, float scale,
                             double *signal, double *noise) noexcept nogil:
    # Sums of every eighth value side by side: one order of additions, whatever registers hold them.
    cdef double[LANES] powers
    cdef double[LANES] errors
    cdef float error
    cdef int64_t i = 0, lane, whole = size // LANES * LANES
    for lane in range(LANES):
        powers[lane] = errors[lane] = 0
    while i < whole:
        for lane in range(LANES):
            powers[lane] += <double>wanted[i + lane] * <double>wanted[i + lane]
            error = wanted[i + lane] - (<float>found[i + lane] - zero) * scale
            errors[lane] += <double>error * <double>error
        i += LANES
    for i in range(whole, size):
        powers[i - whole] += <double>wanted[i] * <double>wanted[i]
        error = wanted[i] - (<float>found[i] - zero) * scale
        errors[i - whole] += <double>error * <double>error
    signal[0] = noise[0] = 0
    for lane in range(LANES):
        signal[0] += powers[lane]
        noise[0] += errors[lane]
