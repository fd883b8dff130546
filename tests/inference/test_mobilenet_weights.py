"""MobileNets need one scale for the weights of each channel: depthwise filters differ too much in size."""

import numpy as np
import pytest
from numpy_emulation import Emulation

from archsim.hardware.quantization import Quantization
from archsim.inference import calibrate, quantize
from archsim.workload import load_network
from archsim.workload.datasets import open_dataset
from archsim.workload.weights import find_weights, load_parameters

PUBLISHED = {
    "mobilenet_v1_0.25_128": (0.430, 0.207, 0.429),
    "mobilenet_v1_0.5_160": (0.662, 0.259, 0.660),
}
"""Top-1 by another program on the same 1,000 images: dequantised, one weight scale, one per channel."""

TIES = 0.010
"""Largest distance from it. The weights were quantized before: quantized again, hundreds are halfway between
two codes, and how a program divides decides. Variants of the same scheme lie that far apart."""


def opened(name, folder, count):
    network = load_network(name)
    parameters = load_parameters(find_weights(network.weights_for(), folder), network)
    return network, parameters, open_dataset(network.dataset, folder).first(count, network.preprocessing)


def classes(quantized, images):
    return np.concatenate([quantized.run(batch.values).argmax(axis=1) for batch in images.batches(25)])


@pytest.mark.parametrize("weights", ["per_tensor", "per_channel"])
def test_every_image_has_the_class_of_a_program_of_its_own(shared_data, weights):
    network, parameters, images = opened("mobilenet_v1_0.25_128", shared_data, 100)
    sample = images.every(10)
    plain = Emulation(network, parameters, sample, per_channel=weights == "per_channel")
    options = Quantization(scheme="manifest", weights=weights)
    quantized = quantize(network, parameters, calibrate(network, parameters, sample), options)
    for name, (_, codes, bias, _) in plain.codes.items():
        np.testing.assert_array_equal(quantized.macs[name].codes, codes)
        np.testing.assert_array_equal(quantized.macs[name].bias, bias)
    # Averages of the pool are float32 sums in some order.
    assert (classes(quantized, images) == plain.classes(images)).mean() >= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_one_scale_for_all_weights_costs_twenty_points_and_one_per_channel_none(shared_data, name):
    network, parameters, images = opened(name, shared_data, 1000)
    calibration = calibrate(network, parameters, images.every(10))
    _, per_tensor, per_channel = PUBLISHED[name]

    def accuracy(**options):
        found = classes(quantize(network, parameters, calibration, Quantization(**options)), images)
        return np.mean(found == images.labels)

    # In the same scheme with one weight scale: to the image.
    assert accuracy(scheme="manifest", weights="per_tensor") == pytest.approx(per_tensor, abs=0.002)
    assert accuracy(scheme="manifest", weights="per_channel") == pytest.approx(per_channel, abs=TIES)
    assert accuracy(weights="per_channel") == pytest.approx(per_channel, abs=TIES)
