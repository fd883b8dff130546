"""Input-stationary dataflow."""

from __future__ import annotations

from typing import ClassVar

from archsim.mapping.dataflows.base import Dataflow


class InputStationary(Dataflow, kind="input_stationary"):
    """Inputs stay in the PEs, weights stream through, partial sums run down the columns.

    Cycles of a layer with px pixels, depth K and M filters on R x C PEs:
    ``ceil(K/R) ceil(px/C) (2R + C + M - 2) - 1`` (SCALE-Sim v2, stall-free [tool]).
    """

    across_rows: ClassVar[str] = "depth"
    across_columns: ClassVar[str] = "pixels"
    streamed: ClassVar[str] = "filters"

    @staticmethod
    def overhead_cycles(rows: int, columns: int) -> int:
        """Cycles of one fold beside the streamed ones."""
        return 2 * rows + columns - 2
