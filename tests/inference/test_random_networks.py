"""Integer execution against a slow reference in plain Python, and its independence of how it is run."""

import numpy as np
import pytest
from choices import per_tensor
from hypothesis import given, settings
from hypothesis import strategies as st
from image_sets import unlabelled
from plain_python import product_table, slow_codes, slow_sums

from archsim.arithmetic.kernels import Arithmetic, instruction_sets
from archsim.arithmetic.macs import DigitalMacs
from archsim.hardware.quantization import Quantization
from archsim.inference import SplitMacs, calibrate, evaluate, quantize, run_float, sensitivity
from archsim.registry import create
from archsim.workload import (
    Activation,
    Add,
    Conv2d,
    GlobalAveragePool,
    Linear,
    MaxPool,
    TensorShape,
    build_network,
)
from archsim.workload.parameters import LabelledImages, LayerParameters

MULTIPLIERS = (
    {"kind": "exact"},
    {"kind": "scdm8", "low": 7, "high": 3},
    {"kind": "scdm8", "low": 8, "high": 4, "split": "activation"},
    {"kind": "drum", "k": 4, "signed": True},
    {"kind": "exact", "width": 4},
    {"kind": "cdm8", "low": 7, "high": 3},
)


def macs(fields):
    return DigitalMacs(Arithmetic(create("multipliers", dict(fields))))


def small_network(groups=1, stride=1, padding=1):
    return build_network(
        "small",
        TensorShape(2, 6, 5),
        [
            Conv2d(name="conv1", out_channels=4, kernel=3, padding=padding, stride=stride),
            Activation(name="relu1", function="relu"),
            Conv2d(name="conv2", out_channels=4, kernel=(3, 1), padding=(1, 0), groups=groups),
            Add(name="add", inputs=("relu1", "conv2")),
            Activation(name="relu2", function="relu"),
            MaxPool(name="pool", kernel=2, stride=1),
            Linear(name="fc", out_channels=3),
        ],
    )


def parameters_of(network, seed):
    random = np.random.default_rng(seed)

    def values(*shape):
        return random.normal(size=shape).astype(np.float32)

    return {
        layer.name: LayerParameters(
            values(layer.output_shape.channels, layer.gemm.depth // np.prod(layer.kernel), *layer.kernel),
            values(layer.output_shape.channels),
        )
        for layer in network.layers
        if layer.is_mac
    }


def images_of(network, seed, count=5):
    return np.random.default_rng([seed, 1]).normal(size=(count, *network.input_shape)).astype(np.float32)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    fields=st.sampled_from(MULTIPLIERS),
    groups=st.sampled_from([1, 2, 4]),
    stride=st.sampled_from([1, 2]),
    per_channel=st.booleans(),
)
def test_layers_equal_products_one_at_a_time(seed, fields, groups, stride, per_channel):
    network = small_network(groups, stride)
    parameters, values = parameters_of(network, seed), images_of(network, seed, 1)
    function = macs(fields)
    design = function.arithmetic.multiplier
    table = product_table(design)
    options = Quantization(scheme="manifest", weights="per_channel" if per_channel else "per_tensor")
    names = ["conv1", "conv2", "fc"]
    quantized = quantize(
        network,
        parameters,
        calibrate(network, parameters, unlabelled(values)),
        options,
        dict.fromkeys(names, function),
    )
    held = {"input": values}
    for name, output in quantized.steps(values):
        layer = network.layer(name)
        if layer.is_mac:
            mac = quantized.macs[name]
            low = int(mac.activation.zero_point) if layer.inputs[0] != "input" else design.lowest
            codes = slow_codes(held[layer.inputs[0]][0], mac.activation, low)
            expected = slow_sums(mac, table, codes).astype(np.float32)
            expected *= np.broadcast_to(mac.scales, len(expected)).astype(np.float32)[:, None, None]
            np.testing.assert_array_equal(output[0], expected, err_msg=name)
        held[name] = output


def case(seed=3, count=50):
    network = small_network()
    parameters, values = parameters_of(network, seed), images_of(network, seed, count)
    return network, parameters, values, calibrate(network, parameters, unlabelled(values))


@pytest.mark.parametrize("scheme", ["manifest", "integer", "ace_cnn"])
def test_approximate_multipliers_differ_from_exact_ones(scheme):
    network, parameters, values, calibration = case()
    functions = dict.fromkeys(("conv1", "conv2"), macs(MULTIPLIERS[1]))
    approximate = quantize(network, parameters, calibration, per_tensor(scheme), functions)
    exact = quantize(network, parameters, calibration, per_tensor(scheme))
    assert (approximate.run(values) != exact.run(values)).any()


