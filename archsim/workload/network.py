"""A network: a directed acyclic graph of layers in execution order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archsim.errors import InputError, expected_one_of, nearest
from archsim.workload.exits import ExitCondition
from archsim.workload.preprocessing import Preprocessing

if TYPE_CHECKING:
    from archsim.workload.layer import Layer, TensorShape

INPUT = "input"
"""Name under which layers refer to the network's input."""


@dataclass(frozen=True, slots=True)
class Network:
    """Layers in an order in which they can run: each one after the producers of its inputs.

    Networks come from `load_network` and `build_network`, which check names and shapes.
    """

    name: str
    input_shape: TensorShape
    """Shape of one image; of the first row's input where the rows are independent."""
    layers: tuple[Layer, ...]
    weights: str | None = None
    """File of trained weights for `dataset`, as the trace names it."""
    dataset: str | None = None
    """Data set on which accuracy is measured."""
    weights_by_dataset: tuple[tuple[str, str], ...] = ()
    """Data set and file of weights, where the trace has more than one."""
    weight_names: tuple[tuple[str, str], ...] = ()
    """Layer and its name in the file of weights, where the two differ."""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    """What is done to an image before it enters the network."""
    exits: tuple[str, ...] = ()
    """Layers whose output is an answer before the end."""
    exit_conditions: tuple[tuple[str, ExitCondition], ...] = ()
    """Exits at which images may leave, in order, and how sure the answer has to be; plain values that
    `with_threshold` replaces."""
    independent: bool = False
    """Whether the layers are unrelated rows (SCALE-Sim topologies), each with an input of its own."""
    _by_name: dict[str, Layer] = field(init=False, repr=False, compare=False)
    _consumers: dict[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        consumers: dict[str, list[str]] = {}
        for layer in self.layers:
            for name in dict.fromkeys(layer.inputs):
                consumers.setdefault(name, []).append(layer.name)
        # The dataclass is frozen: the look-up tables are set once, here.
        object.__setattr__(self, "_by_name", {layer.name: layer for layer in self.layers})
        object.__setattr__(self, "_consumers", {name: tuple(users) for name, users in consumers.items()})

    def layer(self, name: str) -> Layer:
        """Return the layer called `name`.

        Raises
        ------
        InputError
            If there is none; the nearest name is suggested.
        """
        if name not in self._by_name:
            message = f"network {self.name!r} has no layer {name!r}"
            raise InputError(message, suggestion=nearest(name, list(self._by_name)))
        return self._by_name[name]

    def weights_for(self, dataset: str | None = None) -> str:
        """Return the file of weights trained for a data set, by default for the trace's own.

        Raises
        ------
        InputError
            If the trace names no weights, or none for this data set.
        """
        files = dict(self.weights_by_dataset)
        if dataset is not None and files and dataset not in files:
            message = (
                f"network {self.name!r} has no weights for data set {dataset!r}, {expected_one_of(files)}"
            )
            raise InputError(message, field="weights", suggestion=nearest(dataset, files))
        file = self.weights if dataset is None else files.get(dataset, self.weights)
        if file is None:
            message = f"the trace of network {self.name!r} names no trained weights"
            raise InputError(message, field="weights")
        return file

    def name_in_weights(self, layer: str) -> str:
        """Return the name that a layer has in its file of weights."""
        return dict(self.weight_names).get(layer, layer)

    def consumers(self, name: str) -> tuple[str, ...]:
        """Return the layers that read the output of `name` (a layer or `input`), in execution order."""
        return self._consumers.get(name, ())

    def source(self, name: str) -> str:
        """Return the layer (or `input`) that writes the tensor `name`, looking through folded layers."""
        while name in self._by_name and self._by_name[name].folded:
            name = self._by_name[name].inputs[0]
        return name

    @property
    def executed_layers(self) -> tuple[Layer, ...]:
        """Layers that cost something at run time: all but the folded ones."""
        return tuple(layer for layer in self.layers if not layer.folded)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Layers that no other layer reads, in execution order."""
        return tuple(layer.name for layer in self.layers if not self.consumers(layer.name))

    @property
    def end(self) -> str:
        """The layer that answers for images that leave at no exit: the last output that is no exit."""
        return ([name for name in self.outputs if name not in self.exits] or self.outputs)[-1]

    def path(self, exit_name: str | None = None) -> tuple[Layer, ...]:
        """Return the layers of an inference that ends at an exit, in order; all layers for `None`.

        They are what this exit and the exits before it need: those had to be computed to be passed.

        Raises
        ------
        InputError
            If the network has no such exit.
        """
        if exit_name is None:
            return self.layers
        if exit_name not in self.exits:
            message = f"network {self.name!r} has no exit {exit_name!r}"
            raise InputError(message, field="exits", suggestion=nearest(exit_name, self.exits))
        names = [layer.name for layer in self.layers]
        needed = {name for name in self.exits if names.index(name) <= names.index(exit_name)}
        for layer in reversed(self.layers):
            if layer.name in needed:
                needed.update(layer.inputs)
        return tuple(layer for layer in self.layers if layer.name in needed)

    @property
    def macs(self) -> int:
        """Multiply-accumulates per image, summed over the layers."""
        return sum(layer.macs for layer in self.layers)

    @property
    def parameters(self) -> int:
        """Learned values, summed over the layers (`Layer.parameters`)."""
        return sum(layer.parameters for layer in self.layers)
