"""What moving a bit and using a unit costs, as rates that the mapper can add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import fsum

from archsim.hardware.architecture import Architecture
from archsim.hardware.compute.base import ComputeUnit
from archsim.hardware.cost import Work
from archsim.hardware.sequencer import launch_energy
from archsim.mapping.pass_search import PassCosts
from archsim.mapping.pass_tiles import work_of
from archsim.mapping.passes import Pass
from archsim.mapping.problem import Costs
from archsim.mapping.tiles import Places
from archsim.workload.layer import Layer

_PROBE = 1 << 40


@dataclass
class Prices:
    """Energy and time per bit on every route of one architecture; remembers what it worked out."""

    architecture: Architecture
    _moves: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def move(self, source: str, destination: str) -> tuple[float, float]:
        """Joules and picoseconds per bit from one memory or unit to another; zero in place."""
        key = (source, destination)
        if source == destination:
            return 0.0, 0.0
        if key not in self._moves:
            self._moves[key] = self._price_move(source, destination)
        return self._moves[key]

    def _price_move(self, source: str, destination: str) -> tuple[float, float]:
        machine, technology = self.architecture, self.architecture.technology
        energy = 0.0
        busy: defaultdict[str, Fraction] = defaultdict(Fraction)
        for crossing in machine.crossings(source, destination):
            energies = crossing.link.energies(technology)
            counts = crossing.link.counts(_PROBE, crossing.source, crossing.destination)
            energy += sum(count * energies[name].value for name, count in counts.items()) / _PROBE
            for use in (*crossing.ports, *crossing.memories):
                busy[use.port] += 1 / use.bits_per_ps
            for use in crossing.memories:
                energy += machine.memories[use.port].energy_per_bit(technology)[use.written]
        return energy, float(max(busy.values()))

    def launch_j(self, unit: str) -> float:
        """Energy in joules of programming the transfers of one tile."""
        return self.architecture.compute[unit].launch_instructions * self._instruction_j

    @cached_property
    def _instruction_j(self) -> float:
        return launch_energy(self.architecture.technology).value

    def latency_ps(self, source: str, destination: str) -> int:
        """Time to the first word of a transfer, in picoseconds."""
        return sum(crossing.latency_ps for crossing in self.architecture.crossings(source, destination))

    @cached_property
    def static_w(self) -> float:
        """Power of the whole architecture that flows all the time, in watts."""
        machine = self.architecture
        technology = machine.technology
        powers = [
            *(memory.static_power(technology) for memory in machine.memories.values()),
            *(link.static_power(technology) for link in machine.links.values()),
            *(unit.static_power(technology) for unit in machine.compute.values()),
        ]
        return fsum(power.value for causes in powers for power in causes.values())

    def of_layer(self, layer: Layer, places: Places) -> Costs:
        """Costs of a layer with MACs whose tensors live in the given places."""
        machine = self.architecture
        unit, memory = machine.compute[places.unit], machine.memories[places.memory]
        operands = unit.operands(layer)
        read_j, write_j = memory.energy_per_bit(machine.technology)
        in_cells = unit.weight_capacity_bits is not None
        weights = self.move(places.weights, places.unit if in_cells else places.memory)
        inputs = self.move(places.inputs, places.memory)
        outputs = self.move(places.memory, places.outputs)
        reload = self.move(places.outputs, places.memory)
        weight_port_j = 0.0 if in_cells else read_j * operands.weight_bits
        unit_j = self._unit_prices(layer, unit)
        return Costs(
            fill_weight_j=weights[0],
            fill_input_j=inputs[0],
            store_output_j=outputs[0],
            spill_j=outputs[0] + reload[0] + read_j + write_j,
            mac_j=unit_j(Work(macs=_PROBE)),
            input_read_j=unit_j(Work(input_reads=_PROBE)) + read_j * operands.input_bits,
            weight_read_j=unit_j(Work(weight_reads=_PROBE)) + weight_port_j,
            pass_j=unit_j(Work(output_passes=_PROBE)),
            output_j=unit_j(Work(outputs=_PROBE)) + write_j * operands.output_bits,
            sum_read_j=unit_j(Work(accumulator_reads=_PROBE)),
            sum_write_j=unit_j(Work(accumulator_writes=_PROBE)),
            weight_write_j=unit_j(Work(weight_writes=_PROBE)),
            cycle_j=unit_j(Work(cycles=_PROBE)),
            tile_j=self.launch_j(places.unit),
            static_w=self.static_w,
            weight_ps=weights[1],
            input_ps=inputs[1],
            output_ps=outputs[1],
            spill_ps=max(outputs[1], reload[1]),
            port_ps=float(1 / memory.bits_per_ps(unit.clock_hz)),
            cycle_ps=1e12 / unit.clock_hz,
            latency_ps=float(self.latency_ps(places.inputs, places.memory)),
        )

    def _unit_prices(self, layer: Layer, unit: ComputeUnit) -> Callable[[Work], float]:
        """Return the energy per element of the one feature that a probe sets; actions are linear in it."""
        energies = unit.energies(self.architecture.technology, layer)

        def unit_j(work: Work) -> float:
            counts = unit.counts(layer, work)
            return sum(count * energies[action].value for action, count in counts.items()) / _PROBE

        return unit_j

    def of_passes(self, layer: Layer, places: Places) -> PassCosts:
        """Work out the prices of a layer with MACs that is executed in row-stationary passes."""
        machine, unit = self.architecture, self.architecture.compute[places.unit]
        memory, operands = machine.memories[unit.memory], unit.operands(layer)
        read_j, write_j = memory.energy_per_bit(machine.technology)
        weights = self.move(places.weights, places.unit)
        inputs = self.move(places.inputs, places.memory)
        outputs = self.move(places.memory, places.outputs)
        unit_j = self._unit_prices(layer, unit)
        names = Pass._fields
        each = Pass(*(unit_j(work_of(Pass(*(_PROBE * (name == one) for name in names)))) for one in names))
        return PassCosts(
            pass_j=each._replace(
                inputs=each.inputs + read_j * operands.input_bits,
                sums=each.sums + (read_j + write_j) * operands.accumulator_bits,
            ),
            fill_weight_j=weights[0] + unit_j(Work(weight_writes=_PROBE)) / operands.weight_bits,
            fill_input_j=inputs[0],
            store_output_j=outputs[0],
            held_input_j=write_j,
            held_output_j=read_j,
            tile_j=self.launch_j(places.unit),
            static_w=self.static_w,
            weight_ps=weights[1],
            input_ps=inputs[1],
            output_ps=outputs[1],
            cycle_ps=1e12 / unit.clock_hz,
            latency_ps=float(self.latency_ps(places.inputs, places.memory)),
        )

    def streaming_j(self, layer: Layer, unit: str, elements: int) -> float:
        """Energy that a unit spends on ``elements`` outputs of a layer without MACs, without its traffic."""
        part = self.architecture.compute[unit]
        energies = part.energies(self.architecture.technology, layer)
        work = Work(elements=elements, cycles=part.streaming_cycles(layer, elements))
        return sum(count * energies[action].value for action, count in part.counts(layer, work).items())
