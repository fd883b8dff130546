"""Weight-stationary dataflow."""

from __future__ import annotations

from typing import ClassVar

from archsim.mapping.dataflows.base import Dataflow


class WeightStationary(Dataflow, kind="weight_stationary"):
    """Weights stay in the PEs, inputs stream through, partial sums run down the columns.

    Cycles of a layer with px pixels, depth K and M filters on R x C PEs:
    ``ceil(K/R) ceil(M/C) (2R + C + px - 2) - 1`` (SCALE-Sim v2, stall-free [tool]).
    """

    across_rows: ClassVar[str] = "depth"
    across_columns: ClassVar[str] = "filters"
    streamed: ClassVar[str] = "pixels"

    @staticmethod
    def overhead_cycles(rows: int, columns: int) -> int:
        """Cycles of one fold beside the streamed ones."""
        return 2 * rows + columns - 2
