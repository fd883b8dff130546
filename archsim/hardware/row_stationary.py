"""What makes a PE array row stationary: scratchpads, array networks, coding; their actions and energies.

After Eyeriss (Chen et al., JSSC 52(1), 2017 [pub]): each PE keeps filters, a sliding window of inputs and
partial sums in scratchpads of its own, and networks with a bus for each operand feed the array.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from archsim.errors import InputError
from archsim.hardware.cacti import BankShape, SramBank, shape_refusal, smallest_bank_bytes, sram_bank
from archsim.hardware.cost import PassArray, Sourced, Work
from archsim.hardware.logic import logic_leakage, repeated
from archsim.hardware.pe_macs import PeMacs
from archsim.hardware.technology import Technology, register_area, register_energy
from archsim.units import Capacity, Width, text_default
from archsim.workload.layer import Layer

_RUN_BITS = 5
_CODE_WORD_BITS = 64
_BUS_ENERGY_IN_MACS = 2
_BUS_SOURCE = "2 x one MAC, array bus of Eyeriss and nn_dataflow [pub]"

PositiveCapacity = Annotated[Capacity, Field(gt=0)]
PositiveWidth = Annotated[Width, Field(gt=0)]


class RowStationary(BaseModel):
    """Scratchpads of a PE, buses of the array and coding of the maps, as Eyeriss has them."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )

    filter_spad: PositiveCapacity
    """Filter scratchpad of a PE: p q S weights."""

    input_spad: PositiveCapacity
    """Input scratchpad of a PE: q windows of S inputs."""

    sum_spad: PositiveCapacity
    """Partial-sum scratchpad of a PE: p sums."""

    filter_bus: PositiveWidth
    """Bits per cycle of the network that brings filters to the PEs."""

    input_bus: PositiveWidth
    """Bits per cycle of the network that brings inputs to the PEs."""

    sum_bus: PositiveWidth
    """Bits per cycle of the network that brings partial sums to the PEs, and of the one that returns them."""

    filter_buffer: PositiveCapacity
    """SRAM in front of the array that holds the filters of a pass while the one before is executed."""

    cell: Literal["itrs-hp", "itrs-lop", "itrs-lstp"] = "itrs-lop"
    """Cells and periphery of the scratchpads and the filter buffer, where they are SRAM."""

    allocation: PositiveCapacity = text_default("1 B")
    """Grain in which the unit's memory is given to inputs or to sums: its bank, if a bank holds one kind."""

    whole_blocks: bool = False
    """No block is partial: p t divides m, m the filters, q r the channels and n the images."""

    run_length_coding: bool = False
    """Inputs and outputs whose zeros are known travel run-length coded, where that is shorter."""

    overlap_activations: bool = True
    """Inputs are loaded and outputs stored while the array computes; False: it waits for them."""

    @model_validator(mode="after")
    def _check_filter_buffer(self) -> RowStationary:
        refused = shape_refusal(self.buffer_shape)
        if refused:
            raise InputError(refused, field="filter_buffer")
        return self

    @property
    def buffer_shape(self) -> BankShape:
        """The filter buffer as a bank of SRAM with a port as wide as the filter bus."""
        return BankShape(self.filter_buffer, self.filter_bus, self.cell)

    def check(self, bits: int, sum_bits: int) -> None:
        """Check that each scratchpad holds a word.

        Raises
        ------
        InputError
            If one does not; `field` names it.
        """
        words = {"filter_spad": bits, "input_spad": bits, "sum_spad": sum_bits}
        for name, width in words.items():
            if getattr(self, name) * 8 < width:
                raise InputError(f"does not hold one word of {width} b", field=f"row_stationary.{name}")


