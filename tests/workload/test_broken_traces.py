"""Broken traces: one line with file, line, column and a hint; never a traceback."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from archsim.config import shipped_folder
from archsim.errors import InputError
from archsim.workload import Network, load_network

HEAD = "archsim: 1\nname: net\ninput: {channels: 3, rows: 8, columns: 8}\nlayers:\n"
FIRST = "  - {name: a, op: conv2d, out_channels: 4, kernel: 3}\n"
BEFORE = HEAD + FIRST
POOL = "  - {name: b, op: max_pool, kernel: 2}\n"

# `§` marks where the error has to point; it is taken out of the text.
BROKEN = {
    "empty": ("§", "empty"),
    "scalar": ("§vgg16\n", "keys and values"),
    "list": ("§- 1\n", "keys and values"),
    "no version": ("§name: net\n", "archsim"),
    "version text": ("archsim: §'1'\nname: net\n", "format version 1"),
    "version 2": ("archsim: §2\nname: net\n", "format version 1"),
    "no layers": ("§" + HEAD.replace("layers:\n", ""), "missing key 'layers'"),
    "empty layers": (HEAD.replace("layers:", "layers: §[]"), "at least 1 item"),
    "layers not a list": (HEAD.replace("layers:", "layers: §{a: 1}"), "a list"),
    "layer not a mapping": (BEFORE + "  - §pool\n", "keys and values"),
    "no op": (BEFORE + "  - §{name: b, kernel: 2}\n", "missing key 'op'"),
    "no name": (BEFORE + "  - §{op: max_pool, kernel: 2}\n", "missing key 'name'"),
    "top-level typo": ("archsim: 1\n§naem: net\n" + HEAD.split("\n", 2)[2] + FIRST, "did you mean 'name'"),
    "input typo": (HEAD.replace("columns", "§columnz") + FIRST, "did you mean 'columns'"),
    "input missing size": (
        HEAD.replace("input: {", "input: §{").replace(", columns: 8", "") + FIRST,
        "'columns'",
    ),
    "input zero": (HEAD.replace("channels: 3", "channels: §0") + FIRST, "greater than or equal to 1"),
    "input text": (HEAD.replace("channels: 3", "channels: §three") + FIRST, "whole number"),
    "unknown op": (
        BEFORE + "  - {name: b, op: §conv2, out_channels: 4, kernel: 3}\n",
        "did you mean 'conv2d'",
    ),
    "op of a group": (BEFORE + "  - {name: b, op: §maxpool, kernel: 2}\n", "did you mean 'max_pool'"),
    "op number": (BEFORE + "  - {name: b, op: §3}\n", "unknown op 3"),
    "unknown key": (BEFORE + "  - {name: b, op: max_pool, §kernl: 2}\n", "did you mean 'kernel'"),
    "key of another op": (BEFORE + "  - {name: b, op: softmax, §groups: 2}\n", "does not fit op softmax"),
    "sparse pooling": (
        BEFORE + "  - {name: b, op: max_pool, kernel: 2, §weight_sparsity: 0.5}\n",
        "does not fit",
    ),
    "duplicate key": (BEFORE + "  - {name: b, op: max_pool, kernel: 2, §kernel: 3}\n", "duplicate key"),
    "duplicate name": (BEFORE + "  - {name: §a, op: softmax}\n", "already taken on line 5"),
    "name input": (BEFORE + "  - {name: §input, op: softmax}\n", "the network's input"),
    "name with blanks": (BEFORE + "  - {name: §b c, op: softmax}\n", "pattern"),
    "name number": (BEFORE + "  - {name: §7, op: softmax}\n", "text"),
    "unknown input": (BEFORE + POOL + "  - {name: c, op: add, inputs: [a, §bb]}\n", "did you mean 'b'"),
    "forward reference": (
        BEFORE + "  - {name: b, op: softmax, inputs: [§c]}\n  - {name: c, op: softmax}\n",
        "cycle",
    ),
    "self reference": (BEFORE + "  - {name: b, op: softmax, inputs: [§b]}\n", "no cycles"),
    "inputs text": (BEFORE + "  - {name: b, op: softmax, inputs: §a}\n", "a list"),
    "inputs empty": (BEFORE + "  - {name: b, op: softmax, inputs: §[]}\n", "at least 1 item"),
    "two inputs": (BEFORE + "  - {name: b, op: softmax, inputs: §[a, input]}\n", "takes one input"),
    "big kernel": (BEFORE + "  - {name: b, op: conv2d, out_channels: 4, kernel: §7}\n", "only 6"),
    "dilated kernel": (
        BEFORE + "  - {name: b, op: conv2d, out_channels: 4, kernel: §3, dilation: 3}\n",
        "spans 7",
    ),
    "zero kernel": (BEFORE + "  - {name: b, op: conv2d, out_channels: 4, kernel: §0}\n", "at least 1"),
    "negative stride": (BEFORE + "  - {name: b, op: max_pool, kernel: 2, stride: §-1}\n", "at least 1"),
    "three kernels": (BEFORE + "  - {name: b, op: max_pool, kernel: §[2, 2, 2]}\n", "[rows, columns]"),
    "kernel flag": (BEFORE + "  - {name: b, op: max_pool, kernel: §true}\n", "at least 1"),
    "kernel unit": (BEFORE + "  - {name: b, op: max_pool, kernel: §2 B}\n", "at least 1"),
    "kernel fraction": (BEFORE + "  - {name: b, op: max_pool, kernel: §2.5}\n", "at least 1"),
    "huge kernel": (BEFORE + "  - {name: b, op: max_pool, kernel: §99999999999999999999}\n", "at least 1"),
    "no kernel": (BEFORE + "  - §{name: b, op: max_pool}\n", "missing key 'kernel'"),
    "negative padding": (BEFORE + "  - {name: b, op: max_pool, kernel: 2, padding: §-1}\n", "at least 0"),
    "padding word": (BEFORE + "  - {name: b, op: max_pool, kernel: 2, padding: §sam}\n", "'same' or 'valid'"),
    "padding three": (
        BEFORE + "  - {name: b, op: max_pool, kernel: 2, padding: §[1, 1, 1]}\n",
        "bottom, right",
    ),
    "pooled padding": (BEFORE + "  - {name: b, op: max_pool, kernel: 2, padding: §2}\n", "not smaller"),
    "no filters": (BEFORE + "  - §{name: b, op: conv2d, kernel: 2}\n", "out_channels is missing"),
    "negative filters": (
        BEFORE + "  - {name: b, op: linear, out_channels: §-5}\n",
        "greater than or equal to 1",
    ),
    "input groups": (
        HEAD + "  - {name: a, op: conv2d, out_channels: 4, kernel: 1, groups: §2}\n",
        "3 input channels",
    ),
    "filter groups": (
        BEFORE + "  - {name: b, op: conv2d, out_channels: 6, kernel: 1, groups: §4}\n",
        "6 output",
    ),
    "groups word": (
        BEFORE + "  - {name: b, op: conv2d, kernel: 1, groups: §depthwize}\n",
        "did you mean 'depthwise'",
    ),
    "add one": (BEFORE + "  - §{name: b, op: add}\n", "at least two inputs"),
    "add shapes": (
        BEFORE + "  - {name: b, op: add, inputs: §[a, input]}\n",
        "different shapes: 4x6x6 and 3x8x8",
    ),
    "concat rows": (BEFORE + "  - {name: b, op: concat, inputs: §[a, input]}\n", "different rows or columns"),
    "linear rows": (BEFORE + "  - {name: b, op: linear, out_channels: 4, rows: §7}\n", "36 positions"),
    "no function": (BEFORE + "  - §{name: b, op: activation}\n", "missing key 'function'"),
    "unknown function": (BEFORE + "  - {name: b, op: activation, function: §rellu}\n", "did you mean 'relu'"),
    "copy two": (BEFORE + "  - {name: b, op: elementwise, function: copy, inputs: §[a, a]}\n", "one input"),
    "copy shrinks": (
        BEFORE + "  - {name: b, op: elementwise, function: copy, out_channels: §2}\n",
        "less than",
    ),
    "stride without copy": (
        BEFORE + "  - {name: b, op: elementwise, stride: §2}\n",
        "only fits function copy",
    ),
    "sparsity one": (
        BEFORE + "  - {name: b, op: linear, out_channels: 1, weight_sparsity: §1.0}\n",
        "less than 1",
    ),
    "sparsity nan": (BEFORE + "  - {name: b, op: softmax, activation_sparsity: §.nan}\n", "finite"),
    "bias text": (BEFORE + "  - {name: b, op: linear, out_channels: 1, bias: §7}\n", "true or false"),
    "exit unknown": (HEAD.replace("input:", "exits: [§aa]\ninput:") + FIRST, "did you mean 'a'"),
    "tab": (HEAD + "§\t- {name: a, op: softmax}\n", "tab"),
    "unclosed": (BEFORE + "  - {name: b, op: softmax\n§", "not YAML"),
    "binary": (BEFORE + "  - {name: b§\x00, op: softmax}\n", "binary"),
    "alias of nothing": (BEFORE + "  - §*b\n", "no anchor"),
}


def error_of(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_network(path)
    return str(caught.value)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_trace_is_told_in_one_line_with_its_place(case: str, tmp_path: Path) -> None:
    marked, reason = BROKEN[case]
    before = marked[: marked.index("§")]
    path = tmp_path / "net.yaml"
    path.write_text(marked.replace("§", ""), encoding="utf-8")
    message = error_of(path)
    place = f"{path}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: "
    assert message.startswith(place)
    assert reason in message
    assert "\n" not in message


def mutate(text: str, seed: int) -> str:
    """Delete, repeat, swap or overwrite a few words of a text."""
    rng = random.Random(seed)
    words = text.replace("{", "{ ").replace("}", " }").replace(",", " ,").split(" ")
    strange = [
        "",
        "-1",
        "0",
        "1e9",
        "[",
        "]",
        "{",
        "}",
        "*a",
        "&a",
        "input",
        "null",
        "1 MB",
        "§",
        "true",
        "\n",
        "\t",
    ]
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(words))
        other = rng.choice([words[rng.randrange(len(words))], *strange])
        action = rng.randrange(4)
        words[at : at + 1] = [[], [words[at]] * 2, [other], [words[at], other]][action]
    return " ".join(words)


def load_text(text: str, folder: Path) -> Network | str:
    """Network, or the error; anything but an InputError escapes and fails the test."""
    path = folder / "net.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    try:
        return load_network(path)
    except InputError as error:
        return str(error)


@pytest.mark.parametrize("name", ["lenet5", "resnet8"])
def test_mutated_traces_are_read_or_refused_with_a_place(name: str, tmp_path: Path) -> None:
    text = (shipped_folder("traces") / f"{name}.yaml").read_text(encoding="utf-8")
    refused = 0
    for seed in range(750):
        result = load_text(mutate(text, seed), tmp_path)
        if isinstance(result, str):
            refused += 1
            assert result.startswith(f"{tmp_path / 'net.yaml'}:"), result
            assert "\n" not in result
    assert refused > 375


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 700), length=st.integers(0, 30), inserted=st.text(max_size=8))
@example(start=0, length=0, inserted="\ufeff")
def test_spliced_traces_raise_nothing_but_input_errors(
    tmp_path: Path, start: int, length: int, inserted: str
) -> None:
    text = (shipped_folder("traces") / "lenet5.yaml").read_text(encoding="utf-8")
    spliced = text[:start] + inserted + text[start + length :]
    result = load_text(spliced, tmp_path)
    assert isinstance(result, Network) or result.startswith(f"{tmp_path / 'net.yaml'}:")


@settings(max_examples=200)
@given(
    sizes=st.lists(st.integers(-2, 12), min_size=6, max_size=6),
    padding=st.sampled_from(["same", "valid", "0", "1", "[1, 2]", "[0, 1, 2, 3]"]),
)
def test_any_sizes_give_a_positive_shape_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], padding: str
) -> None:
    channels, rows, filters, kernel, stride, groups = sizes
    text = HEAD.replace("channels: 3, rows: 8", f"channels: {channels}, rows: {rows}") + (
        f"  - {{name: a, op: conv2d, out_channels: {filters}, kernel: {kernel}, stride: {stride}, "
        f"groups: {groups}, padding: {padding}}}\n"
    )
    result = load_text(text, tmp_path_factory.getbasetemp())
    if isinstance(result, Network):
        assert min(result.layers[0].output_shape) >= 1
        assert result.macs >= 1
    else:
        assert ".yaml:" in result


def test_metadata_and_every_optional_key_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    head = HEAD.replace("input:", "weights: net.npz\ndataset: cifar10\nexits: [a]\ninput:")
    sparsities = "weight_sparsity: 0.5, activation_sparsity: 0"
    layer = f"  - {{name: b, op: linear, out_channels: 9, number_format: int4, {sparsities}}}\n"
    path.write_text(head + FIRST + layer, encoding="utf-8")
    network = load_network(path)
    assert (network.weights, network.dataset, network.exits) == ("net.npz", "cifar10", ("a",))
    last = network.layer("b")
    assert (last.number_format, last.weight_sparsity, last.activation_sparsity) == ("int4", 0.5, 0.0)
    assert last.gemm == (1, 9, 4 * 6 * 6, 1)


def test_weights_by_data_set_names_in_the_file_and_preprocessing_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    keys = (
        "weights: {mnist: a.npz, other: b.npz}\ndataset: other\nweight_names: {a: first}\n"
        "preprocessing: {scale: 255, mean: [1, 2, 3], std: 2, size: 9, crop: [8, 8], channel_order: bgr}\n"
    )
    path.write_text(HEAD.replace("input:", f"{keys}input:") + FIRST, encoding="utf-8")
    network = load_network(path)
    assert (network.weights, network.weights_for("mnist")) == ("b.npz", "a.npz")
    assert (network.name_in_weights("a"), network.name_in_weights("b")) == ("first", "b")
    steps = network.preprocessing
    assert (steps.scale, steps.mean, steps.std) == (255, (1, 2, 3), (2,))
    assert (steps.size, steps.crop, steps.channel_order) == ((9, 9), (8, 8), "bgr")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("weights: 3", "weights: expected a text or keys and values, got 3"),
        ("weights: {mnist: 3}\ndataset: mnist", "weights.mnist: expected a text, got 3"),
        ("weights: {mnist: a.npz}", "dataset: weights are given by data set, and dataset is none of them"),
        ("weights: {mnist: a.npz}\ndataset: mnits", "dataset is none of them: expected mnist"),
        (
            "weight_names: {aa: conv1}",
            "weight_names.aa: there is no conv2d, linear or .* layer 'aa'; did you mean 'a'",
        ),
        ("preprocessing: {sclae: 255}", "unknown key 'sclae'; did you mean 'scale'"),
        ("preprocessing: {scale: 0}", "preprocessing.scale: expected a value greater than 0, got 0"),
        ("preprocessing: {std: [1, -1]}", "preprocessing.std.1: expected a value greater than 0"),
        ("preprocessing: {size: [1, 2, 3]}", "preprocessing.size: expected an integer of at least 1"),
        ("preprocessing: {channel_order: rbg}", "preprocessing.channel_order: .*did you mean 'rgb'"),
    ],
)
def test_what_a_trace_says_about_weights_and_images_is_checked(
    tmp_path: Path, keys: str, message: str
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(HEAD.replace("input:", f"{keys}\ninput:") + FIRST, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        load_network(path)
    position = caught.value.position
    assert position is not None
    assert position.file == str(path)
