"""Row-stationary dataflow."""

from __future__ import annotations

from archsim.mapping.dataflows.base import PassDataflow


class RowStationary(PassDataflow, kind="row_stationary"):
    """Each PE convolves one row of a filter with one row of inputs; R x e PEs make a set (Eyeriss).

    Filter rows are shared along the rows of a set, input rows along its diagonals, and sums are added along
    its columns. Sets are folded onto the array and replicated, r of them for channels and t for filters
    (Chen et al., JSSC 52(1), 2017 [pub]). Needs the block ``row_stationary`` of the array.
    """
