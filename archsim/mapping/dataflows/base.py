"""The contract of a dataflow: which GEMM dimension a systolic array holds where, or passes."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from archsim.registry import Component


class Dataflow(Component, family="dataflows"):
    """How a PE array folds a matrix product. Subclass with a ``kind`` to add one.

    A fold holds one dimension across the rows and one across the columns and streams the third:
    ``pixels`` (output positions), ``depth`` (R S C per group), ``filters`` (output channels per group).
    """

    across_rows: ClassVar[str]
    across_columns: ClassVar[str]
    streamed: ClassVar[str]
    in_passes: ClassVar[bool] = False
    sums_in_place: ClassVar[bool] = False
    """Whether a fold finishes its sums inside the PEs."""

    @staticmethod
    @abstractmethod
    def overhead_cycles(rows: int, columns: int) -> int:
        """Cycles of one fold beside the streamed ones: loading, skew and drain."""


class PassDataflow(Component, family="dataflows"):
    """A dataflow that is no fold of a matrix product: the array maps layers in processing passes."""

    in_passes: ClassVar[bool] = True
