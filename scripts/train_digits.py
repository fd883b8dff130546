"""Train the networks that archsim ships for its embedded digits, and write images and weights.

    pip install torch==2.13.0 scikit-learn
    python scripts/train_digits.py

Writes ``digits.npz``, ``digits_cnn.npz``, ``digits_exits.npz`` into ``archsim/workload/tables/`` and prints
the accuracies that the README of that folder states. One thread and fixed seeds: the same versions write the
same weights.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from training import FOLDER, SEED, Recipe, accuracies, reproducible, trained, write_npz, write_weights

TRAINING_IMAGES = 1297  # the last 500 images stay unseen
EPOCHS = 60
BATCH = 32
LARGEST_PIXEL = 16
EXIT_WEIGHTS = (
    0.3,
    1.0,
)  # of the early and the final loss: our choice, so that the exit costs the end nothing


class DigitsCnn(nn.Module):
    """Three convolutions and a linear layer; trace ``digits_cnn``."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.conv3 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc = nn.Linear(32 * 2 * 2, 10)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the logits, as a tuple of one exit."""
        x = torch.relu(self.conv1(images))
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = torch.max_pool2d(torch.relu(self.conv3(x)), 2)
        return (self.fc(x.flatten(1)),)


class DigitsExits(DigitsCnn):
    """The same trunk with an exit after the first convolution; trace ``digits_exits``."""

    def __init__(self) -> None:
        super().__init__()
        self.exit1 = nn.Linear(16 * 4 * 4, 10)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the logits of the exit, then those of the end."""
        x = torch.relu(self.conv1(images))
        early = self.exit1(torch.max_pool2d(x, 2).flatten(1))
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = torch.max_pool2d(torch.relu(self.conv3(x)), 2)
        return early, self.fc(x.flatten(1))


def read_digits() -> dict[str, np.ndarray]:
    """Return images (pixels 0 to 16) and labels of both parts, in a fixed random order."""
    digits = load_digits()
    order = np.random.default_rng(SEED).permutation(len(digits.target))
    images = digits.images[order].astype(np.uint8)[:, None]
    labels = digits.target[order].astype(np.uint8)
    cut = TRAINING_IMAGES
    return {
        "train_images": images[:cut],
        "train_labels": labels[:cut],
        "test_images": images[cut:],
        "test_labels": labels[cut:],
    }


def main() -> None:
    """Export the images, train both networks, write their weights."""
    reproducible()
    data = read_digits()
    write_npz(FOLDER / "digits.npz", data)
    values = {key: torch.from_numpy(array) for key, array in data.items()}
    train_images, test_images = (
        values[f"{part}_images"].float() / LARGEST_PIXEL for part in ("train", "test")
    )
    train_labels, test_labels = (values[f"{part}_labels"].long() for part in ("train", "test"))
    for name, kind, weights in (
        ("digits_cnn", DigitsCnn, (1.0,)),
        ("digits_exits", DigitsExits, EXIT_WEIGHTS),
    ):
        network = trained(kind, train_images, train_labels, Recipe(weights, EPOCHS, BATCH))
        write_weights(FOLDER / f"{name}.npz", network)
        test = accuracies(network, test_images, test_labels)
        print(name, "train", accuracies(network, train_images, train_labels), "test", test)


if __name__ == "__main__":
    main()
