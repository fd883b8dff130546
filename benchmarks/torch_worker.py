"""Run ResNet-20 in float32 in PyTorch on random images and print the time as JSON.

Runs in PyTorch's own environment, so it imports nothing of archsim.

Usage: ``python torch_worker.py IMAGES REPEATS``.
"""

from __future__ import annotations

import json
import os
import sys
import time

import torch
from torch import nn
from torch.nn import functional

BATCH = 50


class Block(nn.Module):
    """Two convolutions and a shortcut of option A (He et al., CVPR 2016, section 4.2), batch norms folded."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.stride = outputs // inputs
        self.added = (outputs - inputs) // 2
        self.first = nn.Conv2d(inputs, outputs, 3, self.stride, 1)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.second(functional.relu(self.first(x)))
        if self.stride > 1:
            x = functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.added, self.added))
        return functional.relu(inner + x)


def resnet20() -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, 1, 1), nn.ReLU()]
    before = 16
    for channels in (16, 32, 64):
        for _ in range(3):
            layers.append(Block(before, channels))
            before = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)).eval()


def seconds(network: nn.Module, images: torch.Tensor) -> float:
    start = time.perf_counter()
    for block in images.split(BATCH):
        network(block)
    return time.perf_counter() - start


def main(arguments: list[str]) -> None:
    count, repeats = map(int, arguments)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    torch.set_num_threads(cores or 1)
    torch.manual_seed(0)
    network, images = resnet20(), torch.randn(count, 3, 32, 32)
    with torch.inference_mode():
        network(images[:BATCH])
        shortest = min(seconds(network, images) for _ in range(repeats))
    print(json.dumps({"seconds": shortest, "version": torch.__version__}))


if __name__ == "__main__":
    main(sys.argv[1:])
