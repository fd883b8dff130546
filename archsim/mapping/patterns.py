"""Addresses of all that the tiles of a schedule move in one memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

from archsim.mapping.addresses import Place, Places, weights_of
from archsim.mapping.blocks import MapRegion, Region
from archsim.mapping.schedule import Part, Schedule, Transfer

MOST_LOOPS = 4

Pattern = tuple[int, ...]
"""First bit of the memory, bits of a run, and (count, stride in bits) of four loops, the outermost first."""


def one_run(first_bit: int, bits: int) -> Pattern:
    """Return a single run."""
    return (first_bit, bits, *chain.from_iterable(repeat((1, 0), MOST_LOOPS)))


@dataclass(slots=True)
class Addresses:
    """Where the transfers of a schedule lie in its memories.

    Partial sums, and what only passes through a memory, lie behind everything that has a place.
    """

    schedule: Schedule
    _ends: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self._ends = _ends(self.schedule.places)

    def of_loads(self, part: Part, image: int) -> Iterator[list[Pattern]]:
        """Patterns of the loads of every tile, in execution order; each in the memory where it lives."""
        return self._of(part, image, "loads")

    def of_stores(self, part: Part, image: int) -> Iterator[list[Pattern]]:
        """The same of the stores."""
        return self._of(part, image, "stores")

    def passing(self, memory: str, bits: int) -> Pattern:
        """Pattern of bits that pass through a memory."""
        return one_run(self._ends.get(memory, 0) * 8, bits)

    def _of(self, part: Part, image: int, which: str) -> Iterator[list[Pattern]]:
        tiles = chain.from_iterable(repeat(run.tile, run.count) for run in part.runs)
        home = "source" if which == "loads" else "destination"
        if part.regions is None:
            for tile in tiles:
                yield [self.passing(getattr(one, home), one.bits) for one in getattr(tile, which)]
            return
        known: dict[tuple[str, str, int], Place] = {}
        for tile, block in zip(tiles, part.regions.blocks(), strict=True):
            transfers: Sequence[Transfer] = getattr(tile, which)
            patterns = []
            regions = part.regions.moved(block, transfers, part.begins) if transfers else ()
            for transfer, region in zip(transfers, regions, strict=True):
                key = (transfer.tensor, getattr(transfer, home), region.source)
                if key not in known:
                    known[key] = self._find(part, *key)
                patterns.append(_bound(known[key], region, image))
            yield patterns

    def _find(self, part: Part, tensor: str, memory: str, source: int) -> Place:
        if tensor == "partial_sums":
            each = -(-part.regions.sums_bits // 8) if part.regions else 0
            return Place(self._ends.get(memory, 0), each, each, part.images)
        names = {"weights": weights_of(part.layer.name), "outputs": part.layer.name}
        return self.schedule.places[names.get(tensor) or part.layer.inputs[source], memory]


def _ends(places: Places) -> dict[str, int]:
    ends: dict[str, int] = {}
    for (_, memory), place in places.items():
        last = place.base_bytes + place.size_bytes + (place.copies - 1) * place.stride_bytes
        ends[memory] = max(ends.get(memory, 0), last)
    return ends


def _bound(place: Place, region: Region | MapRegion, image: int) -> Pattern:
    if isinstance(region, Region):
        return one_run(place.first_byte(image + region.image) * 8 + region.first, region.length)
    return _window(place, region, image)


def _window(place: Place, region: MapRegion, image: int) -> Pattern:
    """Runs of an activation, the channels of a pixel side by side; runs that meet are joined."""
    pixel = (place.channels or region.channels) * region.width
    base = (place.first_byte(image + region.images[0]) - place.shift_bytes) * 8
    first = base + region.pixel * pixel + (place.channel + region.channel) * region.width
    length, loops = region.run * region.width, [1, 0] * MOST_LOOPS
    inner = (
        (region.groups[0], region.groups[1] * region.width),
        (region.columns[0], region.columns[1] * pixel),
        (region.rows[0], region.rows[1] * pixel),
        (region.images[1], place.stride_bytes * 8),
    )
    at = 2 * MOST_LOOPS
    for count, stride in inner:
        if count == 1:
            continue
        if stride == length and at == 2 * MOST_LOOPS:
            length *= count
        else:
            at -= 2
            loops[at : at + 2] = count, stride
    return (first, length, *loops)
