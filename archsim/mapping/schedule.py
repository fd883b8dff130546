"""The plan that the engine executes: for every layer its unit, its tiles and what each tile moves."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Literal, Protocol

from archsim.hardware.cost import Work
from archsim.hardware.options import PassParameters
from archsim.mapping.addresses import Places
from archsim.mapping.blocks import Block, MapRegion, Region
from archsim.workload.layer import Layer

Tensor = Literal["weights", "inputs", "outputs", "partial_sums"]


@dataclass(frozen=True, slots=True)
class Transfer:
    """Bits of one tensor that move from one memory or unit to another.

    Attributes
    ----------
    bits
        Bits on the way.
    saved_bits
        Bits that coding kept off the way; the memory at the unit's end holds them too.
    """

    tensor: Tensor
    source: str
    destination: str
    bits: int
    saved_bits: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A class of equal tiles: what is loaded, computed and stored. Compared by identity.

    Attributes
    ----------
    label
        Sizes in the field's letters, for timelines.
    loads, stores
        Transfers before and after computing.
    port_read_bits, port_write_bits
        Traffic between the unit and its memory while computing, through the private port.
    finished_bits
        Finished outputs that the tile leaves in their home or on the way to it.
    work
        Operations and cycles.
    feed_cycles
        Cycles that the unit's own networks need for the tile, where they may take longer than computing.
    """

    label: str
    loads: tuple[Transfer, ...]
    stores: tuple[Transfer, ...]
    port_read_bits: int
    port_write_bits: int
    finished_bits: int
    work: Work
    feed_cycles: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """Equal tiles in a row."""

    tile: Tile
    count: int


def run_lengths(tiles: Iterable[Tile]) -> tuple[Run, ...]:
    """Return tiles in execution order, equal neighbours counted together."""
    return tuple(Run(tile, sum(1 for _ in same)) for tile, same in groupby(tiles))


@dataclass(frozen=True, slots=True)
class Tiling:
    """Tile sizes and loop order of one layer with MACs; filters and channels count per group.

    Attributes
    ----------
    order
        ``filters``, ``channels``, ``pixels`` from the outermost to the innermost loop; groups are outside.
    """

    groups: int
    filters: int
    channels: int
    images: int
    rows: int
    columns: int
    order: tuple[str, str, str]


class Regions(Protocol):
    """What the tiles of one layer move."""

    @property
    def sums_bits(self) -> int:
        """Bits of the partial sums of one image."""

    def blocks(self) -> Iterator[Block]:
        """Tiles in execution order."""

    def moved(
        self, block: Block, transfers: Sequence[Transfer], first: tuple[int, int]
    ) -> Sequence[Region | MapRegion]:
        """The region of each transfer; ``first``: group and channel at which the layer's share begins."""


@dataclass(frozen=True, slots=True)
class Part:
    """A layer (or a range of its output channels) on one unit, for the images that it treats at once.

    Attributes
    ----------
    layer
        The layer that is executed; for a channel range its ``output_shape`` is that of the range.
    index
        Position of the layer in the network.
    unit
        Name of the compute unit.
    images
        Images treated by one execution.
    runs
        Tiles in order, run-length encoded.
    fused
        Layers executed in the output stage.
    waits_for
        Indices (into ``Schedule.parts``) of the parts whose results this one reads.
    compulsory_bits
        For each (tensor, memory) pair the least traffic of one execution.
    tiling
        Tile sizes and loop order, for layers with MACs, or parameters of the passes.
    resident
        The weights stay in the unit's own cells.
    regions
        What the tiles move; None: not known, as if all transfers were of the same bytes.
    begins
        Group, and channel of it, at which a channel range begins.
    """

    layer: Layer
    index: int
    unit: str
    images: int
    runs: tuple[Run, ...]
    fused: tuple[Layer, ...] = ()
    waits_for: tuple[int, ...] = ()
    compulsory_bits: Mapping[tuple[str, str], int] = field(default_factory=dict)
    tiling: Tiling | PassParameters | None = None
    resident: bool = False
    regions: Regions | None = field(default=None, compare=False)
    begins: tuple[int, int] = (0, 0)

    @property
    def tile_count(self) -> int:
        """Number of tiles of one execution."""
        return sum(run.count for run in self.runs)


@dataclass(frozen=True, slots=True)
class Schedule:
    """All parts in network order, how often each is executed, and where activations live.

    Attributes
    ----------
    repeats
        Executions of every part: 1 when all images of the batch go through a layer together,
        the batch size when every image goes through the network alone.
    images_in_flight
        Images that may be in the network at the same time.
    homes
        Memory in which each tensor (named by the layer that produces it) lives.
    setup
        One-time transfers (resident weights).
    places
        Where every tensor lies, by tensor and memory (see :mod:`archsim.mapping.addresses`).
    """

    parts: tuple[Part, ...]
    repeats: int
    images_in_flight: int
    homes: Mapping[str, str]
    setup: tuple[tuple[str, Layer, Transfer], ...] = ()
    places: Places = field(default_factory=dict)

    def restricted_to(self, layers: Container[str]) -> Schedule:
        """Return the schedule of an inference that executes these layers alone, placed and tiled as they are.

        Parts of other layers are left out, and nobody waits for them.
        """
        kept = [index for index, part in enumerate(self.parts) if part.layer.name in layers]
        place = {index: position for position, index in enumerate(kept)}
        parts = tuple(
            replace(
                self.parts[index],
                fused=tuple(layer for layer in self.parts[index].fused if layer.name in layers),
                waits_for=tuple(place[other] for other in self.parts[index].waits_for if other in place),
            )
            for index in kept
        )
        return replace(self, parts=parts)
