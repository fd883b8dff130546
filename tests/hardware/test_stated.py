"""Stated costs: the figures as written, their sources, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.hardware.memories.stated import Stated
from archsim.hardware.technology import Technology
from archsim.registry import create
from archsim.workload import load_network

TECHNOLOGY = Technology(node=45, voltage=0.9)
# ZigZag 3d12a96, tpu_like.yaml: 2048 b at 416.16 / 378.4 pJ, in parts of 64 b [pub].
FIELDS: dict[str, Any] = {
    "kind": "stated",
    "capacity": "2 MiB",
    "width": "2048 b",
    "granularity": "64 b",
    "read_energy": {"value": "416.16 pJ", "source": "ZigZag"},
    "write_energy": {"value": "378.4 pJ", "source": "ZigZag"},
    "latency": {"value": "2 ns", "source": "ZigZag"},
}


def memory(**changes: Any) -> Stated:
    built = create("memories", FIELDS | changes)
    assert isinstance(built, Stated)
    return built


def test_a_part_of_an_access_costs_its_share():
    assert memory().counts(2048, 65) == {"read": 32, "write": 2}
    energies = memory().energies(TECHNOLOGY)
    assert energies["read"].value == pytest.approx(13.005e-12)
    assert energies["write"].value == pytest.approx(11.825e-12)
    assert energies["read"].source == "ZigZag; 64 b of 2048 b [calc]"


def test_whole_accesses_cost_what_is_stated():
    whole = memory(granularity=None)
    assert whole.counts(2049, 1) == {"read": 2, "write": 1}
    assert whole.energies(TECHNOLOGY)["read"].value == pytest.approx(416.16e-12)


def test_the_narrower_of_two_widths_sets_the_rate():
    assert memory().bits_per_ps(10**9) == Fraction(2048, 1000)
    assert memory(write_width="128 b").bits_per_ps(10**9) == Fraction(128, 1000)
    assert memory(clock="2 GHz").bits_per_ps(10**9) == Fraction(4096, 1000)


def test_leakage_and_area_are_there_where_stated():
    assert memory().static_power(TECHNOLOGY) == {}
    assert memory().area(TECHNOLOGY) is None
    leaky = memory(
        leakage_power={"value": "2 mW", "source": "sheet"}, total_area={"value": "3 mm2", "source": "die"}
    )
    assert leaky.static_power(TECHNOLOGY)["leakage"].value == pytest.approx(2e-3)
    area = leaky.area(TECHNOLOGY)
    assert area is not None
    assert (area.value, area.source) == (3.0, "die")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"granularity": "48 b"}, "not a multiple of granularity 48 b"),
        ({"latency": {"value": "2 pJ", "source": "x"}}, "pJ is a unit of energy"),
        ({"read_energy": {"value": "1 pJ"}}, "source"),
        ({"read_energy": {"value": "1 pJ", "source": " "}}, "say where the figure comes from"),
    ],
)
def test_impossible_memories_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        memory(**changes)


def test_a_stated_action_replaces_that_of_the_tables():
    npu = Architecture.load("von_neumann").compute["npu"]
    stated = {"mac.multiply": {"value": "0.04 pJ", "source": "ZigZag"}}
    changed = create("compute", npu.model_dump(mode="json") | {"action_energies": stated})
    layer = load_network("resnet18").layers[0]
    before, after = npu.energies(TECHNOLOGY, layer), changed.energies(TECHNOLOGY, layer)
    assert (after["mac.multiply"].value, after["mac.multiply"].source) == (pytest.approx(4e-14), "ZigZag")
    assert {k: v for k, v in after.items() if k != "mac.multiply"} == {
        k: v for k, v in before.items() if k != "mac.multiply"
    }


def test_an_unknown_action_is_refused_with_its_place(tmp_path):
    file = tmp_path / "typo.yaml"
    file.write_text(
        "extends: von_neumann.yaml\nname: typo\ncompute:\n  npu:\n    action_energies:\n"
        '      mac.multiplyy: {value: 1 pJ, source: "x"}\n'
    )
    with pytest.raises(Exception, match=r"typo\.yaml:6:22: .*did you mean 'mac\.multiply'"):
        Architecture.load(file)
