"""Where the images of a measurement come from, and how much memory they take."""

import itertools
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from archsim.errors import InputError
from archsim.inference import measuring
from archsim.inference.measuring import Question, measure
from archsim.inputs import read_architecture
from archsim.workload import load_network

GIBIBYTE = 1 << 30

SCRIPT = """
import resource, sys
from archsim.cli import main
sys.argv = ["archsim", "run", *sys.argv[1:], "--json"]
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr)
"""


def peak_bytes(*arguments):
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stderr.split()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "images"), [("mobilenet_v1_0.25_128", 1000), ("mobilenet_v2_1.0_224", 100)]
)
def test_memory_is_that_of_a_batch_whatever_the_number_of_images(shared_data, network, images):
    arguments = ("von_neumann_approximate", network, "--images", images, "--data", shared_data)
    assert peak_bytes(*arguments) < GIBIBYTE


def test_a_broken_training_file_is_an_error_and_a_missing_one_is_none(shared_data, tmp_path):
    folder = tmp_path / "mnist"
    folder.mkdir()
    (tmp_path / "weights").symlink_to(shared_data / "weights")
    for path in (shared_data / "mnist").glob("t10k-*"):
        (folder / path.name).symlink_to(path)
    network, architecture = load_network("lenet5"), read_architecture("von_neumann")[0]
    question = Question(50, directory=tmp_path)
    without = measure(architecture, network, question)
    assert without.accuracy.top1 > 0.9
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        (folder / name).write_bytes(b"broken")
    with pytest.raises(InputError, match="train-images-idx3-ubyte:1:1: expected an IDX file"):
        measure(architecture, network, question)


def answer(network, *overrides, images=100):
    architecture, _ = read_architecture("von_neumann", overrides)
    return measure(architecture, network, Question(images))


def test_the_architecture_says_how_the_network_is_quantized():
    network = load_network("digits_cnn")
    found = answer(
        network,
        "quantization.calibration={method: percentile, percentile: 99.9, images: 50}",
        "quantization.bits=6",
        "quantization.layer_bits={conv1: 8, fc*: 4}",
    )
    assert found.bits == {"conv1": 8, "conv2": 6, "conv3": 6, "fc": 4}
    assert found.calibrated_on == ("train", 50)
    assert found.quantization.calibration.method == "percentile"


def test_fewer_bits_cost_signal_at_six_decibels_a_bit():
    network = load_network("digits_cnn")
    ratios = [
        answer(network, "quantization.scheme=manifest", f"quantization.bits={bits}").accuracy.layers["conv1"]
        for bits in (8, 7, 6, 5)
    ]
    steps = [wide.against_float - narrow.against_float for wide, narrow in itertools.pairwise(ratios)]
    assert all(4 < step < 8 for step in steps), steps


def test_more_bits_than_the_unit_has_change_nothing():
    network = load_network("digits_cnn")
    assert answer(network, "quantization.bits=16").accuracy == answer(network).accuracy


def test_a_layer_never_has_more_bits_than_its_own_format():
    network = load_network("digits_cnn")
    narrow = replace(network, layers=tuple(_in_four_bits(layer) for layer in network.layers))
    assert answer(narrow).bits == {"conv1": 8, "conv2": 4, "conv3": 8, "fc": 8}
    assert answer(narrow, "quantization.bits=6").bits["conv2"] == 4
    assert answer(narrow, "quantization.bits=3").bits["conv2"] == 3
    # Operands of four bits alone, and a store of four bits, too.
    chosen = answer(network, "quantization.layer_bits.conv2=4")
    found = [one.accuracy.layers["conv2"].against_float for one in (answer(narrow), chosen)]
    assert found[0] < found[1]


def _in_four_bits(layer):
    return replace(layer, number_format="int4") if layer.name == "conv2" else layer


@pytest.mark.parametrize(
    ("architecture", "layer_by_layer", "passes"),
    [("von_neumann", False, 1), ("von_neumann_approximate", False, 2), ("von_neumann_approximate", True, 6)],
)
def test_progress_covers_every_pass_over_the_images(architecture, layer_by_layer, passes):
    network, told = load_network("digits_cnn"), []
    question = Question(40, layer_by_layer=layer_by_layer)
    measure(read_architecture(architecture)[0], network, question, progress=lambda *now: told.append(now))
    done, of = zip(*told, strict=True)
    assert set(of) == {40 * passes}
    assert list(done) == sorted(set(done))
    assert done[-1] == 40 * passes
    assert {40 * (one + 1) for one in range(passes)} <= set(done)


def test_ranges_without_training_images_do_not_depend_on_the_images_measured(shared_data, tmp_path):
    folder = tmp_path / "mnist"
    folder.mkdir()
    (tmp_path / "weights").symlink_to(shared_data / "weights")
    for path in (shared_data / "mnist").glob("t10k-*"):
        (folder / path.name).symlink_to(path)
    network = load_network("lenet5")

    def found(images, count=200):
        architecture = read_architecture("von_neumann", [f"quantization.calibration.images={count}"])[0]
        return measure(architecture, network, Question(images, directory=tmp_path))

    parts = {images: found(images).calibrated_on for images in (5, 30)}
    assert set(parts.values()) == {("test", 200)}
    assert found(5, 5000).calibrated_on == ("test", 1000)
    assert found(5, 1).calibrated_on == ("test", 1)


def test_calibration_images_are_every_tenth_of_the_whole_test_part(monkeypatch):
    monkeypatch.setattr(measuring, "has_part", lambda *_: False)
    network = load_network("digits_cnn")
    _, images = measuring.images_for_ranges(network, "digits", None, 200)
    whole = measuring.open_dataset("digits").load(None, network.preprocessing)
    values = np.concatenate([batch.values for batch in images.batches()])
    np.testing.assert_array_equal(values, whole.values[::10][:200])
