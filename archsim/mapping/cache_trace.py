"""What the addresses of a schedule do in a cache: exact hits, misses and write-backs of every layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import cast

import numpy as np
from numpy.typing import NDArray

from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.hardware.lru_cache import CacheCounts, CacheShape, LruCache
from archsim.mapping.patterns import Addresses, Pattern
from archsim.mapping.schedule import Part, Schedule, Transfer

_MEMORY_BYTES = 1 << 48
"""Address space of each memory behind the cache, so that equal addresses of two are different lines."""

_BITS_PER_BYTE = 8


def cache_counts(
    schedule: Schedule, architecture: Architecture, cache: str
) -> tuple[tuple[str, CacheCounts], ...]:
    """Execute all transfers that pass a cache, in the order of the schedule, and count by part.

    Parts follow each other as in the network, image by image; of each tile the loads come before the stores.
    An access is one line of one run of bits, so repeated touches within a run are one access. The cache is
    empty at first. Lines that are dirty at the end are not counted as written back.

    Parameters
    ----------
    cache
        Name of a memory that has a ``shape``, as ``kind: cache`` has.

    Returns
    -------
    tuple of (str, CacheCounts)
        Layer and counts of every part, all images together.

    Raises
    ------
    InputError
        If there is no such cache.
    """
    shape = getattr(architecture.memories.get(cache), "shape", None)
    if not isinstance(shape, CacheShape):
        raise InputError(f"'{cache}' is not a cache of the architecture", field=f"memories.{cache}")
    state, addresses = LruCache(shape), Addresses(schedule)
    totals = [CacheCounts(0, 0, 0)] * len(schedule.parts)
    for image in range(schedule.repeats):
        for i, part in enumerate(schedule.parts):
            trace = _Trace(architecture, cache, shape.line_bytes * _BITS_PER_BYTE)
            lines, writes = trace.of_part(addresses, part, image * part.images)
            totals[i] = _sum(totals[i], state.access(lines * shape.line_bytes, writes))
    return tuple((part.layer.name, total) for part, total in zip(schedule.parts, totals, strict=True))


def _sum(one: CacheCounts, other: CacheCounts) -> CacheCounts:
    return CacheCounts(one.hits + other.hits, one.misses + other.misses, one.write_backs + other.write_backs)


class _Trace:
    """Lines that parts touch in one cache, in order."""

    def __init__(self, architecture: Architecture, cache: str, line_bits: int) -> None:
        self._architecture, self._cache, self._line_bits = architecture, cache, line_bits
        self._spaces = {name: i * _MEMORY_BYTES for i, name in enumerate(architecture.memories)}

    def of_part(
        self, addresses: Addresses, part: Part, image: int
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Lines of a part for one image (or all that it treats at once), and whether they are written."""
        touched: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
        written: list[bool] = [False]
        tiles = chain.from_iterable(repeat(run.tile, run.count) for run in part.runs)
        loads, stores = addresses.of_loads(part, image), addresses.of_stores(part, image)
        for tile, read, stored in zip(tiles, loads, stores, strict=True):
            for transfers, patterns, write in ((tile.loads, read, False), (tile.stores, stored, True)):
                for lines in self._of_transfers(transfers, patterns, write=write):
                    touched.append(lines)
                    written.append(write)
        flags = np.repeat(np.asarray(written), [lines.size for lines in touched])
        return np.concatenate(touched), flags

    def _of_transfers(
        self, transfers: Sequence[Transfer], patterns: Sequence[Pattern], *, write: bool
    ) -> Iterator[NDArray[np.int64]]:
        for transfer, pattern in zip(transfers, patterns, strict=True):
            if self._passes(transfer):
                home = transfer.destination if write else transfer.source
                yield self._lines(pattern, self._spaces[home] * _BITS_PER_BYTE)

    def _passes(self, transfer: Transfer) -> bool:
        crossed = self._architecture.crossings(transfer.source, transfer.destination)
        return any(use.port == self._cache for crossing in crossed for use in crossing.memories)

    def _lines(self, pattern: Pattern, base_bits: int) -> NDArray[np.int64]:
        """Lines of every run, in order."""
        first, length, *loops = pattern
        starts = np.asarray([base_bits + first], dtype=np.int64)
        for count, stride in zip(loops[::2], loops[1::2], strict=True):
            starts = (starts[:, None] + np.arange(count, dtype=np.int64) * stride).ravel()
        begin, end = starts // self._line_bits, (starts + length - 1) // self._line_bits
        sizes = end - begin + 1
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return cast("NDArray[np.int64]", np.repeat(begin, sizes) + within)
