"""Sizes of networks against printed ones: what docs/models/number_formats.md says of its tables."""

from __future__ import annotations

import pytest
from format_tables import CODED, DEEP, MB, MIB, PRINTED, UNTOLD, networks

from archsim import load_network
from archsim.config import shipped
from archsim.workload.model_size import model_size

KNOWN = networks()


def fp32_bytes(name: str) -> int:
    return model_size(KNOWN[name.split(maxsplit=1)[0]], "fp32").total_bytes


def test_the_lenets_have_their_known_parameters():
    assert KNOWN["LeNet-300-100"].parameters == 266_610
    assert KNOWN["LeNet-5"].parameters == 431_080


@pytest.mark.parametrize("printed", [one for one in PRINTED if one.how == CODED], ids=lambda one: one.network)
def test_uncompressed_sizes_are_within_two_percent_in_units_of_a_million(printed):
    assert fp32_bytes(printed.network) / MB == pytest.approx(printed.original, rel=0.02)


def test_squeezenet_is_printed_in_units_of_two_to_the_twenty():
    """Version 1.0 has 1,248,424 parameters, 1 % more than the shipped version 1.1."""
    assert round(1_248_424 * 4 / MIB, 1) == 4.8
    assert 1_248_424 / KNOWN["SqueezeNet"].parameters == pytest.approx(1.01, abs=0.001)


@pytest.mark.parametrize(("name", "printed"), [("ResNetV2-50", 95.4), ("Tiny-YOLOv2", 58.8)])
def test_two_variants_are_two_to_three_percent_smaller_than_ours(name, printed):
    assert any(one.network.startswith(name) and one.original == printed for one in PRINTED)
    assert 0.02 < 1 - printed / (fp32_bytes(name) / MIB) < 0.03


def test_no_printed_compressed_size_is_eight_bits_alone():
    ratios = {one.network: one.original / one.compressed for one in PRINTED}
    assert (f"{min(ratios.values()):.1f}", f"{max(ratios.values()):.1f}") == ("2.1", "48.8")
    for name, network in KNOWN.items():
        plain = model_size(network, "fp32").total_bytes / model_size(network, "int8").total_bytes
        assert plain == pytest.approx(4, rel=0.03)
        printed = [ratio for row, ratio in ratios.items() if row.startswith(name)]
        assert all(abs(ratio - plain) > 1 for ratio in printed)


def test_what_is_left_per_parameter():
    bits = {one: 32 * one.compressed / one.original for one in PRINTED}
    assert all(left < 1 for one, left in bits.items() if one.how == CODED)
    assert all(3 < left < 5 for one, left in bits.items() if one.how == DEEP)
    untold = sorted(left for one, left in bits.items() if one.how == UNTOLD)
    assert all(3 < left < 5 for left in untold[:-1])
    assert f"{untold[-1]:.1f}" == "15.4"


def test_a_scale_per_channel_costs_what_the_page_says():
    shares = {}
    for name in shipped("traces"):
        network = load_network(name)
        tensor, channel = (model_size(network, "int8", per_channel=one).total_bytes for one in (False, True))
        shares[name] = 100 * (channel / tensor - 1)
    assert max(shares, key=shares.__getitem__) == "digits_cnn"
    assert f"{shares['digits_cnn']:.1f}" == "3.2"
    assert f"{shares['mobilenet_v2']:.1f}" == "2.0"
    assert shares["vgg16"] < 0.1
