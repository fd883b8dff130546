"""Quantization as the published figures have it: one scale for all weights of a layer."""

from archsim.hardware.quantization import Quantization


def per_tensor(scheme="integer", **others):
    return Quantization(scheme=scheme, **{"weights": "per_tensor", **others})
