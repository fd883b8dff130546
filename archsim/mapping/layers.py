"""One layer on one unit: the tiling problem that it poses, the tiles that come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.hardware.options import MappingRule, PassParameters, first_match
from archsim.mapping import streaming, tiles
from archsim.mapping.extents import Extent
from archsim.mapping.pass_layers import PassLayer, PassRequest, map_in_passes
from archsim.mapping.placement import Share
from archsim.mapping.prices import Prices
from archsim.mapping.problem import Objective, Problem, WeightPlace
from archsim.mapping.regions import MacRegions, StreamRegions
from archsim.mapping.schedule import Regions, Run, Tiling
from archsim.mapping.tiling import Choice, best_tiling, price
from archsim.workload.layer import Layer, Op


@dataclass(frozen=True, slots=True)
class Situation:
    """Homes of a layer's tensors and the room for its tiles in the unit's memory."""

    inputs: tuple[str, ...]
    output: str
    room_bits: int


class Mapped(Protocol):
    """A mapped layer."""

    @property
    def objective(self) -> float:
        """Value of the declared objective."""

    @property
    def tiling(self) -> Tiling | PassParameters | None:
        """Tile sizes and loop order, or pass parameters, of a layer with MACs."""

    def runs(self) -> tuple[Run, ...]:
        """Tiles in execution order."""

    def regions(self) -> Regions:
        """What the tiles move."""

    def compulsory_bits(self) -> Mapping[tuple[str, str], int]:
        """Least traffic per (tensor, home)."""


@dataclass(frozen=True, slots=True)
class MacMapping:
    """A layer with MACs: the problem and its best (or given) tiling."""

    problem: Problem
    choice: Choice
    places: tiles.Places

    @property
    def objective(self) -> float:
        """Value of the declared objective."""
        return self.choice.objective

    @property
    def tiling(self) -> Tiling:
        """Tile sizes and loop order."""
        return self.choice.tiling

    def runs(self) -> tuple[Run, ...]:
        """Tiles in execution order."""
        return tiles.runs(self.problem, self.choice.tiling, self.places)

    def regions(self) -> Regions:
        """What the tiles move."""
        return MacRegions(self.problem, partial(tiles.blocks, self.problem, self.choice.tiling))

    def compulsory_bits(self) -> Mapping[tuple[str, str], int]:
        """Every weight, every input that the window touches and every output once."""
        problem, operands = self.problem, self.problem.operands
        window = problem.vertical.distinct * problem.horizontal.distinct * problem.images
        weights = problem.groups * problem.filters * problem.channels * problem.taps
        found = {}
        if problem.weights != "resident" and problem.weights_staged:
            found["weights", self.places.weights] = weights * operands.weight_bits
        if problem.inputs_staged:
            elements = problem.groups * problem.channels * window
            found["inputs", self.places.inputs] = elements * operands.input_bits
        if problem.outputs_staged:
            elements = problem.groups * problem.filters * problem.pixels
            found["outputs", self.places.outputs] = elements * operands.output_bits
        return found


@dataclass(frozen=True, slots=True)
class StreamMapping:
    """A layer without MACs: its blocks."""

    stream: streaming.Stream
    blocks: tuple[Run, ...]
    objective: float
    tiling: None = None

    def runs(self) -> tuple[Run, ...]:
        """Blocks in execution order."""
        return self.blocks

    def regions(self) -> Regions:
        """What the blocks move."""
        return StreamRegions(self.stream)

    def compulsory_bits(self) -> Mapping[tuple[str, str], int]:
        """Every input that the window touches and every output once."""
        return streaming.compulsory_bits(self.stream)


@dataclass(slots=True)
class LayerMapper:
    """Maps layers of one network; equal situations are mapped once."""

    architecture: Architecture
    prices: Prices
    images: int
    resident: frozenset[str]
    zeros: Mapping[str, float] = field(default_factory=dict)
    _known: dict[tuple[Share, Situation], Mapped | None] = field(default_factory=dict)

    def map(self, share: Share, situation: Situation) -> Mapped | None:
        """Best mapping of a share, or None where nothing fits.

        Raises
        ------
        InputError
            If a mapping that the user gives does not fit the layer.
        """
        key = (share, situation)
        if key not in self._known:
            mapped = self._map_macs if share.layer.is_mac else self._map_stream
            self._known[key] = mapped(share, situation)
        return self._known[key]

    def _map_macs(self, share: Share, situation: Situation) -> MacMapping | PassLayer | None:
        if situation.room_bits < 0:
            return None
        rule = first_match(self.architecture.mapping, share.layer)
        zeros = self.zeros.get(share.layer.name)
        geometry = self.architecture.compute[share.unit].passes(share.layer, zeros)
        if geometry is not None:
            request = PassRequest(
                architecture=self.architecture,
                prices=self.prices,
                layer=share.layer,
                images=self.images,
                places=self._places(share, situation),
                window=_window(share.layer),
                room_bits=situation.room_bits,
            )
            return map_in_passes(request, geometry, rule)
        problem, places = self._problem(share, situation)
        choice = best_tiling(problem) if rule is None else self._given(problem, rule, share.layer)
        return None if choice is None else MacMapping(problem, choice, places)

    def _places(self, share: Share, situation: Situation) -> tiles.Places:
        memory = self.architecture.compute[share.unit].memory
        root = self.architecture.root(memory)
        return tiles.Places(share.unit, memory, root, situation.inputs[0], situation.output)

    def _problem(self, share: Share, situation: Situation) -> tuple[Problem, tiles.Places]:
        unit, layer = self.architecture.compute[share.unit], share.layer
        places = self._places(share, situation)
        vertical, horizontal = _window(layer)
        gemm = layer.gemm
        operands = unit.operands(layer)
        problem = Problem(
            groups=gemm.groups,
            filters=gemm.filters,
            channels=gemm.depth // (vertical.kernel * horizontal.kernel),
            images=self.images,
            vertical=vertical,
            horizontal=horizontal,
            array=unit.array(layer, resident=share.unit in self.resident),
            operands=operands,
            weights=self._weight_place(share.unit),
            weights_staged=places.weights != unit.memory or unit.weight_capacity_bits is not None,
            inputs_staged=situation.inputs[0] != unit.memory,
            outputs_staged=situation.output != unit.memory,
            double_buffering=unit.double_buffering,
            free_bits=situation.room_bits,
            cell_bits=unit.weight_capacity_bits or 0,
            sums_held=unit.accumulator_capacity_bits // operands.accumulator_bits,
            objective=self._objective,
            costs=self.prices.of_layer(layer, places),
        )
        return problem, places

    @property
    def _objective(self) -> Objective:
        return self.architecture.schedule.objective

    def _weight_place(self, unit: str) -> WeightPlace:
        if self.architecture.compute[unit].weight_capacity_bits is None:
            return "memory"
        return "resident" if unit in self.resident else "cells"

    def _given(self, problem: Problem, rule: MappingRule, layer: Layer) -> Choice:
        field_name = f"mapping.{self.architecture.mapping.index(rule)}"
        if rule.passes is not None:
            message = f"layer '{layer.name}' is not mapped in passes: its array is not row stationary"
            raise self.architecture.fault(message, f"{field_name}.passes")
        whole = {
            "groups": problem.groups,
            "filters": problem.filters,
            "channels": problem.channels,
            "images": problem.images,
            "rows": problem.vertical.outputs,
            "columns": problem.horizontal.outputs,
        }
        sizes = {name: getattr(rule, name) or total for name, total in whole.items()}
        for name, size in sizes.items():
            if size > whole[name]:
                message = f"layer '{layer.name}' has {whole[name]} {name}, the tile asks for {size}"
                raise self.architecture.fault(message, f"{field_name}.{name}")
        tiling = Tiling(**sizes, order=rule.order)
        split = tiling.filters < problem.filters or tiling.channels < problem.channels
        choice = None if tiling.groups > 1 and split else price(problem, tiling)
        if choice is None:
            raise self._given_does_not_fit(layer, field_name)
        return choice

    def _given_does_not_fit(self, layer: Layer, field_name: str) -> InputError:
        message = f"the tile does not fit: layer '{layer.name}' needs smaller ones (or whole groups)"
        return self.architecture.fault(message, field_name)

    def _map_stream(self, share: Share, situation: Situation) -> StreamMapping | None:
        unit = self.architecture.compute[share.unit]
        room = unit.streaming_capacity_bits
        stream = streaming.Stream(
            layer=share.layer,
            unit=unit,
            images=self.images,
            operands=unit.operands(share.layer),
            homes=situation.inputs,
            output_home=situation.output,
            stage=unit.memory if unit.stages_in_memory else share.unit,
            through_port=unit.stages_in_memory,
            room_bits=situation.room_bits if room is None else room,
        )
        blocks = streaming.runs(stream)
        if blocks is None:
            return None
        return StreamMapping(stream, blocks, self._stream_objective(share, stream, blocks))

    def _stream_objective(self, share: Share, stream: streaming.Stream, blocks: tuple[Run, ...]) -> float:
        traffic, energy, moving = 0, 0.0, 0.0
        for run in blocks:
            for transfer in (*run.tile.loads, *run.tile.stores):
                bits = transfer.bits * run.count
                joules, picoseconds = self.prices.move(transfer.source, transfer.destination)
                traffic, energy, moving = traffic + bits, energy + bits * joules, moving + bits * picoseconds
        cycles = sum(run.count * run.tile.work.cycles for run in blocks)
        time = max(moving, cycles * 1e12 / stream.unit.clock_hz)
        energy += self.prices.launch_j(share.unit) * sum(run.count for run in blocks)
        energy += self.prices.streaming_j(
            share.layer, share.unit, stream.images * share.layer.output_elements
        )
        energy += self.prices.static_w * time * 1e-12
        values = {"traffic": float(traffic), "latency": time, "energy": energy, "edp": energy * time}
        return values[self._objective]


def _window(layer: Layer) -> tuple[Extent, Extent]:
    """Vertical and horizontal axes; a linear layer is a 1 x 1 window over its rows."""
    out, source = layer.output_shape, layer.input_shapes[0]
    if layer.op is Op.LINEAR:
        return Extent(out.rows, out.rows), Extent(out.columns, out.columns)
    return (
        Extent(out.rows, source.rows, layer.kernel[0], layer.stride[0], layer.dilation[0], layer.padding[0]),
        Extent(
            out.columns, source.columns, layer.kernel[1], layer.stride[1], layer.dilation[1], layer.padding[1]
        ),
    )
