"""Integer networks against ONNX Runtime's integer operators: every layer, bit for bit."""

import numpy as np
import pytest
import qlinear_graph
import trained_networks
from choices import per_tensor

from archsim.hardware.quantization import Quantization
from archsim.inference import calibrate, quantize

runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


def assert_equal_to_onnxruntime(quantized, images):
    builder = qlinear_graph.Builder(quantized)
    settings = runtime.SessionOptions()
    settings.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = runtime.InferenceSession(builder.model().SerializeToString(), settings)
    names = [layer.name for layer in builder.outputs]
    expected = dict(zip(names, session.run(names, {"images": images}), strict=True))
    compared = 0
    for name, found in quantized.steps(images):
        if name in expected:
            np.testing.assert_array_equal(found.reshape(expected[name].shape), expected[name], err_msg=name)
            compared += 1
    assert compared == len(names)


@pytest.mark.parametrize("weights", ["per_tensor", "per_channel"])
@pytest.mark.parametrize("dataset", ["mnist", "fashion_mnist"])
def test_every_layer_of_lenet5_equals_onnxruntime(shared_data, dataset, weights):
    network = trained_networks.network("lenet5")
    parameters = trained_networks.by_order(network, shared_data / f"weights/lenet5_{dataset}.npz")
    train = trained_networks.idx(shared_data / dataset, "train", 500)
    calibration = calibrate(network, parameters, train)
    quantized = quantize(network, parameters, calibration, Quantization(weights=weights))
    assert_equal_to_onnxruntime(quantized, trained_networks.idx(shared_data / dataset, "t10k").values[:300])


@pytest.mark.parametrize("activations", ["asymmetric", "symmetric"])
def test_every_layer_of_resnet8_equals_onnxruntime(shared_data, activations):
    network = trained_networks.network("resnet8")
    parameters = trained_networks.by_order(network, shared_data / "weights/resnet8_cifar10_float.npz")
    train = trained_networks.cifar_train(shared_data / "cifar10", normalised=False)
    calibration = calibrate(network, parameters, train)
    quantized = quantize(network, parameters, calibration, per_tensor(activations=activations))
    assert_equal_to_onnxruntime(
        quantized, trained_networks.cifar_test(shared_data / "cifar10", normalised=False).values[:100]
    )
