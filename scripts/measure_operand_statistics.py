"""Measure how often each 4-bit slice of weights and activations takes each value, in a small trained network.

A CNN (3x3 convolutions of 16, 32 and 32 channels, two max pools, one linear layer) is trained with NumPy on
the 1,797 digits that scikit-learn ships. Weights are quantised symmetrically per output channel, activations
per tensor, each with the clipping that minimises its mean squared error. Padding is not counted. Layers are
weighted by their MACs, since an operand drives the array once per MAC.

Writes ``operand_statistics.yaml``, which archsim ships; it never runs with archsim. Needs scikit-learn.

Usage: ``python scripts/measure_operand_statistics.py archsim/hardware/tables/operand_statistics.yaml``
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from sklearn.datasets import load_digits  # type: ignore[import-untyped]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SEED = 0
EPOCHS = 12
BATCH = 64
RATE = 2e-3
TRAINED = 1437
CHANNELS = (1, 16, 32, 32)
POOLED = (False, True, True)
SLICE_BITS = 4


@dataclass
class Adam:
    """Adam optimiser of one parameter tensor."""

    value: Floats
    mean: Floats = field(init=False)
    square: Floats = field(init=False)
    steps: int = 0

    def __post_init__(self) -> None:
        self.mean, self.square = np.zeros_like(self.value), np.zeros_like(self.value)

    def step(self, gradient: Floats) -> None:
        """Move the parameter once."""
        self.steps += 1
        self.mean += 0.1 * (gradient - self.mean)
        self.square += 0.001 * (gradient**2 - self.square)
        mean, square = self.mean / (1 - 0.9**self.steps), self.square / (1 - 0.999**self.steps)
        self.value -= RATE * mean / (np.sqrt(square) + 1e-8)


def columns_of(images: Floats) -> Floats:
    """Windows of a 3x3 convolution with padding 1, flattened: (image, row, column, 9 C)."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.ascontiguousarray(windows).reshape(*images.shape[:3], -1)


def images_of(columns: Floats, channels: int) -> Floats:
    """Sum the gradients of the windows back into images: the transpose of :func:`columns_of`."""
    count, rows, width, _ = columns.shape
    taps = columns.reshape(count, rows, width, channels, 3, 3)
    padded = np.zeros((count, rows + 2, width + 2, channels))
    for row in range(3):
        for column in range(3):
            padded[:, row : row + rows, column : column + width] += taps[..., row, column]
    return padded[:, 1:-1, 1:-1]


