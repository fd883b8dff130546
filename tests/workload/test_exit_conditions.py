"""Exits of a trace: their conditions, the layers behind each, and what is refused."""

from __future__ import annotations

from math import inf, log, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import InputError
from archsim.workload import ExitCondition, Network, load_network, with_threshold

TRACE = """archsim: 1
name: net
EXITS
input: {channels: 1, rows: 6, columns: 6}
layers:
  - {name: conv1, op: conv2d, out_channels: 4, kernel: 3}
  - {name: first, op: linear, out_channels: 3}
  - {name: conv2, op: conv2d, out_channels: 2, kernel: 3, inputs: [conv1]}
  - {name: second, op: linear, out_channels: 3}
  - {name: second.softmax, op: softmax}
  - {name: conv3, op: conv2d, out_channels: 2, kernel: 2, inputs: [conv2]}
  - {name: fc, op: linear, out_channels: 3}
"""


def read(folder: Path, exits: str) -> Network:
    path = folder / "net.yaml"
    path.write_text(TRACE.replace("EXITS", exits), encoding="utf-8")
    return load_network(path)


def names(network: Network, exit_name: str | None = None) -> list[str]:
    return [layer.name for layer in network.path(exit_name)]


def test_conditions_of_a_trace(tmp_path: Path) -> None:
    network = read(
        tmp_path,
        "exits: [{layer: first, min_probability: 0.75}, second, {layer: second.softmax, max_entropy: 0.5}]",
    )
    assert network.exits == ("first", "second", "second.softmax")
    assert network.exit_conditions == (
        ("first", ExitCondition("min_probability", 0.75)),
        ("second.softmax", ExitCondition("max_entropy", 0.5)),
    )
    assert network.end == "fc"


def test_a_name_alone_lets_nothing_leave(tmp_path: Path) -> None:
    network = read(tmp_path, "exits: [first]")
    assert network.exits == ("first",)
    assert network.exit_conditions == ()


def test_a_path_has_what_its_exit_and_those_before_it_need(tmp_path: Path) -> None:
    network = read(tmp_path, "exits: [first, second.softmax]")
    assert names(network, "first") == ["conv1", "first"]
    assert names(network, "second.softmax") == ["conv1", "first", "conv2", "second", "second.softmax"]
    assert network.path() == network.layers
    alone = read(tmp_path, "exits: [second]")
    assert names(alone, "second") == ["conv1", "conv2", "second"]


# `§` marks where the error points.
BROKEN = {
    "unknown layer": ("exits: [§{layer: frist, min_probability: 0.5}]", "did you mean 'first'"),
    "unknown key": ("exits: [{layer: first, §min_probabilty: 0.5}]", "did you mean 'min_probability'"),
    "no layer": ("exits: [§{min_probability: 0.5}]", "missing key 'layer'"),
    "probability of two": ("exits: [{layer: first, min_probability: §2}]", "less than or equal to 1"),
    "negative probability": ("exits: [{layer: first, min_probability: §-0.1}]", "greater than or equal to 0"),
    "probability of text": ("exits: [{layer: first, min_probability: §much}]", "a number"),
    "nan": ("exits: [{layer: first, max_entropy: §.nan}]", "finite"),
    "negative entropy": ("exits: [{layer: first, max_entropy: §-1}]", "greater than or equal to 0"),
    "entropy beyond ln 3": ("exits: [§{layer: first, max_entropy: 1.2}]", "more than the 1.099 of 3 equal"),
    "both": (
        "exits: [{layer: first, min_probability: 0.5, max_entropy: §0.5}]",
        "min_probability or max_entropy, not both",
    ),
    "twice": ("exits: [first, §{layer: first, max_entropy: 1}]", "listed twice"),
    "not in order": (
        "exits: [{layer: second, max_entropy: 1}, §{layer: first, max_entropy: 1}]",
        "listed after a later one",
    ),
    "the end": ("exits: [first, second, second.softmax, §{layer: fc, max_entropy: 1}]", "end of the network"),
    "other classes": ("exits: [§{layer: conv1, max_entropy: 1}]", "has 64 outputs, the end 'fc' has 3"),
    "a layer before it": (
        "exits: [§{layer: second, max_entropy: 1}]",
        "does not need layer 'first', which is listed before it",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_exits_are_told_with_their_place(case: str, tmp_path: Path) -> None:
    text, expected = BROKEN[case]
    with pytest.raises(InputError, match=expected) as caught:
        read(tmp_path, text.replace("§", ""))
    position = caught.value.position
    assert position is not None
    assert (position.line, position.column) == (3, text.index("§") + 1)
    assert str(caught.value.field).startswith("exits")


@pytest.mark.parametrize("threshold", [-0.1, 1.1, nan, inf])
def test_a_probability_lies_between_0_and_1(threshold: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        ExitCondition("min_probability", threshold)


@pytest.mark.parametrize("threshold", [-0.1, nan])
def test_an_entropy_is_not_negative(threshold: float) -> None:
    with pytest.raises(InputError, match="at least 0"):
        ExitCondition("max_entropy", threshold)


def test_an_unknown_measure_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'max_entropy'"):
        ExitCondition("entropy", 0.3)  # type: ignore[arg-type]


@given(st.floats(0, 1))
def test_one_threshold_for_all_exits(threshold: float) -> None:
    network = with_threshold(load_network("digits_exits"), threshold)
    assert network.exit_conditions == (("exit1", ExitCondition("min_probability", threshold)),)
    other = with_threshold(network, threshold, "max_entropy")
    assert with_threshold(other, threshold) == other
    assert other.layers == network.layers


def test_thresholds_need_exits_and_a_range() -> None:
    with pytest.raises(InputError, match="has no exits"):
        with_threshold(load_network("digits_cnn"), 0.5)
    network = load_network("digits_exits")
    with pytest.raises(InputError, match="equal probabilities"):
        with_threshold(network, log(10) + 0.01, "max_entropy")
    with pytest.raises(InputError, match="between 0 and 1"):
        with_threshold(network, 1.5)
