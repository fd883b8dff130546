"""A set-associative cache with LRU replacement, executed address by address: hits, misses, write-backs.

Write-back and write-allocate: a write to a line that is not there fetches it first. Exact for a given
sequence of accesses. The sets know nothing of each other, so one access of every set is done at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.errors import InputError

_Integers = NDArray[np.int64]
_Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CacheShape:
    """Sets, ways and bytes of a line.

    Raises
    ------
    InputError
        Where one of them is less than one; ``field`` says which.
    """

    sets: int
    ways: int
    line_bytes: int

    def __post_init__(self) -> None:
        for name in ("sets", "ways", "line_bytes"):
            if getattr(self, name) < 1:
                raise InputError(f"a cache needs at least one, got {getattr(self, name)}", field=name)


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """What a sequence of accesses did: each of them hits or misses, and a miss may evict a dirty line.

    Attributes
    ----------
    write_backs
        Dirty lines that were evicted.
    """

    hits: int
    misses: int
    write_backs: int

    @property
    def accesses(self) -> int:
        """All accesses."""
        return self.hits + self.misses


@dataclass(slots=True)
class LruCache:
    """The state of a cache, empty at first; what is accessed stays for the next sequence."""

    shape: CacheShape
    _lines: _Integers = field(init=False)
    _last_use: _Integers = field(init=False)
    _dirty: _Flags = field(init=False)
    _time: int = 0

    def __post_init__(self) -> None:
        size = self.shape.sets, self.shape.ways
        self._lines = np.full(size, -1, dtype=np.int64)
        self._last_use = np.full(size, -1, dtype=np.int64)
        self._dirty = np.zeros(size, dtype=np.bool_)

    @property
    def dirty_lines(self) -> int:
        """Lines that are yet to be written back."""
        return int(self._dirty.sum())

    def access(self, addresses: ArrayLike, writes: ArrayLike = False) -> CacheCounts:
        """Access bytes one after the other.

        Parameters
        ----------
        addresses
            Byte addresses, not negative.
        writes
            For each access, or for all, whether it writes.

        Raises
        ------
        InputError
            If an address is negative, or there are not as many flags as addresses.
        """
        lines, written, repeated = _merged(*_checked(addresses, writes), self.shape.line_bytes)
        hits = misses = write_backs = 0
        for chosen in _rounds(lines % self.shape.sets):
            hit, evicted = self._one_per_set(lines[chosen], written[chosen])
            hits, misses = hits + int(hit.sum()), misses + int((~hit).sum())
            write_backs += int(evicted.sum())
        return CacheCounts(hits + repeated, misses, write_backs)

    def _one_per_set(self, lines: _Integers, written: _Flags) -> tuple[_Flags, _Flags]:
        """Access lines of different sets; returns which hit and which evicted a dirty line."""
        sets = lines % self.shape.sets
        found = self._lines[sets] == lines[:, None]
        hit = found.any(axis=1)
        way = np.where(hit, found.argmax(axis=1), self._last_use[sets].argmin(axis=1))
        was_dirty = self._dirty[sets, way]
        self._time += 1
        self._lines[sets, way] = lines
        self._last_use[sets, way] = self._time
        self._dirty[sets, way] = (was_dirty & hit) | written
        return hit, was_dirty & ~hit


def simulate_cache(shape: CacheShape, addresses: ArrayLike, writes: ArrayLike = False) -> CacheCounts:
    """Return what a sequence of accesses does to an empty cache; parameters as :meth:`LruCache.access`."""
    return LruCache(shape).access(addresses, writes)


def _checked(addresses: ArrayLike, writes: ArrayLike) -> tuple[_Integers, _Flags]:
    places = np.asarray(addresses, dtype=np.int64).ravel()
    flags = np.asarray(writes, dtype=np.bool_)
    if places.size and places.min() < 0:
        raise InputError(f"an address cannot be negative, got {places.min()}", field="addresses")
    if flags.ndim and flags.size != places.size:
        message = f"{places.size} addresses need as many flags, got {flags.size}"
        raise InputError(message, field="writes")
    return places, np.broadcast_to(flags.ravel() if flags.ndim else flags, places.shape)


def _merged(addresses: _Integers, writes: _Flags, line_bytes: int) -> tuple[_Integers, _Flags, int]:
    """Lines without repeated accesses, whether any access to them wrote, and how many were repeated."""
    lines = addresses // line_bytes
    if not lines.size:
        return lines, writes, 0
    starts = np.flatnonzero(np.r_[True, lines[1:] != lines[:-1]])
    written = np.logical_or.reduceat(writes, starts)
    return lines[starts], written, lines.size - starts.size


def _rounds(sets: _Integers) -> Iterator[_Integers]:
    """Indices of the first access of every set, then of the second of each, and so on."""
    order = np.argsort(sets, kind="stable")
    ordered = sets[order]
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if sets.size else ordered
    lengths = np.diff(np.r_[begins, sets.size])
    rank = np.arange(sets.size) - np.repeat(begins, lengths)
    by_rank = order[np.argsort(rank, kind="stable")]
    yield from np.split(by_rank, np.cumsum(np.bincount(rank))[:-1]) if sets.size else ()