@pytest.mark.parametrize("scheme", ["manifest", "integer", "ace_cnn"])
def test_nothing_depends_on_batch_threads_or_instruction_set(scheme, monkeypatch):
    network, parameters, values, calibration = case()
    labels = np.zeros(len(values), dtype=np.int64)
    found = set()
    for level in instruction_sets():
        monkeypatch.setenv("ARCHSIM_ISA", level)
        functions = dict.fromkeys(("conv1", "fc"), macs(MULTIPLIERS[1]))
        approximate = quantize(network, parameters, calibration, per_tensor(scheme), functions)
        exact = quantize(network, parameters, calibration, per_tensor(scheme))
        for threads, batch in ((1, 1), (2, 7), (2, 50)):
            monkeypatch.setattr(
                "archsim.arithmetic.kernels.layer.thread_count", lambda _, count=threads: count
            )
            monkeypatch.setattr("archsim.inference.graph._LARGEST_BATCH", batch)
            accuracy = evaluate(parameters, LabelledImages(values, labels), approximate, exact)
            outputs = approximate.run(values, batch=batch).tobytes()
            found.add(
                (outputs, repr(accuracy), run_float(network, parameters, values, batch=batch).tobytes())
            )
    assert len(found) == 1


def test_split_layers_equal_their_units_on_their_own_channels():
    network, parameters, values, calibration = case()
    exact, other = macs(MULTIPLIERS[0]), macs(MULTIPLIERS[1])
    outputs = [
        dict(
            quantize(network, parameters, calibration, per_tensor("manifest"), {"conv1": function}).steps(
                values
            )
        )
        for function in (SplitMacs(((exact, 1), (other, 3))), exact, other)
    ]
    shared, first, second = (output["conv1"] for output in outputs)
    np.testing.assert_array_equal(shared[:, :1], first[:, :1])
    np.testing.assert_array_equal(shared[:, 1:], second[:, 1:])


def test_compensation_takes_most_of_a_one_sided_error_away():
    network, parameters, values, calibration = case()
    functions = dict.fromkeys(("conv1", "conv2"), macs(MULTIPLIERS[1]))
    images = LabelledImages(values, np.zeros(len(values), dtype=np.int64))
    exact = quantize(network, parameters, calibration, per_tensor("manifest"))
    ratios = []
    for compensate in (False, True):
        approximate = quantize(
            network, parameters, calibration, per_tensor("manifest"), functions, compensate=compensate
        )
        ratios.append(evaluate(parameters, images, approximate, exact).layers["conv1"].against_exact)
    assert ratios[1] > ratios[0] + 3


def test_saturation_happens_once_at_the_end_of_the_sum():
    network, parameters, values, calibration = case()
    narrow = DigitalMacs(Arithmetic(create("multipliers", {"kind": "exact"}), accumulator_bits=12))
    found = {
        overflow: dict(
            quantize(
                network, parameters, calibration, per_tensor("manifest", overflow=overflow), {"conv1": narrow}
            ).steps(values)
        )["conv1"]
        for overflow in ("wrap", "saturate")
    }
    wide = quantize(network, parameters, calibration, per_tensor("manifest"))
    step = wide.macs["conv1"].scales
    sums = np.rint(dict(wide.steps(values))["conv1"] / step)
    np.testing.assert_array_equal(np.rint(found["saturate"] / step), np.clip(sums, -2048, 2047))
    np.testing.assert_array_equal(np.rint(found["wrap"] / step), (sums + 2048) % 4096 - 2048)


def test_sensitivity_approximates_one_layer_at_a_time_and_counts_images():
    network, parameters, values, calibration = case()
    labels = run_float(network, parameters, values).argmax(axis=1)
    functions = dict.fromkeys(("conv1", "fc"), macs(MULTIPLIERS[2]))
    images, done = LabelledImages(values, labels), []
    found = sensitivity(network, parameters, calibration, per_tensor(), functions, images, done.append)
    alone = quantize(network, parameters, calibration, per_tensor(), {"fc": functions["fc"]})
    assert found["fc"] == np.mean(alone.run(values).argmax(axis=1) == labels)
    assert list(found) == ["conv1", "fc"]
    assert done == [32, 50, 82, 100]


def test_global_average_pool_is_the_rounded_mean_of_the_codes():
    network = build_network("mean", TensorShape(3, 4, 4), [GlobalAveragePool(name="pool")])
    values = images_of(network, 0)
    calibration = calibrate(network, {}, unlabelled(values))
    quantized = quantize(network, {}, calibration, per_tensor(activations="asymmetric"))
    (_, codes), source = next(iter(quantized.steps(values))), quantized.coded["input"]
    means = source.dequantize(source.quantize(values)).mean(axis=(2, 3), keepdims=True)
    assert np.abs(quantized.reals("pool", codes) - means).max() <= 0.501 * quantized.coded["pool"].scale
