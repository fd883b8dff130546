"""The code on one word: every single error, every double error."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from archsim.arithmetic import secded

BITS = secded.DATA_BITS + secded.CHECK_BITS
WORDS = (0, (1 << 64) - 1, 0x0123_4567_89AB_CDEF, 0xA5A5_5A5A_F00F_0FF0)


def packed(word: int) -> np.ndarray:
    return np.frombuffer(word.to_bytes(8, "little"), np.uint8)


def spoiled(word: int, patterns: list[tuple[int, ...]]) -> tuple[np.ndarray, np.ndarray]:
    """The word and its check bits with each pattern of bits inverted: 0 to 63 data, 64 to 71 check bits."""
    check = int(secded.encode(packed(word)))
    whole = word | check << secded.DATA_BITS
    read = [whole ^ sum(1 << bit for bit in pattern) for pattern in patterns]
    bytes_ = np.frombuffer(b"".join(one.to_bytes(9, "little") for one in read), np.uint8).reshape(-1, 9)
    return bytes_[:, :8], bytes_[:, 8]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_without_errors_is_clean(word):
    found, outcome = secded.decode(packed(word)[None], secded.encode(packed(word)[None]))
    assert np.array_equal(found[0], packed(word))
    assert outcome[0] == secded.CLEAN


@pytest.mark.parametrize("word", WORDS)
def test_every_single_error_is_corrected(word):
    found, outcome = secded.decode(*spoiled(word, [(bit,) for bit in range(BITS)]))
    assert (found == packed(word)).all()
    assert (outcome == secded.CORRECTED).all()


@pytest.mark.parametrize("word", WORDS)
def test_every_double_error_is_detected_and_left_alone(word):
    patterns = list(combinations(range(BITS), 2))
    assert len(patterns) == 2556
    read, check = spoiled(word, patterns)
    found, outcome = secded.decode(read, check)
    assert (outcome == secded.DETECTED).all()
    assert np.array_equal(found, read)


def test_columns_are_odd_and_different_and_check_bits_cover_the_data_evenly():
    assert len(set(secded.COLUMNS)) == BITS
    assert {column.bit_count() % 2 for column in secded.COLUMNS} == {1}
    covered = [sum(column >> bit & 1 for column in secded.COLUMNS[:64]) for bit in range(8)]
    assert set(covered) == {26}
