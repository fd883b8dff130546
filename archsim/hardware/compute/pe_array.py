"""A systolic array of processing elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from archsim.arithmetic.macs import MacFunction
from archsim.arithmetic.number_format import fits_integers, number_format
from archsim.errors import ArchsimError
from archsim.hardware.cost import Array, Operands, PassArray, Sourced, Work
from archsim.hardware.mac import Design
from archsim.hardware.pe_grid import PeGrid
from archsim.hardware.row_stationary import RowStationaryPes
from archsim.hardware.stated import (
    with_stated,
)
from archsim.hardware.systolic import SystolicPes
from archsim.hardware.technology import Technology, arithmetic_energy
from archsim.workload.layer import Layer, Op

_FUSED_COMPARISONS: Mapping[str, int] = {"relu": 1, "relu6": 2, "leaky_relu": 1}


class PeArray(PeGrid, kind="pe_array"):
    """A systolic array: one multiply-accumulate per PE and cycle, partial sums kept in a memory per column.

    Each MAC accesses three registers once: an operand whose two dimensions lie across rows and columns is
    read from the register that holds it; one that moves, and the partial sum, is written to the next one.
    A flip-flop drives the logic behind it, so a moving operand has no read of its own. Loading a stationary
    operand writes it once; the shifts that bring it to its row are left out, as are requantization, control,
    the clock tree and the wires. With ``dataflow: row_stationary`` the PEs have scratchpads instead
    (:class:`archsim.hardware.row_stationary.RowStationary`).
    """

    @property
    def clock_hz(self) -> int:
        """Clock in hertz: as stated, or as fast as the multiplier lets the slowest path be."""
        share = self.multiplier_share_of_cycle
        return self.clock if share is None else int(self.clock / self._macs.cycle_factor(share))

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
        geometry, cycles = self._flow, self._macs.cycles(layer)
        if geometry.in_passes:
            raise ArchsimError(f"dataflow {self.dataflow} maps in passes, not in folds")
        overhead_cycles = geometry.overhead_cycles(self.rows, self.columns)
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
            packs_groups=self._packs_groups(layer),
        )

    def _packs_groups(self, layer: Layer) -> bool:
        if not self.depthwise_packing or self._flow.across_columns != "filters":
            return False
        return layer.is_depthwise and layer.gemm.filters == 1

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
            **self._macs.counts(layer, active, self._packs_groups(layer)),
            **self._pes.counts(work, active),
            "activation.compare": work.elements * _FUSED_COMPARISONS.get(layer.function or "", 1),
            "activation.multiply": work.elements if scales else 0,
        }

    def energies(self, technology: Technology, layer: Layer) -> Mapping[str, Sourced]:
        """Return joules per action: those of the PEs and of the comparators behind them."""
        tabulated = {
            **self._macs.energies(technology, layer),
            **self._pes.energies(technology),
            "activation.compare": arithmetic_energy(technology, "integer_add", self._bits),
            "activation.multiply": arithmetic_energy(technology, "integer_multiply", self._bits),
        }
        return with_stated(tabulated, self.action_energies)

    def designs(self) -> Mapping[str, Design]:
        """Return all multipliers and the adder of the PEs."""
        return self._macs.designs(self.clock_hz if self.clock_follows_multiplier else None)

    def mac_function(
        self,
        layer: Layer,
        seed: np.random.SeedSequence,  # noqa: ARG002
        *,
        technology: Technology | None = None,  # noqa: ARG002
        resident: Sequence[Layer] = (),  # noqa: ARG002
    ) -> MacFunction:
        """Return the multipliers that the layer uses, the adder and the width of the accumulator."""
        return self._macs.function(layer, self._packs_groups(layer))

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return leakage in watts of the logic and of the memories in and beside the PEs."""
        return self._pes.static_power(technology)

    def area(self, technology: Technology) -> Mapping[str, Sourced]:
        """Return mm2 of the logic and of the memories in and beside the PEs."""
        return self._pes.area(technology)
