"""What the tiling search is asked: one layer on one unit, its room, and the price of every move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archsim.hardware.cost import Array, Operands
from archsim.mapping.extents import Extent

WeightPlace = Literal["memory", "cells", "resident"]
Objective = Literal["traffic", "latency", "energy", "edp"]


@dataclass(frozen=True, slots=True)
class Costs:
    """Energies in joules per bit or element and times in picoseconds per bit, as the mapper sees them.

    The ledger multiplies the same energies with integer counts; the mapper leaves out only the rounding
    of bits to whole accesses.
    """

    fill_weight_j: float = 0.0
    fill_input_j: float = 0.0
    store_output_j: float = 0.0
    spill_j: float = 0.0
    mac_j: float = 0.0
    input_read_j: float = 0.0
    weight_read_j: float = 0.0
    pass_j: float = 0.0
    output_j: float = 0.0
    sum_read_j: float = 0.0
    sum_write_j: float = 0.0
    weight_write_j: float = 0.0
    cycle_j: float = 0.0
    tile_j: float = 0.0
    static_w: float = 0.0
    weight_ps: float = 0.0
    input_ps: float = 0.0
    output_ps: float = 0.0
    spill_ps: float = 0.0
    port_ps: float = 0.0
    cycle_ps: float = 1.0
    latency_ps: float = 0.0


@dataclass(frozen=True, slots=True)
class Problem:
    """One layer as a tiling problem; filters and channels are counted per group.

    Attributes
    ----------
    groups, filters, channels, images
        Extent of the loops that are not spatial.
    vertical, horizontal
        The spatial axes of the window.
    weights
        ``memory``: weights are staged with the activations; ``cells``: they are loaded into the unit's
        own cells; ``resident``: they are already there.
    weights_staged, inputs_staged, outputs_staged
        Whether the tensor's home is another memory, so that tiles pass through the unit's memory.
    free_bits
        Room for tiles in the unit's memory.
    cell_bits
        Room for weights in the unit's own cells.
    sums_held
        Partial sums that the unit holds between folds.
    """

    groups: int
    filters: int
    channels: int
    images: int
    vertical: Extent
    horizontal: Extent
    array: Array
    operands: Operands
    weights: WeightPlace
    weights_staged: bool
    inputs_staged: bool
    outputs_staged: bool
    double_buffering: bool
    free_bits: int
    cell_bits: int
    sums_held: int
    objective: Objective
    costs: Costs

    @property
    def taps(self) -> int:
        """Kernel elements R S."""
        return self.vertical.kernel * self.horizontal.kernel

    @property
    def pixels(self) -> int:
        """Output positions of all images."""
        return self.images * self.vertical.outputs * self.horizontal.outputs
