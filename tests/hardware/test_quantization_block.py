"""The block `quantization`: what is refused, where it is told, and whose bits a layer gets."""

from pathlib import Path

import pytest

from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.hardware.quantization import Quantization
from archsim.workload import load_network

CASES = [
    ("scheme: integr", "3:11: quantization.scheme: .*did you mean 'integer'"),
    ("weihgts: per_tensor", "3:3: quantization.weihgts: unknown key 'weihgts'; did you mean 'weights'"),
    ("weights: per_layer", "3:12: quantization.weights: expected one of per_channel, per_tensor"),
    ("calibration: {method: max}", "3:25: quantization.calibration.method: expected one of min_max"),
    ("calibration: {percentile: 0}", "quantization.calibration.percentile: .*greater than 0"),
    ("calibration: {images: 0}", "quantization.calibration.images: .*greater than or equal to 1"),
    ("bits: 1", "3:9: quantization.bits: .*greater than or equal to 2"),
    ("bits: true", "3:9: quantization.bits: expected a whole number"),
    ("layer_bits: {conv1: int4}", "3:23: quantization.layer_bits.conv1: expected a whole number"),
    ("layer_bits: [4]", "quantization.layer_bits: expected keys and values"),
    (
        "calibration: {percentile: 99.99}",
        "3:29: quantization.calibration.percentile: has no effect with method min_max",
    ),
    (
        "{scheme: manifest, rounding: fixed_point}",
        "quantization.rounding: has no effect under scheme manifest",
    ),
    ("{scheme: ace_cnn, rounding: fixed_point}", "quantization.rounding: has no effect under scheme ace_cnn"),
    ("{scheme: ace_cnn, activations: asymmetric}", "quantization.activations: has no effect under"),
    ("{scheme: ace_cnn, calibration: {method: mse}}", "quantization.calibration.method: has no effect"),
    ("overflow: clip", "quantization.overflow: expected one of wrap, saturate"),
]


@pytest.mark.parametrize(("line", "message"), CASES)
def test_what_means_nothing_is_refused_with_its_place(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "soc.yaml"
    path.write_text(f"extends: von_neumann.yaml\nquantization:\n  {line}\n")
    with pytest.raises(InputError, match=message):
        Architecture.load(path)


def test_single_values_can_be_set_where_the_file_leaves_the_block_out() -> None:
    found = Architecture.load(
        "von_neumann",
        [
            "quantization.weights=per_tensor",
            "quantization.calibration.method=mse",
            "quantization.layer_bits.fc=4",
        ],
    ).quantization
    assert (found.weights, found.calibration.method, found.layer_bits) == ("per_tensor", "mse", {"fc": 4})
    assert found.scheme == Quantization().scheme
    with pytest.raises(InputError, match=r"1:1: quantzation: .*did you mean 'quantization'"):
        Architecture.load("von_neumann", ["quantzation.weights=per_tensor"])


def test_the_resolved_file_writes_the_block_out_and_reads_back(tmp_path: Path) -> None:
    chosen = Architecture.load("von_neumann", ["quantization.layer_bits={conv1: 6}"])
    text = chosen.resolved_yaml()
    assert "layer_bits" in text
    assert "min_max" in text
    (path := tmp_path / "resolved.yaml").write_text(text)
    assert Architecture.load(path).quantization == chosen.quantization


def test_a_percentile_that_is_left_out_is_99_99() -> None:
    method = "quantization.calibration.method=percentile"
    assert Architecture.load("von_neumann", [method]).quantization.calibration.share == 99.99


def test_patterns_that_match_no_layer_are_found() -> None:
    block = Quantization(layer_bits={"conv*": 4, "cnv*": 5, "[ab]*": 6})
    assert block.unmatched(["conv1", "fc"]) == ["cnv*", "[ab]*"]


def test_the_first_matching_name_decides_before_the_bits_of_all() -> None:
    network = load_network("digits_cnn")
    block = Quantization(bits=6, layer_bits={"conv2": 3, "conv*": 5})
    found = {layer.name: block.bits_of(layer) for layer in network.layers if layer.is_mac}
    assert found == {"conv1": 5, "conv2": 3, "conv3": 5, "fc": 6}
    assert Quantization().bits_of(network.layers[0]) is None


def test_a_full_name_must_exist_and_a_glob_may_match_nothing() -> None:
    names = ["conv1", "fc"]
    Quantization(layer_bits={"conv1": 4, "dw*": 4}).check_layers(names)
    with pytest.raises(InputError, match=r"no layer 'conv9' .*did you mean 'conv1'"):
        Quantization(layer_bits={"conv9": 4}).check_layers(names)
