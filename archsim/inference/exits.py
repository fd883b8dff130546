"""The exits of a network on real images: what each answers, how sure it is, and who leaves where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from archsim.inference.functions import softmax
from archsim.inference.graph import Tensor
from archsim.workload.exits import ExitCondition
from archsim.workload.layer import Op
from archsim.workload.network import Network

Conditions = Mapping[str, ExitCondition]
"""By exit; images leave at no other."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one network's exits and its end say of every image, whether the image gets there or not.

    Attributes
    ----------
    names
        The exits in the order in which they run, then the end.
    classes
        Class [exit or end][image].
    probabilities
        Largest softmax probability [exit or end][image].
    entropies
        Entropy of the softmax probabilities in nats [exit or end][image].
    """

    names: tuple[str, ...]
    classes: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    entropies: NDArray[np.float32]

    def leaving(self, conditions: Conditions) -> NDArray[np.int64]:
        """Return where each image leaves, as a position in `names`: the first exit that is sure enough."""
        found = np.full(self.classes.shape[1], len(self.names) - 1, dtype=np.int64)
        for position in reversed(range(len(self.names) - 1)):
            if self.names[position] in conditions:
                found[self._sure(position, conditions[self.names[position]])] = position
        return found

    def given(self, conditions: Conditions) -> NDArray[np.int64]:
        """Return the class that each image gets where it leaves."""
        leaving = self.leaving(conditions)
        return self.classes[leaving, np.arange(len(leaving))]

    def _sure(self, position: int, condition: ExitCondition) -> NDArray[np.bool_]:
        if condition.measure == "min_probability":
            return np.asarray(self.probabilities[position] >= condition.threshold)
        return np.asarray(self.entropies[position] <= condition.threshold)


@dataclass(frozen=True, slots=True, eq=False)
class ExitRecord:
    """The answers of one network on the units' arithmetic, with exact arithmetic and in float32.

    One pass over the images records them; every threshold can be judged by them afterwards.
    """

    labels: NDArray[np.int64]
    units: Answers
    exact: Answers
    real: Answers


@dataclass(slots=True, eq=False)
class Listener:
    """Collects the answers of a network while it runs, batch by batch."""

    network: Network
    names: tuple[str, ...] = field(init=False)
    _heard: dict[str, list[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]]] = field(
        init=False
    )

    def __post_init__(self) -> None:
        """Put the exits in order of execution."""
        exits = [layer.name for layer in self.network.layers if layer.name in self.network.exits]
        self.names = (*(name for name in exits if name != self.network.end), self.network.end)
        self._heard = {name: [] for name in self.names}

    def hear(self, name: str, values: Tensor) -> None:
        """Take the real output of one of `names` for the next images."""
        rows = np.ascontiguousarray(values.reshape(len(values), -1))
        likely = rows if self.network.layer(name).op is Op.SOFTMAX else softmax(rows.astype(np.float64))
        self._heard[name].append((classes(rows), likely.max(axis=1).astype(np.float32), entropies(likely)))

    def answers(self) -> Answers:
        """Return what was heard."""
        columns = [
            [np.concatenate(part) for part in zip(*self._heard[name], strict=True)] for name in self.names
        ]
        found, probabilities, uncertain = (np.stack(part) for part in zip(*columns, strict=True))
        return Answers(self.names, found, probabilities, uncertain)


def classes(outputs: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the class of each image: the first of its largest outputs."""
    return np.asarray(outputs.reshape(len(outputs), -1).argmax(axis=1), dtype=np.int64)


def entropies(probabilities: Tensor) -> NDArray[np.float32]:
    """Return the entropy of each row in nats: -sum p ln p, where 0 ln 0 is 0."""
    likely = np.ascontiguousarray(probabilities, dtype=np.float64)
    logarithms = np.log(likely, out=np.zeros_like(likely), where=likely > 0)
    # Rounded to float32: the last bits of a float64 logarithm are the processor's.
    return np.asarray(-(likely * logarithms).sum(axis=1), dtype=np.float32)
