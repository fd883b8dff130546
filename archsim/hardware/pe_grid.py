"""Sizes, formats and designs of a PE array, and the checks that tie them together."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from archsim.arithmetic.adders.base import Adder
from archsim.arithmetic.adders.exact import ExactAdder
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.arithmetic.multipliers.exact import Exact
from archsim.arithmetic.number_format import number_format
from archsim.errors import InputError
from archsim.hardware.cacti import BankShape, shape_refusal, smallest_bank_bytes
from archsim.hardware.compute.base import ComputeUnit
from archsim.hardware.cost import Work
from archsim.hardware.flows import Flow, flow, known_flow
from archsim.hardware.mac import Mac
from archsim.hardware.pe_macs import ColumnMultiplier, LayerMultiplier, PeMacs
from archsim.hardware.row_stationary import RowStationary, RowStationaryPes
from archsim.hardware.stated import ANY_CONVOLUTION, ActionEnergies, refuse_unknown_actions
from archsim.hardware.systolic import SystolicPes
from archsim.registry import Kind
from archsim.units import Capacity, text_default


class PeGrid(ComputeUnit):
    """Rows and columns of PEs: what they hold and how their operands lie."""

    rows: int = Field(ge=1, examples=[32])
    """PEs in a column."""

    columns: int = Field(ge=1, examples=[32])
    """PEs in a row."""

    dataflow: str = Field(examples=["weight_stationary"])
    """Which operand stays in the PEs: weight_stationary, output_stationary, input_stationary, ..."""

    number_format: str = "int8"
    """Format of weights and inputs, and the width of multipliers and operand registers."""

    multiplier: Annotated[Multiplier, Kind("multipliers")] = Field(default_factory=Exact)
    """Design of the multipliers."""

    layer_multipliers: tuple[LayerMultiplier, ...] = ()
    """Multipliers of some layers, by name or operation; the first match wins. A PE holds one of each."""

    column_multipliers: tuple[ColumnMultiplier, ...] = ()
    """Multipliers by columns, from the first one on, in place of ``multiplier``.

    Output channel m of a group lies in column m modulo the columns."""

    clock_follows_multiplier: bool = False
    """The cycle shrinks, or grows, with the multiplier's delay; ``clock`` is that with exact multipliers."""

    multiplier_share_of_cycle: float | None = Field(default=None, gt=0, le=1)
    """Part of the cycle that an exact multiplier takes, where the clock follows the multiplier."""

    accumulator: str = "int32"
    """Format of partial sums, and the width of adders and of the port of the partial-sum memory."""

    accumulator_adder: Annotated[Adder, Kind("adders")] = Field(default_factory=ExactAdder)
    """Design of the adders of partial sums."""

    accumulator_capacity: Annotated[Capacity, Field(gt=0)] = text_default("32 KiB")
    """Partial-sum memory of the whole array, in equal SRAM banks; a row-stationary array has none."""

    accumulator_banks: int = Field(default=1, ge=1)
    """Banks of partial sums per column; more of them where one would be larger than the SRAM table goes."""

    row_stationary: RowStationary | None = None
    """Scratchpads and networks of the PEs, with ``dataflow: row_stationary`` alone."""

    depthwise_packing: bool = False
    """Channels of a depthwise convolution lie side by side in the columns; needs an input feed per column.

    Has no effect on an input-stationary array, whose columns hold pixels."""

    zero_gating: bool = False
    """Multiplier and adder hold still where the input is zero: saves energy, no time."""

    action_energies: ActionEnergies = None
    """Energy of one action in place of the tables', by name (``mac.multiply``)."""

    @field_validator("dataflow")
    @classmethod
    def _known_dataflow(cls, dataflow: str) -> str:
        return known_flow(dataflow)

    @field_validator("number_format", "accumulator")
    @classmethod
    def _known_format(cls, name: str) -> str:
        return number_format(name).name

    @model_validator(mode="after")
    def _check_row_stationary(self) -> PeGrid:
        block = self.row_stationary
        if (block is not None) != self._flow.in_passes:
            needs = "needs" if block is None else "has no use for"
            message = f"dataflow {self.dataflow} {needs} the block row_stationary"
            raise InputError(message, field="dataflow" if block is None else "row_stationary")
        if block is not None:
            block.check(self._bits, self._accumulator_bits)
            for name in {
                "accumulator_capacity",
                "accumulator_banks",
                "depthwise_packing",
            } & self.model_fields_set:
                raise InputError("a row-stationary array has none", field=name)
        return self

    @model_validator(mode="after")
    def _check_arithmetic(self) -> PeGrid:
        across = None if self._flow.in_passes else self._flow.across_columns
        self._macs.check_columns(across, stated_multiplier=self.multiplier != Exact())
        self._macs.check(
            self.action_energies or (),
            self.multiplier_share_of_cycle,
            in_passes=self._flow.in_passes,
            follows=self.clock_follows_multiplier,
        )
        actions = self.counts(ANY_CONVOLUTION, Work())
        refuse_unknown_actions(self.action_energies, actions, "action_energies")
        return self

    @model_validator(mode="after")
    def _check_sizes(self) -> PeGrid:
        if self.row_stationary is not None:
            return self
        if self._accumulator_bits < 2 * self._bits:
            raise InputError(
                f"{self.accumulator} cannot hold a product of two {self.number_format}", field="accumulator"
            )
        refused = shape_refusal(self._accumulator_bank)
        if refused:
            message = f"partial sums of a column: {refused}; use more accumulator_banks"
            raise InputError(message, field="accumulator_capacity")
        return self

    @property
    def _bits(self) -> int:
        return number_format(self.number_format).bits

    @property
    def _accumulator_bits(self) -> int:
        return number_format(self.accumulator).bits

    @cached_property
    def _fitted(self) -> list[Mac]:
        # A copy of the unit with other designs shares the list.
        return []

    @property
    def _macs(self) -> PeMacs:
        widths = self._bits, self._accumulator_bits, self.columns
        by_rules = self.layer_multipliers, self.column_multipliers
        return PeMacs(*widths, self.multiplier, self.accumulator_adder, *by_rules, self._fitted)

    @property
    def _flow(self) -> Flow:
        return flow(self.dataflow)

    @property
    def _pes(self) -> SystolicPes | RowStationaryPes:
        size, mac = (self.rows, self.columns), self._macs
        if self.row_stationary is not None:
            return RowStationaryPes(*size, mac, self.row_stationary)
        held = frozenset({self._flow.across_rows, self._flow.across_columns})
        return SystolicPes(*size, mac, held, self._accumulator_bank, self._all_accumulator_banks)

    @property
    def _all_accumulator_banks(self) -> int:
        return self.columns * self.accumulator_banks

    @property
    def _accumulator_bank(self) -> BankShape:
        share = -(-self.accumulator_capacity // self._all_accumulator_banks)
        return BankShape(max(share, smallest_bank_bytes(self._accumulator_bits)), self._accumulator_bits)