def blocks_of(images: Floats) -> Floats:
    """View 2x2 blocks along a new last axis."""
    count, rows, width, channels = images.shape
    blocks = images.reshape(count, rows // 2, 2, width // 2, 2, channels)
    return blocks.transpose(0, 1, 3, 5, 2, 4).reshape(count, rows // 2, width // 2, channels, 4)


def unpooled(gradient: Floats, blocks: Floats) -> Floats:
    """Send a gradient to the largest element of each 2x2 block."""
    count, rows, width, channels = gradient.shape
    spread = np.zeros_like(blocks)
    np.put_along_axis(spread, blocks.argmax(-1)[..., None], gradient[..., None], -1)
    spread = spread.reshape(count, rows, width, channels, 2, 2).transpose(0, 1, 4, 2, 5, 3)
    return spread.reshape(count, 2 * rows, 2 * width, channels)


class Network:
    """The CNN: parameters, forward pass, one training step."""

    def __init__(self, rng: np.random.Generator) -> None:
        shapes = [(9 * i, o) for i, o in pairwise(CHANNELS)] + [(128, 10)]
        self.weights = [Adam(rng.normal(0, np.sqrt(2 / shape[0]), shape)) for shape in shapes]
        self.biases = [Adam(np.zeros(shape[1])) for shape in shapes]

    def forward(self, images: Floats) -> tuple[list[Floats], list[Floats]]:
        """Return the inputs of every layer, and its outputs before ReLU."""
        inputs, outputs, current = [], [], images
        for layer, pooled in enumerate(POOLED):
            inputs.append(current)
            outputs.append(columns_of(current) @ self.weights[layer].value + self.biases[layer].value)
            active = np.maximum(outputs[-1], 0)
            current = blocks_of(active).max(-1) if pooled else active
        inputs.append(current.reshape(len(images), -1))
        outputs.append(inputs[-1] @ self.weights[-1].value + self.biases[-1].value)
        return inputs, outputs

    def train(self, images: Floats, labels: Integers) -> None:
        """Take one step of gradient descent on the cross entropy."""
        inputs, outputs = self.forward(images)
        logits = outputs[-1] - outputs[-1].max(1, keepdims=True)
        gradient = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        gradient[np.arange(len(labels)), labels] -= 1
        gradient /= len(labels)
        back = (gradient @ self.weights[-1].value.T).reshape(len(images), 2, 2, CHANNELS[-1])
        self._update(-1, inputs[-1], gradient)
        for layer in reversed(range(len(POOLED))):
            back = self._convolution_backward(layer, inputs[layer], outputs[layer], back)

    def _convolution_backward(self, layer: int, entered: Floats, left: Floats, back: Floats) -> Floats:
        if POOLED[layer]:
            back = unpooled(back, blocks_of(np.maximum(left, 0)))
        back = back * (left > 0)
        columns = columns_of(entered)
        passed = images_of(back @ self.weights[layer].value.T, CHANNELS[layer])
        self._update(layer, columns.reshape(-1, columns.shape[-1]), back.reshape(-1, back.shape[-1]))
        return passed

    def _update(self, layer: int, entered: Floats, gradient: Floats) -> None:
        self.weights[layer].step(entered.T @ gradient)
        self.biases[layer].step(gradient.sum(0))


def quantised(values: Floats, bits: int, *, signed: bool) -> tuple[Integers, float]:
    """Integers and scale of the symmetric quantisation with the least mean squared error."""
    low, high = (-(2 ** (bits - 1)) + 1, 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    peak = float(np.abs(values).max()) or 1.0
    scales = [peak * fraction / high for fraction in np.linspace(0.2, 1.0, 81)]
    codes = [np.clip(np.rint(values / scale), low, high) for scale in scales]
    errors = [float(np.mean((code * scale - values) ** 2)) for code, scale in zip(codes, scales, strict=True)]
    best = int(np.argmin(errors))
    return codes[best].astype(np.int64), scales[best]


def per_channel(weights: Floats, bits: int, *, signed: bool) -> tuple[Integers, Floats]:
    """Quantise each output channel (column) with its own scale."""
    found = [quantised(column, bits, signed=signed) for column in weights.T]
    return np.stack([codes for codes, _ in found], axis=1), np.array([scale for _, scale in found])


def accuracy(network: Network, images: Floats, labels: Integers, bits: int) -> float:
    """Top-1 of the network with quantised weights and activations; the fraction of right answers."""
    copy = Network(np.random.default_rng(SEED))
    for target, source in zip(copy.weights, network.weights, strict=True):
        codes, scales = per_channel(source.value, bits, signed=True)
        target.value = codes * scales
    for target, source in zip(copy.biases, network.biases, strict=True):
        target.value = source.value
    current = images
    for layer, pooled in enumerate(POOLED):
        codes, scale = quantised(current, bits, signed=False)
        sums = (
            columns_of(np.asarray(codes * scale, dtype=np.float64)) @ copy.weights[layer].value
            + copy.biases[layer].value
        )
        current = np.maximum(sums, 0)
        current = blocks_of(current).max(-1) if pooled else current
    codes, scale = quantised(current.reshape(len(images), -1), bits, signed=False)
    answers = (codes * scale) @ copy.weights[-1].value + copy.biases[-1].value
    return float(np.mean(answers.argmax(1) == labels))


def shares(codes: Integers, bits: int) -> tuple[float, Floats]:
    """Fraction of zeros, and the share of each value of each slice among the operands that are not zero."""
    slices = bits // SLICE_BITS
    present = codes[codes != 0]
    nibbles = [(present >> (SLICE_BITS * index)) & 15 for index in range(slices)]
    counted = [np.bincount(nibble, minlength=16) / present.size for nibble in nibbles]
    return float(np.mean(codes == 0)), np.array(counted)


def weighted(tensors: list[Integers], macs: list[int], bits: int) -> tuple[float, Floats]:
    """Average :func:`shares` over layers by MACs; their slices by the MACs whose operand is not 0."""
    found = [shares(tensor, bits) for tensor in tensors]
    zeros = np.array([zero for zero, _ in found])
    present = np.array(macs) * (1 - zeros)
    slices = np.array([share for _, share in found])
    return float(np.average(zeros, weights=macs)), np.average(slices, axis=0, weights=present)


def text_of(name: str, measured: tuple[float, Floats]) -> Iterator[str]:
    """Lines of one entry of the file."""
    zero, slices = measured
    yield f"  {name}:\n"
    yield f"    zero_fraction: {zero:.6f}\n"
    yield "    slices:\n"
    for row in slices:
        first, last = (", ".join(f"{share:.6f}" for share in half) for half in (row[:8], row[8:]))
        yield f"    - [{first},\n       {last}]\n"


def trained(rng: np.random.Generator, images: Floats, labels: Integers) -> Network:
    """Train the network."""
    network = Network(rng)
    for _ in range(EPOCHS):
        order = rng.permutation(len(images))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            network.train(images[chosen], labels[chosen])
    return network


def tensors_of(network: Network, images: Floats, bits: int) -> dict[str, list[Integers]]:
    """Quantised tensors by section of the file."""
    inputs, outputs = network.forward(images)
    weights = [parameter.value for parameter in network.weights]
    before_relu = [inputs[0], *outputs[:-1]]
    return {
        "inputs unsigned": [quantised(tensor, bits, signed=False)[0] for tensor in inputs],
        "inputs signed": [quantised(tensor, bits, signed=True)[0] for tensor in before_relu],
        "weights signed": [per_channel(tensor, bits, signed=True)[0] for tensor in weights],
        "weights unsigned": [per_channel(np.abs(tensor), bits, signed=False)[0] for tensor in weights],
    }


HEADER = """\
# How often a 4-bit slice of an operand takes each value 0-15, given that the operand is not zero; lowest
# slice first. Signed operands are two's complement; unsigned weights are the magnitudes of the same weights;
# signed inputs are the tensors before ReLU. Written by scripts/measure_operand_statistics.py; a change of
# this file is a change of numbers. Top-1 of the network: {float_top1:.3f} float, {int8_top1:.3f} int8,
# {int4_top1:.3f} int4, on the last 360 digits.
source: "measured on a CNN of {parameters} weights for the digits of scikit-learn, MSE-optimal quantisation, \
MAC-weighted; scripts/measure_operand_statistics.py, seed {seed} [calc]"
"""


def main() -> None:
    """Train, measure, write the file named on the command line."""
    digits = load_digits()
    images = digits.images[..., None] / 16.0
    labels = digits.target.astype(np.int64)
    rng = np.random.default_rng(SEED)
    network = trained(rng, images[:TRAINED], labels[:TRAINED])
    held_out, answers = images[TRAINED:], labels[TRAINED:]
    lines = [
        HEADER.format(
            parameters=sum(parameter.value.size for parameter in network.weights),
            seed=SEED,
            float_top1=float(np.mean(network.forward(held_out)[1][-1].argmax(1) == answers)),
            int8_top1=accuracy(network, held_out, answers, 8),
            int4_top1=accuracy(network, held_out, answers, 4),
        )
    ]
    positions = (64, 64, 16, 1)
    macs = [parameter.value.size * count for parameter, count in zip(network.weights, positions, strict=True)]
    by_bits = {bits: tensors_of(network, held_out, bits) for bits in (4, 8)}
    for section in by_bits[4]:
        lines.append(f"{section.replace(' ', '_')}:\n")
        for bits, tensors in by_bits.items():
            lines.extend(text_of(str(bits), weighted(tensors[section], macs, bits)))
    Path(sys.argv[1]).write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