@dataclass(frozen=True, slots=True)
class RowStationaryPes:
    """Rows x columns PEs with scratchpads.

    Attributes
    ----------
    mac
        Multipliers and adder, with the widths of operands and of partial sums.
    block
        Scratchpads and networks, as the YAML gives them.
    """

    rows: int
    columns: int
    mac: PeMacs
    block: RowStationary

    def refusal(self, layer: Layer) -> str | None:
        """Tell why a filter fits neither the array nor the scratchpads, or None."""
        height, width = layer.kernel
        span = (width - 1) * layer.dilation[1] + 1
        if height > self.rows:
            return f"its filters have {height} rows, the array has {self.rows}"
        if (
            width * self.mac.bits > self.block.filter_spad * 8
            or span * self.mac.bits > self.block.input_spad * 8
        ):
            return f"a filter row of {width} weights over {span} inputs does not fit the scratchpads of a PE"
        return None

    def geometry(self, bits: int, zeros: tuple[float | None, float | None]) -> PassArray:
        """Return the geometry for a layer of that format; its zero inputs and outputs may be known."""
        block = self.block
        return PassArray(
            rows=self.rows,
            columns=self.columns,
            filter_words=block.filter_spad * 8 // self.mac.bits,
            input_words=block.input_spad * 8 // self.mac.bits,
            sum_words=block.sum_spad * 8 // self.mac.sum_bits,
            filter_buffer_bits=block.filter_buffer * 8,
            filter_bus_bits=block.filter_bus,
            input_bus_bits=block.input_bus,
            sum_bus_bits=block.sum_bus,
            allocation_bits=block.allocation * 8,
            whole_blocks=block.whole_blocks,
            coded_bits=(self._coded(bits, zeros[0]), self._coded(bits, zeros[1])),
        )

    def _coded(self, bits: int, zeros: float | None) -> Fraction | None:
        fits = bits + _RUN_BITS < _CODE_WORD_BITS
        if not (self.block.run_length_coding and fits) or zeros is None:
            return None
        return min(coded_bits(bits, zeros), Fraction(bits))

    def counts(self, work: Work, active_macs: int) -> Mapping[str, int]:
        """Count operations and scratchpad, bus and clock actions.

        A gated MAC (zero input) neither reads its filter nor touches its sum; the input is read to know it.
        Every sum that enters a PE from outside is added to the PE's own by the same adder.
        """
        return {
            "mac.add": active_macs + work.sum_hops,
            "filter_spad.read": active_macs,
            "filter_spad.write": work.weight_copies,
            "input_spad.read": work.macs,
            "input_spad.write": work.input_copies,
            "sum_spad.read": active_macs + work.sum_hops,
            "sum_spad.write": active_macs,
            "filter_buffer.read": work.weight_reads,
            "filter_buffer.write": work.weight_writes,
            "array_bus.transfer": work.weight_copies + work.input_copies + work.sum_hops + work.output_passes,
            "clock.cycle": work.pe_cycles,
        }

    def energies(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return joules per action: words of the scratchpads and buses, PEs times cycles of the clock."""
        exact = self.mac.exact_energy(technology)
        filters, inputs, sums = (self._spad(technology, *size) for size in self._spads.values())
        buffer = sram_bank(technology, self.block.buffer_shape)
        share = f"; {self.mac.bits} of {self.block.filter_bus} b"
        return {
            "mac.add": self.mac.add_energy(technology),
            "filter_spad.read": filters[0],
            "filter_spad.write": filters[1],
            "input_spad.read": inputs[0],
            "input_spad.write": inputs[1],
            "sum_spad.read": sums[0],
            "sum_spad.write": sums[1],
            "filter_buffer.read": Sourced(
                buffer.read_j * self.mac.bits / self.block.filter_bus, buffer.source + share
            ),
            "filter_buffer.write": Sourced(
                buffer.write_j * self.mac.bits / self.block.filter_bus, buffer.source + share
            ),
            "array_bus.transfer": Sourced(
                _BUS_ENERGY_IN_MACS * exact.value,
                f"{_BUS_SOURCE}: {exact.source}",
            ),
            "clock.cycle": self._clock(technology),
        }

    def _spad(self, technology: Technology, capacity: int, width: int) -> tuple[Sourced, Sourced]:
        """Read and write of one word: an SRAM where the table has one so small, else registers."""
        if _is_sram(capacity, width):
            bank = sram_bank(technology, BankShape(capacity, width, self.block.cell))
            return Sourced(bank.read_j, bank.source), Sourced(bank.write_j, bank.source)
        word = repeated(register_energy(technology), width, "b")
        return word, word

    def _clock(self, technology: Technology) -> Sourced:
        """Energy of one cycle of a PE that is not gated off: all its register bits see the clock."""
        each = register_energy(technology)
        bits = self._register_bits
        source = (
            f"assumption: clocking a bit costs a register access, and registers are gated for whole PEs only "
            f"(the chip's paper describes no finer gating); {bits} b x {each.source}"
        )
        return Sourced(bits * each.value, source)

    @property
    def _register_bits(self) -> int:
        """Bits of the scratchpads made of registers and of the pipeline.

        The pipeline has a stage for the scratchpads (two operands) and two for the multiplier and adder (the
        whole product, the sum), as in Chen et al., JSSC 2017, section V-C [pub].
        """
        spads = self._spads.values()
        in_registers = sum(8 * capacity for capacity, width in spads if not _is_sram(capacity, width))
        return in_registers + 2 * self.mac.bits + 2 * self.mac.bits + self.mac.sum_bits

    def area(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return mm2 of multipliers, adders, registers, filter scratchpads and the filter buffer."""
        per_pe = {
            **self.mac.areas(technology),
            "registers": repeated(register_area(technology), self._register_bits, "b"),
        }
        for name, bank in self._spad_banks(technology).items():
            per_pe[name] = Sourced(bank.area_mm2, bank.source)
        buffer = sram_bank(technology, self.block.buffer_shape)
        areas = {part: repeated(each, self.rows * self.columns, "PEs") for part, each in per_pe.items()}
        return areas | {"filter_buffer": Sourced(buffer.area_mm2, buffer.source)}

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return leakage in watts of the logic by its area, of the SRAM scratchpads and the filter buffer."""
        powers = dict(logic_leakage(self.area(technology)))
        for name, bank in self._spad_banks(technology).items():
            powers[name] = repeated(
                Sourced(bank.leakage_w, bank.leakage_source), self.rows * self.columns, "PEs"
            )
        buffer = sram_bank(technology, self.block.buffer_shape)
        return powers | {"filter_buffer": Sourced(buffer.leakage_w, buffer.leakage_source)}

    @property
    def _spads(self) -> Mapping[str, tuple[int, int]]:
        """Capacity in bytes and width in bits of each scratchpad."""
        return {
            "filter_spad": (self.block.filter_spad, self.mac.bits),
            "input_spad": (self.block.input_spad, self.mac.bits),
            "sum_spad": (self.block.sum_spad, self.mac.sum_bits),
        }

    def _spad_banks(self, technology: Technology) -> Mapping[str, SramBank]:
        """The scratchpads that are SRAM."""
        return {
            name: sram_bank(technology, BankShape(*size, self.block.cell))
            for name, size in self._spads.items()
            if _is_sram(*size)
        }


def _is_sram(capacity: int, width: int) -> bool:
    """Tell whether a scratchpad is an SRAM: the smallest that the table has, or larger."""
    return capacity >= smallest_bank_bytes(max(width, 8))


def coded_bits(bits: int, zeros: float) -> Fraction:
    """Return the expected bits per value of a run-length code, for independent zeros.

    A symbol is a run of at most 31 zeros (5 b) and the value behind it (``bits``); as many as fit share a
    word of 64 b with one bit that ends the code (Chen et al., JSSC 52(1), 2017, section IV-B [pub]). A symbol
    covers ``(1 - z^32) / (1 - z)`` values on average.
    """
    share = Fraction(repr(zeros))
    per_word = (_CODE_WORD_BITS - 1) // (bits + _RUN_BITS)
    symbol = Fraction(_CODE_WORD_BITS, per_word)
    return symbol * (1 - share) / (1 - share ** (1 << _RUN_BITS))
