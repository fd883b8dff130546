"""What the cells of a memory do to a tensor that lies in them: bits that are read back wrong, and SECDED."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic import secded
from archsim.arithmetic.cells import CellErrors, CellMap, Failing

Codes = NDArray[np.integer]

_ONES: Final = np.array([value.bit_count() for value in range(256)], dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class BitCounts:
    """What was read, and what was wrong with it.

    Attributes
    ----------
    bits_read
        Data bits.
    bit_errors
        Data and check bits that the cells delivered wrong.
    wrong_bits
        Data bits that were still wrong behind the correction.
    corrected, detected
        Words that SECDED corrected, and words that it found wrong and could not correct.
    silent
        Words whose errors it did not find or made worse: wrong, and taken to be right.
    """

    bits_read: int = 0
    bit_errors: int = 0
    wrong_bits: int = 0
    corrected: int = 0
    detected: int = 0
    silent: int = 0

    def __add__(self, other: BitCounts) -> BitCounts:
        names = [entry.name for entry in fields(self)]
        return BitCounts(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True, slots=True)
class Extent:
    """The cells that hold one tensor, code behind code, each with its lowest bit first.

    Attributes
    ----------
    first
        Number of the first cell.
    elements
        Codes.
    bits
        Bits of a code.
    reliable
        How many of them, from the highest down, lie in cells that never fail.
    """

    first: int
    elements: int
    bits: int
    reliable: int = 0

    @property
    def words(self) -> range:
        """Words of 64 bits that the tensor touches."""
        last = self.first + self.elements * self.bits
        return range(self.first // secded.DATA_BITS, -(-last // secded.DATA_BITS))


@dataclass(frozen=True, slots=True, eq=False)
class StoredTensor:
    """One place of a memory, without correction.

    Attributes
    ----------
    keeps, inverts
        A code is read as ``code & keeps ^ inverts``; None where no cell fails.
    weak_cells
        Cells of the place that fail.
    """

    extent: Extent
    keeps: NDArray[np.int64] | None
    inverts: NDArray[np.int64]
    weak_cells: int

    @classmethod
    def of(cls, cells: CellMap, extent: Extent, errors: CellErrors) -> Self:
        """Return the place on a chip whose cells fail as `errors` says."""
        size = extent.elements * extent.bits
        failing = _unreliable(cells.failing(extent.first, size, errors), extent, extent.first)
        if not len(failing.positions):
            return cls(extent, None, np.zeros(0, np.int64), 0)
        element, bit = np.divmod(failing.positions, extent.bits)
        keeps, inverts = np.full(extent.elements, -1), np.zeros(extent.elements, np.int64)
        lost = ~failing.keeps
        np.bitwise_and.at(keeps, element[lost], ~(1 << bit[lost]))
        np.bitwise_or.at(inverts, element[failing.inverts], 1 << bit[failing.inverts])
        return cls(extent, keeps, inverts, len(failing.positions))

    def read(self, codes: Codes) -> tuple[Codes, BitCounts]:
        """Return what is read of codes [tensor][...] that are stored one tensor after the other."""
        bits_read = codes.size * self.extent.bits
        if self.keeps is None:
            return codes, BitCounts(bits_read)
        shape = codes.shape[1:]
        keeps, inverts = (mask.astype(codes.dtype).reshape(shape) for mask in (self.keeps, self.inverts))
        found = _in_width((codes & keeps) ^ inverts, self.extent.bits)
        wrong = _differing(codes, found, self.extent.bits)
        return found, BitCounts(bits_read, wrong, wrong)


@dataclass(frozen=True, slots=True, eq=False)
class ProtectedTensor:
    """One place of a memory with 8 check bits for every 64, which may fail as all bits may.

    Words without a failing cell are right. The others are encoded, spoiled and decoded, each as it is stored.
    What lies beside the tensor in its first and last word is taken to be 0.

    Attributes
    ----------
    positions
        Bit of the tensor [word][64] that each bit of the words with failing cells holds.
    held
        Which of these there are.
    keeps, inverts
        Masks of the words' bytes [word][8] and of their check bits [word].
    """

    extent: Extent
    positions: NDArray[np.int64]
    held: NDArray[np.bool_]
    keeps: tuple[secded.Bytes, secded.Bytes]
    inverts: tuple[secded.Bytes, secded.Bytes]
    weak_cells: int

    @classmethod
    def of(cls, cells: CellMap, extent: Extent, errors: CellErrors) -> Self:
        """Return the place on a chip whose cells fail as `errors` says; check bits have their own cells."""
        words = extent.words
        start = words.start * secded.DATA_BITS
        data = _unreliable(cells.failing(start, len(words) * secded.DATA_BITS, errors), extent, start)
        beside = CellMap(f"{cells.name}/check", cells.seed)
        checks = beside.failing(
            words.start * secded.CHECK_BITS, len(words) * secded.CHECK_BITS, _checked(errors, extent)
        )
        weak = np.union1d(data.positions // secded.DATA_BITS, checks.positions // secded.CHECK_BITS)
        keep, invert = _masks(data, weak, secded.DATA_BITS)
        check_keep, check_invert = _masks(checks, weak, secded.CHECK_BITS)
        positions = weak[:, None] * secded.DATA_BITS + np.arange(secded.DATA_BITS) + (start - extent.first)
        held = (positions >= 0) & (positions < extent.elements * extent.bits)
        return cls(
            extent,
            np.where(held, positions, 0),
            held,
            (keep, check_keep[:, 0]),
            (invert, check_invert[:, 0]),
            len(data.positions) + len(checks.positions),
        )

    def read(self, codes: Codes) -> tuple[Codes, BitCounts]:
        """Return what is read of codes [tensor][...] that are stored one tensor after the other."""
        bits_read = codes.size * self.extent.bits
        if not len(self.positions):
            return codes, BitCounts(bits_read)
        flat = np.array(codes, order="C").reshape(len(codes), -1)
        element, bit = np.divmod(self.positions, self.extent.bits)
        ones = (flat[:, element] >> bit.astype(codes.dtype)) & 1 & self.held
        stored = np.packbits(ones.astype(np.uint8), axis=-1, bitorder="little")
        check = secded.encode(stored)
        read = (stored & self.keeps[0]) ^ self.inverts[0]
        read_check = (check & self.keeps[1]) ^ self.inverts[1]
        found, outcome = secded.decode(read, read_check)
        # A word that could not be corrected is passed on as it was read.
        wrong = np.unpackbits(found ^ stored, axis=-1, bitorder="little").astype(np.bool_) & self.held
        tensor, word, place = np.nonzero(wrong)
        inverted = (1 << bit[word, place]).astype(codes.dtype)
        np.bitwise_xor.at(flat, (tensor, element[word, place]), inverted)
        counts = BitCounts(
            bits_read,
            int(_ONES[read ^ stored].sum(dtype=np.int64) + _ONES[read_check ^ check].sum(dtype=np.int64)),
            len(tensor),
            int(np.count_nonzero((outcome == secded.CORRECTED) & (found == stored).all(axis=-1))),
            int(np.count_nonzero(outcome == secded.DETECTED)),
            int(np.count_nonzero((outcome != secded.DETECTED) & (found != stored).any(axis=-1))),
        )
        return _in_width(flat, self.extent.bits).reshape(codes.shape), counts


def _checked(errors: CellErrors, extent: Extent) -> CellErrors:
    """Check bits of data that is wholly reliable are so, too."""
    return errors if extent.reliable < extent.bits else CellErrors()


def _unreliable(failing: Failing, extent: Extent, start: int) -> Failing:
    """Return the failing cells without those that hold reliable bits; positions count from `start`."""
    if not extent.reliable:
        return failing
    exposed = (failing.positions + start - extent.first) % extent.bits < extent.bits - extent.reliable
    return Failing(failing.positions[exposed], failing.keeps[exposed], failing.inverts[exposed])


def _masks(failing: Failing, words: NDArray[np.int64], bits: int) -> tuple[secded.Bytes, secded.Bytes]:
    """Return what the failing cells keep and invert of the bytes [word][byte] of some words."""
    rows, within = np.searchsorted(words, failing.positions // bits), failing.positions % bits
    keeps, inverts = (
        np.full((len(words), bits // 8), 255, np.uint8),
        np.zeros((len(words), bits // 8), np.uint8),
    )
    ones, lost = (1 << within % 8).astype(np.uint8), ~failing.keeps
    np.bitwise_and.at(keeps, (rows[lost], within[lost] // 8), ~ones[lost])
    chosen = failing.inverts
    np.bitwise_or.at(inverts, (rows[chosen], within[chosen] // 8), ones[chosen])
    return keeps, inverts


def _in_width(codes: Codes, bits: int) -> Codes:
    """Return codes of a signed type with the sign that the highest of their bits says."""
    above = codes.dtype.itemsize * 8 - bits
    if not above or np.issubdtype(codes.dtype, np.unsignedinteger):
        return codes
    return (codes << above) >> above


def _differing(codes: Codes, found: Codes, bits: int) -> int:
    """Number of bits in which codes differ."""
    differing = (codes ^ found).astype(np.int64) & ((1 << bits) - 1)
    return int(sum(_ONES[differing >> shift & 255].sum(dtype=np.int64) for shift in range(0, bits, 8)))
