"""One layer on a row-stationary array: the passes that it is mapped to, the tiles that come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from sys import maxsize

from archsim.hardware.architecture import Architecture
from archsim.hardware.cost import PassArray
from archsim.hardware.options import MappingRule, PassParameters
from archsim.mapping import pass_tiles
from archsim.mapping.extents import Extent
from archsim.mapping.pass_search import PassCosts, PassMapping, best_passes, price_passes
from archsim.mapping.passes import Choice, PassProblem, misfit
from archsim.mapping.prices import Prices
from archsim.mapping.regions import MacRegions
from archsim.mapping.schedule import Regions, Run
from archsim.mapping.tiles import Places
from archsim.workload.layer import Layer


@dataclass(frozen=True, slots=True)
class PassLayer:
    """A layer with MACs in processing passes: the problem and its best (or given) parameters."""

    problem: PassProblem
    mapping: PassMapping
    places: Places

    @property
    def objective(self) -> float:
        """Value of the declared objective."""
        return self.mapping.objective

    @property
    def tiling(self) -> PassParameters:
        """Parameters of the passes."""
        return PassParameters(**self.mapping.choice._asdict())

    def runs(self) -> tuple[Run, ...]:
        """Tiles in execution order."""
        return pass_tiles.runs(self.problem, self.mapping.choice, self.places)

    def regions(self) -> Regions:
        """What the tiles move."""
        return MacRegions(self.problem, partial(pass_tiles.walk, self.problem, self.mapping.choice))

    def compulsory_bits(self) -> Mapping[tuple[str, str], int]:
        """Every weight, every input that the window touches and every output once."""
        return pass_tiles.compulsory_bits(self.problem, self.places)


@dataclass(frozen=True, slots=True)
class PassRequest:
    """A layer to be mapped onto a row-stationary array, and where its tensors are.

    Attributes
    ----------
    window
        Vertical and horizontal axes.
    room_bits
        Room in the unit's memory.
    """

    architecture: Architecture
    prices: Prices
    layer: Layer
    images: int
    places: Places
    window: tuple[Extent, Extent]
    room_bits: int


def map_in_passes(request: PassRequest, geometry: PassArray, rule: MappingRule | None) -> PassLayer | None:
    """Return the layer with the best or the given parameters, or None where none fits.

    Raises
    ------
    InputError
        If a mapping that the user gives is none for passes, or does not fit the layer; if not even the
        smallest pass fits scratchpads and array.
    """
    problem = _problem(request, geometry)
    costs = request.prices.of_passes(request.layer, request.places)
    found = best_passes(problem, costs) if rule is None else _given(request, problem, costs, rule)
    if found is None:
        _check_smallest(request, problem)
        return None
    return PassLayer(problem, found, request.places)


def _check_smallest(request: PassRequest, problem: PassProblem) -> None:
    """Say so where more room in the unit's memory would not help."""
    why = misfit(replace(problem, free_bits=maxsize), Choice(m=1, n=1, e=1, p=1, q=1, r=1, t=1))
    if why:
        message = f"layer '{request.layer.name}' does not fit: {why}"
        raise request.architecture.fault(message, f"compute.{request.places.unit}")


def _problem(request: PassRequest, geometry: PassArray) -> PassProblem:
    unit, gemm = request.architecture.compute[request.places.unit], request.layer.gemm
    vertical, horizontal = request.window
    return PassProblem(
        groups=gemm.groups,
        filters=gemm.filters,
        channels=gemm.depth // (vertical.kernel * horizontal.kernel),
        images=request.images,
        vertical=vertical,
        horizontal=horizontal,
        array=geometry,
        operands=unit.operands(request.layer),
        inputs_staged=request.places.inputs != unit.memory,
        outputs_staged=request.places.outputs != unit.memory,
        doubled=unit.double_buffering and unit.overlaps_activations,
        free_bits=request.room_bits,
        objective=request.architecture.schedule.objective,
    )


def _given(
    request: PassRequest, problem: PassProblem, costs: PassCosts, rule: MappingRule
) -> PassMapping | None:
    """Price the given passes; None where only what lives in the memory at the moment is in their way."""
    machine, given = request.architecture, rule.passes
    field, layer = f"mapping.{machine.mapping.index(rule)}", f"layer '{request.layer.name}'"
    if given is None:
        raise machine.fault(f"{layer} runs on a row-stationary array, which is mapped by `passes`", field)
    fault = _fault_of(problem, given)
    if fault is not None:
        raise machine.fault(f"{layer} {fault[1]}", f"{field}.passes.{fault[0]}")
    choice = Choice(given.m, given.n, given.e, given.p, given.q, given.r, given.t)
    found = price_passes(problem, costs, choice)
    if found is None:
        memory = machine.memories[machine.compute[request.places.unit].memory]
        why = misfit(replace(problem, free_bits=memory.capacity_bits), choice)
        if not why:
            return None
        raise machine.fault(f"{layer}: the passes do not fit: {why}", f"{field}.passes")
    return found


def _fault_of(problem: PassProblem, given: PassParameters) -> tuple[str, str] | None:
    """Return the field and why it cannot be, for parameters that exceed the layer."""
    limits = {
        "m": (problem.filters, "filters (per group)"),
        "n": (problem.images, "images"),
        "e": (problem.vertical.outputs, "output rows"),
    }
    for name, (most, what) in limits.items():
        if getattr(given, name) > most:
            return name, f"has {most} {what}, the passes ask for {getattr(given, name)}"
    if given.m < problem.filters and given.m % (given.p * given.t):
        return "m", f"needs m to be all {problem.filters} filters or a multiple of p t = {given.p * given.t}"
    return None
