"""Netlists of random gates for Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from archsim.arithmetic.netlists.gates import GATES
from archsim.arithmetic.netlists.netlist import Gate, Netlist

TRUTH = {
    "NOT": "10",
    "NAND": "1110",
    "NOR": "1000",
    "AND": "0001",
    "OR": "0111",
    "XOR": "0110",
    "XNOR": "1001",
    "MUX": "00011011",
}
"""Outputs for inputs counted up, the first pin the highest bit; a multiplexer takes B where S is 1."""


def ports(bits, gates, outputs=None):
    """A netlist with one input of some bits (nets 2, 3, ...), whose output is the last gate's."""
    return Netlist.build(
        "design", {"x": tuple(range(2, 2 + bits))}, {"y": outputs or (gates[-1].output,)}, gates
    )


@st.composite
def random_netlists(draw):
    """Gates whose inputs are any earlier net, listed in any order, and a few outputs."""
    bits = draw(st.integers(1, 6))
    gates = []
    for net in range(2 + bits, 2 + bits + draw(st.integers(1, 25))):
        kind = draw(st.sampled_from(sorted(GATES)))
        inputs = draw(st.tuples(*[st.integers(0, net - 1)] * len(GATES[kind].pins)))
        gates.append(Gate(kind, inputs, net))
    outputs = tuple(draw(st.lists(st.integers(0, net), min_size=1, max_size=5)))
    return ports(bits, draw(st.permutations(gates)), outputs)
