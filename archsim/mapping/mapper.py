"""map_network: network and architecture to a schedule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from archsim.errors import InputError, nearest
from archsim.hardware.architecture import Architecture
from archsim.mapping import homes as homes_of
from archsim.mapping.addresses import Held, allocate
from archsim.mapping.layers import LayerMapper, Mapped, Situation
from archsim.mapping.placement import Placement, Share, Step, place
from archsim.mapping.prices import Prices
from archsim.mapping.schedule import Part, Schedule, Transfer
from archsim.mapping.sparsity import output_zeros
from archsim.mapping.storage import stored_widths
from archsim.workload.layer import Layer
from archsim.workload.network import INPUT, Network


def map_network(network: Network, architecture: Architecture, batch: int = 1) -> Schedule:
    """Place, tile and order a network on an architecture.

    Parameters
    ----------
    batch
        Images; under ``layer_major`` they go through every layer together.

    Raises
    ------
    InputError
        If a layer has no unit, a given mapping does not fit, or even the smallest tile does not fit.
    """
    return _Mapper(network, architecture, batch).schedule()


@dataclass(slots=True)
class _Mapper:
    network: Network
    architecture: Architecture
    batch: int
    placement: Placement = field(init=False)
    repeats: int = field(init=False)
    in_flight: int = field(init=False)
    layers: LayerMapper = field(init=False)
    bits: dict[str, int] = field(init=False)
    sharers: dict[str, int] = field(init=False)
    gates: tuple[tuple[frozenset[str], frozenset[int]], ...] = field(init=False)

    def __post_init__(self) -> None:
        options = self.architecture.schedule
        _check_rules(self.network, self.architecture)
        self.placement = place(self.network, self.architecture)
        used = {share.unit for _, share in self.placement.shares}
        image_major = options.batch_order == "image_major" and self.batch > 1
        self.repeats = self.batch if image_major else 1
        wanted = options.images_in_flight or len(used)
        self.in_flight = min(self.batch, wanted) if image_major else 1
        self.layers = LayerMapper(
            architecture=self.architecture,
            prices=Prices(self.architecture),
            images=1 if image_major else self.batch,
            resident=frozenset(resident_layers(self.placement, self.architecture)),
            zeros=output_zeros(self.network),
        )
        self.bits = self._tensor_bits()
        self.sharers = self._sharers(used)
        self.gates = tuple(self._gate(name) for name, _ in self.network.exit_conditions)

    def schedule(self) -> Schedule:
        options = {name: self._options(name) for name in self.bits}
        ranges = homes_of.live_ranges(self.placement, self.bits, options)
        self._check_roots(ranges)
        chosen, blocked = homes_of.choose(ranges, len(self.placement.steps), self._cost)
        if blocked is not None:
            raise self._does_not_fit(self.placement.steps[blocked])
        parts = self._parts(ranges, chosen)
        homes = {layer.name: chosen[self._stored(layer)] for layer in self.network.layers}
        places = allocate(self._held(ranges, chosen), self.architecture)
        return Schedule(parts, self.repeats, self.in_flight, homes, tuple(self._setup()), places)

    def _held(self, ranges: Sequence[homes_of.LiveRange], chosen: Mapping[str, str]) -> Held:
        return Held(
            network=self.network,
            placement=self.placement,
            ranges=ranges,
            homes=chosen,
            images=self.layers.images,
            in_flight=self.in_flight,
            awaited=[self._awaited(i, ranges, chosen) for i in range(len(self.placement.steps))],
        )

    def _stored(self, layer: Layer) -> str:
        """Name of the stored tensor that holds a layer's result."""
        return self.placement.stored[layer.name]

    def _tensor_bits(self) -> dict[str, int]:
        """Bits of every stored tensor."""
        images, width = self.layers.images, stored_widths(self.placement, self.architecture)
        return {name: images * self.placement.elements[name] * bits for name, bits in width.items()}

    def _options(self, name: str) -> tuple[str, ...]:
        """Memories for a tensor: the root behind the units that touch it, then their own memories."""
        machine = self.architecture
        touching = [
            machine.compute[share.unit].memory
            for step, share in self.placement.shares
            if name == step.output or name in step.inputs
        ]
        root = machine.root(touching[0])
        outside = name == self.placement.stored[INPUT] or name in self.placement.results
        if outside or self.network.independent:
            return (root,)
        return tuple(dict.fromkeys([root, *touching]))

    def _room(self, memory: str, occupied: Mapping[str, int]) -> int:
        """Bits left for tiles in a memory: its share of the images in flight and of the units that use it."""
        capacity = self.architecture.memories[memory].capacity_bits // self.in_flight
        return (capacity - occupied.get(memory, 0)) // self.sharers[memory]

    def _sharers(self, used: set[str]) -> dict[str, int]:
        """Units that may hold tiles in each memory at the same time while one image is in the network."""
        sharers = dict.fromkeys(self.architecture.memories, 1)
        if not self._is_chain():
            users = Counter(self.architecture.compute[unit].memory for unit in used)
            sharers.update(users)
        return sharers

    def _is_chain(self) -> bool:
        steps = self.placement.steps
        split = any(len(step.shares) > 1 for step in steps)
        linked = all(previous.output in step.inputs for previous, step in pairwise(steps))
        return linked and not split

    def _cost(self, i: int, homes: Mapping[str, str], occupied: Mapping[str, int]) -> float | None:
        machine = self.architecture
        for memory, bits in occupied.items():
            if bits > machine.memories[memory].capacity_bits // self.in_flight:
                return None
        total = 0.0
        for share in self.placement.steps[i].shares:
            mapped = self._map(self.placement.steps[i], share, homes, occupied)
            if mapped is None:
                return None
            total += mapped.objective
        return total

    def _map(
        self, step: Step, share: Share, homes: Mapping[str, str], occupied: Mapping[str, int]
    ) -> Mapped | None:
        memory = self.architecture.compute[share.unit].memory
        return self.layers.map(
            share,
            Situation(
                inputs=tuple(homes[self.placement.stored[name]] for name in step.layer.inputs),
                output=homes[step.output],
                room_bits=self._room(memory, occupied),
            ),
        )

    def _parts(self, ranges: Sequence[homes_of.LiveRange], chosen: Mapping[str, str]) -> tuple[Part, ...]:
        parts: list[Part] = []
        done_by: dict[int, tuple[int, ...]] = {}
        for i, step in enumerate(self.placement.steps):
            waits = sorted(p for j in self._awaited(i, ranges, chosen) for p in done_by[j])
            occupied: dict[str, int] = {}
            for live in ranges:
                if live.first <= i <= live.last:
                    occupied[chosen[live.name]] = occupied.get(chosen[live.name], 0) + live.bits
            first = len(parts)
            for share, begins in zip(step.shares, step.begins, strict=True):
                mapped = self._map(step, share, chosen, occupied)
                assert mapped is not None, "the chosen homes were checked to fit"
                parts.append(self._part(step, share, mapped, waits_for=tuple(waits), begins=begins))
            done_by[i] = tuple(range(first, len(parts)))
        return tuple(parts)

    def _part(self, step: Step, share: Share, mapped: Mapped, **found: Any) -> Part:
        return Part(
            layer=share.layer,
            index=step.index,
            unit=share.unit,
            images=self.layers.images,
            runs=mapped.runs(),
            regions=mapped.regions(),
            **found,
            fused=step.fused,
            compulsory_bits=mapped.compulsory_bits(),
            tiling=mapped.tiling,
            resident=share.unit in self.layers.resident and share.layer.is_mac,
        )

    def _gate(self, exit_name: str) -> tuple[frozenset[str], frozenset[int]]:
        """Layers that an exit needs, and the steps that write its answer: all other layers wait for them."""
        before = frozenset(layer.name for layer in self.network.path(exit_name))
        answer = self.placement.stored[exit_name]
        steps = enumerate(self.placement.steps)
        return before, frozenset(
            j for j, step in steps if step.output == answer and step.layer.name in before
        )

    def _awaited(self, i: int, ranges: Sequence[homes_of.LiveRange], chosen: Mapping[str, str]) -> set[int]:
        """Steps that write what step i reads or decide on it, and those that make room for its result."""
        steps = self.placement.steps
        awaited = {j for j in range(i) if steps[j].output in steps[i].inputs}
        for before, deciding in self.gates:
            awaited |= set() if steps[i].layer.name in before else {j for j in deciding if j < i}
        home = chosen[steps[i].output]
        if home != self.architecture.root(home):
            freed = {live.name for live in ranges if live.last < i and chosen[live.name] == home}
            awaited |= {j for j in range(i) if freed & {*steps[j].inputs, steps[j].output}}
        return awaited

    def _setup(self) -> list[tuple[str, Layer, Transfer]]:
        found = []
        for _, share in self.placement.shares:
            if share.unit in self.layers.resident and share.layer.is_mac:
                transfer = Transfer("weights", self._root(share), share.unit, self._weight_bits(share))
                found.append((share.unit, share.layer, transfer))
        return found

    def _root(self, share: Share) -> str:
        return self.architecture.root(self.architecture.compute[share.unit].memory)

    def _weight_bits(self, share: Share) -> int:
        operands = self.architecture.compute[share.unit].operands(share.layer)
        return share.layer.weight_elements * operands.weight_bits

    def _check_roots(self, ranges: Sequence[homes_of.LiveRange]) -> None:
        """The last memory of a chain holds all weights, and the activations that can live nowhere else."""
        machine = self.architecture
        needed: Counter[str] = Counter()
        for _, share in self.placement.shares:
            needed[self._root(share)] += self._weight_bits(share)
        for root, bits in needed.items():
            bound = [live for live in ranges if live.options == (root,)]
            steps = range(len(self.placement.steps))
            alive = (sum(live.bits for live in bound if live.first <= i <= live.last) for i in steps)
            total = bits + self.in_flight * max(alive, default=0)
            capacity = machine.memories[root].capacity_bits
            if total > capacity:
                message = (
                    f"'{root}' holds {capacity // 8} bytes, but weights and activations of "
                    f"'{self.network.name}' take {-(-total // 8)}"
                )
                raise machine.fault(message, f"memories.{root}")

    def _does_not_fit(self, step: Step) -> Exception:
        unit = step.shares[0].unit
        memory = self.architecture.compute[unit].memory
        capacity = self.architecture.memories[memory].capacity_bits // 8
        message = (
            f"layer '{step.layer.name}' does not fit: even its smallest tile needs more room than "
            f"'{memory}' ({capacity} bytes) and the partial sums and weights that '{unit}' holds"
        )
        return self.architecture.fault(message, f"compute.{unit}")


