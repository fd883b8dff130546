"""The error that a layer adds itself, told apart from the errors that reach it through its inputs."""

from math import inf, isfinite

import numpy as np
import pytest
from choices import per_tensor
from image_sets import unlabelled

from archsim.arithmetic.kernels import Arithmetic
from archsim.arithmetic.macs import DigitalMacs
from archsim.inference import calibrate, evaluate, quantize, sqnr_db
from archsim.registry import create
from archsim.workload import Activation, Conv2d, Linear, MaxPool, TensorShape, build_network
from archsim.workload.parameters import LabelledImages, LayerParameters

SCHEMES = ["manifest", "integer", "ace_cnn"]
MACS = ["conv1", "conv2", "fc"]


def approximate_macs():
    return DigitalMacs(Arithmetic(create("multipliers", {"kind": "scdm8", "low": 7, "high": 3})))


def case(layers=None):
    chain = [
        Conv2d(name="conv1", out_channels=4, kernel=3, padding=1),
        Activation(name="relu1", function="relu"),
        Conv2d(name="conv2", out_channels=4, kernel=3),
        MaxPool(name="pool", kernel=2),
        Linear(name="fc", out_channels=3),
    ]
    network = build_network("chain", TensorShape(2, 6, 6), layers or chain)
    random = np.random.default_rng(5)
    parameters = {
        layer.name: LayerParameters(
            random.normal(
                size=(
                    layer.output_shape.channels,
                    layer.gemm.depth // int(np.prod(layer.kernel)),
                    *layer.kernel,
                )
            ).astype(np.float32),
            random.normal(size=layer.output_shape.channels).astype(np.float32),
        )
        for layer in network.layers
        if layer.is_mac
    }
    values = random.normal(size=(40, *network.input_shape)).astype(np.float32)
    return network, parameters, values


def errors(names, scheme="integer", layers=None):
    """Errors by layer with these layers approximate, and both quantized networks."""
    network, parameters, values = case(layers)
    calibration = calibrate(network, parameters, unlabelled(values))
    functions = dict.fromkeys(names, approximate_macs())
    approximate, exact = (
        quantize(network, parameters, calibration, per_tensor(scheme), given) for given in (functions, {})
    )
    images = LabelledImages(values, np.zeros(len(values), dtype=np.int64))
    return evaluate(parameters, images, approximate, exact).layers, approximate, exact, values


@pytest.mark.parametrize("scheme", SCHEMES)
def test_exact_layers_add_no_error(scheme):
    layers, *_ = errors([], scheme)
    assert {error.own for error in layers.values()} == {inf}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_only_layer_of_a_network_has_no_other_error(scheme):
    layers, *_ = errors(["conv"], scheme, [Conv2d(name="conv", out_channels=3, kernel=3)])
    assert isfinite(layers["conv"].own)
    assert layers["conv"].own == layers["conv"].against_exact


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", MACS)
def test_only_the_approximate_layer_adds_an_error_and_those_behind_it_pass_it_on(scheme, name):
    layers, *_ = errors([name], scheme)
    assert [other for other, error in layers.items() if isfinite(error.own)] == [name]
    assert layers[name].own == layers[name].against_exact
    order = list(layers)
    reached = [other for other, error in layers.items() if isfinite(error.against_exact)]
    assert reached == order[order.index(name) :]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_own_errors_are_those_of_each_layer_on_the_exact_inputs(scheme):
    layers, approximate, exact, values = errors(MACS, scheme)
    outputs = dict(exact.steps(values))
    for name, source in (("conv2", "relu1"), ("fc", "pool")):
        found = approximate.operations[name]((outputs[source],))
        wanted, reached = exact.reals(name, outputs[name]), approximate.reals(name, found)
        wanted, reached = wanted.astype(np.float64), reached.astype(np.float64)
        expected = sqnr_db((wanted**2).sum(), ((wanted - reached) ** 2).sum())
        assert layers[name].own == pytest.approx(expected, rel=1e-6)
        assert layers[name].own != layers[name].against_exact
    first, fused = layers["conv1"], layers["relu1"]
    assert fused.own == layers["pool"].own == inf
    if scheme == "integer":
        assert first.own == first.against_exact == fused.against_exact


def test_what_a_layer_adds_does_not_depend_on_the_layers_before_it():
    every, *_ = errors(MACS)
    for name in MACS:
        alone, *_ = errors([name])
        assert alone[name].own == every[name].own
