"""Every path, instruction set and thread count gives the bits of an int64 NumPy convolution."""

import numpy as np
import pytest
from numpy_layers import DESIGNS, convolution, multiplier, products, random_case

from archsim.arithmetic.kernels import Window, conv2d, instruction_sets, matmul, prepare
from archsim.arithmetic.kernels.plans import plan

SHAPES = 2000
PARTS = 20


@pytest.fixture(params=instruction_sets())
def level(request, monkeypatch):
    monkeypatch.setenv("ARCHSIM_ISA", request.param)
    return request.param


@pytest.mark.parametrize("part", range(PARTS))
def test_random_layers_equal_numpy(part, monkeypatch):
    for case in range(SHAPES // PARTS):
        rng = np.random.default_rng([part, case])
        design = DESIGNS[(part * 7 + case) % len(DESIGNS)]
        activations, weights, window = random_case(rng, design)
        bias = rng.integers(-(2**20), 2**20, len(weights))
        expected = convolution(design, activations, weights, window, bias)
        for level in instruction_sets():
            monkeypatch.setenv("ARCHSIM_ISA", level)
            threads = int(rng.choice([1, 2, 4]))
            sums = conv2d(activations, weights, design, window, bias=bias, threads=threads)
            assert sums.dtype == np.int32
            assert np.array_equal(sums, expected), (level, design.described(), window, threads)


def test_the_cases_take_every_path():
    names = {level: set() for level in instruction_sets()}
    for level, found in names.items():
        for design in DESIGNS:
            for first in {0, -design.lowest}:
                found.add(plan(design, level, first, design.highest - design.lowest).name)
    assert {"remapped", "table"} <= names["portable"]
    if "avx512" in names:
        assert names["avx512"] == {"remapped", "extended_k", "separable_plane", "byte_plane", "table"}


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.described())
@pytest.mark.parametrize("shape", [(0, 3, 2), (3, 0, 2), (3, 2, 0), (1, 1, 1), (7, 300, 65), (600, 33, 17)])
def test_matrix_products_equal_numpy(design, shape, level):
    m, k, n = shape
    rng = np.random.default_rng([m, k, n])
    activations = rng.integers(design.lowest, design.highest + 1, (m, k))
    weights = rng.integers(design.lowest, design.highest + 1, (k, n))
    expected = products(design, activations[:, :, None], weights[None]).sum(axis=1)
    assert np.array_equal(matmul(activations, weights, design), expected)


@pytest.mark.parametrize("kind", ["exact", "scdm8"])
def test_deep_layers_equal_numpy(kind, level):
    """More positions than a 16-bit partial sum holds, and all operands at their largest."""
    design = multiplier(kind, **({"low": 7, "high": 3} if kind == "scdm8" else {}))
    for value in (design.lowest, -1, design.highest):
        activations = np.full((2, 5000), value)
        weights = np.full((5000, 18), design.lowest)
        expected = 5000 * design.product(value, design.lowest)
        assert (matmul(activations, weights, design) == expected).all()


def test_depthwise_layers_equal_numpy(level):
    rng = np.random.default_rng(5)
    for design in DESIGNS:
        for stride in (1, 2, 3):
            window = Window(stride=stride, padding=1, dilation=1 + stride % 2, groups=6)
            activations = rng.integers(design.lowest, design.highest + 1, (2, 6, 23, 19))
            weights = rng.integers(design.lowest, design.highest + 1, (6, 1, 3, 3))
            assert prepare(weights, design, window).path(23 * 19) == "pixels"
            expected = convolution(design, activations, weights, window)
            assert np.array_equal(conv2d(activations, weights, design, window), expected)


def test_many_images_and_chunks_equal_numpy(level):
    """More pixels than one stretch of product rows, more images than one chunk."""
    rng = np.random.default_rng(6)
    for design in (multiplier("scdm8", low=7, high=3), multiplier("mitchell")):
        activations = rng.integers(design.lowest, design.highest + 1, (3, 5, 80, 80)).astype(np.int16)
        weights = rng.integers(design.lowest, design.highest + 1, (17, 5, 3, 3))
        window = Window(padding=1)
        expected = convolution(design, activations, weights, window)
        for threads in (1, 2, 4):
            assert np.array_equal(conv2d(activations, weights, design, window, threads=threads), expected)


def test_approximate_products_are_used(level):
    """The approximate path changes results, so that it can never silently be exact."""
    rng = np.random.default_rng(7)
    activations, weights = rng.integers(0, 128, (40, 60)), rng.integers(-128, 128, (60, 30))
    exact = activations @ weights
    assert np.array_equal(matmul(activations, weights, multiplier("exact")), exact)
    design = multiplier("scdm8", low=7, high=3)
    sums = matmul(activations, weights, design)
    assert np.array_equal(sums, products(design, activations[:, :, None], weights[None]).sum(axis=1))
    # SCDM8's errors are never positive, so every sum of many products falls.
    assert (sums < exact).all()


def test_a_prepared_layer_serves_any_batch(level):
    design = multiplier("scdm8", low=5, high=2)
    rng = np.random.default_rng(8)
    weights = rng.integers(-128, 128, (24, 3, 3, 3))
    layer = prepare(weights, design, Window(padding=1), lowest=0)
    for images, size in ((1, 8), (4, 8), (2, 15)):
        activations = rng.integers(0, 128, (images, 3, size, size))
        expected = convolution(design, activations, weights, Window(padding=1))
        assert np.array_equal(layer(activations), expected)
    with pytest.raises(ValueError, match="at least 0"):
        layer(np.full((1, 3, 8, 8), -1))


def test_one_image_at_a_time_gives_the_same_bits(level):
    design = multiplier("cdm8", low=10, high=10)
    rng = np.random.default_rng(9)
    activations, weights = rng.integers(0, 256, (5, 4, 9, 9)), rng.integers(0, 256, (20, 4, 3, 3))
    whole = conv2d(activations, weights, design)
    single = np.concatenate([conv2d(image[None], weights, design) for image in activations])
    assert np.array_equal(whole, single)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activations": np.zeros((1, 2, 4))}, "3 dimensions"),
        ({"activations": np.zeros((1, 3, 4, 4), int)}, "3 channels: expected 2"),
        ({"activations": np.full((1, 2, 4, 4), 128)}, "expected -128 to 127"),
        ({"activations": np.zeros((1, 2, 4, 4))}, "float64: expected integers"),
        ({"weights": np.full((4, 2, 3, 3), -129)}, "expected -128 to 127"),
        ({"weights": np.zeros((4, 2, 0, 3), int)}, "no kernel"),
        ({"window": Window(groups=3)}, "do not divide"),
        ({"window": Window(pad_value=200)}, "pad_value"),
        ({"bias": np.zeros(3, int)}, "of shape \\(4,\\)"),
        ({"bias": np.full(4, 0.5)}, "float64"),
        ({"threads": 0}, "at least 1"),
    ],
)
def test_bad_sizes_are_refused(change, message):
    given = {
        "activations": np.zeros((1, 2, 4, 4), int),
        "weights": np.zeros((4, 2, 3, 3), int),
        "arithmetic": multiplier("exact"),
    }
    with pytest.raises(ValueError, match=message):
        conv2d(**(given | change))


@pytest.mark.parametrize("fields", [{"stride": 0}, {"dilation": (1, 2, 3)}, {"padding": -1}, {"groups": 0}])
def test_bad_windows_are_refused(fields):
    with pytest.raises(ValueError, match="expected"):
        Window(**fields)
