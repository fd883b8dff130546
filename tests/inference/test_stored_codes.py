"""What layers store has the width that its traffic is counted with."""

import numpy as np
import pytest
from image_sets import unlabelled
from numpy_emulation import convolved

from archsim.arithmetic.number_format import number_format
from archsim.hardware.quantization import Quantization
from archsim.inference import calibrate, quantize, run_float, sqnr_db
from archsim.inference.mac_layers import exact_macs
from archsim.inference.measuring import Question, measure
from archsim.inputs import read_architecture
from archsim.mapping.placement import place
from archsim.mapping.storage import stored_widths
from archsim.workload import (
    Activation,
    Add,
    AveragePool,
    Concat,
    Conv2d,
    MaxPool,
    TensorShape,
    build_network,
    load_network,
)
from archsim.workload.datasets import open_dataset
from archsim.workload.parameters import LayerParameters
from archsim.workload.weights import find_weights, load_parameters

ALL_INT16 = (
    "compute.npu.number_format=int16",
    "compute.npu.accumulator=int48",
    "compute.cpu.number_format=int16",
)


def branches():
    """A network with every way of passing codes on."""
    layers = [
        Conv2d(name="conv1", out_channels=4, kernel=3, padding=1),
        Activation(name="relu1", function="relu"),
        MaxPool(name="pool", kernel=2),
        Conv2d(name="conv2", out_channels=4, kernel=3, padding=1),
        Add(name="sum", inputs=["pool", "conv2"]),
        Activation(name="tanh", function="tanh"),
        Concat(name="both", inputs=["tanh", "sum"]),
        AveragePool(name="mean", kernel=2),
    ]
    network = build_network("branches", TensorShape(2, 8, 8), layers)
    random = np.random.default_rng(1)
    parameters = {
        name: LayerParameters(
            random.normal(scale=0.2, size=(4, channels, 3, 3)).astype(np.float32),
            random.normal(scale=0.2, size=4).astype(np.float32),
        )
        for name, channels in (("conv1", 2), ("conv2", 4))
    }
    return network, parameters, random.normal(size=(20, 2, 8, 8)).astype(np.float32)


@pytest.mark.parametrize("rounding", ["float32_rne", "fixed_point"])
def test_a_network_of_sixteen_bits_is_near_to_the_real_one(rounding):
    network, parameters, values = branches()
    calibration = calibrate(network, parameters, unlabelled(values))
    function = exact_macs(number_format("int16"), 64)
    stored = dict.fromkeys(["input", *(layer.name for layer in network.layers)], 16)
    real = run_float(network, parameters, values).astype(np.float64)

    def against_float(stored):
        options, functions = Quantization(rounding=rounding), dict.fromkeys(parameters, function)
        found = quantize(network, parameters, calibration, options, functions, stored=stored).run(values)
        return sqnr_db((real**2).sum(), ((found - real) ** 2).sum())

    # TensorFlow Lite's factors for sums of 64 bits have 15 bits themselves.
    assert against_float(stored) > 80
    for name in ("input", "pool", "conv2", "sum", "tanh", "both", "mean"):
        assert 25 < against_float(stored | {name: 8}) < 60
    assert against_float(stored | {"conv1": 8}) == against_float(stored | {"relu1": 8}) < 60


def test_an_int16_unit_keeps_its_sixteen_bits():
    network = load_network("digits_cnn")
    images = open_dataset("digits", part="train").load(200, network.preprocessing)
    parameters = load_parameters(find_weights(network.weights_for(None), None), network)
    architecture, _ = read_architecture("von_neumann", ALL_INT16)
    placement = place(network, architecture)
    widths = stored_widths(placement, architecture)
    assert set(widths.values()) == {16}
    functions = dict.fromkeys(["conv1", "conv2", "conv3", "fc"], exact_macs(number_format("int16"), 48))
    stored = {name: widths[root] for name, root in placement.stored.items()}
    quantized = quantize(
        network, parameters, calibrate(network, parameters, images), None, functions, stored=stored
    )
    real, found = (one(images.values) for one in (lambda v: run_float(network, parameters, v), quantized.run))
    assert sqnr_db((real**2).sum(dtype=float), ((found - real) ** 2).sum(dtype=float)) > 80


def test_codes_between_layers_are_those_of_who_writes_them():
    """Of a wide unit beside a core of 8 bits: what the core pools has 8 bits, as its traffic says."""
    network = load_network("digits_cnn")
    wide, mixed = (
        measure(read_architecture("von_neumann", overrides)[0], network, Question(50)).accuracy.layers
        for overrides in (ALL_INT16, ALL_INT16[:2])
    )
    assert wide["relu2"] == mixed["relu2"]
    assert wide["pool2"].against_float > wide["relu2"].against_float > 60 > mixed["pool2"].against_float


def four_bit_classes(network, parameters, training, images):
    """Classes in plain NumPy: codes of -7 to 7 in every tensor and weight, sums exact, half to even."""
    scale, values = {}, training.values
    scale["input"] = np.abs(values).max() / np.float32(7)
    for layer in network.layers:
        values = in_reals(layer, values, parameters)
        scale[layer.name] = np.abs(values).max() / np.float32(7)
    codes, last = np.rint(images.values / scale["input"]).clip(-8, 7), "input"
    for layer in network.layers:
        if layer.op == "max_pool":
            codes = in_reals(layer, codes, parameters)
        if not layer.is_mac:
            continue
        own, into = parameters[layer.name], f"relu{layer.name[-1]}" if layer.name != "fc" else "fc"
        step = np.abs(own.weight).max(axis=(1, 2, 3), keepdims=True) / np.float32(7)
        unit = scale[last].astype(float) * step.ravel().astype(float)
        sums = weighted(layer, codes, np.rint(own.weight / step).astype(float))
        sums = (sums + np.rint(own.bias / unit)[:, None, None]).astype(np.float32)
        ratio = (scale[last] * step.ravel()) / scale[into]
        codes = np.rint(sums * ratio[:, None, None]).clip(-8 if into == "fc" else 0, 7)
        last = into
    return codes.reshape(len(codes), -1).argmax(axis=1)


def in_reals(layer, values, parameters):
    if layer.is_mac:
        own = parameters[layer.name]
        return (weighted(layer, values, own.weight) + own.bias[:, None, None]).astype(np.float32)
    if layer.op == "activation":
        return np.maximum(values, 0)
    images, channels, rows, columns = values.shape
    return values.reshape(images, channels, rows // 2, 2, columns // 2, 2).max(axis=(3, 5))


def weighted(layer, values, weight):
    if layer.op == "linear":
        values = values.reshape(len(values), -1, 1, 1)
    return convolved(layer, values, weight)


def test_four_bits_lose_what_plain_numpy_loses():
    network = load_network("digits_cnn")
    overrides = "compute.npu.number_format=int4", "compute.cpu.number_format=int4"
    found = measure(read_architecture("von_neumann", overrides)[0], network, Question(500)).accuracy
    parameters = load_parameters(find_weights(network.weights_for(None), None), network)
    training, test = (
        open_dataset("digits", part=part).load(count, network.preprocessing)
        for part, count in (("train", 200), ("test", 500))
    )
    wanted = four_bit_classes(network, parameters, training, test)
    assert found.top1 == np.mean(wanted == test.labels)
    np.testing.assert_array_equal(found.exits.units.classes[-1], wanted)
    assert 0.96 < found.top1 < found.top1_float
