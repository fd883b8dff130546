"""Approximate accumulators, and operands beyond 8 bits, equal a plain loop over products."""

import numpy as np
import pytest
from numpy_layers import multiplier, windows

from archsim.arithmetic.adders.base import Adder
from archsim.arithmetic.kernels import Arithmetic, Window, conv2d, instruction_sets, matmul, prepare
from archsim.registry import create

CELLS = ["ama1", "ama2", "ama3", "ama4", "ama5"]
ADDERS = [
    *(create("adders", {"kind": "ama", "cell": cell, "low_bits": 6}) for cell in CELLS),
    create("adders", {"kind": "loa", "low_bits": 9}),
    create("adders", {"kind": "truncated", "low_bits": 5}),
    create("adders", {"kind": "exact"}),
]


class OneLess(Adder, kind="one_less"):
    """An adder that only its function describes."""

    def sums(self, a, b, bits):
        shift = 64 - bits
        return ((a + b - (a & b & 1)) << shift) >> shift


@pytest.fixture(params=instruction_sets())
def level(request, monkeypatch):
    monkeypatch.setenv("ARCHSIM_ISA", request.param)
    return request.param


def accumulated(arithmetic, activations, weights, window, bias):
    """Products one after another: kernel rows, kernel columns, channels."""
    outputs, channels = weights.shape[:2]
    wide = 64 - arithmetic.accumulator_bits
    sums = None
    for r, s, operands in windows(activations, window, weights.shape[2:]):
        grouped = operands.reshape(len(operands), window.groups, channels, *operands.shape[2:])
        kernel = weights[:, :, r, s].reshape(window.groups, outputs // window.groups, channels)
        if sums is None:
            start = (bias.astype(np.int64) << wide) >> wide
            sums = np.broadcast_to(
                start.reshape(window.groups, -1)[None, :, :, None, None],
                (len(operands), window.groups, outputs // window.groups, *operands.shape[2:]),
            )
        for c in range(channels):
            terms = arithmetic.multiplier.layer_products(
                grouped[:, :, None, c], kernel[None, :, :, c, None, None]
            )
            sums = arithmetic.adder.sums(sums, terms, arithmetic.accumulator_bits)
    return sums.reshape(len(activations), outputs, *sums.shape[3:])


@pytest.mark.parametrize("adder", [*ADDERS, OneLess()], ids=lambda adder: adder.described())
@pytest.mark.parametrize("bits", [20, 32, 40])
def test_accumulators_equal_a_plain_loop(adder, bits, level):
    rng = np.random.default_rng(bits)
    for design in (multiplier("scdm8", low=7, high=3), multiplier("exact", signed=False)):
        arithmetic = Arithmetic(design, adder, bits)
        for groups, outputs, channels in ((1, 19, 5), (2, 1, 3)):
            window = Window(stride=(1, 2), padding=(1, 0, 2, 1), groups=groups, pad_value=3)
            activations = rng.integers(design.lowest, design.highest + 1, (2, groups * channels, 8, 9))
            weights = rng.integers(design.lowest, design.highest + 1, (groups * outputs, channels, 3, 2))
            bias = rng.integers(-(2 ** (bits - 2)), 2 ** (bits - 2), groups * outputs)
            sums = conv2d(activations, weights, arithmetic, window, bias=bias, threads=2)
            assert np.array_equal(sums, accumulated(arithmetic, activations, weights, window, bias))
            assert sums.dtype == (np.int32 if bits <= 32 else np.int64)


def test_approximate_accumulators_change_sums_and_stay_compiled(level):
    rng = np.random.default_rng(0)
    activations, weights = rng.integers(-128, 128, (30, 80)), rng.integers(-128, 128, (80, 20))
    exact = activations @ weights
    for adder in ADDERS[:-1]:
        arithmetic = Arithmetic(multiplier("exact"), adder)
        assert prepare(weights.T[:, :, None, None], arithmetic).path() == "adder"
        assert (matmul(activations, weights, arithmetic) != exact).mean() > 0.5
    assert np.array_equal(matmul(activations, weights, Arithmetic(multiplier("exact"), ADDERS[-1])), exact)


def test_sums_wrap_at_the_accumulators_width(level):
    """2 x 127 x 127 x 5000 leaves 24 bits, 3e9 leaves 32 and 1e5 products leave a 32-bit partial sum."""
    depth = 100_000
    activations, weights = np.full((1, depth), -128), np.full((depth, 2), -128)
    exact = depth * 128 * 128
    for bits in (16, 24, 31, 32, 33, 48, 64):
        sums = matmul(activations, weights, Arithmetic(multiplier("exact"), accumulator_bits=bits))
        wrapped = (exact + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)
        assert (sums == wrapped).all(), bits


def test_sums_of_deep_convolutions_keep_all_bits(level):
    rng = np.random.default_rng(1)
    activations = rng.integers(0, 256, (1, 2 * 5000, 3, 3)).astype(np.uint8)
    weights = rng.integers(0, 256, (6, 5000, 3, 3))
    arithmetic = Arithmetic(multiplier("drum", k=6), accumulator_bits=48)
    bias = np.array([2**40, -(2**40), 0, 1, 2, 3])
    sums = conv2d(activations, weights, arithmetic, Window(groups=2), bias=bias)
    terms = arithmetic.multiplier.products(activations.reshape(2, 1, -1), weights.reshape(2, 3, -1))
    assert np.array_equal(sums.ravel(), terms.sum(axis=2).ravel() + bias)


@pytest.mark.parametrize("width", [9, 12, 16])
@pytest.mark.parametrize("kind", ["exact", "drum", "mitchell", "truncated"])
def test_wide_operands_are_computed_by_their_function(kind, width):
    fields = {"drum": {"k": 6}, "truncated": {"columns": 9}}.get(kind, {})
    rng = np.random.default_rng(width)
    for signed in (False, True):
        design = multiplier(kind, width=width, signed=signed, **fields)
        activations = rng.integers(design.lowest, design.highest + 1, (1, 4, 6, 5))
        weights = rng.integers(design.lowest, design.highest + 1, (6, 2, 2, 3))
        window, bias = Window(padding=1, groups=2), rng.integers(-1000, 1000, 6)
        arithmetic = Arithmetic(design, accumulator_bits=48)
        assert prepare(weights, arithmetic, window).path() == "stepwise"
        sums = conv2d(activations, weights, arithmetic, window, bias=bias)
        assert np.array_equal(sums, accumulated(arithmetic, activations, weights, window, bias))


def test_impossible_accumulators_are_refused():
    with pytest.raises(ValueError, match="2 to 64"):
        Arithmetic(multiplier("exact"), accumulator_bits=65)
