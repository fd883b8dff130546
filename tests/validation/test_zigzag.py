"""ZigZag's ResNet18: where the comparison agrees, and what makes the rest of the difference."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from validation import zigzag
from validation.rows import Row

from archsim import Architecture

SECTIONS = {section.title: section for section in zigzag.sections()}
ROWS = {row.quantity: row for section in SECTIONS.values() for row in section.rows}
PRESETS = ("tpu_like_zigzag", "edge_tpu_like")
LEVELS = ("DRAM reads", "DRAM writes", "SRAM", "registers", "MACs")
PER_64_B = {"dram read": 700e-12, "dram write": 750e-12}


def level(preset: str, name: str) -> Row:
    return ROWS[f"{preset}: {name}"]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_levels_of_zigzag_add_up_to_its_published_total(preset: str) -> None:
    levels = sum(level(preset, name).reference for name in LEVELS)
    assert levels == pytest.approx(ROWS[f"{preset}, ONNX: energy"].reference, rel=1e-10)


@pytest.mark.parametrize("preset", PRESETS)
def test_our_levels_add_up_to_our_total(preset: str) -> None:
    levels = sum(level(preset, name).ours for name in LEVELS)
    assert levels == pytest.approx(ROWS[f"{preset}, ONNX: energy"].ours, rel=1e-12)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_map_and_weight_crosses_to_dram_once(preset: str) -> None:
    layers = zigzag.mac_layers().layers
    written = sum(layer.output_elements for layer in layers)
    assert sum(row.bytes["dram"].write for row in zigzag.report(preset).layers) == written
    for layer, row in zip(layers, zigzag.report(preset).layers, strict=True):
        assert layer.weight_elements < row.bytes["dram"].read
        assert row.bytes["dram"].read <= 1.05 * (layer.weight_elements + layer.input_elements)
    assert level(preset, "DRAM writes").ours == pytest.approx(
        written / 8 * PER_64_B["dram write"] * 1e6, rel=1e-5
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_dram_and_macs_agree_with_zigzag(preset: str) -> None:
    for name in ("DRAM reads", "DRAM writes", "MACs"):
        assert abs(level(preset, name).difference) < 1e-3


def test_registers_of_the_weight_stationary_array_agree() -> None:
    assert abs(level("tpu_like_zigzag", "registers").difference) < 0.02


def test_partial_sums_make_the_difference_on_the_tpu_like_preset() -> None:
    total = ROWS["tpu_like_zigzag, ONNX: energy"]
    energies = zigzag.action_energies("tpu_like_zigzag")
    sums = (energies["npu.accumulator read"] + energies["npu.accumulator write"]) * 1e6
    assert sums == pytest.approx(total.ours - total.reference, rel=0.05)


@pytest.mark.parametrize("preset", PRESETS)
def test_energies_lie_within_a_fifth(preset: str) -> None:
    assert abs(ROWS[f"{preset}, ONNX: energy"].difference) < 0.2


def test_two_differences_in_cycles_cancel_on_the_tpu_like_preset() -> None:
    first, others = level("tpu_like_zigzag", "first layer"), level("tpu_like_zigzag", "other layers")
    assert first.difference < -0.8
    assert others.difference > 0.1


def test_the_presets_have_as_many_macs_as_those_of_zigzag() -> None:
    for preset, size in (("tpu_like_zigzag", 32 * 32), ("edge_tpu_like", 8 * 8 * 4 * 4)):
        assert Architecture.load(preset).compute["npu"].multipliers == size


def test_tpu_like_has_the_peak_of_tpuv1() -> None:
    assert ROWS["peak throughput"].ours == pytest.approx(2 * 65_536 * 702e6 / 1e12)
    assert abs(ROWS["peak throughput"].difference) < 0.001
