"""Accuracies of trained networks against those measured by other tools (onnxruntime and torch on the CPU)."""

import numpy as np
import pytest
import trained_networks as trained
from choices import per_tensor

from archsim.hardware.quantization import CalibrationOptions
from archsim.inference import calibrate, quantize, run_float, top1
from archsim.inference.exits import classes

MANIFEST = 0.002
"""Largest distance of a top-1 accuracy computed by the same scheme."""

INTEGER = 0.006
"""Largest distance of one computed in integers alone, which rounds between layers too."""

LENETS = {"mnist": (0.9933, 0.9934), "fashion_mnist": (0.8984, 0.8977)}
RESNETS = {"resnet8": (0.881, 0.875), "resnet20": (0.915, 0.914)}
DEEP = {"resnet32": (0.928, 0.929), "resnet56": (0.926, 0.930)}


def assert_as_published(case, expected, *, integer=INTEGER):
    network, parameters, train, test = case
    in_float, in_int8 = expected
    found = np.mean(classes(run_float(network, parameters, test.values)) == test.labels)
    assert found == pytest.approx(in_float, abs=1e-9)
    calibration = calibrate(network, parameters, train)
    same_scheme = quantize(network, parameters, calibration, per_tensor("manifest"))
    assert top1(same_scheme, test) == pytest.approx(in_int8, abs=MANIFEST)
    for rounding in ("float32_rne", "fixed_point"):
        integers = quantize(network, parameters, calibration, per_tensor(rounding=rounding))
        assert top1(integers, test) == pytest.approx(in_int8, abs=integer)
    dynamic = quantize(network, parameters, calibration, per_tensor("ace_cnn"))
    assert top1(dynamic, test) == pytest.approx(in_float, abs=0.011)


@pytest.mark.parametrize("dataset", LENETS)
def test_lenet5_on_ten_thousand_images(shared_data, dataset):
    network = trained.network("lenet5")
    parameters = trained.by_order(network, shared_data / f"weights/lenet5_{dataset}.npz")
    train = trained.idx(shared_data / dataset, "train", 500)
    test = trained.idx(shared_data / dataset, "t10k")
    assert_as_published((network, parameters, train, test), LENETS[dataset])


@pytest.mark.parametrize("name", RESNETS)
def test_resnets_on_a_thousand_images(shared_data, name):
    assert_as_published(trained.cifar_case(shared_data, name), RESNETS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP)
def test_deep_resnets_on_a_thousand_images(shared_data, name):
    assert_as_published(trained.cifar_case(shared_data, name), DEEP[name])


@pytest.mark.slow
def test_resnet20_in_few_bits_needs_clipped_ranges(shared_data):
    network, parameters, train, test = trained.cifar_case(shared_data, "resnet20")
    calibration = calibrate(network, parameters, train, CalibrationOptions(method="percentile"))
    for bits, expected in ((6, 0.907), (5, 0.870), (4, 0.674)):
        narrow = quantize(network, parameters, calibration, per_tensor("manifest", bits=bits))
        assert top1(narrow, test) == pytest.approx(expected, abs=MANIFEST)
