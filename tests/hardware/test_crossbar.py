"""The crossbar: contention at the ends alone."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import pytest
from pydantic import ValidationError

from archsim.hardware.links.crossbar import Crossbar
from archsim.hardware.technology import Technology

NODES = ("dram", "buffer", "npu", "cpu")
CROSSBAR = Crossbar(width="128 b", clock="500 MHz", connects=NODES)


def test_pairs_share_a_port_exactly_where_they_share_an_end():
    for one in permutations(NODES, 2):
        for other in permutations(NODES, 2):
            shared = set(CROSSBAR.ports(*one)) & set(CROSSBAR.ports(*other))
            assert bool(shared) == (one[0] == other[0] or one[1] == other[1])


def test_every_node_has_an_input_and_an_output():
    used = {port for ends in permutations(NODES, 2) for port in CROSSBAR.ports(*ends)}
    assert used == set(CROSSBAR.all_ports)
    assert len(CROSSBAR.all_ports) == 2 * len(NODES)


def test_a_port_moves_a_width_per_cycle_for_an_energy_per_bit():
    assert CROSSBAR.bits_per_ps() == Fraction(128 * 500, 10**6)
    assert CROSSBAR.counts(1000, "dram", "npu") == {"transfer": 1000}
    energy = CROSSBAR.energies(Technology(node=45, voltage=0.9))["transfer"]
    assert 0.08e-12 <= energy.value <= 0.25e-12
    assert energy.source.startswith("assumption")
    assert CROSSBAR.area(Technology(node=45, voltage=0.9)) is None


def test_a_node_that_is_named_twice_is_refused():
    with pytest.raises(ValidationError, match="'dram' is named twice"):
        Crossbar(width="128 b", clock="500 MHz", connects=("dram", "npu", "dram"))
