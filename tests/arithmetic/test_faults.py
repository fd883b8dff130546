"""Tensors in cells that fail: against a walk bit by bit, and the physics of errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.arithmetic import secded
from archsim.arithmetic.cells import CellErrors, CellMap
from archsim.arithmetic.faults import Extent, ProtectedTensor, StoredTensor

CELLS = CellMap("buffer", 1)
ERRORS = st.sampled_from(
    [CellErrors(flips=0.02), CellErrors(flips=0.2), CellErrors(falls=0.1, rises=0.05), CellErrors(falls=0.3)]
)
EXTENTS = st.builds(
    Extent,
    first=st.integers(0, 40).map(lambda words: 8 * words),
    elements=st.integers(1, 60),
    bits=st.sampled_from([3, 4, 6, 8]),
    reliable=st.integers(0, 2),
)


def random_codes(extent: Extent, seed: int, images: int = 3, *, signed: bool = True) -> np.ndarray:
    low, high = (-(1 << extent.bits - 1), 1 << extent.bits - 1) if signed else (0, 1 << extent.bits)
    shape = (images, extent.elements, 1, 1)
    return np.random.default_rng(seed).integers(low, high, shape).astype(np.int8 if signed else np.uint8)


def states(name: str, errors: CellErrors, first: int, count: int) -> list[tuple[int, int]]:
    """(keeps, inverts) of each cell, by the definition."""
    found = []
    for number in CellMap(name, CELLS.seed).draws(first, count).tolist():
        share = number / 2**32
        if share < errors.flips:
            found.append((1, 1))
        elif share < errors.falls:
            found.append((0, 0))
        else:
            found.append((0, 1) if share >= 1 - errors.rises else (1, 0))
    return found


def walk(extent: Extent, errors: CellErrors, image: np.ndarray, *, protected: bool) -> list[int]:
    """The codes of one tensor as they are read, bit by bit."""
    start, words = extent.words.start * 64, len(extent.words)
    stored = [0] * (64 * words)
    offset = extent.first - start
    codes = [int(code) & ((1 << extent.bits) - 1) for code in image.ravel()]
    for place in range(extent.elements * extent.bits):
        stored[offset + place] = codes[place // extent.bits] >> place % extent.bits & 1
    cells = states("buffer", errors, start, 64 * words)
    for place in range(64 * words):
        if (place - offset) % extent.bits >= extent.bits - extent.reliable:
            cells[place] = (1, 0)
    read = [bit & keeps ^ inverts for bit, (keeps, inverts) in zip(stored, cells, strict=True)]
    if protected:
        read = [bit for word in range(words) for bit in corrected(extent, errors, stored, read, word)]
    mine = read[offset : offset + extent.elements * extent.bits]
    values = [
        sum(bit << i for i, bit in enumerate(mine[at : at + extent.bits]))
        for at in range(0, len(mine), extent.bits)
    ]
    signed = image.dtype == np.int8
    return [value - (1 << extent.bits) * (signed and value >> extent.bits - 1) for value in values]


def corrected(extent: Extent, errors: CellErrors, stored: list[int], read: list[int], word: int) -> list[int]:
    """One word behind the decoder: parity-check columns summed over what was read."""
    ours = slice(64 * word, 64 * word + 64)
    check = 0
    for column, bit in zip(secded.COLUMNS, stored[ours], strict=False):
        check ^= column * bit
    first = 8 * (extent.words.start + word)
    beside = states("buffer/check", errors, first, 8) if extent.reliable < extent.bits else [(1, 0)] * 8
    syndrome = sum((check >> i & 1 & keeps ^ inverts) << i for i, (keeps, inverts) in enumerate(beside))
    for column, bit in zip(secded.COLUMNS, read[ours], strict=False):
        syndrome ^= column * bit
    found = list(read[ours])
    if syndrome in secded.COLUMNS[:64]:
        found[secded.COLUMNS.index(syndrome)] ^= 1
    return found


@pytest.mark.parametrize("kind", [StoredTensor, ProtectedTensor])
@given(extent=EXTENTS, errors=ERRORS, seed=st.integers(0, 1000), signed=st.booleans())
def test_codes_are_read_as_a_walk_over_the_cells_reads_them(kind, extent, errors, seed, signed):
    codes = random_codes(extent, seed, signed=signed)
    found, counts = kind.of(CELLS, extent, errors).read(codes)
    expected = [walk(extent, errors, image, protected=kind is ProtectedTensor) for image in codes]
    assert found.reshape(len(codes), -1).tolist() == expected
    assert (found.shape, found.dtype) == (codes.shape, codes.dtype)
    wrong = (found ^ codes).astype(int) & (1 << extent.bits) - 1
    assert counts.wrong_bits == sum(code.bit_count() for code in wrong.ravel().tolist())
    assert counts.bits_read == codes.size * extent.bits


@given(extent=EXTENTS, seed=st.integers(0, 1000), shares=st.tuples(st.floats(0, 0.3), st.floats(0, 0.3)))
def test_errors_of_a_small_share_are_a_subset_of_those_of_a_larger_one(extent, seed, shares):
    codes = random_codes(extent, seed)
    for build in (lambda p: CellErrors(flips=p), lambda p: CellErrors(falls=p / 2, rises=p / 2)):
        few, many = (StoredTensor.of(CELLS, extent, build(share)).read(codes)[0] for share in sorted(shares))
        assert not np.any((few ^ codes) & ~(many ^ codes))


def test_a_leaking_cell_loses_its_charge_and_gains_none():
    extent = Extent(0, 4000, 8)
    ones, zeros = np.full((1, 4000), -1, np.int8), np.zeros((1, 4000), np.int8)
    falls = StoredTensor.of(CELLS, extent, CellErrors(falls=0.1))
    assert falls.read(zeros)[1].bit_errors == 0
    assert falls.read(ones)[1].bit_errors == falls.weak_cells > 2900
    rises = StoredTensor.of(CELLS, extent, CellErrors(rises=0.1))
    assert rises.read(ones)[1].bit_errors == 0
    assert rises.read(zeros)[1].bit_errors == rises.weak_cells > 2900


def test_images_one_by_one_are_read_as_together():
    extent, errors = Extent(64, 500, 8), CellErrors(flips=0.01)
    codes = random_codes(extent, 5, images=7)
    for kind in (StoredTensor, ProtectedTensor):
        place = kind.of(CELLS, extent, errors)
        together, counts = place.read(codes)
        parts = [place.read(codes[i : i + 1]) for i in range(7)]
        assert np.array_equal(together, np.concatenate([part for part, _ in parts]))
        total = parts[0][1]
        for _, more in parts[1:]:
            total += more
        assert total == counts


def test_tensors_that_share_cells_share_their_weakness():
    errors = CellErrors(flips=0.05)
    whole = StoredTensor.of(CELLS, Extent(0, 100, 8), errors)
    part = StoredTensor.of(CELLS, Extent(8 * 30, 40, 8), errors)
    assert np.array_equal(whole.inverts[30:70], part.inverts)


def test_words_with_one_error_are_corrected_and_those_with_two_detected():
    extent, errors = Extent(0, 80_000, 8), CellErrors(flips=1e-3)
    codes = random_codes(extent, 2, images=1)
    place = ProtectedTensor.of(CELLS, extent, errors)
    found, counts = place.read(codes)
    data, check = CELLS.draws(0, 640_000), CellMap("buffer/check", 1).draws(0, 80_000)
    below = round(1e-3 * 2**32)
    weak = (data < below).reshape(-1, 64).sum(axis=1) + (check < below).reshape(-1, 8).sum(axis=1)
    assert counts.corrected == np.count_nonzero(weak == 1) > 500
    assert counts.detected >= np.count_nonzero(weak == 2) > 5
    assert counts.detected + counts.silent == np.count_nonzero(weak >= 2)
    assert counts.bit_errors == weak.sum() == place.weak_cells
    wrong = (found != codes).reshape(-1, 8).any(axis=1)
    assert not wrong[weak == 1].any()
    unprotected = StoredTensor.of(CELLS, extent, errors).read(codes)[1]
    assert counts.wrong_bits < 0.1 * unprotected.wrong_bits
