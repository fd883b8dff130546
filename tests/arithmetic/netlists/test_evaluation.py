import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_netlists import TRUTH, ports, random_netlists

from archsim.arithmetic.netlists.evaluation import CHUNK, evaluate
from archsim.arithmetic.netlists.gates import GATES
from archsim.arithmetic.netlists.netlist import ONE, ZERO, Gate, Netlist
from archsim.errors import InputError


@pytest.mark.parametrize("kind", GATES)
def test_every_gate_computes_its_truth_table(kind):
    count = len(GATES[kind].pins)
    one = ports(count, [Gate(kind, tuple(reversed(range(2, 2 + count))), 10)])
    values = evaluate(one, {"x": np.arange(1 << count)})["y"]
    assert "".join(map(str, values)) == TRUTH[kind]


def one_at_a_time(netlist, value):
    """The output for one operand, gate by gate from the truth tables."""
    bits = {ZERO: 0, ONE: 1} | {net: value >> i & 1 for i, net in enumerate(netlist.inputs["x"])}
    for gate in netlist.gates:
        bits[gate.output] = int(TRUTH[gate.kind][int("".join(str(bits[net]) for net in gate.inputs), 2)])
    return sum(bits[net] << i for i, net in enumerate(netlist.outputs["y"]))


@given(random_netlists())
def test_64_operands_in_a_word_are_as_one_at_a_time(netlist):
    values = np.arange(1 << len(netlist.inputs["x"])).repeat(3)[:-1]
    assert evaluate(netlist, {"x": values})["y"].tolist() == [one_at_a_time(netlist, v) for v in values]


@given(random_netlists(), st.randoms(use_true_random=False))
def test_the_order_in_which_gates_are_listed_does_not_matter(netlist, random):
    shuffled = random.sample(netlist.gates, len(netlist.gates))
    again = Netlist.build(netlist.name, netlist.inputs, netlist.outputs, shuffled)
    values = np.arange(1 << len(netlist.inputs["x"]))
    assert (evaluate(again, {"x": values})["y"] == evaluate(netlist, {"x": values})["y"]).all()
    driven = {ZERO, ONE, *netlist.inputs["x"]}
    for gate in again.gates:
        assert driven.issuperset(gate.inputs)
        driven.add(gate.output)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (2, 5, 7)])
def test_operands_keep_their_shape(shape):
    inverter = ports(1, [Gate("NOT", (2,), 3)])
    assert evaluate(inverter, {"x": np.zeros(shape, np.int64)})["y"].shape == shape


def test_more_operands_than_are_evaluated_at_once():
    exclusive = ports(2, [Gate("XOR", (2, 3), 4)])
    values = np.arange(CHUNK + 65) % 4
    assert (evaluate(exclusive, {"x": values})["y"] == (values % 3 != 0)).all()


def test_negative_operands_are_in_twos_complement():
    wires = ports(4, [Gate("NOT", (2,), 6)], (2, 3, 4, 5))
    assert evaluate(wires, {"x": np.array([-1, -8, 7])})["y"].tolist() == [15, 8, 7]


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        ([Gate("NOT", (4,), 3), Gate("NOT", (3,), 4)], "form a loop"),
        ([Gate("NOT", (9,), 3)], "no driver"),
        ([Gate("NOT", (2,), 3), Gate("NOT", (2,), 3)], "several drivers"),
        ([Gate("NOT", (2,), 2)], "several drivers"),
        ([Gate("NOT", (2,), ONE)], "several drivers"),
    ],
)
def test_what_is_no_combinational_netlist_is_refused(gates, message):
    with pytest.raises(InputError, match=message):
        ports(1, gates)


def test_gates_are_counted_by_type():
    two = ports(2, [Gate("AND", (2, 3), 4), Gate("NOT", (4,), 5), Gate("AND", (4, 5), 6)])
    assert two.counts() == {"NOT": 1, "AND": 2}
