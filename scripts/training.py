"""Training of small networks whose exits learn together, and files that are the same every time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

FOLDER = Path(__file__).resolve().parents[1] / "archsim" / "workload" / "tables"
SEED = 0
_WEIGHT_DECAY = 1e-4


@dataclass(frozen=True)
class Recipe:
    """How long a network is trained, and what its exits weigh in the loss.

    Attributes
    ----------
    exit_weights
        Of the losses, one for each exit in order and one for the end.
    epochs, batch
        Passes over the training images, images per step.
    peak_rate
        Highest learning rate of the one cycle.
    """

    exit_weights: tuple[float, ...]
    epochs: int
    batch: int
    peak_rate: float = 4e-3


def reproducible() -> None:
    """Use one thread and deterministic algorithms: the same versions then give the same weights."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def trained(build: Callable[[], nn.Module], images: Tensor, labels: Tensor, recipe: Recipe) -> nn.Module:
    """Return a network whose exits were trained together with Adam on one cycle of learning rates.

    Images are shifted by up to one pixel. Parameters that need no gradient keep their values.
    """
    torch.manual_seed(SEED)
    network = build()
    generator = torch.Generator().manual_seed(SEED)
    steps = -(-len(images) // recipe.batch)
    optimizer = torch.optim.Adam(network.parameters(), weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.peak_rate, epochs=recipe.epochs, steps_per_epoch=steps
    )
    for _ in range(recipe.epochs):
        for chosen in torch.randperm(len(images), generator=generator).split(recipe.batch):
            exits = network(_shifted(images[chosen], generator))
            losses = [nn.functional.cross_entropy(logits, labels[chosen]) for logits in exits]
            optimizer.zero_grad()
            sum(weight * loss for weight, loss in zip(recipe.exit_weights, losses, strict=True)).backward()
            optimizer.step()
            schedule.step()
    return network


def _shifted(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return the batch moved by -1, 0 or 1 pixel along each axis, zeros entering."""
    height, width = images.shape[2:]
    row, column = torch.randint(0, 3, (2,), generator=generator).tolist()
    return nn.functional.pad(images, (1, 1, 1, 1))[:, :, row : row + height, column : column + width]


def accuracies(network: nn.Module, images: Tensor, labels: Tensor) -> list[str]:
    """Return the share of right answers at each exit."""
    with torch.no_grad():
        return [f"{(logits.argmax(1) == labels).float().mean():.4f}" for logits in network(images)]


def write_weights(path: Path, network: nn.Module) -> None:
    """Write the arrays of a network by name."""
    write_npz(path, {key: value.numpy() for key, value in network.state_dict().items()})


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays with a fixed time stamp, so that the same values give the same file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, buffer.getvalue())
