"""What a report says of the errors that memories made while images were run."""

from __future__ import annotations

from archsim.results.record import Record


class MemoryErrorsRow(Record):
    """One memory with errors: weights are read once, activations for every image."""

    bits_read: int
    """Data bits that were read."""
    weak_cells: int
    """Cells under the tensors that fail; a cell under two tensors counts for both."""
    bit_errors: int
    """Data and check bits that the cells delivered wrong."""
    wrong_bits: int
    """Data bits that were wrong behind the correction, where there is one."""
    corrected: int
    """Words of 64 bits that SECDED corrected."""
    detected: int
    """Words that it found wrong and could not correct; they are used as they were read."""
    silent: int
    """Words that are wrong though it found nothing, or corrected them wrongly."""
