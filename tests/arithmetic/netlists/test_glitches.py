from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_netlists import TRUTH, ports, random_netlists

from archsim.arithmetic.netlists.glitches import glitch_energy, uniform_glitch_energy
from archsim.arithmetic.netlists.loads import capacitances, gate_delays
from archsim.arithmetic.netlists.netlist import ONE, ZERO, Gate
from archsim.arithmetic.netlists.toggles import toggle_energy, uniform_energy


def hazard(inverters):
    """x XOR x through an even number of inverters: always 0, but for the time that x takes through them."""
    chain = [Gate("NOT", (net,), net + 1) for net in range(2, 2 + inverters)]
    return ports(1, [*chain, Gate("XOR", (2, 2 + inverters), 50)])


def energy_of_output(netlist):
    """Energy of a stream that toggles in every step, beyond that of the nets before the output."""
    stream = {"x": [0, 1, 0, 1, 0]}
    charged = capacitances(netlist)
    return glitch_energy(netlist, stream) - sum(
        load for net, load in charged.items() if net not in (50, 0, 1)
    )


def test_a_pulse_longer_than_the_gate_is_late_passes():
    # Four inverters are late by 1 + 1 each, the last by 1 + 4: 11 tau; the XOR by 4 + 1. Two transitions.
    assert energy_of_output(hazard(4)) == pytest.approx(2 * 5)
    assert toggle_energy(hazard(4), {"x": [0, 1, 0]}) < glitch_energy(hazard(4), {"x": [0, 1, 0]})


def test_a_pulse_shorter_than_the_gate_is_late_is_swallowed():
    # The inverter pair of a XNOR-free hazard: 2 + 5 tau pass the XOR's 5, no inverter at all gives no pulse.
    assert energy_of_output(hazard(2)) == pytest.approx(2 * 5)
    assert energy_of_output(hazard(0)) == 0
    slow = ports(
        1, [Gate("NOT", (2,), 3), Gate("NOR", (2, 3), 4), *(Gate("NOT", (4,), 60 + i) for i in range(9))]
    )
    # The NOR drives nine inverters and is late by 2 + 9; x and its inverse are both 0 for 1 + 5/3 only.
    assert glitch_energy(slow, {"x": [0, 1, 0]}) == pytest.approx(toggle_energy(slow, {"x": [0, 1, 0]}))


def transitions(netlist, before, after):
    """How often each net changes in one step, tau by tau from the definition of an inertial delay."""
    delays = {net: max(1, round(delay)) for net, delay in gate_delays(netlist).items()}
    length = sum(delays.values()) + 2
    waves = {ZERO: [0] * length, ONE: [1] * length}
    for place, net in enumerate(netlist.inputs["x"]):
        waves[net] = [before >> place & 1] + [after >> place & 1] * (length - 1)
    for gate in netlist.gates:
        inputs = zip(*(waves[net] for net in gate.inputs), strict=True)
        wanted = [int(TRUTH[gate.kind][int("".join(map(str, bits)), 2)]) for bits in inputs]
        wave = [wanted[0]]
        for time in range(1, length):
            lasted = {wanted[max(0, time - 1 - past)] for past in range(delays[gate.output])}
            wave.append(lasted.pop() if len(lasted) == 1 else wave[-1])
        waves[gate.output] = wave
    return {net: sum(x != y for x, y in pairwise(w)) for net, w in waves.items()}


@settings(deadline=None, max_examples=40)
@given(random_netlists(), st.lists(st.integers(0, 63), min_size=2, max_size=6))
def test_transitions_are_those_of_the_definition(netlist, stream):
    stream = [value % (1 << len(netlist.inputs["x"])) for value in stream]
    charged = capacitances(netlist)
    expected = sum(
        count * charged[net]
        for step in pairwise(stream)
        for net, count in transitions(netlist, *step).items()
    )
    assert glitch_energy(netlist, {"x": stream}) == pytest.approx(expected / (len(stream) - 1))


@settings(deadline=None)
@given(random_netlists(), st.lists(st.integers(0, 63), min_size=2, max_size=200))
def test_glitches_never_save_energy(netlist, stream):
    assert glitch_energy(netlist, {"x": stream}) >= toggle_energy(netlist, {"x": stream}) - 1e-9


def test_uniform_operands_are_seeded_and_near_the_mean_of_toggles_without_glitches():
    wires = ports(8, [], tuple(range(2, 10)))
    assert uniform_glitch_energy(wires) == uniform_glitch_energy(wires)
    assert uniform_glitch_energy(wires) == pytest.approx(uniform_energy(wires), rel=0.02)
    assert uniform_glitch_energy(wires, {"x": 3}) == 0


def test_a_stream_that_stands_still_costs_nothing():
    assert glitch_energy(hazard(4), {"x": np.ones(50, np.int64)}) == 0
