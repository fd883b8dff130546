"""MobileNets need one scale for the weights of each channel: depthwise filters differ too much in size."""

import pytest

from archsim.hardware.quantization import Quantization
from archsim.inference import calibrate, quantize, top1
from archsim.workload import load_network
from archsim.workload.datasets import open_dataset
from archsim.workload.weights import find_weights, load_parameters

IN_FLOAT = {"mobilenet_v1_0.25_128": 0.430, "mobilenet_v1_0.5_160": 0.662}
"""Top-1 of the dequantised networks on the same 1,000 images, by another program."""


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_FLOAT)
def test_one_scale_for_all_weights_costs_twenty_points_and_one_per_channel_none(shared_data, name):
    network = load_network(name)
    parameters = load_parameters(find_weights(network.weights_for(), shared_data), network)
    images = open_dataset(network.dataset, shared_data).first(1000, network.preprocessing)
    calibration = calibrate(network, parameters, images.every(10))

    def accuracy(weights):
        options = Quantization(scheme="manifest", weights=weights)
        return top1(quantize(network, parameters, calibration, options), images)

    assert accuracy("per_tensor") < IN_FLOAT[name] - 0.2
    assert accuracy("per_channel") == pytest.approx(IN_FLOAT[name], abs=0.01)
