"""Train the networks that archsim ships for its embedded digits, and write images and weights.

    pip install torch==2.13.0 scikit-learn
    python scripts/train_digits.py

Writes ``digits.npz``, ``digits_cnn.npz``, ``digits_exits.npz`` into ``archsim/workload/tables/`` and prints
the accuracies that the README of that folder states. One thread and fixed seeds: the same versions write the
same weights.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

FOLDER = Path(__file__).resolve().parents[1] / "archsim" / "workload" / "tables"
SEED = 0
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


def train(network: nn.Module, images: Tensor, labels: Tensor, weights: tuple[float, ...]) -> None:
    """Train with Adam on one cycle of learning rates; images are shifted by up to one pixel."""
    generator = torch.Generator().manual_seed(SEED)
    steps = -(-len(images) // BATCH)
    optimizer = torch.optim.Adam(network.parameters(), weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, epochs=EPOCHS, steps_per_epoch=steps)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(images), generator=generator).split(BATCH):
            exits = network(shifted(images[chosen], generator))
            losses = [nn.functional.cross_entropy(logits, labels[chosen]) for logits in exits]
            optimizer.zero_grad()
            sum(weight * loss for weight, loss in zip(weights, losses, strict=True)).backward()
            optimizer.step()
            schedule.step()


def shifted(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return the batch moved by -1, 0 or 1 pixel along each axis, zeros entering."""
    rows, columns = torch.randint(0, 3, (2,), generator=generator).tolist()
    return nn.functional.pad(images, (1, 1, 1, 1))[:, :, rows : rows + 8, columns : columns + 8]


def accuracies(network: nn.Module, images: Tensor, labels: Tensor) -> list[str]:
    """Return the share of right answers at each exit."""
    with torch.no_grad():
        return [f"{(logits.argmax(1) == labels).float().mean():.4f}" for logits in network(images)]


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays with a fixed time stamp, so that the same values give the same file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, buffer.getvalue())


def main() -> None:
    """Export the images, train both networks, write their weights."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    data = read_digits()
    write_npz(FOLDER / "digits.npz", data)
    values = {key: torch.from_numpy(array) for key, array in data.items()}
    train_images, test_images = (
        values[f"{part}_images"].float() / LARGEST_PIXEL for part in ("train", "test")
    )
    for name, kind, weights in (
        ("digits_cnn", DigitsCnn, (1.0,)),
        ("digits_exits", DigitsExits, EXIT_WEIGHTS),
    ):
        torch.manual_seed(SEED)
        network = kind()
        train(network, train_images, values["train_labels"].long(), weights)
        write_npz(FOLDER / f"{name}.npz", {key: value.numpy() for key, value in network.state_dict().items()})
        test = accuracies(network, test_images, values["test_labels"])
        print(name, "train", accuracies(network, train_images, values["train_labels"]), "test", test)


if __name__ == "__main__":
    main()
