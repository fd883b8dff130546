"""What single layers compute, and what is refused."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from choices import per_tensor
from hypothesis import given
from hypothesis import strategies as st
from image_sets import unlabelled

from archsim.arithmetic.kernels import Arithmetic
from archsim.arithmetic.macs import DigitalMacs
from archsim.errors import InputError
from archsim.hardware.quantization import CalibrationOptions
from archsim.inference import calibrate, quantize, run_float, sqnr_db
from archsim.inference.functions import FUNCTIONS
from archsim.inference.requantization import fixed_point, multiplied
from archsim.registry import create
from archsim.workload import (
    Activation,
    AveragePool,
    Concat,
    Conv2d,
    Elementwise,
    Linear,
    MaxPool,
    Softmax,
    TensorShape,
    build_network,
)
from archsim.workload.parameters import LayerParameters


def run(layers, values, options=None, parameters=None):
    network = build_network("one", TensorShape(*values.shape[1:]), layers)
    if options is None:
        return run_float(network, parameters or {}, values)
    calibration = calibrate(network, parameters or {}, unlabelled(values))
    return quantize(network, parameters or {}, calibration, options).run(values)


def images(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_average_pool_does_not_count_the_padding():
    found = run([AveragePool(name="p", kernel=2, padding=1, stride=2)], np.full((1, 1, 4, 4), 3, np.float32))
    np.testing.assert_array_equal(found, 3)


def test_max_pool_never_takes_the_padding():
    found = run([MaxPool(name="p", kernel=3, padding=1, stride=1)], np.full((1, 1, 4, 4), -3, np.float32))
    np.testing.assert_array_equal(found, -3)


def test_linear_reads_channels_first():
    values = images(2, 3, 2, 2)
    weight = images(4, 12, 1, 1, seed=1)
    own = {"fc": LayerParameters(weight, np.zeros(4, np.float32))}
    found = run([Linear(name="fc", out_channels=4)], values, parameters=own)
    np.testing.assert_allclose(found, values.reshape(2, 12) @ weight[:, :, 0, 0].T, rtol=1e-5)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_float_convolution_equals_its_definition(groups):
    values, weight = images(2, 4, 7, 6), images(8, 4 // groups, 3, 2, seed=1)
    own = {"c": LayerParameters(weight, images(8, seed=2))}
    layer = Conv2d(
        name="c", out_channels=8, kernel=(3, 2), stride=(2, 1), padding=(1, 0, 2, 1), dilation=(1, 2),
        groups=groups,
    )  # fmt: skip
    found = run([layer], values, parameters=own).reshape(2, 8, 4, 5)
    whole = np.pad(values, ((0, 0), (0, 0), (1, 2), (0, 1))).astype(np.float64)
    for n, o, p, q in np.ndindex(*found.shape):
        first = o // (8 // groups) * (4 // groups)
        window = whole[n, first : first + 4 // groups, 2 * p : 2 * p + 3, q : q + 3 : 2]
        expected = (window * weight[o]).sum() + own["c"].bias[o]
        assert found[n, o, p, q] == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("rounding", ["float32_rne", "fixed_point"])
@pytest.mark.parametrize("function", sorted(FUNCTIONS))
@pytest.mark.parametrize("even", [False, True])
def test_a_looked_up_function_is_within_its_steps(function, even, rounding):
    values = images(3, 4, 5, 5) * 3
    layers = [Activation(name="a", function=function)]
    exact = run(layers, values)
    found = run(
        layers, values, per_tensor(rounding=rounding, activations="symmetric" if even else "asymmetric")
    )
    # Half a step of the output and, through a slope of at most 1.13 (hard_swish, gelu), of the input.
    step = np.ptp(exact) / (127 if even else 255) + 1.13 * np.abs(values).max() * 2 / (254 if even else 255)
    assert np.abs(found - exact).max() <= 0.51 * step + 1e-6


@pytest.mark.parametrize("function", ["multiply", "subtract", "maximum"])
def test_joined_tensors_stay_close_in_integers(function):
    layers = [
        Activation(name="a", function="tanh"),
        Activation(name="b", function="relu", inputs=("input",)),
        Elementwise(name="e", function=function, inputs=("a", "b")),
        Concat(name="c", inputs=("e", "a")),
    ]
    values = images(2, 3, 4, 4)
    exact, found = run(layers, values), run(layers, values, per_tensor())
    assert sqnr_db((exact**2).sum(), ((exact - found) ** 2).sum()) > 30


def test_a_last_softmax_adds_up_to_one_in_integers():
    found = run([Softmax(name="s")], images(4, 10, 1, 1), per_tensor())
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("function", ["other", "scale", "local_response_norm"])
def test_layers_without_a_defined_function_are_refused(function):
    with pytest.raises(InputError, match=r"layer 'e' \(elementwise\) cannot be executed"):
        run([Elementwise(name="e", function=function)], images(1, 2, 2, 2))


def test_learned_slopes_and_missing_parameters_are_refused():
    with pytest.raises(InputError, match="no parameters for prelu"):
        run([Activation(name="a", function="prelu")], images(1, 2, 2, 2))
    own = {"d": LayerParameters(images(1, 1, 1, 1), images(1))}
    with pytest.raises(InputError, match="no parameters for layer 'c'"):
        run([Conv2d(name="c", out_channels=1, kernel=1)], images(1, 1, 2, 2), parameters=own)
    with pytest.raises(InputError, match=r"weight of layer 'd' has shape .*: expected \(2, 1, 1, 1\)"):
        run([Conv2d(name="d", out_channels=2, kernel=1)], images(1, 1, 2, 2), parameters=own)


def test_wrong_images_and_names_are_refused():
    network = build_network("one", TensorShape(1, 2, 2), [Softmax(name="s")])
    with pytest.raises(InputError, match="images are 1x3x3"):
        run_float(network, {}, images(1, 1, 3, 3))
    calibration = calibrate(network, {}, unlabelled(images(1, 1, 2, 2)))
    function = DigitalMacs(Arithmetic(create("multipliers", {"kind": "exact"})))
    with pytest.raises(InputError, match="'s' has no multiply-accumulates"):
        quantize(network, {}, calibration, functions={"s": function})


@pytest.mark.parametrize("method", ["percentile", "mse"])
def test_clipped_ranges_leave_an_outlier_out(method):
    values = images(20, 3, 16, 16)
    values[0, 0, 0, 0] = 60
    network = build_network("one", TensorShape(3, 16, 16), [Softmax(name="s")])
    formats = create("multipliers", {"kind": "exact", "width": 4})
    clipped = CalibrationOptions(method=method, **({"percentile": 99.9} if method == "percentile" else {}))
    found = calibrate(network, {}, unlabelled(values), clipped).limits("input", _format(formats), even=True)
    assert max(map(abs, found)) < 30
    assert calibrate(network, {}, unlabelled(values)).limits("input", _format(formats), even=True)[1] == 60


def _format(multiplier):
    from archsim.inference.coding import operand_format

    return operand_format(DigitalMacs(Arithmetic(multiplier)), None)


@given(value=st.integers(-(2**31), 2**31 - 1), ratio=st.floats(1e-6, 0.999))
def test_fixed_point_rounds_twice_as_gemmlowp_does(value, ratio):
    multipliers, shifts = fixed_point(np.array([ratio]))
    multiplier, shift = int(multipliers[0]), int(shifts[0])
    assert 2**30 <= multiplier < 2**31
    assert abs(multiplier * Fraction(2) ** (shift - 31) / Fraction(ratio) - 1) < Fraction(1, 2**30)
    high = away(Fraction(value * multiplier, 2**31), ties_up=True)
    expected = away(Fraction(high, 2**-shift), ties_up=False)
    assert multiplied(np.array([value]), multipliers, shifts)[0] == expected


def away(value, *, ties_up):
    """Nearest integer; ties up, as the high product rounds them, or away from zero, as the shift does."""
    if ties_up or value >= 0:
        return floor(value + Fraction(1, 2))
    return -floor(-value + Fraction(1, 2))
