"""Output-stationary dataflow."""

from __future__ import annotations

from typing import ClassVar

from archsim.mapping.dataflows.base import Dataflow


class OutputStationary(Dataflow, kind="output_stationary"):
    """Sums stay in the PEs, inputs and weights stream through.

    Cycles of a layer with px pixels, depth K and M filters on R x C PEs:
    ``ceil(px/R) ceil(M/C) (R + C + K - 2) - 1`` (SCALE-Sim v2, stall-free [tool]).
    """

    across_rows: ClassVar[str] = "pixels"
    across_columns: ClassVar[str] = "filters"
    streamed: ClassVar[str] = "depth"
    sums_in_place: ClassVar[bool] = True

    @staticmethod
    def overhead_cycles(rows: int, columns: int) -> int:
        """Cycles of one fold beside the streamed ones."""
        return rows + columns - 2
