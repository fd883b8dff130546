"""Zeros of stored results: those that the layers which read them state."""

from __future__ import annotations

from archsim.mapping.sparsity import output_zeros
from archsim.workload import INPUT, Activation, Add, Conv2d, Linear, MaxPool, build_network


def conv(name: str, zeros: float | None = None, source: str | None = None) -> Conv2d:
    inputs = None if source is None else (source,)
    return Conv2d(name=name, out_channels=4, kernel=3, padding=1, activation_sparsity=zeros, inputs=inputs)


def test_zeros_are_those_of_the_next_layer_with_macs() -> None:
    layers = [
        conv("a", 0.1),
        Activation(name="relu", function="relu"),
        MaxPool(name="pool", kernel=2),
        conv("b", 0.6),
    ]
    zeros = output_zeros(build_network("n", (4, 8, 8), layers))
    assert zeros == {INPUT: 0.1, "a": 0.6, "relu": 0.6, "pool": 0.6}


def test_the_last_result_is_unknown() -> None:
    assert "b" not in output_zeros(build_network("n", (4, 8, 8), [conv("a", 0.2), conv("b", 0.3)]))


def test_the_smallest_of_several_readers_counts() -> None:
    layers = [conv("a"), conv("b", 0.7, "a"), conv("c", 0.4, "a"), Add(name="sum", inputs=("b", "c"))]
    assert output_zeros(build_network("n", (4, 8, 8), layers)) == {"a": 0.4}


def test_one_reader_that_states_none_leaves_it_unknown() -> None:
    for order in ((0.7, None), (None, 0.7)):
        layers = [
            conv("a"),
            conv("b", order[0], "a"),
            conv("c", order[1], "a"),
            Add(name="sum", inputs=("b", "c")),
        ]
        assert output_zeros(build_network("n", (4, 8, 8), layers)) == {}


def test_both_operands_of_a_sum_have_its_zeros() -> None:
    layers = [
        conv("a"),
        conv("b"),
        Add(name="sum", inputs=("a", "b")),
        Linear(name="fc", out_channels=3, activation_sparsity=0.5),
    ]
    assert output_zeros(build_network("n", (4, 8, 8), layers)) == {"sum": 0.5, "b": 0.5}
