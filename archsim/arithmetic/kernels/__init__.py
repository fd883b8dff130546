"""Integer matrix products and convolutions with any multiplier and adder, bit for bit."""

from archsim.arithmetic.kernels.convolution import conv2d, matmul, prepare
from archsim.arithmetic.kernels.geometry import Window
from archsim.arithmetic.kernels.layer import Arithmetic, Layer
from archsim.arithmetic.kernels.levels import instruction_set, instruction_sets

__all__ = [
    "Arithmetic",
    "Layer",
    "Window",
    "conv2d",
    "instruction_set",
    "instruction_sets",
    "matmul",
    "prepare",
]
