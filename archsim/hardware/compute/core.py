"""An in-order core with a vector unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from pydantic import Field, field_validator, model_validator

from archsim.arithmetic.number_format import fits_integers, number_format
from archsim.errors import InputError
from archsim.hardware.cacti import BankShape, shape_refusal, sram_bank
from archsim.hardware.compute.base import ComputeUnit
from archsim.hardware.cost import Array, Operands, Sourced, Work
from archsim.hardware.datatables import read_rows
from archsim.hardware.logic import logic_leakage, repeated
from archsim.hardware.technology import (
    Technology,
    arithmetic_area,
    arithmetic_energy,
    register_area,
    register_energy,
)
from archsim.units import Capacity, text_default
from archsim.workload.layer import Layer

_TABLE = "core_instructions.csv"
_SCALAR_BITS = 32
_ACCUMULATOR_BITS = 32
_REGISTERS_PER_INSTRUCTION = 3


@dataclass(frozen=True, slots=True)
class Instructions:
    """Instructions that one vector of output elements (one step of a layer with MACs) takes, by kind."""

    loads: int = 0
    adds: int = 0
    multiplies: int = 0
    stores: int = 0
    control: int = 0

    @property
    def vector(self) -> int:
        """Instructions that act on all lanes."""
        return self.loads + self.adds + self.multiplies + self.stores

    @property
    def total(self) -> int:
        """All instructions, which at one per cycle are the cycles."""
        return self.vector + self.control


class Core(ComputeUnit, kind="core"):
    """An in-order core with SIMD lanes that completes one instruction per cycle (CPI 1, no cache misses).

    Each layer type is a loop of a fixed number of instructions per vector of outputs, listed with its reason
    in the core_instructions table. An instruction costs its fetch, three register operands and its operation;
    loads and stores access the data buffer. The operands come and go over a link. Left out: decode, pipeline
    control and clock, for which no source was found; loop set-up; requantization between layers; the widening
    of products, so layers with MACs come out optimistic.
    """

    lanes: int = Field(default=16, ge=1)
    """Elements per vector; assumption: 128 b vectors of 8 b elements, as common SIMD extensions have."""

    number_format: str = "int8"
    """Format of the elements."""

    instruction_capacity: Capacity = text_default("16 KiB")
    """Instruction cache; assumption: a common size of embedded cores."""

    data_capacity: Capacity = text_default("16 KiB")
    """Data buffer that holds a streaming tile; assumption: a common size of embedded cores."""

    vector_registers: int = Field(default=32, ge=3)
    """Registers of one vector each, for area and leakage; assumption: as common SIMD extensions have."""

    @field_validator("number_format")
    @classmethod
    def _known_format(cls, name: str) -> str:
        return number_format(name).name

    @model_validator(mode="after")
    def _check_memories(self) -> Core:
        shapes = {"instruction_capacity": self._instruction_memory, "data_capacity": self._data_memory}
        for field, shape in shapes.items():
            refused = shape_refusal(shape)
            if refused:
                raise InputError(refused, field="lanes" if refused.startswith("a port") else field)
        return self

    @property
    def stages_in_memory(self) -> bool:
        """False: the operands come and go over a link."""
        return False

    @property
    def streaming_capacity_bits(self) -> int:
        """Room of the data buffer, through which the blocks of layers without MACs pass."""
        return self.data_capacity * 8

    @property
    def multipliers(self) -> int:
        """One multiplier per lane."""
        return self.lanes

    @property
    def _bits(self) -> int:
        return number_format(self.number_format).bits

    @property
    def _instruction_memory(self) -> BankShape:
        return BankShape(self.instruction_capacity, _SCALAR_BITS)

    @property
    def _data_memory(self) -> BankShape:
        return BankShape(self.data_capacity, self.lanes * self._bits)

    def instructions(self, layer: Layer) -> Instructions:
        """Return the instructions per vector of outputs, or per step where the layer has MACs.

        Raises
        ------
        InputError
            If the table has no loop for the layer.
        """
        units = {
            "vector": 1,
            "step": 1,
            "tap": layer.kernel[0] * layer.kernel[1],
            "input": len(layer.inputs),
            "operation": layer.operations,
        }
        rows = _rows(layer)
        if not rows:
            raise InputError(f"no instruction counts for {_described(layer)}")
        kinds = [field.name for field in fields(Instructions)]
        return Instructions(*(sum(int(row[kind]) * units[row["per"]] for row in rows) for kind in kinds))

    def refusal(self, layer: Layer) -> str | None:
        """Tell which layers have no loop in the table or are wider than the lanes."""
        if not _rows(layer):
            return f"a core has no loop for {_described(layer)}"
        if layer.number_format and not fits_integers(layer.number_format, self._bits):
            return f"the layer needs {layer.number_format}, the lanes are {self.number_format}"
        return None

    def operands(self, layer: Layer) -> Operands:
        """Return the widths of the layer's own format where it has one, else of the core's."""
        bits = number_format(layer.number_format or self.number_format).bits
        return Operands(bits, bits, bits, _ACCUMULATOR_BITS)

    def array(self, layer: Layer, *, resident: bool) -> Array:  # noqa: ARG002
        """Return one pixel times one vector of filters; the epilogue of a sum takes as long as a step.

        Sums stay in vector registers. The epilogue has the mix of a step: load bias and scale, multiply,
        shift, store, loop control.
        """
        step = self.instructions(layer).total
        return Array(
            across_rows="pixels",
            across_columns="filters",
            streamed="depth",
            rows=1,
            columns=self.lanes,
            overhead_cycles=step,
            step_cycles=step,
            sums_in_place=True,
        )

    def streaming_cycles(self, layer: Layer, elements: int) -> int:
        """Return vectors of outputs times instructions."""
        return -(-elements // self.lanes) * self.instructions(layer).total

    def counts(self, layer: Layer, work: Work) -> Mapping[str, int]:
        """Return instructions by kind: the busy cycles are their sum, in the proportions of the layer's loop.

        A vector instruction counts once per lane where it computes, whether or not all lanes have work.
        """
        loop = self.instructions(layer)
        rounds = work.cycles // loop.total
        return {
            "core.instruction_fetch": work.cycles,
            "core.register_access": _REGISTERS_PER_INSTRUCTION
            * rounds
            * (loop.vector * self.lanes * self._bits + loop.control * _SCALAR_BITS),
            "core.add": rounds * loop.adds * self.lanes,
            "core.multiply": rounds * loop.multiplies * self.lanes,
            "core.control": rounds * loop.control,
            "core.load": rounds * loop.loads,
            "core.store": rounds * loop.stores,
        }

    def energies(self, technology: Technology, layer: Layer) -> Mapping[str, Sourced]:
        """Return joules per action: registers per bit, adds and multiplies per lane, the rest per access."""
        fetch = sram_bank(technology, self._instruction_memory)
        data = sram_bank(technology, self._data_memory)
        add_bits = _ACCUMULATOR_BITS if layer.is_mac else self._bits
        return {
            "core.instruction_fetch": Sourced(fetch.read_j, fetch.source),
            "core.register_access": register_energy(technology),
            "core.add": arithmetic_energy(technology, "integer_add", add_bits),
            "core.multiply": arithmetic_energy(technology, "integer_multiply", self._bits),
            "core.control": arithmetic_energy(technology, "integer_add", _SCALAR_BITS),
            "core.load": Sourced(data.read_j, data.source),
            "core.store": Sourced(data.write_j, data.source),
        }

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return leakage in watts of lanes, registers, instruction cache and data buffer."""
        fetch = sram_bank(technology, self._instruction_memory)
        data = sram_bank(technology, self._data_memory)
        return {
            **logic_leakage(self.area(technology)),
            "instruction_cache": Sourced(fetch.leakage_w, fetch.leakage_source),
            "data_buffer": Sourced(data.leakage_w, data.leakage_source),
        }

    def area(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return the area in mm2 of lanes, vector registers, instruction cache and data buffer."""
        fetch = sram_bank(technology, self._instruction_memory)
        data = sram_bank(technology, self._data_memory)
        per_lane = {
            "multipliers": arithmetic_area(technology, "integer_multiply", self._bits),
            "adders": arithmetic_area(technology, "integer_add", _ACCUMULATOR_BITS),
        }
        register_bits = self.vector_registers * self.lanes * self._bits
        return {part: repeated(area, self.lanes, "lanes") for part, area in per_lane.items()} | {
            "registers": repeated(register_area(technology), register_bits, "b"),
            "instruction_cache": Sourced(fetch.area_mm2, fetch.source),
            "data_buffer": Sourced(data.area_mm2, data.source),
        }


def _rows(layer: Layer) -> list[Mapping[str, str]]:
    wanted = layer.op.value, layer.function or ""
    return [row for row in read_rows(_TABLE) if (row["op"], row["function"]) == wanted]


def _described(layer: Layer) -> str:
    return str(layer.op) if layer.function is None else f"{layer.op} {layer.function}"
