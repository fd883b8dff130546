"""Where a tile lies in its layer, and the bits of a tensor that it moves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """One tile of the loop nest: where it starts and ends along every loop."""

    group: tuple[int, int]
    filters: tuple[int, int]
    channels: tuple[int, int]
    pixels: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]

    @property
    def weight_block(self) -> tuple[object, ...]:
        """What tells the weights of blocks apart."""
        return self.group, self.filters, self.channels

    @property
    def input_block(self) -> tuple[object, ...]:
        """What tells the inputs of blocks apart."""
        return self.group, self.channels, self.pixels

    @property
    def output_block(self) -> tuple[object, ...]:
        """What tells the outputs of blocks apart."""
        return self.group, self.filters, self.pixels


Loop = tuple[int, int]
"""Count and stride."""


@dataclass(frozen=True, slots=True)
class Region:
    """Part of a tensor: runs of ``length`` bits in loops (count, stride in bits), the outermost first.

    Attributes
    ----------
    source
        Which input of the layer it belongs to.
    first_image, images
        Images, each of which has these runs.
    first
        First bit within the tensor of one image.
    """

    first_image: int
    images: int
    first: int
    length: int
    loops: tuple[Loop, ...] = ()
    source: int = 0

    @property
    def bits(self) -> int:
        """Bits of all runs."""
        total = self.images * self.length
        for count, _ in self.loops:
            total *= count
        return total
