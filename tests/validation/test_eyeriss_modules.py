"""Comparisons of the row-stationary array: complete, explained, and transcribed so that columns add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache

import pytest
from validation import eyeriss, eyeriss_vgg16, nn_dataflow, timeloop
from validation.eyeriss_chip import NAMES, Figures
from validation.rows import Section

MODULES = {
    module.__name__.rpartition(".")[2]: module for module in (eyeriss, eyeriss_vgg16, nn_dataflow, timeloop)
}


@cache
def sections(name: str) -> tuple[Section, ...]:
    return tuple(MODULES[name].sections())


def ours(name: str, title: str) -> Mapping[str, float]:
    (found,) = (section for section in sections(name) if section.title.endswith(title))
    return {row.quantity: row.ours for row in found.rows}


@pytest.mark.parametrize("name", MODULES)
def test_every_section_has_rows_and_every_large_difference_a_sentence(name: str) -> None:
    assert sections(name)
    for section in sections(name):
        assert section.rows, section.title
        assert [row.quantity for row in section.rows if row.needs_reason] == []
        quantities = [row.quantity for row in section.rows]
        assert len(set(quantities)) == len(quantities)


@pytest.mark.parametrize("name", MODULES)
def test_sentences_are_whole_lines_with_a_full_stop(name: str) -> None:
    for section in sections(name):
        for row in section.rows:
            assert not row.why or row.why.endswith("."), row
            assert "  " not in row.why, row


@pytest.mark.parametrize(
    ("printed", "total", "loose"),
    [(eyeriss.ALEXNET, eyeriss.TOTAL, {}), (eyeriss_vgg16.VGG16, eyeriss_vgg16.TOTAL, {"dram": 8.0})],
    ids=["alexnet", "vgg16"],
)
def test_transcribed_columns_add_up_to_the_printed_totals(
    printed: Mapping[str, Figures], total: Figures, loose: Mapping[str, float]
) -> None:
    for column in ("total", "processing", "buffer", "dram"):
        added = sum(getattr(one, column) for one in printed.values())
        assert added == pytest.approx(getattr(total, column), rel=2e-4, abs=loose.get(column, 0.3)), column
    busy = sum(one.pes * one.processing for one in printed.values()) / total.processing
    assert busy == pytest.approx(total.pes, abs=0.6)
    drawn = sum(one.power * one.total for one in printed.values()) / total.total
    assert drawn == pytest.approx(total.power, abs=1.5)


@pytest.mark.parametrize("title", ["AlexNet, published passes", "VGG16, the mapper's passes"])
def test_every_printed_figure_has_its_row(title: str) -> None:
    name, chip = (
        ("eyeriss", eyeriss.ALEXNET) if "AlexNet" in title else ("eyeriss_vgg16", eyeriss_vgg16.VGG16)
    )
    wanted = {f"{layer.upper().replace('_', '-')}: {what}" for layer in chip for what, _ in NAMES.values()}
    assert wanted <= set(ours(name, title))
    assert {field.name for field in fields(Figures)} == set(NAMES)


def test_the_networks_bind_the_early_layers_with_the_chips_buffer_bytes_alone() -> None:
    own = ours("eyeriss_vgg16", "the mapper's passes")
    inferred = ours("eyeriss_vgg16", "passes with the chip's buffer bytes")
    for layer in ("conv1_2", "conv2_2", "conv3_2", "conv4_2"):
        quantity = f"{layer.upper().replace('_', '-')}: processing latency"
        measured = eyeriss_vgg16.VGG16[layer].processing
        assert inferred[quantity] == pytest.approx(measured, rel=0.1)
        assert own[quantity] < inferred[quantity]


def test_coding_saves_dram_bytes_wherever_zeros_are_stated() -> None:
    coded = ours("eyeriss", "AlexNet, published passes")
    for quantity, raw in ours("eyeriss", "without coding").items():
        assert coded[quantity] < raw
    plain = ours("eyeriss_vgg16", "passes with the chip's buffer bytes")
    for quantity, moved in ours("eyeriss_vgg16", "and its zeros").items():
        if quantity.endswith("DRAM bytes"):
            assert moved < plain[quantity]


# nn_dataflow loads maps of 15 x 15 with their padding, archsim the 13 x 13 that are stored, each channel
# once for every 64 filters of its group, for 4 images.
@pytest.mark.parametrize(
    ("name", "channels", "times"), [("conv3", 256, 6), ("conv4", 384, 3), ("conv5", 384, 2)]
)
def test_words_differ_from_nn_dataflow_by_the_padding_alone(name: str, channels: int, times: int) -> None:
    padding = 4 * channels * times * (15 * 15 - 13 * 13)
    found = ours("nn_dataflow", "AlexNet")[f"{name.upper()}: DRAM words"]
    assert 2 * nn_dataflow.HALVES[name].dram - found == padding


def test_shares_of_the_power_add_up() -> None:
    shares = ours("eyeriss", "shares of the power")
    for layer in ("CONV1", "CONV5"):
        assert sum(
            value for quantity, value in shares.items() if quantity.startswith(layer)
        ) == pytest.approx(100)


def test_levels_add_up_to_timeloops_total() -> None:
    (section,) = sections("timeloop")
    levels = [row for row in section.rows if row.quantity.startswith("energy per MAC: ")]
    assert sum(row.reference for row in levels[:-2]) == pytest.approx(levels[-2].reference, rel=1e-4)
