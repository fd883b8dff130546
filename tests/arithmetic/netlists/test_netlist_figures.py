import numpy as np
import pytest

from archsim.arithmetic.netlists.figures import figures
from archsim.arithmetic.netlists.gates import GATES
from archsim.arithmetic.netlists.loads import area, delay
from archsim.arithmetic.netlists.netlist import Gate, Netlist
from archsim.arithmetic.netlists.toggles import toggle_energy, uniform_energy

AND = Netlist.build("and", {"a": (2,), "b": (3,)}, {"y": (4,)}, [Gate("AND", (2, 3), 4)])

HALF_ADDER = Netlist.build(
    "half", {"a": (2,), "b": (3,)}, {"y": (4, 5)}, [Gate("XOR", (2, 3), 4), Gate("AND", (2, 3), 5)]
)


def test_toggles_of_a_stream_counted_by_hand():
    # a: 0 1 1 0 toggles twice, b: 1 1 0 0 once, their AND: 0 1 0 0 twice, over three steps. An input of AND
    # loads 4/3; its output is loaded with 4 of its own and the inverter that reads it.
    energy = toggle_energy(AND, {"a": [0, 1, 1, 0], "b": [1, 1, 0, 0]})
    assert energy == pytest.approx((2 * 4 / 3 + 1 * 4 / 3 + 2 * 5) / 3)


def test_a_stream_that_stands_still_costs_nothing():
    assert toggle_energy(HALF_ADDER, {"a": [1] * 100, "b": [0] * 100}) == 0


def test_uniform_operands_of_a_gate_by_hand():
    # Inputs are 1 half of the time and toggle in half of the steps; the AND is 1 in a quarter: 2/4 * 3/4.
    assert uniform_energy(AND) == pytest.approx(2 * 0.5 * 4 / 3 + 0.375 * 5)


def test_tied_inputs_charge_nothing():
    assert uniform_energy(AND, {"b": 0}) == pytest.approx(0.5 * 4 / 3)
    assert uniform_energy(AND, {"b": 1}) == pytest.approx(0.5 * 4 / 3 + 0.5 * 5)


def test_a_long_random_stream_comes_to_the_uniform_energy():
    a, b = np.random.default_rng(3).integers(0, 2, (2, 200_000))
    assert toggle_energy(HALF_ADDER, {"a": a, "b": b}) == pytest.approx(uniform_energy(HALF_ADDER), rel=0.01)


def test_operands_that_change_less_cost_less():
    # Eight wires with a load of one inverter each: a Gray code moves one of them in a step, a counter nearly
    # two, random numbers four.
    bits, values = tuple(range(2, 10)), np.arange(256)
    wires = Netlist.build("wires", {"x": bits}, {"y": bits}, [])
    assert toggle_energy(wires, {"x": values ^ (values >> 1)}) == 1
    assert toggle_energy(wires, {"x": values}) == 502 / 255
    assert uniform_energy(wires) == 4


def test_wide_operands_are_sampled_with_a_seed():
    bits = tuple(range(2, 34))
    wide = Netlist.build("wide", {"x": bits}, {"y": (34,)}, [Gate("XOR", (2, 33), 34)])
    assert uniform_energy(wide) == uniform_energy(wide)
    assert uniform_energy(wide) == pytest.approx(0.5 * (4 + 4) + 0.5 * 5, rel=1e-3)


def test_area_is_yosys_estimate_of_transistors():
    assert area(HALF_ADDER) == 18
    assert {kind: gate.transistors for kind, gate in GATES.items()} == {
        "NOT": 2, "NAND": 4, "NOR": 4, "AND": 6, "OR": 6, "XOR": 12, "XNOR": 12, "MUX": 12,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "effort", "parasitic"), [("NOT", 1, 1), ("NAND", 4 / 3, 2), ("NOR", 5 / 3, 2), ("XOR", 4, 4)]
)
def test_loads_are_those_of_logical_effort(kind, effort, parasitic):
    assert (GATES[kind].input_load, GATES[kind].own_load) == (effort, parasitic)


def test_delay_is_the_longest_path_with_its_loads():
    # A chain of inverters, one of which also drives a NAND: p + h each, the load of the NAND added.
    chain = Netlist.build(
        "chain", {"x": (2,)}, {"y": (5, 6)},
        [Gate("NOT", (2,), 3), Gate("NOT", (3,), 4), Gate("NOT", (4,), 5), Gate("NAND", (3, 2), 6)],
    )  # fmt: skip
    first, second, third = 1 + 1 + 4 / 3, 1 + 1, 1 + 1
    assert delay(chain) == pytest.approx(max(first + second + third, first + 2 + 1))
    assert figures(chain).delay == delay(chain)


def test_wires_have_no_delay_and_no_area():
    wires = Netlist.build("wires", {"x": (2, 3)}, {"y": (3, 2)}, [])
    assert (area(wires), delay(wires)) == (0, 0.0)
    assert uniform_energy(wires) == pytest.approx(2 * 0.5 * 1)
