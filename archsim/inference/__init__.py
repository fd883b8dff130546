"""Bit-true execution of networks: float32 reference, quantization, integers on the units' arithmetic."""

from archsim.inference.accuracy import Accuracy, LayerError, evaluate, sensitivity, top1
from archsim.inference.calibration import Calibration, calibrate
from archsim.inference.measuring import Answer, Question, measure
from archsim.inference.quantized import QuantizedNetwork, quantize
from archsim.inference.reference import run_float
from archsim.inference.shipped import LayerIntegers, shipped_network
from archsim.inference.signal_noise import sqnr_db
from archsim.inference.unit_functions import SplitMacs, layer_macs

__all__ = [
    "Accuracy",
    "Answer",
    "Calibration",
    "LayerError",
    "LayerIntegers",
    "QuantizedNetwork",
    "Question",
    "SplitMacs",
    "calibrate",
    "evaluate",
    "layer_macs",
    "measure",
    "quantize",
    "run_float",
    "sensitivity",
    "shipped_network",
    "sqnr_db",
    "top1",
]
