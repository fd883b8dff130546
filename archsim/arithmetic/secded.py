"""Single error correction, double error detection: a (72, 64) Hsiao code on words of 64 bits.

Every column of the parity-check matrix has an odd number of ones: 1 for the 8 check bits, 3 for 56 data
bits and 5 for the other 8 (Hsiao, IBM J. Res. Dev. 14(4), 1970 [pub]). So the sum of two columns is even and
never a column: no double error looks like a single one.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

DATA_BITS: Final = 64
CHECK_BITS: Final = 8
WORD_BYTES: Final = DATA_BITS // 8

CLEAN: Final = 0
CORRECTED: Final = 1
DETECTED: Final = 2

Bytes = NDArray[np.uint8]


def _columns() -> tuple[int, ...]:
    """Syndromes of single errors: those of the data bits, then those of the check bits."""
    threes = [sum(1 << bit for bit in bits) for bits in combinations(range(CHECK_BITS), 3)]
    # Five neighbours on a ring of eight: every check bit covers as many of them as any other.
    fives = [sum(1 << (start + step) % CHECK_BITS for step in range(5)) for start in range(CHECK_BITS)]
    return (*threes, *fives, *(1 << bit for bit in range(CHECK_BITS)))


COLUMNS: Final = _columns()
"""Syndrome of an error in each of the 72 bits."""


def _byte_tables() -> Bytes:
    """Check bits of a word that has one byte set to a value, by place of the byte and value."""
    tables = np.zeros((WORD_BYTES, 256), dtype=np.uint8)
    for bit, column in enumerate(COLUMNS[:DATA_BITS]):
        place, within = divmod(bit, 8)
        tables[place, (np.arange(256) >> within & 1).astype(bool)] ^= column
    return tables


def _corrections() -> tuple[Bytes, Bytes]:
    """By syndrome: what to invert in the bytes of the word, and what became of it."""
    inverted, outcome = np.zeros((256, WORD_BYTES), dtype=np.uint8), np.full(256, DETECTED, dtype=np.uint8)
    outcome[0] = CLEAN
    for bit, column in enumerate(COLUMNS):
        outcome[column] = CORRECTED
        if bit < DATA_BITS:
            inverted[column, bit // 8] = 1 << bit % 8
    return inverted, outcome


_TABLES: Final = _byte_tables()
_INVERTED, _OUTCOME = _corrections()


def encode(words: Bytes) -> Bytes:
    """Return the check bits [...] of words [...][8 bytes], lowest byte and bit first."""
    found: Bytes = _TABLES[0][words[..., 0]]
    for place in range(1, WORD_BYTES):
        found ^= _TABLES[place][words[..., place]]
    return found


def decode(words: Bytes, check: Bytes) -> tuple[Bytes, Bytes]:
    """Return the words with single errors corrected, and for each `CLEAN`, `CORRECTED` or `DETECTED`.

    Parameters
    ----------
    words, check
        As they were read: [...][8 bytes], and [...] with one byte of check bits.
    """
    syndromes = encode(words) ^ check
    return words ^ _INVERTED[syndromes], _OUTCOME[syndromes]
