"""What an action costs: numbers that carry their source, and the integers that they are multiplied with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Sourced:
    """A figure and where it comes from.

    Attributes
    ----------
    value
        The figure in SI units (joules, watts) or mm2 for areas, as the function that returns it says.
    source
        Paper, data sheet or tool with its tag, or ``assumption: reason``.
    """

    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Operands:
    """Widths of one layer's operands on the unit that executes it, in bits."""

    weight_bits: int
    input_bits: int
    output_bits: int
    accumulator_bits: int


@dataclass(frozen=True, slots=True)
class Array:
    """Geometry of a spatial array for one layer: which GEMM dimension lies where.

    The GEMM of a convolution has ``pixels`` (output positions), ``depth`` (R S C per group) and
    ``filters`` (output channels per group). One fold holds ``rows`` x ``columns`` of two of them and
    streams the third.

    Attributes
    ----------
    across_rows, across_columns, streamed
        The three dimensions in the order in which the array holds them.
    rows, columns
        Elements of a dimension that one fold holds.
    overhead_cycles
        Cycles of a fold beside the streamed ones (fill and drain).
    step_cycles
        Cycles per streamed element.
    parallel_folds
        Folds, of one group or of several, that run at the same time (1 for one array, the banks of a bank
        group).
    uncounted_cycles
        Cycles subtracted once per group of a layer (1 for the systolic closed forms of SCALE-Sim).
    packs_groups
        Groups of a depthwise convolution lie side by side in the columns.
    sums_in_place
        A fold (or a column's own register) finishes its sums without the partial-sum memory; only a
        tile that ends before the whole depth is done needs it.
    """

    across_rows: str
    across_columns: str
    streamed: str
    rows: int
    columns: int
    overhead_cycles: int
    step_cycles: int = 1
    parallel_folds: int = 1
    uncounted_cycles: int = 0
    packs_groups: bool = False
    sums_in_place: bool = False


@dataclass(frozen=True, slots=True)
class PassArray:
    """Geometry of a spatial array that executes a convolution in row-stationary processing passes.

    Attributes
    ----------
    rows, columns
        PEs of the array.
    filter_words, input_words, sum_words
        Words that the scratchpads of one PE hold.
    filter_buffer_bits
        Room for the filters of one pass in front of the array.
    filter_bus_bits, input_bus_bits, sum_bus_bits
        Bits per cycle that each network between buffer and array carries; sums have one in each direction.
    allocation_bits
        Grain in which the unit's memory is given to inputs or to sums.
    whole_blocks
        Filters, channels and images divide evenly into passes.
    coded_bits
        Bits per value of inputs and outputs that are run-length coded on their way to and from their homes;
        None where a tensor moves as it is. The first is that of inputs, the second that of outputs.
    """

    rows: int
    columns: int
    filter_words: int
    input_words: int
    sum_words: int
    filter_buffer_bits: int
    filter_bus_bits: int
    input_bus_bits: int
    sum_bus_bits: int
    allocation_bits: int = 1
    whole_blocks: bool = False
    coded_bits: tuple[Fraction | None, Fraction | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Work:
    """What a unit does for one tile or one layer: integers, all additive over tiles.

    Attributes
    ----------
    macs
        Multiply-accumulate operations.
    input_reads, weight_reads
        Operand elements delivered to the array.
    output_passes
        Partial or final sums that leave a fold (elements).
    outputs
        Finished output elements.
    accumulator_reads, accumulator_writes
        Accesses to the unit's own partial-sum memory (elements).
    weight_writes
        Weight elements written into the unit's own cells (in-memory units only).
    elements
        Output elements of a layer without MACs (pooling, activation, ...), or fused post-operations.
    cycles
        Busy cycles of the unit's clock, without stalls.
    weight_copies, input_copies
        Operand elements written into the scratchpads of PEs, one for each PE that keeps a copy.
    sum_hops
        Partial sums that a PE takes from its neighbour or from the buffer and adds to its own.
    pe_cycles
        Cycles of all PEs that take part, summed over the PEs.
    """

    macs: int = 0
    input_reads: int = 0
    weight_reads: int = 0
    output_passes: int = 0
    outputs: int = 0
    accumulator_reads: int = 0
    accumulator_writes: int = 0
    weight_writes: int = 0
    elements: int = 0
    cycles: int = 0
    weight_copies: int = 0
    input_copies: int = 0
    sum_hops: int = 0
    pe_cycles: int = 0


def total_work(parts: Iterable[tuple[Work, int]]) -> Work:
    """Sum of pieces of work, each taken the given number of times."""
    names = [entry.name for entry in fields(Work)]
    sums = dict.fromkeys(names, 0)
    for work, times in parts:
        for name in names:
            sums[name] += times * getattr(work, name)
    return Work(**sums)
