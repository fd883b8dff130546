"""A systolic array of processing elements."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from archsim.arithmetic.adders.base import Adder
from archsim.arithmetic.adders.exact import ExactAdder
from archsim.arithmetic.multipliers.base import Multiplier
from archsim.arithmetic.multipliers.exact import Exact
from archsim.arithmetic.number_format import fits_integers, number_format
from archsim.errors import ArchsimError, InputError
from archsim.hardware.cacti import BankShape, shape_refusal, smallest_bank_bytes
from archsim.hardware.compute.base import ComputeUnit
from archsim.hardware.cost import Array, Operands, PassArray, Sourced, Work
from archsim.hardware.flows import Flow, flow, known_flow
from archsim.hardware.mac import Design, Mac
from archsim.hardware.row_stationary import RowStationary, RowStationaryPes
from archsim.hardware.stated import (
    ANY_CONVOLUTION,
    ActionEnergies,
    refuse_unknown_actions,
    with_stated,
)
from archsim.hardware.systolic import SystolicPes
from archsim.hardware.technology import Technology, arithmetic_energy
from archsim.registry import Kind
from archsim.units import Capacity, text_default
from archsim.workload.layer import Layer, Op

_FUSED_COMPARISONS: Mapping[str, int] = {"relu": 1, "relu6": 2, "leaky_relu": 1}


class PeArray(ComputeUnit, kind="pe_array"):
    """A systolic array: one multiply-accumulate per PE and cycle, partial sums kept in a memory per column.

    Each MAC accesses three registers once: an operand whose two dimensions lie across rows and columns is
    read from the register that holds it; one that moves, and the partial sum, is written to the next one.
    A flip-flop drives the logic behind it, so a moving operand has no read of its own. Loading a stationary
    operand writes it once; the shifts that bring it to its row are left out, as are requantization, control,
    the clock tree and the wires. With ``dataflow: row_stationary`` the PEs have scratchpads instead
    (:class:`archsim.hardware.row_stationary.RowStationary`).
    """

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
    def _check_row_stationary(self) -> PeArray:
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
    def _check_arithmetic(self) -> PeArray:
        self._mac.check(self.action_energies or (), in_passes=self._flow.in_passes)
        self._mac.check_clock(self.multiplier_share_of_cycle, follows=self.clock_follows_multiplier)
        actions = self.counts(ANY_CONVOLUTION, Work())
        refuse_unknown_actions(self.action_energies, actions, "action_energies")
        return self

    @model_validator(mode="after")
    def _check_sizes(self) -> PeArray:
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
    def clock_hz(self) -> int:
        """Clock in hertz: as stated, or as fast as the multiplier lets the slowest path be."""
        share = self.multiplier_share_of_cycle
        return self.clock if share is None else int(self.clock / self._mac.cycle_factor(share))

    @property
    def overlaps_activations(self) -> bool:
        """Whether inputs and outputs move while the array computes, as a row-stationary array declares."""
        return self.row_stationary is None or self.row_stationary.overlap_activations

    @property
    def weight_capacity_bits(self) -> int | None:
        """Filters pass by the unit's memory into the filter buffer of a row-stationary array."""
        return None if self.row_stationary is None else self.row_stationary.filter_buffer * 8

    @property
    def accumulator_capacity_bits(self) -> int:
        """Bits of partial sums that the columns hold together."""
        return 0 if self.row_stationary else self.accumulator_capacity * 8

    @property
    def multipliers(self) -> int:
        """One multiplier per PE."""
        return self.rows * self.columns

    @property
    def _bits(self) -> int:
        return number_format(self.number_format).bits

    @property
    def _accumulator_bits(self) -> int:
        return number_format(self.accumulator).bits

    @cached_property
    def _last_mac(self) -> list[Mac]:
        return []

    @property
    def _mac(self) -> Mac:
        mac = Mac(self._bits, self._accumulator_bits, self.multiplier, self.accumulator_adder)
        # Fitting a table reads it; a copy of the unit with other designs shares the list.
        if not (self._last_mac and self._last_mac[0].is_same(mac)):
            self._last_mac[:] = [mac]
        return self._last_mac[0]

    @property
    def _flow(self) -> Flow:
        return flow(self.dataflow)

    @property
    def _pes(self) -> SystolicPes | RowStationaryPes:
        size, mac = (self.rows, self.columns), self._mac
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

    def refusal(self, layer: Layer) -> str | None:
        """Tell what is not a convolution, linear layer or fusible activation, or is too wide."""
        if not (layer.is_mac or self.fuses(layer)):
            what = layer.op if layer.function is None else f"{layer.op} {layer.function}"
            return f"a pe_array executes conv2d, linear, {', '.join(_FUSED_COMPARISONS)}, not {what}"
        if layer.number_format and not fits_integers(layer.number_format, self._bits):
            return f"the layer needs {layer.number_format}, the multipliers are {self.number_format}"
        pes = self._pes
        return pes.refusal(layer) if layer.is_mac and isinstance(pes, RowStationaryPes) else None

    def fuses(self, layer: Layer) -> bool:
        """Tell whether the comparators behind the columns apply it: relu, relu6 and leaky_relu."""
        return layer.op is Op.ACTIVATION and layer.function in _FUSED_COMPARISONS

    def operands(self, layer: Layer) -> Operands:
        """Return the widths of the layer's own format where it has one, else of the array's."""
        bits = number_format(layer.number_format or self.number_format).bits
        return Operands(bits, bits, bits, self._accumulator_bits)

    def array(self, layer: Layer, *, resident: bool) -> Array:  # noqa: ARG002
        """Return the dataflow's folds; a layer takes one cycle less than their sum, as SCALE-Sim counts.

        A single PE has no fill from which to take that cycle. Groups lie side by side only where the columns
        hold filters. A multiplier of several cycles makes every step as long.
        """
        geometry, cycles = self._flow, self._mac.cycles
        if geometry.in_passes:
            raise ArchsimError(f"dataflow {self.dataflow} maps in passes, not in folds")
        overhead_cycles = geometry.overhead_cycles(self.rows, self.columns)
        one_filter_each = layer.is_depthwise and layer.gemm.filters == 1
        packs = self.depthwise_packing and one_filter_each and geometry.across_columns == "filters"
        return Array(
            across_rows=geometry.across_rows,
            across_columns=geometry.across_columns,
            streamed=geometry.streamed,
            rows=self.rows,
            columns=self.columns,
            overhead_cycles=cycles * overhead_cycles,
            step_cycles=cycles,
            uncounted_cycles=cycles if overhead_cycles else 0,
            sums_in_place=geometry.sums_in_place,
            packs_groups=packs,
        )

    def passes(self, layer: Layer, output_zeros: float | None = None) -> PassArray | None:
        """Return the scratchpads and networks of a row-stationary array."""
        pes = self._pes
        if isinstance(pes, SystolicPes):
            return None
        return pes.geometry(self.operands(layer).input_bits, (layer.activation_sparsity, output_zeros))

    def streaming_cycles(self, layer: Layer, elements: int) -> int:  # noqa: ARG002
        """Return the cycles at one element per column and cycle."""
        return -(-elements // self.columns)

    def counts(self, layer: Layer, work: Work) -> Mapping[str, int]:
        """Return operations, bits through the PE registers, partial sums in and out of the columns."""
        # The decimal text is the sparsity as written; its binary value would floor 0.29 x 100 to 28.
        sparsity = Fraction(repr(layer.activation_sparsity or 0.0)) if self.zero_gating else Fraction(0)
        active = work.macs - int(work.macs * sparsity)
        scales = layer.function == "leaky_relu"
        return {
            **self._pes.counts(work, active),
            "activation.compare": work.elements * _FUSED_COMPARISONS.get(layer.function or "", 1),
            "activation.multiply": work.elements if scales else 0,
        }

    def energies(self, technology: Technology, layer: Layer) -> Mapping[str, Sourced]:  # noqa: ARG002
        """Return joules per action: those of the PEs and of the comparators behind them."""
        tabulated = {
            **self._pes.energies(technology),
            "activation.compare": arithmetic_energy(technology, "integer_add", self._bits),
            "activation.multiply": arithmetic_energy(technology, "integer_multiply", self._bits),
        }
        return with_stated(tabulated, self.action_energies)

    def designs(self) -> Mapping[str, Design]:
        """Return the multiplier and the adder of a PE."""
        return self._mac.designs(self.clock_hz if self.clock_follows_multiplier else None)

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return leakage in watts of the logic and of the memories in and beside the PEs."""
        return self._pes.static_power(technology)

    def area(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return mm2 of the logic and of the memories in and beside the PEs."""
        return self._pes.area(technology)
