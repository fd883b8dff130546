"""Memories in error under a real network: what errors depend on, and what not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from archsim.errors import InputError
from archsim.hardware.architecture import Architecture
from archsim.inference.calibration import calibrate
from archsim.inference.measuring import Answer, Question, measure
from archsim.inference.memory_paths import MemoryPaths, memory_paths
from archsim.inference.memory_reads import MemoryReads
from archsim.inference.quantized import QuantizedNetwork, quantize
from archsim.inference.unit_functions import layer_macs
from archsim.mapping.placement import place
from archsim.simulation import simulate
from archsim.simulation.accuracy import with_accuracy
from archsim.simulation.lifetimes import activation_lifetimes
from archsim.visualization.printing import run_tables
from archsim.workload import load_network
from archsim.workload.datasets import open_dataset
from archsim.workload.weights import find_weights, load_parameters

NETWORK = load_network("digits_cnn")
LOW = "memories.buffer.supply=0.87"
RARE = "memories.dram.refresh_interval=2000 s"
SECDED = "memories.buffer.ecc=true"


def chip(*changes: str, name: str = "von_neumann") -> Architecture:
    return Architecture.load(name, changes)


def answer(*changes: str, images: int = 100, seed: int = 0, **more: object) -> Answer:
    return measure(chip(*changes), NETWORK, Question(images, **more), seed)


def quantized(*changes: str, seed: int = 0) -> QuantizedNetwork:
    architecture = chip(*changes)
    placement = place(NETWORK, architecture)
    paths = memory_paths(NETWORK, architecture, placement)
    parameters = load_parameters(find_weights(NETWORK.weights_for(None), None), NETWORK)
    training = open_dataset("digits", None, "train").first(100, NETWORK.preprocessing)
    return quantize(
        NETWORK,
        parameters,
        calibrate(NETWORK, parameters, training, architecture.quantization.calibration),
        architecture.quantization,
        layer_macs(placement, architecture, seed),
        reads=None if paths is None else MemoryReads(paths, seed),
    )


def images(count: int = 40) -> np.ndarray:
    first = open_dataset("digits").first(count, NETWORK.preprocessing)
    return np.concatenate([batch.values for batch in first.batches(32)])


def test_at_nominal_settings_nothing_changes_and_nothing_is_told():
    plain = answer()
    for changes in (("memories.buffer.supply=1.0",), ("memories.dram.refresh_interval=32 ms",), (SECDED,)):
        found = answer(*changes)
        assert found.accuracy == plain.accuracy
        assert found.memory_errors == {}


@pytest.mark.parametrize("changes", [(LOW,), (LOW, SECDED), (RARE, LOW)])
def test_outputs_and_counts_do_not_depend_on_batches(changes):
    outputs, errors = [], []
    for batch in (1, 7, 40):
        network = quantized(*changes)
        outputs.append(network.run(images(), batch=batch))
        assert network.reads is not None
        errors.append(network.reads.errors())
    assert errors[0] == errors[1] == errors[2]
    assert errors[0]["buffer"].counts.bit_errors > 0
    assert np.array_equal(outputs[0], outputs[1])
    assert np.array_equal(outputs[0], outputs[2])


def wrong_weights(*changes: str, seed: int = 0) -> dict[str, np.ndarray]:
    macs = quantized(*changes, seed=seed).macs
    return {name: mac.codes ^ mac.multiplied for name, mac in macs.items()}


def test_weights_wrong_at_one_supply_are_a_subset_of_those_wrong_at_a_lower_one():
    supplies = [0.95, 0.9, 0.85, 0.8, 0.757]
    found = [wrong_weights(f"memories.buffer.supply={supply}") for supply in supplies]
    for higher, lower in pairwise(found):
        assert not any(np.any(higher[name] & ~lower[name]) for name in higher)
    totals = [sum(np.count_nonzero(codes) for codes in one.values()) for one in found]
    assert totals == sorted(totals)
    assert totals[-1] > 100 * totals[1] > 0


def test_weights_wrong_at_one_interval_are_a_subset_of_those_wrong_at_a_longer_one():
    found = [wrong_weights(f"memories.dram.refresh_interval={seconds} s") for seconds in (300, 3000, 30_000)]
    for shorter, longer in pairwise(found):
        assert not any(np.any(shorter[name] & ~longer[name]) for name in shorter)
    assert all(any(codes.any() for codes in one.values()) for one in found)


def test_ten_chips_fail_in_ten_ways_and_each_in_the_same_way_again():
    found = [
        np.concatenate([codes.ravel() for codes in wrong_weights(LOW, seed=s).values()]) for s in range(10)
    ]
    assert len({one.tobytes() for one in found}) == 10
    again = wrong_weights(LOW, seed=3)
    assert np.array_equal(found[3], np.concatenate([codes.ravel() for codes in again.values()]))
    rates = [np.mean(np.unpackbits(one.astype(np.uint8))) for one in found]
    law = 10 ** (-85.84947550 * 0.87**2 + 125.13319091 * 0.87 - 46.27895056)
    assert np.mean(rates) == pytest.approx(law, rel=0.15)


def test_the_reference_stays_exact_and_accuracy_falls_with_the_supply():
    plain = answer(images=300)
    found = [answer(f"memories.buffer.supply={x}", images=300).accuracy for x in (0.95, 0.9, 0.85, 0.8)]
    assert {one.top1_exact for one in found} == {plain.accuracy.top1}
    assert found[0].top1 == plain.accuracy.top1
    assert found[1].top1 > 0.9
    assert found[-1].top1 < 0.3


def test_secded_repairs_what_a_supply_of_0_87_breaks():
    broken, repaired = (answer("memories.buffer.supply=0.87", *more, images=300) for more in ((), (SECDED,)))
    assert repaired.accuracy.top1 > broken.accuracy.top1 + 0.05
    without, corrected = broken.memory_errors["buffer"].counts, repaired.memory_errors["buffer"].counts
    assert without.corrected == without.detected == without.silent == 0
    assert without.wrong_bits == without.bit_errors
    assert corrected.corrected > 5 * corrected.detected > 0
    assert corrected.wrong_bits < 0.3 * without.wrong_bits


def test_critical_high_bits_keep_the_signs_of_weights_and_activations():
    region = "memories.buffer.critical={share: 0.5, data: [{high_bits: 4}]}"
    wrong = wrong_weights("memories.buffer.supply=0.82", region)
    assert all(not np.any(codes & 0xF0) for codes in wrong.values())
    assert any(codes.any() for codes in wrong.values())
    plain, kept = (answer("memories.buffer.supply=0.82", *more).accuracy for more in ((), (region,)))
    assert kept.top1 > plain.top1 + 0.4


def test_critical_layers_are_kept_whole():
    wrong = wrong_weights(
        "memories.buffer.supply=0.8",
        "memories.buffer.critical={share: 0.5, data: [{tensors: weights, layer: conv*}]}",
    )
    assert {name for name, codes in wrong.items() if codes.any()} == {"fc"}


def test_a_critical_region_that_is_too_small_for_its_data_is_refused():
    with pytest.raises(InputError, match="critical region") as caught:
        answer("memories.buffer.supply=0.8", "memories.buffer.critical={share: 0.001, data: [{}]}")
    assert caught.value.field == "memories.buffer.critical.share"


def test_activations_that_are_read_at_once_have_not_leaked():
    architecture = chip(RARE)
    report = simulate(architecture, NETWORK)
    lifetimes = activation_lifetimes(report, NETWORK)
    assert set(lifetimes) == {"input", *(layer.name for layer in NETWORK.layers)}
    assert all(0 < seconds <= report.totals.latency_s for seconds in lifetimes.values())
    brief, forever = answer(RARE, lifetimes=lifetimes), answer(RARE)
    weights = brief.memory_errors["dram"]
    assert (
        weights.counts.bit_errors
        == answer(RARE, images=1, lifetimes=lifetimes).memory_errors["dram"].counts.bit_errors
    )
    assert forever.memory_errors["dram"].counts.bit_errors > weights.counts.bit_errors


def paths(*changes: str, name: str = "von_neumann") -> MemoryPaths:
    architecture = chip(*changes, name=name)
    found = memory_paths(NETWORK, architecture, place(NETWORK, architecture))
    assert found is not None
    return found


def test_weights_go_through_dram_and_buffer_and_the_core_reads_its_memory():
    found = paths(LOW, RARE)
    (conv1,) = found.weights["conv1"]
    assert [stop.memory for stop in conv1.stops] == ["dram", "buffer"]
    assert [stop.memory for stop in found.inputs["conv1", "input"]] == ["dram", "buffer"]
    assert [stop.memory for stop in found.inputs["pool2", "relu2"]] == ["buffer"]
    places = [found.weights[name][0].stops[0].first_cell for name in ("conv1", "conv2", "conv3", "fc")]
    assert places == sorted(set(places))


def test_weights_in_cells_of_the_unit_are_read_from_the_memory_behind_alone():
    found = paths("memories.dram.refresh_interval=2000 s", name="pim_3d")
    assert {stop.memory for path in found.weights.values() for one in path for stop in one.stops} == {"dram"}


def test_real_values_between_layers_have_no_bits_to_fail():
    with pytest.raises(InputError, match="scheme integer, not manifest") as caught:
        answer(LOW, "quantization.scheme=manifest")
    assert caught.value.field == "quantization.scheme"


def test_the_report_tells_the_errors_of_each_memory():
    architecture = chip(LOW, SECDED)
    report = with_accuracy(simulate(architecture, NETWORK), measure(architecture, NETWORK, Question(50)))
    row = report.memory_errors["buffer"]
    assert set(report.memory_errors) == {"buffer"}
    assert row.corrected > 0
    assert type(report).from_json(report.to_json()) == report
    (table,) = [one for one in run_tables(report) if one.title.endswith("errors of memories")]
    assert table.rows[0][0] == "buffer"
    assert table.rows[0][5] == f"{row.corrected:,}"
    plain = with_accuracy(simulate(chip(), NETWORK), measure(chip(), NETWORK, Question(50)))
    assert "memory_errors" not in plain.to_json()


def test_a_chip_is_another_one_by_changing_a_field_at_run_time():
    architecture = chip()
    buffer = architecture.memories["buffer"].model_copy(update={"supply": 0.8})
    turned = architecture.model_copy(update={"memories": architecture.memories | {"buffer": buffer}})
    found = measure(turned, NETWORK, Question(100))
    wanted = answer("memories.buffer.supply=0.8")
    assert found.accuracy == wanted.accuracy
    assert replace(found, accuracy=wanted.accuracy) == wanted
