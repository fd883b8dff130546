"""Real images through a trained network on approximate multipliers, against plain Python."""

import numpy as np
from choices import per_tensor
from plain_python import product_table, slow_codes, slow_sums

from archsim.arithmetic.kernels import Arithmetic
from archsim.arithmetic.macs import DigitalMacs
from archsim.inference import calibrate, quantize
from archsim.registry import create
from archsim.workload import load_network
from archsim.workload.datasets import load_images
from archsim.workload.weights import find_weights, load_parameters

IMAGES = 20


def test_twenty_digits_equal_products_one_at_a_time_and_differ_from_exact_ones():
    network = load_network("digits_cnn")
    parameters = load_parameters(find_weights(network.weights_for()), network)
    train = load_images("digits", None, 50, part="train", preprocessing=network.preprocessing)
    values = load_images("digits", None, IMAGES, preprocessing=network.preprocessing).values
    design = create("multipliers", {"kind": "scdm8", "low": 7, "high": 3})
    functions = {layer.name: DigitalMacs(Arithmetic(design)) for layer in network.layers if layer.is_mac}
    calibration = calibrate(network, parameters, train)
    options = per_tensor("manifest", weights="per_channel")
    quantized = quantize(network, parameters, calibration, options, functions)
    exact = quantize(network, parameters, calibration, options)
    table, held = product_table(design), {"input": values}
    for name, output in quantized.steps(values):
        if name in quantized.macs:
            mac, source = quantized.macs[name], network.layer(name).inputs[0]
            low = int(mac.activation.zero_point) if source != "input" else design.lowest
            scales = np.broadcast_to(mac.scales, len(mac.codes)).astype(np.float32)[:, None, None]
            for image in range(IMAGES):
                codes = slow_codes(held[source][image], mac.activation, low)
                expected = slow_sums(mac, table, codes).astype(np.float32) * scales
                np.testing.assert_array_equal(output[image], expected, err_msg=f"{name}, image {image}")
        held[name] = output
    assert (quantized.run(values) != exact.run(values)).any(axis=1).all()