def _check_rules(network: Network, architecture: Architecture) -> None:
    """Refuse given mappings of layers that do not exist or have no MACs; patterns may match nothing."""
    names = {layer.name: layer for layer in network.layers}
    for i, rule in enumerate(architecture.mapping):
        for name in rule.layer:
            if set(name) & set("*?[") or (name in names and names[name].is_mac):
                continue
            fault = "has no MACs to tile" if name in names else f"is not in '{network.name}'"
            close = nearest(name, [known for known, layer in names.items() if layer.is_mac])
            raise architecture.fault(f"layer '{name}' {fault}", f"mapping.{i}.layer", close)


def resident_layers(placement: Placement, architecture: Architecture) -> dict[str, list[Layer]]:
    """Return the layers whose weights stay in the cells of their unit together, in order, by unit.

    Raises
    ------
    InputError
        If a unit is told to keep them and they do not fit.
    """
    layers: dict[str, list[Layer]] = {}
    for _, share in placement.shares:
        if share.layer.is_mac:
            layers.setdefault(share.unit, []).append(share.layer)
    return {unit: held for unit, held in layers.items() if _keeps_resident(architecture, unit, held)}


def _keeps_resident(architecture: Architecture, unit: str, layers: Sequence[Layer]) -> bool:
    try:
        return architecture.compute[unit].keeps_resident(layers)
    except InputError as error:
        field_name = f"compute.{unit}" + (f".{error.field}" if error.field else "")
        raise architecture.fault(error.message, field_name, error.suggestion) from None
