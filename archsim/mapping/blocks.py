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
    """Bits of a tensor in one run: weights, and what is coded.

    Attributes
    ----------
    image
        Image to which the tensor belongs.
    first, length
        First bit within the tensor of one image, and how many.
    source
        Which input of the layer it belongs to.
    """

    image: int
    first: int
    length: int
    source: int = 0


@dataclass(frozen=True, slots=True)
class MapRegion:
    """A window of an activation that lies as [row][column][channel].

    Attributes
    ----------
    images
        The first one, and how many.
    pixel
        The first one of the window.
    rows, columns
        Loops, strides in pixels.
    channel, run, groups
        The first channel, how many lie in a row, and a loop over such ranges.
    channels
        Of the whole activation.
    width
        Bits of an element.
    source
        Which input of the layer it belongs to.
    """

    images: tuple[int, int]
    pixel: int
    rows: Loop
    columns: Loop
    channel: int
    run: int
    groups: Loop
    channels: int
    width: int
    source: int = 0
