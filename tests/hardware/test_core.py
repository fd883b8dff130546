"""The core: instructions per layer type, cycles, and actions that add up to them."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archsim.hardware.cacti import BankShape, sram_bank
from archsim.hardware.compute.core import Core
from archsim.hardware.cost import Work
from archsim.hardware.technology import Technology
from archsim.workload.layer import POOLING, Layer, Op, TensorShape
from archsim.workload.simple_specs import ActivationKind, ElementwiseKind

TECHNOLOGY = Technology(node=45, voltage=0.9)
SHAPE = TensorShape(32, 14, 14)


def layer(op: Op, function: str | None = None, **fields: object) -> Layer:
    defaults = {"inputs": ("a",), "input_shapes": (SHAPE,), "output_shape": SHAPE}
    return Layer(name="it", op=op, function=function, **defaults | fields)


def core(**fields: object) -> Core:
    return Core(**{"clock": "500 MHz", "memory": "buffer"} | fields)


PLAIN = [op for op in Op if op not in {Op.ACTIVATION, Op.ELEMENTWISE}]
EVERY = (
    [layer(op) for op in PLAIN]
    + [layer(Op.ACTIVATION, kind) for kind in get_args(ActivationKind)]
    + [layer(Op.ELEMENTWISE, kind) for kind in get_args(ElementwiseKind)]
)


@pytest.mark.parametrize("every", EVERY, ids=lambda it: f"{it.op} {it.function or ''}")
def test_every_layer_type_has_a_loop_that_reads_and_writes(every):
    loop = core().instructions(every)
    assert core().refusal(every) is None
    assert loop.control == 2 or every.op in {Op.SOFTMAX, Op.GLOBAL_AVERAGE_POOL}
    assert loop.loads >= len(every.inputs)
    assert loop.stores >= 1 or every.is_mac


@pytest.mark.parametrize("op", sorted(POOLING))
def test_pooling_loads_and_reduces_each_element_of_its_window(op):
    small, large = (core().instructions(layer(op, kernel=(size, 3))) for size in (2, 3))
    assert small.loads == 6
    assert large.loads == 9
    assert large.adds - small.adds == 3
    assert large.stores == small.stores == 1


def test_a_max_pool_by_hand():
    # 2x2 window: 4 loads, 4 maxima, 1 store, 2 of control per vector of 16; 6272 outputs are 392 vectors.
    pool = layer(Op.MAX_POOL, kernel=(2, 2))
    assert core().streaming_cycles(pool, SHAPE.elements) == 392 * 11


def test_adds_load_every_input():
    three = layer(Op.ADD, inputs=("a", "b", "c"))
    assert core().instructions(three).loads == 3


def test_elementwise_takes_its_declared_operations():
    scaled, twice = (layer(Op.ELEMENTWISE, "local_response_norm", operations=n) for n in (10, 20))
    assert core().instructions(twice).total - core().instructions(scaled).total == 10


@given(st.sampled_from(EVERY), st.integers(0, 10**6), st.sampled_from([1, 4, 16, 32]))
def test_cycles_are_whole_vectors_and_instructions_are_the_cycles(every, elements, lanes):
    unit = core(lanes=lanes)
    cycles = unit.streaming_cycles(every, elements)
    loop = unit.instructions(every)
    assert cycles == -(-elements // lanes) * loop.total
    counts = unit.counts(every, Work(elements=elements, cycles=cycles))
    assert counts["core.instruction_fetch"] == cycles
    issued = counts["core.load"] + counts["core.store"] + counts["core.control"]
    assert issued + (counts["core.add"] + counts["core.multiply"]) // lanes == cycles


def test_matrix_products_multiply_once_per_lane_and_step():
    conv = layer(Op.CONV2D, kernel=(3, 3))
    unit = core()
    folds = unit.array(conv, resident=False)
    assert (folds.across_rows, folds.rows) == ("pixels", 1)
    assert (folds.across_columns, folds.columns, folds.streamed) == ("filters", 16, "depth")
    # One fold of depth 100: 100 steps and an epilogue as long as one.
    cycles = 100 * folds.step_cycles + folds.overhead_cycles
    counts = unit.counts(conv, Work(macs=1600, cycles=cycles))
    assert counts["core.multiply"] == 1600 + 16
    assert counts["core.instruction_fetch"] == cycles


def test_energies_are_those_of_the_parts():
    unit = core()
    energies = unit.energies(TECHNOLOGY, layer(Op.ADD))
    fetch, data = sram_bank(TECHNOLOGY, BankShape(16384, 32)), sram_bank(TECHNOLOGY, BankShape(16384, 128))
    assert energies["core.instruction_fetch"].value == fetch.read_j
    assert (energies["core.load"].value, energies["core.store"].value) == (data.read_j, data.write_j)
    # Horowitz 45 nm 0.9 V: add 8 b 0.03 pJ, multiply 8 b 0.2 pJ, add 32 b 0.1 pJ [pub].
    assert energies["core.add"].value == pytest.approx(0.03e-12)
    assert energies["core.multiply"].value == pytest.approx(0.2e-12)
    assert energies["core.control"].value == pytest.approx(0.1e-12)
    assert unit.energies(TECHNOLOGY, layer(Op.CONV2D))["core.add"].value == pytest.approx(0.1e-12)


def test_three_register_operands_per_instruction():
    add = layer(Op.ADD, inputs=("a", "b"))
    unit = core()
    loop = unit.instructions(add)
    counts = unit.counts(add, Work(elements=16, cycles=loop.total))
    # 5 vector instructions of 128 b and 2 scalar ones of 32 b.
    assert (loop.vector, loop.control) == (5, 2)
    assert counts["core.register_access"] == 3 * (5 * 128 + 2 * 32)


def test_leakage_and_area_name_the_same_parts():
    assert core().static_power(TECHNOLOGY).keys() == core().area(TECHNOLOGY).keys()
    assert not core().stages_in_memory
    assert core().multipliers == 16


def test_wider_layers_and_unknown_functions_are_refused():
    assert "needs int16" in (core().refusal(layer(Op.ADD, number_format="int16")) or "")
    assert "no loop for activation softplus" in (core().refusal(layer(Op.ACTIVATION, "softplus")) or "")
    assert "needs fp16" in (core(number_format="int16").refusal(layer(Op.ADD, number_format="fp16")) or "")
    assert core(number_format="int16").refusal(replace(layer(Op.ADD), number_format="int8")) is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lanes": 128}, "8 b to 512 b"),
        ({"data_capacity": "128 B"}, "512 B to 4 MiB"),
        ({"instruction_capacity": "0 B"}, "256 B to 4 MiB"),
        ({"number_format": "i8"}, "did you mean 'int8'"),
    ],
)
def test_impossible_cores_are_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        core(**fields)
