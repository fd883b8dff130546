"""Who executes which layer, what rides in an output stage, which tensors are one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from archsim.config import find
from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.mapping.placement import Placement, Step, place
from archsim.workload import (
    INPUT,
    Activation,
    Add,
    BatchNorm,
    Concat,
    Conv2d,
    Elementwise,
    GlobalAveragePool,
    Linear,
    MaxPool,
    Network,
    Softmax,
    Spec,
    build_network,
    load_network,
)

TWO_ARRAYS = ("compute.npu2={kind: pe_array, rows: 8, columns: 8, clock: 500 MHz, memory: buffer, "
              "dataflow: weight_stationary, accumulator_capacity: 32 KiB}")  # fmt: skip


def conv(
    name: str,
    filters: int = 4,
    source: str | None = None,
    *,
    groups: int | Literal["depthwise"] = 1,
    bias: bool = True,
) -> Conv2d:
    return Conv2d(
        name=name,
        out_channels=filters,
        kernel=3,
        padding=1,
        inputs=None if source is None else (source,),
        groups=groups,
        bias=bias,
    )


def network(*specs: Spec) -> Network:
    return build_network("n", (3, 8, 8), specs)


def machine(*rules: str, units: tuple[str, ...] = ()) -> Architecture:
    return Architecture.load("von_neumann", [*units, f"placement=[{', '.join(rules)}]"])


def placed(net: Network, *rules: str, units: tuple[str, ...] = ()) -> Placement:
    return place(net, machine(*rules, units=units))


def units_of(placement: Placement) -> dict[str, tuple[str, ...]]:
    return {step.layer.name: tuple(share.unit for share in step.shares) for step in placement.steps}


def step(placement: Placement, name: str) -> Step:
    return next(step for step in placement.steps if step.layer.name == name)


ANYWHERE = '{op: "*", unit: cpu}'
ARRAY = "{op: [conv2d, linear, activation], unit: npu}"


def test_the_first_rule_that_matches_wins() -> None:
    net = network(conv("a"), conv("b"), MaxPool(name="p", kernel=2), Linear(name="fc", out_channels=5))
    rules = ("{layer: b, unit: cpu}", "{op: conv2d, unit: npu}", ANYWHERE)
    assert units_of(placed(net, *rules)) == {"a": ("npu",), "b": ("cpu",), "p": ("cpu",), "fc": ("cpu",)}
    assert units_of(placed(net, ANYWHERE, *rules)) == dict.fromkeys("ab", ("cpu",)) | {
        "p": ("cpu",),
        "fc": ("cpu",),
    }


def test_globs_and_op_groups_select_layers() -> None:
    net = network(
        conv("block1.conv"),
        conv("block2.conv"),
        conv("block2.dw", groups="depthwise"),
        conv("tail", groups=2),
        MaxPool(name="pool", kernel=2),
        GlobalAveragePool(name="mean"),
    )
    rules = (
        "{op: depthwise, unit: cpu}",
        '{layer: "block?.conv", unit: npu}',
        "{op: grouped, unit: npu}",
        "{op: pooling, unit: cpu}",
    )
    found = units_of(placed(net, *rules))
    assert found["block1.conv"] == found["block2.conv"] == found["tail"] == ("npu",)
    assert found["block2.dw"] == found["pool"] == found["mean"] == ("cpu",)


def test_a_rule_needs_both_its_op_and_its_name_to_match() -> None:
    net = network(conv("a"), MaxPool(name="a.pool", kernel=2))
    found = units_of(placed(net, '{op: conv2d, layer: "a*", unit: npu}', ANYWHERE))
    assert found == {"a": ("npu",), "a.pool": ("cpu",)}


def test_an_activation_rides_in_the_output_stage_of_its_only_reader() -> None:
    found = placed(network(conv("a"), Activation(name="r", function="relu"), conv("b")), ARRAY)
    assert list(units_of(found)) == ["a", "b"]
    assert [layer.name for layer in step(found, "a").fused] == ["r"]
    assert found.stored["a"] == found.stored["r"] == step(found, "b").inputs[0]


def test_it_does_not_where_the_conv_has_two_readers() -> None:
    net = network(conv("a"), Activation(name="r", function="relu"), Add(name="s", inputs=("a", "r")))
    found = placed(net, ARRAY, ANYWHERE)
    assert list(units_of(found)) == ["a", "r", "s"]
    assert step(found, "r").inputs == (found.stored["a"],)
    assert found.stored["a"] != found.stored["r"]
    assert all(not each.fused for each in found.steps)


def test_it_does_not_on_another_unit_or_where_the_unit_cannot() -> None:
    relu = network(conv("a"), Activation(name="r", function="relu"))
    assert list(units_of(placed(relu, "{op: conv2d, unit: npu}", ANYWHERE))) == ["a", "r"]
    gelu = network(conv("a"), Activation(name="g", function="gelu"))
    assert list(units_of(placed(gelu, "{op: conv2d, unit: npu}", ANYWHERE))) == ["a", "g"]


def test_nothing_fuses_into_the_input_or_a_concatenation() -> None:
    first = placed(network(Activation(name="r", function="relu"), conv("a")), ARRAY)
    assert list(units_of(first)) == ["r", "a"]
    net = network(
        conv("a"),
        conv("b", source=INPUT),
        Concat(name="c", inputs=("a", "b")),
        Activation(name="r", function="relu"),
    )
    assert list(units_of(placed(net, ARRAY, ANYWHERE))) == ["a", "b", "r"]


def test_a_folded_batch_norm_does_not_stand_between_conv_and_activation() -> None:
    net = network(conv("a", bias=False), BatchNorm(name="bn"), Activation(name="r", function="relu"))
    found = placed(net, ARRAY, ANYWHERE)
    assert list(units_of(found)) == ["a"]
    assert {found.stored[name] for name in ("a", "bn", "r")} == {"a"}
    assert found.elements["a"] == 4 * 64


def test_a_batch_norm_with_two_readers_keeps_its_activation_apart() -> None:
    net = network(
        conv("a", bias=False),
        BatchNorm(name="bn"),
        Activation(name="r", function="relu"),
        Add(name="s", inputs=("bn", "r")),
    )
    found = placed(net, ARRAY, ANYWHERE)
    assert list(units_of(found)) == ["a", "r", "s"]
    assert step(found, "s").inputs == ("a", "r")


def test_activations_chain_into_one_output_stage() -> None:
    net = network(
        conv("a"), Activation(name="r", function="relu"), Activation(name="s", function="relu6"), conv("b")
    )
    found = placed(net, ARRAY)
    assert [layer.name for layer in step(found, "a").fused] == ["r", "s"]
    assert step(found, "b").inputs == ("a",)


def test_a_concatenation_is_the_storage_of_its_inputs() -> None:
    net = network(
        conv("a", 4),
        conv("b", 6, INPUT),
        Concat(name="c", inputs=("a", "b")),
        conv("d", 2, INPUT),
        Concat(name="e", inputs=("c", "d")),
        conv("f"),
    )
    found = placed(net, ARRAY, ANYWHERE)
    assert "c" not in units_of(found)
    assert {found.stored[name] for name in "abcde"} == {found.stored["a"]}
    assert found.elements[found.stored["a"]] == (4 + 6 + 2) * 64
    assert step(found, "f").inputs == (found.stored["e"],)


def test_concatenations_that_share_an_input_store_it_once_and_the_others_beside_it() -> None:
    net = network(
        conv("a", 4),
        conv("b", 4, INPUT),
        conv("c", 4, INPUT),
        Concat(name="ab", inputs=("a", "b")),
        Concat(name="bc", inputs=("b", "c")),
        Add(name="s", inputs=("ab", "bc")),
    )
    found = placed(net, ARRAY, ANYWHERE)
    assert found.elements[found.stored["ab"]] == 3 * 4 * 64
    assert found.elements[found.stored["s"]] == 8 * 64


def test_a_tensor_that_is_listed_twice_takes_room_twice() -> None:
    net = network(conv("a", 4), Concat(name="aa", inputs=("a", "a")), conv("b"))
    found = placed(net, ARRAY, ANYWHERE)
    assert found.elements[found.stored["aa"]] == 8 * 64


def test_results_are_the_storage_of_what_nobody_reads() -> None:
    net = network(conv("a"), conv("b"), Concat(name="c", inputs=("a", "b")))
    found = placed(net, ARRAY, ANYWHERE)
    assert found.results == {found.stored["a"]}  # read by b, and still the result
    chain = placed(network(conv("a"), Activation(name="r", function="relu")), ARRAY)
    assert chain.results == {"a"}


@pytest.mark.parametrize("filters", [1, 2, 7, 12])
def test_splitting_channels_over_units_conserves_macs_and_outputs(filters: int) -> None:
    rule = "{op: conv2d, unit: [npu, npu2]}"
    (only,) = placed(network(conv("a", filters)), rule, ANYWHERE, units=(TWO_ARRAYS,)).steps
    assert sum(share.layer.macs for share in only.shares) == only.layer.macs
    channels = [share.layer.output_shape.channels for share in only.shares]
    assert sum(channels) == filters
    assert max(channels) - min(channels) <= 1 or len(channels) == 1
    assert all(share.layer.input_shapes == only.layer.input_shapes for share in only.shares)


@pytest.mark.parametrize("filters", [6, 12])
@pytest.mark.parametrize("groups", [2, 3, 6])
def test_splitting_a_grouped_layer_keeps_whole_groups(filters: int, groups: int) -> None:
    net = network(conv("first", 6), conv("a", filters, groups=groups))
    rules = ("{layer: first, unit: npu}", "{op: conv2d, unit: [npu, npu2]}")
    found = step(placed(net, *rules, units=(TWO_ARRAYS,)), "a")
    shares = [share.layer for share in found.shares]
    assert sum(layer.macs for layer in shares) == found.layer.macs
    assert sum(layer.groups for layer in shares) == groups
    assert sum(layer.input_elements for layer in shares) == found.layer.input_elements
    assert sum(layer.output_elements for layer in shares) == found.layer.output_elements
    assert sum(layer.weight_elements for layer in shares) == found.layer.weight_elements
    assert {layer.gemm.depth for layer in shares} == {found.layer.gemm.depth}


def test_whole_networks_split_over_two_arrays_keep_their_macs() -> None:
    net = load_network(find("traces", "mobilenet_v2"))
    rules = ("{op: [conv2d, linear], unit: [npu, npu2]}", ANYWHERE)
    for each in placed(net, *rules, units=(TWO_ARRAYS,)).steps:
        assert sum(share.layer.macs for share in each.shares) == each.layer.macs
        assert sum(share.layer.output_elements for share in each.shares) == each.layer.output_elements


@pytest.mark.parametrize(
    "spec",
    [Softmax(name="x"), Elementwise(name="x", function="local_response_norm")],
    ids=["softmax", "local_response_norm"],
)
def test_layers_that_mix_channels_are_not_split(spec: Spec) -> None:
    rule = "{op: [softmax, elementwise], unit: [cpu, cpu2]}"
    second = "compute.cpu2={kind: core, clock: 500 MHz, memory: buffer}"
    bus = "links.bus.connects=[dram, buffer, npu, cpu, cpu2]"
    found = placed(network(spec), rule, units=(second, bus))
    assert units_of(found) == {"x": ("cpu",)}


def config_file(folder: Path, placement: str) -> Path:
    path = folder / "soc.yaml"
    path.write_text(f"archsim: 1\nextends: {find('configs', 'von_neumann')}\nname: soc\n{placement}")
    return path


def test_a_layer_without_a_rule_is_an_error_at_the_placement(tmp_path: Path) -> None:
    path = config_file(tmp_path, "placement:\n  - {op: conv2d, unit: npu}\n")
    with pytest.raises(InputError, match=r"no rule places layer 'p' \(max_pool\)") as caught:
        place(network(conv("a"), MaxPool(name="p", kernel=2)), Architecture.load(path))
    assert caught.value.position is not None
    assert (caught.value.position.file, caught.value.position.line) == (str(path), 4)


def test_a_unit_that_cannot_execute_a_layer_is_an_error_at_its_rule(tmp_path: Path) -> None:
    path = config_file(tmp_path, 'placement:\n  - {op: conv2d, unit: npu}\n  - {op: "*", unit: npu}\n')
    with pytest.raises(
        InputError, match=r"'npu' cannot execute layer 'p' \(max_pool\): a pe_array"
    ) as caught:
        place(network(conv("a"), MaxPool(name="p", kernel=2)), Architecture.load(path))
    assert caught.value.field == "placement.1.unit"
    assert caught.value.position is not None
    assert (caught.value.position.line, caught.value.position.column) == (6, 15)
