"""Bytes of parameters: closed forms of a small network, and printed sizes of known ones."""

from __future__ import annotations

import pytest

from archsim import load_network
from archsim.errors import InputError
from archsim.workload import BatchNorm, Conv2d, Linear, build_network
from archsim.workload.model_size import model_size

SMALL = build_network(
    "small",
    (3, 8, 8),
    [
        Conv2d(name="conv", out_channels=5, kernel=3, bias=False),
        BatchNorm(name="bn"),
        Linear(name="fc", out_channels=7),
    ],
)
CONV, FC = 5 * 3 * 9, 7 * 5 * 36


def test_floating_point_holds_the_parameters_of_the_trace():
    for name, size in (("fp32", 4), ("fp16", 2), ("bf16", 2)):
        found = model_size(SMALL, name)
        assert (found.weight_bytes, found.bias_bytes, found.scale_bytes) == (size * (CONV + FC), size * 17, 0)
        assert found.total_bytes == size * SMALL.parameters


@pytest.mark.parametrize("bits", [2, 3, 4, 8, 16])
def test_integers_are_packed_beside_biases_of_32_bits_and_a_scale(bits):
    found = model_size(SMALL, f"int{bits}")
    assert found.weight_bytes == -(-CONV * bits // 8) + -(-FC * bits // 8)
    assert found.bias_bytes == 4 * (5 + 7)
    assert found.scale_bytes == 4 * 2
    assert model_size(SMALL, f"int{bits}", per_channel=True).scale_bytes == 4 * (5 + 7)


def test_zero_points_are_as_wide_as_a_weight_in_whole_bytes():
    assert model_size(SMALL, "int8", zero_points=True).scale_bytes == 2 * (4 + 1)
    assert model_size(SMALL, "int12", zero_points=True, per_channel=True).scale_bytes == 12 * (4 + 2)


def test_binary_weights_take_a_bit():
    assert model_size(SMALL, "binary").weight_bytes == -(-CONV // 8) + -(-FC // 8)


def test_a_batch_norm_that_is_not_folded_keeps_scale_and_shift():
    first = build_network(
        "bn", (3, 8, 8), [BatchNorm(name="bn"), Conv2d(name="conv", out_channels=2, kernel=1)]
    )
    assert model_size(first, "int8").bias_bytes == 4 * (2 * 3 + 2)


def test_int8_is_about_four_times_smaller_than_fp32():
    """Meloni et al. (ALOHA): 4 x compression by quantization (reference/adaptive_systems.md §1)."""
    for name in ("alexnet", "vgg16", "resnet50", "mobilenet_v2"):
        network = load_network(name)
        ratio = model_size(network, "fp32").total_bytes / model_size(network, "int8").total_bytes
        assert 3.9 < ratio < 4


def test_unknown_formats_are_refused():
    with pytest.raises(InputError, match="unknown number format 'float32'") as caught:
        model_size(SMALL, "float32")
    assert caught.value.suggestion == "fp32"
