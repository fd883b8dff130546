"""Train the networks with early exits that archsim ships, and write their weights.

    pip install torch==2.13.0 . && python scripts/train_exits.py DATA [NETWORK...]

DATA is the folder that ``--data`` names, with Fashion-MNIST in it; the digits are part of archsim. Images and
their preprocessing are those of the traces. Writes ``digits_icnn.npz``, ``fashion_icnn.npz`` and
``fashion_exits.npz`` into ``archsim/workload/tables/`` and prints the MACs and the accuracies at every exit
that the README of that folder states. One thread and fixed seeds: the same versions write the same weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from training import FOLDER, Recipe, accuracies, reproducible, trained, write_weights

from archsim.workload import Network, load_network
from archsim.workload.datasets import load_images

CLASSES = 10
HAAR = {
    "rows": ((0.5, 0.5), (-0.5, -0.5)),
    "columns": ((0.5, -0.5), (0.5, -0.5)),
    "diagonal": ((0.5, -0.5), (-0.5, 0.5)),
}
"""Details of the orthonormal Haar transform of 2x2 pixels; its fourth band is twice their average."""


class Iteration(nn.Module):
    """One small network of an ICNN: its bands of the image, and the features of the one before.

    Parameters
    ----------
    bands
        Details that it sees; with none of them it sees the averages.
    own, joint
        Features of its bands, and of both together.
    earlier
        Features of the iteration before.
    stride
        Of the first convolution.
    """

    def __init__(self, bands: Sequence[str], own: int, joint: int, earlier: int, stride: int) -> None:
        super().__init__()
        self.bands = _details(bands) if bands else nn.AvgPool2d(2)
        self.conv1 = nn.Conv2d(max(len(bands), 1), own, 3, stride=stride, padding=1)
        self.conv2 = nn.Conv2d(own + earlier, joint, 3, padding=1)

    def forward(self, images: Tensor, earlier: Tensor | None = None) -> Tensor:
        """Return the features of all bands so far."""
        x = torch.relu(self.conv1(self.bands(images)))
        return torch.relu(self.conv2(x if earlier is None else torch.cat((x, earlier), 1)))


def _details(bands: Sequence[str]) -> nn.Conv2d:
    """Return the convolution with fixed weights that takes some bands out of an image."""
    layer = nn.Conv2d(1, len(bands), 2, stride=2, bias=False)
    layer.weight = nn.Parameter(torch.tensor([[HAAR[band]] for band in bands]), requires_grad=False)
    return layer


class Exit(nn.Module):
    """The largest of `pool` x `pool` features, and a linear layer; the trace adds the softmax."""

    def __init__(self, features: int, pool: int) -> None:
        super().__init__()
        self.pool = pool
        self.fc = nn.Linear(features, CLASSES)

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits."""
        return self.fc(torch.max_pool2d(features, self.pool).flatten(1))


class Icnn(nn.Module):
    """Three iterations: averages, details of rows and columns, diagonal details; an exit after each.

    Parameters
    ----------
    size
        Rows and columns of an image.
    own
        Features that each iteration draws from its bands.
    joint
        Features that it hands on, by iteration.
    stride
        Of the convolutions on the bands.
    pool
        Of the exits.
    """

    def __init__(self, size: int, own: int, joint: tuple[int, int, int], stride: int, pool: int) -> None:
        super().__init__()
        first, second, third = joint
        positions = (-(-size // 2 // stride) // pool) ** 2
        self.iteration1 = Iteration((), own, first, 0, stride)
        self.exit1 = Exit(first * positions, pool)
        self.iteration2 = Iteration(("rows", "columns"), own, second, first, stride)
        self.exit2 = Exit(second * positions, pool)
        self.iteration3 = Iteration(("diagonal",), own, third, second, stride)
        self.end = Exit(third * positions, pool)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the logits after each iteration."""
        first = self.iteration1(images)
        second = self.iteration2(images, first)
        third = self.iteration3(images, second)
        return self.exit1(first), self.exit2(second), self.end(third)


class Branch(nn.Module):
    """The side branch of B-LeNet: a convolution and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.fc = nn.Linear(16 * 7 * 7, CLASSES)

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits."""
        return self.fc(torch.relu(self.conv(features)).flatten(1))


class FashionExits(nn.Module):
    """Three convolutions and a linear layer, with a branch after the first convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.exit1 = Branch()
        self.conv2 = nn.Conv2d(8, 24, 3, padding=1)
        self.conv3 = nn.Conv2d(24, 32, 3, padding=1)
        self.end = Exit(32 * 3 * 3, 2)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the logits of the branch, then those of the end."""
        x = torch.max_pool2d(torch.relu(self.conv1(images)), 2)
        early = self.exit1(x)
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)
        return early, self.end(torch.relu(self.conv3(x)))


NETWORKS: Mapping[str, tuple[Callable[[], nn.Module], Recipe]] = {
    "digits_icnn": (partial(Icnn, 8, 8, (16, 16, 24), 1, 1), Recipe((0.3, 0.3, 1.0), epochs=60, batch=32)),
    "fashion_icnn": (
        partial(Icnn, 28, 12, (16, 24, 32), 2, 2),
        Recipe((0.3, 0.3, 1.0), epochs=15, batch=128),
    ),
    "fashion_exits": (FashionExits, Recipe((0.3, 1.0), epochs=9, batch=128)),
}
"""How each network is built and trained. What exits weigh is our choice, as in ``train_digits``."""


def part(network: Network, folder: Path, name: str) -> tuple[Tensor, Tensor]:
    """Return images and labels of one part of the trace's data set, as the network takes them."""
    assert network.dataset is not None
    loaded = load_images(network.dataset, folder, part=name, preprocessing=network.preprocessing)
    return torch.from_numpy(loaded.values), torch.from_numpy(loaded.labels).long()


def macs_to(network: Network, name: str) -> int:
    """Return the MACs of all layers up to one, in execution order."""
    last = [layer.name for layer in network.layers].index(name)
    return sum(layer.macs for layer in network.layers[: last + 1])


def main() -> None:
    """Train the networks that are asked for, write their weights, print what they reach."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, help="folder with a folder fashion_mnist")
    parser.add_argument("networks", nargs="*", help=f"default: {' '.join(NETWORKS)}")
    options = parser.parse_args()
    reproducible()
    for name in options.networks or NETWORKS:
        build, recipe = NETWORKS[name]
        trace = load_network(name)
        network = trained(build, *part(trace, options.data, "train"), recipe)
        write_weights(FOLDER / f"{name}.npz", network)
        macs = [f"{macs_to(trace, output):,}" for output in trace.outputs]
        print(name, "MACs", *macs, "test", *accuracies(network, *part(trace, options.data, "test")))


if __name__ == "__main__":
    main()
