"""What every registered memory, link and compute unit must keep, whoever wrote it.

A kind is built from its required fields alone: the examples of its own JSON Schema, else a plain value of the
field's type. A new kind is therefore checked without a line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import permutations
from math import isfinite
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from archsim.arithmetic.kernels import Window
from archsim.arithmetic.macs import exact_macs
from archsim.errors import InputError
from archsim.hardware.cost import Sourced, Work
from archsim.hardware.technology import Technology
from archsim.registry import Component, create, kinds
from archsim.workload.layer import Layer, Op, TensorShape

TECHNOLOGY = Technology(node=45, voltage=0.9)
CLOCK_HZ = 100_000_000
PLAIN = {"string": "buffer", "integer": 16, "number": 1.0, "boolean": False, "array": ["buffer", "dram"]}

CONV = Layer(
    name="conv",
    op=Op.CONV2D,
    inputs=("input",),
    input_shapes=(TensorShape(16, 16, 16),),
    output_shape=TensorShape(32, 14, 14),
    kernel=(3, 3),
)
LINEAR = replace(
    CONV,
    name="linear",
    op=Op.LINEAR,
    kernel=(1, 1),
    input_shapes=(TensorShape(512, 1, 1),),
    output_shape=TensorShape(10, 1, 1),
)
RELU = replace(
    CONV,
    name="relu",
    op=Op.ACTIVATION,
    function="relu",
    kernel=(1, 1),
    input_shapes=(CONV.output_shape,),
)
POOL = replace(RELU, name="pool", op=Op.MAX_POOL, function=None, kernel=(2, 2), stride=(2, 2))
LAYERS = (CONV, LINEAR, RELU, POOL)


def example(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    if "$ref" in field:
        return example(definitions[field["$ref"].rsplit("/", 1)[-1]], definitions)
    for choices in ("examples", "enum"):
        if choices in field:
            return field[choices][0]
    return field["const"] if "const" in field else PLAIN[field["type"]]


def sample(family: str, kind: str) -> Component:
    schema = kinds(family)[kind].model_json_schema()
    fields = {name: schema["properties"][name] for name in schema.get("required", []) if name != "kind"}
    values = {name: example(field, schema.get("$defs", {})) for name, field in fields.items()}
    return create(family, {"kind": kind, **values})


def every(family: str) -> list[Any]:
    return [pytest.param(sample(family, kind), id=kind) for kind in kinds(family)]


def assert_sourced(figures: Mapping[str, Sourced]) -> None:
    for name, figure in figures.items():
        assert isfinite(figure.value), name
        assert figure.value >= 0, name
        assert len(figure.source) > 8, name


def assert_counted(counts: Mapping[str, int], energies: Mapping[str, Sourced]) -> None:
    assert counts.keys() == energies.keys()
    for name, count in counts.items():
        assert isinstance(count, int), name
        assert count >= 0, name


@pytest.mark.parametrize("part", every("memories") + every("links") + every("compute"))
class TestComponent:
    def test_is_documented(self, part):
        assert part.__class__.__doc__
        for name, field in part.__class__.model_fields.items():
            assert field.description, name

    def test_is_frozen(self, part):
        name = next(iter(part.__class__.model_fields))
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, name, getattr(part, name))

    def test_refuses_unknown_keys(self, part):
        with pytest.raises(InputError, match="Extra inputs"):
            create(part.family, part.model_dump(mode="json") | {"no_such_key": 1})

    def test_reads_back_what_it_writes(self, part):
        assert create(part.family, part.model_dump(mode="json")) == part

    def test_static_power_is_sourced(self, part):
        assert_sourced(part.static_power(TECHNOLOGY))


@pytest.mark.parametrize("memory", every("memories"))
class TestMemory:
    def test_has_room_a_rate_and_a_latency(self, memory):
        assert memory.capacity_bits > 0
        assert isinstance(memory.bits_per_ps(CLOCK_HZ), Fraction)
        assert memory.bits_per_ps(CLOCK_HZ) > 0
        assert isinstance(memory.latency_ps(TECHNOLOGY), int)
        assert memory.latency_ps(TECHNOLOGY) >= 0
        assert memory.refusal(TECHNOLOGY, CLOCK_HZ) is None

    def test_a_faster_requester_is_never_served_slower(self, memory):
        assert memory.bits_per_ps(2 * CLOCK_HZ) >= memory.bits_per_ps(CLOCK_HZ)

    def test_actions_have_energies(self, memory):
        assert_counted(memory.counts(12345, 67890), memory.energies(TECHNOLOGY))
        assert_sourced(memory.energies(TECHNOLOGY))
        assert min(memory.energy_per_bit(TECHNOLOGY)) > 0

    @pytest.mark.parametrize("bits", [1, 127, 128, 10**6])
    def test_more_bits_never_take_fewer_actions_and_splitting_never_saves_any(self, memory, bits):
        assert set(memory.counts(0, 0).values()) == {0}
        one, two = memory.counts(bits, bits), memory.counts(2 * bits, 2 * bits)
        for action, count in one.items():
            assert count <= two[action] <= 2 * count

    def test_without_a_knob_turned_no_cell_fails(self, memory):
        assert memory.faults(TECHNOLOGY) is None

    def test_area_is_sourced_or_unknown(self, memory):
        area = memory.area(TECHNOLOGY)
        assert area is None or (area.value > 0 and area.source)


@pytest.mark.parametrize("link", every("links"))
class TestLink:
    def test_moves_bits_at_a_rate_for_an_energy(self, link):
        assert link.clock_hz > 0
        assert isinstance(link.bits_per_ps(), Fraction)
        assert link.bits_per_ps() > 0
        assert len(link.connects) > 1
        assert_counted(link.counts(1000, *link.connects[:2]), link.energies(TECHNOLOGY))
        assert_sourced(link.energies(TECHNOLOGY))
        assert set(link.counts(0, *link.connects[:2]).values()) == {0}
        area = link.area(TECHNOLOGY)
        assert area is None or area.value > 0

    def test_a_transfer_holds_some_of_its_ports_once_and_takes_whole_picoseconds(self, link):
        assert len(set(link.all_ports)) == len(link.all_ports) > 0
        for source, destination in permutations(link.connects, 2):
            held = link.ports(source, destination)
            assert len(set(held)) == len(held) > 0
            assert set(held) <= set(link.all_ports)
            assert isinstance(link.latency_ps(source, destination), int)
            assert link.latency_ps(source, destination) >= 0

    def test_actions_are_linear_in_the_bits(self, link):
        for ends in permutations(link.connects, 2):
            one, five = link.counts(1000, *ends), link.counts(5000, *ends)
            assert five == {action: 5 * count for action, count in one.items()}


def executed(layers: tuple[Layer, ...]) -> list[Any]:
    """Pairs of a unit and a layer that it executes."""
    units = [sample("compute", kind) for kind in kinds("compute")]
    return [
        pytest.param(unit, layer, id=f"{unit.kind}-{layer.name}")
        for unit in units
        for layer in layers
        if unit.refusal(layer) is None
    ]


@pytest.mark.parametrize("unit", every("compute"))
class TestComputeUnit:
    def test_executes_something_and_says_in_one_line_what_it_does_not(self, unit):
        refusals = [unit.refusal(layer) for layer in LAYERS]
        assert None in refusals
        assert all(refusal.strip() and "\n" not in refusal for refusal in refusals if refusal is not None)

    def test_has_multipliers_capacities_and_sourced_areas(self, unit):
        assert unit.multipliers > 0
        assert unit.accumulator_capacity_bits >= 0
        assert unit.weight_capacity_bits is None or unit.weight_capacity_bits > 0
        assert_sourced(unit.area(TECHNOLOGY))


@pytest.mark.parametrize(("unit", "layer"), executed(LAYERS))
class TestExecutedLayer:
    def test_actions_have_energies(self, unit, layer):
        work = Work(macs=1000, input_reads=100, weight_reads=100, outputs=10, elements=10, cycles=600)
        energies = unit.energies(TECHNOLOGY, layer)
        assert_counted(unit.counts(layer, work), energies)
        assert_sourced(energies)
        assert any(unit.counts(layer, work).values())
        assert not any(unit.counts(layer, Work()).values())

    def test_operands_have_a_width(self, unit, layer):
        operands = unit.operands(layer)
        widths = (operands.weight_bits, operands.input_bits, operands.output_bits, operands.accumulator_bits)
        assert min(widths) > 0


@pytest.mark.parametrize(("unit", "layer"), executed((CONV, LINEAR)))
def test_layers_with_macs_lie_on_three_dimensions(unit, layer):
    folds = unit.array(layer, resident=False)
    assert {folds.across_rows, folds.across_columns, folds.streamed} == {"pixels", "depth", "filters"}
    assert min(folds.rows, folds.columns, folds.step_cycles, folds.parallel_folds) >= 1
    assert min(folds.overhead_cycles, folds.uncounted_cycles) >= 0


@pytest.mark.parametrize(("unit", "layer"), executed((CONV, LINEAR)))
def test_what_macs_compute_is_a_function_of_the_seed_near_the_exact_one(unit, layer):
    macs, again = (unit.mac_function(layer, np.random.SeedSequence(3)) for _ in range(2))
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, macs.highest + 1, (2, 6, 5, 5))
    weights = rng.integers(macs.lowest, macs.highest + 1, (9, 6, 3, 3))
    window, bias = Window(padding=1), rng.integers(-9, 9, 9)
    sums = macs.convolver(weights, window, bias, 0)(inputs)
    assert np.array_equal(sums, again.convolver(weights, window, bias, 0)(inputs))
    exact = exact_macs(16, 64).convolver(weights, window, bias, 0)(inputs)
    assert sums.shape == exact.shape
    assert np.issubdtype(sums.dtype, np.integer)
    assert np.corrcoef(sums.ravel(), exact.ravel())[0, 1] > 0.9


@pytest.mark.parametrize(("unit", "layer"), executed((RELU, POOL)))
def test_streaming_more_never_takes_less(unit, layer):
    cycles = [unit.streaming_cycles(layer, elements) for elements in (0, 1, 100, 10_000)]
    assert cycles[0] == 0
    assert cycles == sorted(cycles)
