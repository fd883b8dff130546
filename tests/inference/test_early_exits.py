"""Networks with early exits: what an exit depends on, its accuracy in int8, and the order of its classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from archsim.inference import QuantizedNetwork, calibrate, quantize
from archsim.inference.float_operations import float_operations
from archsim.inference.graph import Tensor, steps
from archsim.workload import Network, load_network
from archsim.workload.datasets import load_images
from archsim.workload.parameters import LabelledImages, Parameters
from archsim.workload.weights import find_weights, load_parameters

HALF_A_POINT = 0.005
ROWS = np.array([[0.5, 0.5], [-0.5, -0.5]])
DIAGONAL = np.array([[0.5, -0.5], [-0.5, 0.5]])
BASIS = np.stack([np.full((2, 2), 0.5), ROWS, ROWS.T, DIAGONAL])


def trained(name: str) -> tuple[Network, Parameters]:
    network = load_network(name)
    return network, load_parameters(find_weights(network.weights_for()), network)


def in_float(name: str, images: np.ndarray) -> dict[str, Tensor]:
    """Every tensor of the float32 network."""
    network, parameters = trained(name)
    return dict(steps(network, images.astype(np.float32), float_operations(network, parameters)))


@settings(max_examples=20, deadline=None)
@given(image=arrays(np.float32, (1, 1, 8, 8), elements=st.floats(0, 1, width=32)))
def test_the_bands_of_all_iterations_hold_the_image(image: np.ndarray) -> None:
    tensors = in_float("digits_icnn", image)
    averages, *details = (tensors[f"iteration{index}.bands"][0] for index in (1, 2, 3))
    bands = np.concatenate([2 * averages, *details])
    again = np.einsum("brc,bij->ricj", bands, BASIS).reshape(8, 8)
    np.testing.assert_allclose(again, image[0, 0], atol=1e-6)


@pytest.mark.parametrize("name", ["digits_icnn", "fashion_icnn"])
@pytest.mark.parametrize(
    ("detail", "blind"), [(ROWS, {"exit1"}), (ROWS.T, {"exit1"}), (DIAGONAL, {"exit1", "exit2"})]
)
def test_an_exit_depends_on_the_bands_so_far_alone(name: str, detail: np.ndarray, blind: set[str]) -> None:
    network = load_network(name)
    size = network.input_shape.rows
    random = np.random.default_rng(3)
    image = random.uniform(0.3, 0.7, (1, 1, size, size))
    plain = in_float(name, image)
    found = in_float(name, image + np.kron(random.uniform(-0.4, 0.4, (size // 2, size // 2)), detail))
    same = {output for output in network.outputs if np.allclose(found[output], plain[output], atol=1e-5)}
    assert same == blind


def prepared(name: str, folder: Path | None, count: int) -> tuple[QuantizedNetwork, LabelledImages]:
    """The network in int8, and test images."""
    network, parameters = trained(name)
    assert network.dataset is not None
    test, train = (
        load_images(network.dataset, folder, number, part=part, preprocessing=network.preprocessing)
        for part, number in (("test", count), ("train", 200))
    )
    calibration = calibrate(network, parameters, train)
    return quantize(network, parameters, calibration), test


def assert_int8_is_as_good(name: str, folder: Path | None, count: int) -> None:
    network, test = prepared(name, folder, count)
    reals, found = in_float(name, test.values), dict(network.steps(test.values))
    for output in network.network.outputs:
        right, expected = (
            np.mean(tensors[output].reshape(count, -1).argmax(1) == test.labels) for tensors in (found, reals)
        )
        assert right == pytest.approx(expected, abs=HALF_A_POINT), output


def test_int8_costs_half_a_point_at_most_on_the_digits() -> None:
    assert_int8_is_as_good("digits_icnn", None, 500)


@pytest.mark.parametrize("name", ["fashion_icnn", "fashion_exits"])
def test_int8_costs_half_a_point_at_most_on_fashion_mnist(name: str, shared_data: Path) -> None:
    assert_int8_is_as_good(name, shared_data, 2000)


def test_probabilities_keep_the_order_of_the_codes_they_come_from() -> None:
    network, test = prepared("digits_icnn", None, 100)
    found = dict(network.steps(test.values))
    for output in network.network.outputs:
        assert output not in network.coded
        codes = found[f"{output}.fc"].reshape(100, -1).astype(int)
        probabilities = found[output].reshape(100, -1)
        lower = codes[:, :, None] < codes[:, None, :]
        assert lower.any()
        assert np.all((probabilities[:, :, None] < probabilities[:, None, :]) == lower)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
