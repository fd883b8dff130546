"""The circuits whose costs are tabulated compute, bit for bit, what their multipliers do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from netlists.composed import multi_precision_verilog
from netlists.designs import TOP, verilog
from netlists.parameters import wanted
from structural import run

from archsim.arithmetic.multipliers.base import Multiplier
from archsim.arithmetic.netlists.evaluation import evaluate
from archsim.arithmetic.netlists.exact_array import exact_verilog
from archsim.arithmetic.netlists.synthesis import is_available, synthesised
from archsim.registry import create

ALL = [one for one in wanted() if one.kind != "multi_precision"]
NARROW = [one for one in ALL if one.width <= 4]
AT_8_BITS = [one for one in ALL if one.width == 8]
WIDE = [one for one in ALL if one.width > 8]
SOME = [*AT_8_BITS[::19], *WIDE[::17]]

needs_yosys = pytest.mark.skipif(
    not is_available(), reason="synthesis needs yosys: pip install archsim[netlist]"
)


def multiplier(one) -> Multiplier:
    fields = {"kind": one.kind, "width": one.width, "signed": one.signed, **one.parameters}
    built = create("multipliers", fields)
    assert isinstance(built, Multiplier)
    return built


def operand_pairs(one):
    """All pairs of narrow operands; random ones and the ends of the range of wide ones."""
    design = multiplier(one)
    if one.width <= 8:
        a, b = np.meshgrid(design.operand_values(), design.operand_values(), indexing="ij")
        return design, a.ravel(), b.ravel()
    a, b = np.random.default_rng(5).integers(design.lowest, design.highest + 1, (2, 3000))
    ends = np.array([design.lowest, design.highest, 0, 1])
    return design, np.concatenate([a, ends.repeat(4)]), np.concatenate([b, np.tile(ends, 4)])


def check(one):
    design, a, b = operand_pairs(one)
    text = verilog(one.kind, one.parameters, one.width, signed=one.signed)
    found = run(text, {"a": a, "b": b})["p"]
    assert (found == design.products(a, b) % (1 << 2 * one.width)).all(), one.design


def test_every_narrow_circuit_is_its_multiplier():
    for one in NARROW:
        check(one)


@pytest.mark.parametrize("one", SOME, ids=lambda one: f"{one.kind}-{one.width}-{one.design.parameters}")
def test_a_circuit_is_its_multiplier(one):
    check(one)


@pytest.mark.slow
def test_every_circuit_is_its_multiplier():
    for one in [*AT_8_BITS, *WIDE]:
        check(one)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("mode", [8, 4, 2])
def test_the_lanes_of_a_mode_are_exact_products(mode, signed):
    a, b = (operand.ravel() for operand in np.meshgrid(np.arange(256), np.arange(256)))
    modes = {"wide": np.full(a.shape, mode == 8), "middle": np.full(a.shape, mode >= 4)}
    operands = {"a": a, "b": b} | {name: value.astype(np.int64) for name, value in modes.items()}
    found = run(multi_precision_verilog(TOP, signed=signed), operands)["p"]
    for lane in range(8 // mode):
        x, y = (lane_value(operand >> lane * mode, mode, signed) for operand in (a, b))
        assert ((found >> 2 * mode * lane) % (1 << 2 * mode) == x * y % (1 << 2 * mode)).all()


def lane_value(operand, bits, signed):
    value = operand % (1 << bits)
    return value - (value >> (bits - 1) << bits) if signed else value


@given(st.integers(2, 16), st.booleans(), st.data())
def test_the_exact_array_is_exact_at_every_width(width, signed, data):
    values = (
        st.integers(-(1 << width - 1), (1 << width - 1) - 1) if signed else st.integers(0, (1 << width) - 1)
    )
    a, b = (np.array(data.draw(st.lists(values, min_size=8, max_size=8))) for _ in range(2))
    assert (run(exact_verilog(width, signed=signed), {"a": a, "b": b})["p"] == a * b % (1 << 2 * width)).all()


@needs_yosys
@pytest.mark.parametrize("one", SOME[::8], ids=lambda one: f"{one.kind}-{one.width}-{one.design.parameters}")
def test_synthesis_keeps_the_function(one):
    design, a, b = operand_pairs(one)
    netlist = synthesised(verilog(one.kind, one.parameters, one.width, signed=one.signed), TOP)
    assert (evaluate(netlist, {"a": a, "b": b})["p"] == design.products(a, b) % (1 << 2 * one.width)).all()
