"""A convolution that shares nothing with the kernels: int64 NumPy, one kernel position at a time."""

from __future__ import annotations

from functools import cache

import numpy as np

from archsim.arithmetic.kernels import Window
from archsim.registry import create


def multiplier(kind, **fields):
    return create("multipliers", {"kind": kind, **fields})


DESIGNS = (
    multiplier("exact"),
    multiplier("exact", signed=False),
    multiplier("exact", width=4),
    multiplier("scdm8", low=7, high=3),
    multiplier("scdm8", low=8, high=4),
    multiplier("scdm8", low=7, high=3, split="activation"),
    multiplier("cdm8", low=7, high=3),
    multiplier("cdm8", low=10, high=10),
    multiplier("cdm8", low=5, high=1, signed=True),
    multiplier("drum", k=6),
    multiplier("drum", k=4, signed=True),
    multiplier("mitchell"),
    multiplier("truncated", columns=2),
    multiplier("truncated", columns=6),
    multiplier("kulkarni"),
    multiplier("kulkarni", width=4, signed=True),
    multiplier("perforated", rows=(0, 1)),
    multiplier("ama_array", cell="ama3", columns=8),
    multiplier("loa_array", low_bits=4),
)


@cache
def table(design):
    return design.layer_table().astype(np.int64)


def products(design, activations, weights):
    """Look products up in a table that is built from the design, for operands of up to 8 bits."""
    return table(design)[activations - design.lowest, weights - design.lowest]


def windows(activations, window, kernel):
    """Yield (kernel row, kernel column, operands [image][channel][out row][out column])."""
    top, left, bottom, right = window.edges
    padded = np.pad(
        activations.astype(np.int64),
        ((0, 0), (0, 0), (top, bottom), (left, right)),
        constant_values=window.pad_value,
    )
    (down, along), (far_down, far_along) = window.strides, window.dilations
    rows = (padded.shape[2] - far_down * (kernel[0] - 1) - 1) // down + 1
    columns = (padded.shape[3] - far_along * (kernel[1] - 1) - 1) // along + 1
    for r in range(kernel[0]):
        for s in range(kernel[1]):
            y, x = r * far_down, s * far_along
            yield (
                r,
                s,
                padded[:, :, y : y + (rows - 1) * down + 1 : down, x : x + (columns - 1) * along + 1 : along],
            )


def convolution(design, activations, weights, window, bias=None):
    """Sums as int64, without any bound on their size."""
    outputs, channels = weights.shape[:2]
    sums = 0
    for r, s, operands in windows(activations, window, weights.shape[2:]):
        grouped = operands.reshape(len(operands), window.groups, channels, *operands.shape[2:])
        kernel = (
            weights[:, :, r, s].astype(np.int64).reshape(window.groups, outputs // window.groups, channels)
        )
        terms = products(design, grouped[:, :, None], kernel[None, :, :, :, None, None])
        sums = sums + terms.sum(axis=3)
    sums = sums.reshape(len(activations), outputs, *sums.shape[3:])
    return sums if bias is None else sums + bias[None, :, None, None]


def random_case(rng, design):
    """Operands and window of a random layer; sizes 0 and 1 occur."""
    groups = int(rng.choice([1, 1, 2, 3]))
    channels, outputs = int(rng.choice([1, 1, 2, 3, 4, 5, 9])), int(rng.choice([0, 1, 2, 5, 16, 20, 33, 70]))
    kernel = tuple(int(size) for size in rng.integers(1, 4, 2))
    lowest = 0 if rng.random() < 0.4 else design.lowest
    window = Window(
        stride=tuple(int(step) for step in rng.integers(1, 4, 2)),
        padding=tuple(int(edge) for edge in rng.integers(0, 3, 4)),
        dilation=tuple(int(step) for step in rng.integers(1, 3, 2)),
        groups=groups,
        pad_value=int(rng.integers(lowest, design.highest + 1)),
    )
    height, width = (
        int(rng.integers((size - 1) * step + 1, 13))
        for size, step in zip(kernel, window.dilations, strict=True)
    )
    shape = (int(rng.choice([0, 1, 2, 3], p=[0.05, 0.45, 0.3, 0.2])), groups * channels, height, width)
    activations = rng.integers(lowest, design.highest + 1, shape)
    if rng.random() < 0.7:
        activations = activations.astype(np.int8 if design.is_signed else np.uint8)
    if rng.random() < 0.3:
        activations = np.ascontiguousarray(activations.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    weights = rng.integers(design.lowest, design.highest + 1, (groups * outputs, channels, *kernel))
    return activations, weights, window
