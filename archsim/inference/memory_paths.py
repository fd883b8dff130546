"""Through which cells of which memories the tensors of a network go on their way to the units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf

from archsim.arithmetic.secded import DATA_BITS
from archsim.hardware.architecture import Architecture
from archsim.hardware.faults import CriticalRegion, MemoryFaults, TensorKind
from archsim.mapping.addresses import weights_of
from archsim.mapping.mapper import map_network
from archsim.mapping.placement import Placement, Share, Step
from archsim.mapping.schedule import Schedule
from archsim.workload.network import Network

_BYTE = 8


@dataclass(frozen=True, slots=True)
class Stop:
    """One memory that a tensor is read from.

    Attributes
    ----------
    memory
        Name of the memory, which has faults.
    first_cell
        Where the tensor begins.
    kind, owner
        What it is: the weights or the result of that layer (``input``: the images).
    exposure_s
        How long it lies there at most.
    """

    memory: str
    first_cell: int
    kind: TensorKind
    owner: str
    exposure_s: float = inf


@dataclass(frozen=True, slots=True)
class WeightPath:
    """Where the weights of a range of a layer's outputs are read."""

    outputs: int
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class MemoryPaths:
    """Where tensors are read, memories without faults left out.

    Attributes
    ----------
    faults
        Of the memories that have any.
    weights
        By layer: one path for each unit that executes a part of it, in the order of the outputs.
    inputs
        By layer and tensor that it reads; a layer that takes its input from an output stage has none.
    """

    faults: Mapping[str, MemoryFaults]
    weights: Mapping[str, tuple[WeightPath, ...]]
    inputs: Mapping[tuple[str, str], tuple[Stop, ...]]


def memory_faults(architecture: Architecture) -> dict[str, MemoryFaults]:
    """Return the faults of the memories that have any, by name."""
    found = {name: memory.faults(architecture.technology) for name, memory in architecture.memories.items()}
    return {name: faults for name, faults in found.items() if faults is not None}


def memory_paths(
    network: Network,
    architecture: Architecture,
    placement: Placement,
    *,
    batch: int = 1,
    lifetimes: Mapping[str, float] | None = None,
) -> MemoryPaths | None:
    """Return where the tensors are read; None where no memory has faults.

    A tensor lies in its home at the place that the schedule gives it, the results of all images at that of
    the first one. What a unit stages in its memory begins there at cell 0, weights before inputs.

    Parameters
    ----------
    batch
        Images that are mapped together.
    lifetimes
        Seconds for which the result of a layer lies in its home; those left out lie there for good.
    """
    faults = memory_faults(architecture)
    if not faults:
        return None
    _check_critical(architecture, placement, faults)
    tracer = _Tracer(architecture, map_network(network, architecture, batch), faults, lifetimes or {})
    steps = placement.steps
    return MemoryPaths(
        faults,
        {step.layer.name: tuple(tracer.weights(step)) for step in steps if step.layer.is_mac},
        {(step.layer.name, name): tracer.input(step, name) for step in steps for name in step.layer.inputs},
    )


def _check_critical(
    architecture: Architecture, placement: Placement, faults: Mapping[str, MemoryFaults]
) -> None:
    """Refuse regions that cannot hold what has to lie there at the same time, at the least."""
    for name, region in ((name, one.critical) for name, one in faults.items()):
        if region is None:
            continue
        weights = [_critical_weights(architecture, share, region) for _, share in placement.shares]
        kept = sum(weights) if architecture.memories[name].backed_by is None else max(weights, default=0)
        needed = kept + max(_critical_inputs(architecture, placement, region), default=0)
        room = int(region.share * architecture.memories[name].capacity_bits)
        if needed > room:
            message = f"a critical region of {room} bits cannot hold the {needed} bits that have to lie there"
            raise architecture.fault(message, f"memories.{name}.critical.share")


def _critical_weights(architecture: Architecture, share: Share, region: CriticalRegion) -> int:
    width = architecture.compute[share.unit].operands(share.layer).weight_bits
    return share.layer.weight_elements * region.bits("weights", share.layer.name, width)


def _critical_inputs(
    architecture: Architecture, placement: Placement, region: CriticalRegion
) -> Iterator[int]:
    for _, share in placement.shares:
        width = architecture.compute[share.unit].operands(share.layer).input_bits
        for name, shape in zip(share.layer.inputs, share.layer.input_shapes, strict=True):
            yield shape.elements * region.bits("activations", name, width)


@dataclass(frozen=True, slots=True)
class _Tracer:
    architecture: Architecture
    schedule: Schedule
    faults: Mapping[str, MemoryFaults]
    lifetimes: Mapping[str, float]

    def weights(self, step: Step) -> Iterator[WeightPath]:
        taken: dict[str, int] = {}
        name = step.layer.name
        for share in step.shares:
            unit = self.architecture.compute[share.unit]
            root = self.architecture.root(unit.memory)
            base = self.schedule.places[weights_of(name), root].base_bytes * _BYTE + taken.get(root, 0)
            taken[root] = taken.get(root, 0) + self._weight_bits(share)
            stops = [Stop(root, base, "weights", name)]
            if unit.weight_capacity_bits is None and unit.stages_in_memory and unit.memory != root:
                stops.append(Stop(unit.memory, 0, "weights", name))
            yield WeightPath(share.layer.output_shape.channels, self._faulty(*stops))

    def input(self, step: Step, name: str) -> tuple[Stop, ...]:
        """Path of one input of a layer; of a layer on several units that of the first one's."""
        share = step.shares[0]
        unit, home = self.architecture.compute[share.unit], self._home(name)
        lifetime = self.lifetimes.get(name, inf)
        base = self.schedule.places[name, home].base_bytes * _BYTE
        stops = [Stop(home, base, "activations", name, lifetime)]
        if unit.stages_in_memory and unit.memory != home:
            stops.append(Stop(unit.memory, self._staged_at(share, name), "activations", name, lifetime))
        return self._faulty(*stops)

    def _staged_at(self, share: Share, name: str) -> int:
        """First cell of an input behind the weights and the inputs before it, in whole words."""
        unit, layer = self.architecture.compute[share.unit], share.layer
        weights = self._weight_bits(share) if unit.weight_capacity_bits is None else 0
        shapes = layer.input_shapes[: layer.inputs.index(name)]
        sizes = [weights, *(shape.elements * unit.operands(layer).input_bits for shape in shapes)]
        return sum(-(-size // DATA_BITS) * DATA_BITS for size in sizes)

    def _weight_bits(self, share: Share) -> int:
        operands = self.architecture.compute[share.unit].operands(share.layer)
        return share.layer.weight_elements * operands.weight_bits

    def _home(self, name: str) -> str:
        return next(memory for tensor, memory in self.schedule.places if tensor == name)

    def _faulty(self, *stops: Stop) -> tuple[Stop, ...]:
        return tuple(stop for stop in stops if stop.memory in self.faults)
