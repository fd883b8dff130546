"""Networks with exits, to be executed on small systems."""

from __future__ import annotations

from dataclasses import replace

from archsim.workload import (
    Activation,
    Concat,
    Conv2d,
    ExitCondition,
    GlobalAveragePool,
    Linear,
    MaxPool,
    Network,
    Spec,
    build_network,
)

CLASSES = 5
SURE = ExitCondition("min_probability", 0.9)


def with_exits(network: Network, *names: str) -> Network:
    """Return the network with conditions at these layers."""
    return replace(network, exits=names, exit_conditions=tuple((name, SURE) for name in names))


def branchy(widths: tuple[int, ...] = (3, 4, 2), size: int = 8, *, pooled: bool = True) -> Network:
    """Return a trunk of convolutions with an exit after each, but for the last (BranchyNet)."""
    layers: list[Spec] = []
    source = "input"
    for stage, width in enumerate(widths):
        layers += [
            Conv2d(name=f"conv{stage}", out_channels=width, kernel=3, padding=1, inputs=(source,)),
            Activation(name=f"relu{stage}", function="relu"),
            *([MaxPool(name=f"exit{stage}.pool", kernel=2)] if pooled else []),
            Linear(name=f"exit{stage}", out_channels=CLASSES),
        ]
        source = f"relu{stage}"
    network = build_network("branchy", (2, size, size), layers)
    return with_exits(network, *(f"exit{stage}" for stage in range(len(widths) - 1)))


def sequence() -> Network:
    """Return small networks in sequence; each also reads the answer of the one before (ICNN)."""
    layers = [
        Conv2d(name="a.conv", out_channels=3, kernel=3, stride=2),
        Linear(name="a", out_channels=CLASSES),
        Conv2d(name="b.conv", out_channels=4, kernel=3, inputs=("input",)),
        GlobalAveragePool(name="b.mean"),
        Concat(name="b.both", inputs=("b.mean", "a")),
        Linear(name="b", out_channels=CLASSES),
    ]
    return with_exits(build_network("sequence", (2, 7, 7), layers), "a")
