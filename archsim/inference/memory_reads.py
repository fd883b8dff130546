"""Tensors as units read them from memories whose cells fail, and the errors that were met on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from archsim.arithmetic.cells import CellMap
from archsim.arithmetic.faults import BitCounts, Codes, Extent, ProtectedTensor, StoredTensor
from archsim.arithmetic.quantization import Quantizer
from archsim.inference.graph import Operation, Tensor
from archsim.inference.memory_paths import MemoryPaths, Stop
from archsim.workload.layer import Layer

Stored = StoredTensor | ProtectedTensor


@dataclass(frozen=True, slots=True)
class MemoryErrors:
    """What was read from one memory.

    Attributes
    ----------
    counts
        Over all reads: weights once, activations for every image.
    weak_cells
        Cells under the tensors that fail; a cell under two tensors counts for both.
    """

    counts: BitCounts
    weak_cells: int


@dataclass(slots=True, eq=False)
class MemoryReads:
    """The memories of one chip, read by one network.

    Attributes
    ----------
    paths
        Which cells each tensor goes through.
    seed
        Of the chip: with a memory's name it says how weak each cell is.
    """

    paths: MemoryPaths
    seed: int
    _places: dict[tuple[Stop, int, int], Stored] = field(default_factory=dict)
    _counts: dict[str, BitCounts] = field(default_factory=dict)

    def weights(self, layer: Layer, codes: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
        """Return the codes [output][...] of a layer's weights as its units read them."""
        parts, first = [], 0
        for path in self.paths.weights[layer.name]:
            part = codes[first : first + path.outputs]
            parts.append(self._read(path.stops, part[np.newaxis], bits)[0])
            first += path.outputs
        return np.concatenate(parts)

    def operation(self, layer: Layer, operation: Operation, coded: Mapping[str, Quantizer]) -> Operation:
        """Return what a layer computes from inputs that it reads from the memories."""
        stops = [self.paths.inputs.get((layer.name, name), ()) for name in layer.inputs]
        bits = [coded[name].format.bits for name in layer.inputs]
        if not any(stops):
            return operation

        def reading(inputs: tuple[Tensor, ...]) -> Tensor:
            return operation(tuple(map(self._read, stops, inputs, bits)))

        return reading

    def errors(self) -> dict[str, MemoryErrors]:
        """Return what has been read so far by memory."""
        return {
            name: MemoryErrors(self._counts.get(name, BitCounts()), self._weak_cells(name))
            for name in self.paths.faults
        }

    def _weak_cells(self, memory: str) -> int:
        return sum(place.weak_cells for (stop, _, _), place in self._places.items() if stop.memory == memory)

    def _read(self, stops: Iterable[Stop], codes: Codes, bits: int) -> Codes:
        """Return tensors [tensor][...] as they arrive behind some memories."""
        for stop in stops:
            codes, counts = self._place(stop, codes[0].size, bits).read(codes)
            self._counts[stop.memory] = self._counts.get(stop.memory, BitCounts()) + counts
        return codes

    def _place(self, stop: Stop, elements: int, bits: int) -> Stored:
        key = stop, elements, bits
        if key not in self._places:
            faults = self.paths.faults[stop.memory]
            extent = Extent(
                stop.first_cell, elements, bits, faults.reliable_bits(stop.kind, stop.owner, bits)
            )
            held = ProtectedTensor if faults.secded else StoredTensor
            cells, errors = CellMap(stop.memory, self.seed), faults.errors(stop.exposure_s)
            self._places[key] = held.of(cells, extent, errors)
        return self._places[key]
