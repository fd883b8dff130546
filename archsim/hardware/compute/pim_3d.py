"""3D-PIM bank group: DAC-less, digital-to-time, data-aware multiply-accumulate in 6T SRAM.

Name and headline energies: Seyedfaraji et al., IEEE Transactions on Computers 2024, whose geometry is not
public. Bit line: OPTIMA, DAC 2024 [pub]. Time-domain converters: TIMELY, ISCA 2020 [pub].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, log2
from types import MappingProxyType

import numpy as np

from archsim.errors import InputError
from archsim.hardware.bitline import optima
from archsim.hardware.bitline_macs import BitLineMacs
from archsim.hardware.cacti import SramBank, sram_bank
from archsim.hardware.converters import addition_energy, block, pulse_energy, scaled_area
from archsim.hardware.cost import Array, Operands, Sourced, Work
from archsim.hardware.pim_bank import ACCUMULATOR_BITS, FORMAT_BITS, BankGroup
from archsim.hardware.pim_cells import CellMap
from archsim.hardware.slicing import LineStatistics, Slicing
from archsim.hardware.technology import Technology, arithmetic_energy, register_energy
from archsim.workload.layer import Layer, Op

_FUSED_COMPARISONS: Mapping[str, int] = MappingProxyType({"relu": 1, "relu6": 2})
_NODE_NOTE = "65 nm (assumption: the node of the same group's designs), not scaled"


class Pim3d(BankGroup, kind="pim_3d"):
    """A group of SRAM banks that multiply by discharging their bit lines for the time that an input says.

    ``rows_per_readout`` rows share one readout; binary-weighted capacitors add the four bit lines of a word.
    Energies: discharge of the bit lines for the layer's operand statistics, one pulse generator per row, the
    converter, the addition of each code. Equations and what is left out: docs/models/pim_3d.md.
    """

    def refusal(self, layer: Layer) -> str | None:
        """Refuse what is not a matrix product of 4- or 8-bit integers, or a ReLU of its results."""
        if not (layer.is_mac or self.fuses(layer)):
            what = layer.op if layer.function is None else f"{layer.op} {layer.function}"
            return f"pim_3d executes conv2d, linear, {', '.join(_FUSED_COMPARISONS)}, not {what}"
        if layer.number_format is not None and layer.number_format not in FORMAT_BITS:
            return f"pim_3d has no {layer.number_format} operands, only {', '.join(FORMAT_BITS)}"
        if self.slicing(layer).words > self.words:
            return f"one weight needs {self.slicing(layer).words} words, a bank has {self.words}"
        return None

    def operands(self, layer: Layer) -> Operands:
        """Weights and inputs as they are sliced, outputs as wide as inputs; sums of 32 b."""
        slicing = self.slicing(layer)
        return Operands(slicing.weight_bits, slicing.input_bits, slicing.input_bits, ACCUMULATOR_BITS)

    def array(self, layer: Layer, *, resident: bool) -> Array:
        """Folds of N depth values by the bank's columns; pixels stream; banks work in parallel.

        A pass has two cycles beside its steps: the first discharge, and the last addition.
        """
        slicing = self.slicing(layer)
        return Array(
            across_rows="depth",
            across_columns="filters",
            streamed="pixels",
            rows=self.rows_per_readout,
            columns=self.columns(slicing),
            overhead_cycles=2,
            step_cycles=self.step_cycles(slicing),
            parallel_folds=self._banks_at_work(layer, resident),
            sums_in_place=True,
        )

    def _banks_at_work(self, layer: Layer, resident: bool) -> int:
        if not resident:
            return max(1, self.banks // 2) if self.double_buffering else self.banks
        product = layer.gemm
        across = ceil(product.filters / self.columns(self.slicing(layer)))
        rows = self.rows if self.layout == "packed" else self.rows_per_readout
        return min(self.banks, product.groups * across * ceil(product.depth / rows))

    def keeps_resident(self, layers: Sequence[Layer]) -> bool:
        """Tell whether every fold of all layers has N rows of a bank of its own, and ``weights`` allows it.

        Raises
        ------
        InputError
            If ``weights`` is ``resident`` and they do not fit; `field` is `banks`.
        """
        needed = sum(self.folds(layer) for layer in layers)
        held = self.rows // self.rows_per_readout
        if self.weights == "resident" and needed > self.banks * held:
            raise InputError(f"resident weights need {ceil(needed / held)} banks", field="banks")
        return self.weights != "reload" and needed <= self.banks * held

    def mac_function(
        self,
        layer: Layer,
        seed: np.random.SeedSequence,
        *,
        technology: Technology | None = None,
        resident: Sequence[Layer] = (),
    ) -> BitLineMacs:
        """Return the readouts that :meth:`counts` counts, with the same N, T0, full scale and converter.

        Without a technology at 25 C. A macro with measured figures has drops in proportion to the sums, as
        its energies have.
        """
        slicing = self.slicing(layer)
        line = self.shared_line if technology is None else self.readout_at(technology.temperature)
        readout = (
            line.readout(mismatch=self.mismatch) if self.measured is None else line.proportional_readout()
        )
        cells = self._cells(slicing, layer, seed, resident) if self.mismatch else None
        return BitLineMacs(readout, slicing, self.rows_per_readout, cells)

    def _cells(
        self, slicing: Slicing, layer: Layer, seed: np.random.SeedSequence, resident: Sequence[Layer]
    ) -> CellMap:
        """Where the layer's weights lie: behind those of the resident layers before it."""
        names = [one.name for one in resident]
        before = resident[: names.index(layer.name)] if layer.name in names else ()
        return CellMap(
            seed,
            *(self.banks, self.rows, self.words, self.word_bits),
            self.rows_per_readout,
            self.columns(slicing),
            slicing.words * slicing.word_bits,
            self.layout == "interleaved",
            sum(self.folds(one) for one in before),
        )

    def folds(self, layer: Layer) -> int:
        """Groups of N rows of a bank that hold a layer's weights."""
        product = layer.gemm
        across = ceil(product.filters / self.columns(self.slicing(layer)))
        return product.groups * across * ceil(product.depth / self.rows_per_readout)

    def fuses(self, layer: Layer) -> bool:
        """Tell whether the comparators behind the converters apply it: relu and relu6."""
        return layer.op is Op.ACTIVATION and layer.function in _FUSED_COMPARISONS

    def streaming_cycles(self, layer: Layer, elements: int) -> int:  # noqa: ARG002
        """Return the cycles of a ReLU that is not fused: one element per converter and cycle."""
        return ceil(elements / (self.banks * self.converters))

    def counts(self, layer: Layer, work: Work) -> Mapping[str, int]:
        """Count every discharge, pulse, conversion and addition; codes of all slices are added one by one."""
        compared = {"output.compare": work.elements * _FUSED_COMPARISONS.get(layer.function or "", 1)}
        if not layer.is_mac:
            return compared
        slicing = self.slicing(layer)
        return compared | {
            "array.discharge": work.output_passes * slicing.discharges,
            "dtc.convert": work.input_reads * slicing.passes,
            "converter.convert": work.output_passes * slicing.conversions,
            "digital.accumulate": work.output_passes * slicing.conversions,
            "digital.merge": work.outputs * (self._row_blocks(layer) - 1),
            "array.write": work.weight_writes * slicing.words * self.word_bits,
            "accumulator.read": work.accumulator_reads,
            "accumulator.write": work.accumulator_writes,
        }

    def energies(self, technology: Technology, layer: Layer) -> Mapping[str, Sourced]:
        """Energy of each action in joules.

        The array's energies are at its own voltage and at OPTIMA's node, not scaled: what sets them is the
        swing that the converter needs, and scaling them as logic would be optimistic.
        """
        compared = {"output.compare": arithmetic_energy(technology, "integer_add", ACCUMULATOR_BITS)}
        if not layer.is_mac:
            return compared
        line = self.readout_at(technology.temperature).line
        read, write = self._sum_access_energies(technology)
        shared = {
            "digital.accumulate": addition_energy(technology, self.adder, self._sum_bits(layer, self.rows)),
            "digital.merge": addition_energy(technology, self.adder, self._sum_bits(layer, layer.gemm.depth)),
            "array.write": Sourced(
                line.write_energy_j(), f"{optima().source}, E_write per cell; {_NODE_NOTE}"
            ),
            "accumulator.read": read,
            "accumulator.write": write,
        }
        return compared | shared | self._analog_energies(technology, layer)

    def _analog_energies(self, technology: Technology, layer: Layer) -> dict[str, Sourced]:
        """Energies around a readout: of the modelled circuits, or what a macro's paper gives."""
        seen, macro = self._statistics(layer), self.measured
        if macro is None:
            return {
                "array.discharge": self._discharge_energy(technology, layer, seen),
                "dtc.convert": pulse_energy(technology),
                "converter.convert": self.converter.energy(technology),
            }
        accumulation = macro.accumulation()
        return {
            "array.discharge": macro.line_energy(
                seen, self.rows_per_readout, layer.gemm.depth, self.word_bits
            ),
            "dtc.convert": Sourced(0.0, f"{macro.source}: part of the readout"),
            "converter.convert": macro.conversion(),
        } | ({} if accumulation is None else {"digital.accumulate": accumulation})

    def _sum_access_energies(self, technology: Technology) -> tuple[Sourced, Sourced]:
        """Reading and writing a partial sum; a macro with measured figures keeps it in registers."""
        if self.measured is None:
            sums = sram_bank(technology, self.sums_shape)
            return Sourced(sums.read_j, sums.source), Sourced(sums.write_j, sums.source)
        bit = register_energy(technology)
        word = Sourced(ACCUMULATOR_BITS * bit.value, f"{ACCUMULATOR_BITS} b x {bit.source}")
        return word, word

    def _statistics(self, layer: Layer) -> LineStatistics:
        zeros = layer.weight_sparsity, layer.activation_sparsity
        return self.slicing(layer).statistics(self.operand_statistics, *zeros)

    def _discharge_energy(self, technology: Technology, layer: Layer, seen: LineStatistics) -> Sourced:
        mean = self.readout_at(technology.temperature).mean_energy_j(seen.lines, layer.gemm.depth)
        return Sourced(mean, f"{optima().source}, E_dis; {_NODE_NOTE}; {seen.source}")

    def _sum_bits(self, layer: Layer, rows: int) -> int:
        """Width of a sum over ``rows``: the code, the readouts, the shifts of the slices, the sign."""
        readouts = ceil(min(rows, layer.gemm.depth) / self.rows_per_readout)
        return self.converter.bits + ceil(log2(readouts)) + self.slicing(layer).shift_bits

    def _row_blocks(self, layer: Layer) -> int:
        """Bank columns over which an output's depth is split; their sums are merged at the group's edge."""
        return ceil(layer.gemm.depth / self.rows)

    def static_power(self, technology: Technology) -> Mapping[str, Sourced]:
        """Leakage in watts of the cells, gated or not, and of the partial-sum SRAM.

        Nothing for a macro with measured figures, which are of the supply's whole current.
        """
        if self.measured is not None:
            return {}
        bank, sums = sram_bank(technology, self.bank_shape), sram_bank(technology, self.sums_shape)
        return {
            "array": self._cell_leakage(bank),
            "accumulator": Sourced(sums.leakage_w, sums.leakage_source),
        }

    def _cell_leakage(self, bank: SramBank) -> Sourced:
        watts, source = self.banks * bank.leakage_w, f"{self.banks} banks x {bank.leakage_source}"
        if not self.power_gating or self.gated_leakage_fraction is None:
            return Sourced(watts, source)
        kept = self.gated_leakage_fraction
        return Sourced(watts * kept, f"assumption: power gating leaves {kept:g}, as configured, of {source}")

    def area(self, technology: Technology) -> Mapping[str, Sourced]:
        """Area in mm2 of cells, pulse generators, converters and partial sums; capacitors have no source.

        Of a macro with measured figures, what its paper gives.
        """
        if self.measured is not None:
            return self.measured.areas()
        bank, sums = sram_bank(technology, self.bank_shape), sram_bank(technology, self.sums_shape)
        parts = {
            "array": Sourced(self.banks * bank.area_mm2, f"{self.banks} banks x {bank.source}"),
            "dtc": scaled_area(technology, block("dtc", 8), self.banks * self.rows),
            "converter": self.converter.area(technology, self.banks * self.converters),
            "accumulator": Sourced(sums.area_mm2, sums.source),
        }
        return {name: area for name, area in parts.items() if area is not None}
