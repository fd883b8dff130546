"""Trained weights from files: `.npz` archives and ONNX graphs, checked against the network."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from archsim.errors import InputError, nearest
from archsim.workload.integer_weights import integer_layers, is_integer_file
from archsim.workload.layer import Layer
from archsim.workload.layer_weights import BatchNormStatistics, layer_parameters
from archsim.workload.network import Network
from archsim.workload.npz_file import Array, file_error, read_npz
from archsim.workload.onnx_weights import read_onnx_weights
from archsim.workload.parameters import LayerParameters, Parameters

_IGNORED = ("num_batches_tracked",)
_FIELDS = ("weight", "bias", "running_mean", "running_var", "eps", *_IGNORED)
_EPSILON = 1e-5
"""Added to the variance where the file does not say: the default of PyTorch and of ONNX."""


def load_parameters(path: str | Path, network: Network) -> Parameters:
    """Return the weights and biases of every layer with MACs, batch normalisation folded.

    Parameters
    ----------
    path
        An `.npz` archive with arrays `<layer>.weight` and `<layer>.bias` in float (a linear layer [output]
        [input], inputs flattened channel by channel), and `<layer>.weight`, `.bias`, `.running_mean` and
        `.running_var` of batch normalisations that are not folded yet; or the complete integer description of
        a network, whose values are then multiplied by their scales; or an ONNX graph, whose convolutions and
        matrix products are taken in the order of the network's.
    network
        The network; its `weight_names` translate names of layers into names of the file.

    Raises
    ------
    InputError
        If the file cannot be read or does not fit: a layer that is missing or too many, another shape, a
        value that is not finite, a bias without a place.
    """
    file = Path(path)
    if file.suffix.lower() == ".onnx":
        return read_onnx_weights(file, network)
    arrays = read_npz(file)
    if is_integer_file(arrays):
        return {name: layer.dequantized() for name, layer in integer_layers(arrays, file, network).items()}
    return _NpzWeights(file, network, _by_layer(arrays, file)).parameters()


def find_weights(reference: str, directory: str | Path | None = None) -> Path:
    """Return the file that a trace's `weights` stands for: in the data folder, else shipped, else a path.

    Raises
    ------
    InputError
        If there is none; the message says where it was looked for.
    """
    tables = Path(str(importlib.resources.files("archsim.workload") / "tables"))
    places = [tables / reference, Path(reference)]
    if directory is not None:
        places.insert(0, Path(directory) / reference)
    for place in places:
        if place.is_file():
            return place
    if directory is None:
        raise InputError(f"weights {reference!r} are not shipped: name the data folder with --data DIR")
    raise file_error(places[0], "no such file of weights; --data DIR names the folder that holds it")


def _by_layer(arrays: Mapping[str, Array], path: Path) -> dict[str, dict[str, Array]]:
    """Group `<layer>.<field>` arrays by layer."""
    layers: dict[str, dict[str, Array]] = {}
    for key, array in arrays.items():
        name, dot, field = key.rpartition(".")
        if not dot or field not in _FIELDS:
            message = "is no <layer>.weight or <layer>.bias"
            raise file_error(path, message, field=key, suggestion=_key_hint(name, field))
        layers.setdefault(name, {})[field] = array
    return layers


def _key_hint(name: str, field: str) -> str | None:
    close = nearest(field, _FIELDS)
    return f"{name}.{close}" if name and close else None


@dataclass(frozen=True)
class _NpzWeights:
    path: Path
    network: Network
    arrays: Mapping[str, Mapping[str, Array]]

    def parameters(self) -> Parameters:
        layers = [layer for layer in self.network.layers if layer.is_mac]
        self._refuse_missing_and_extra(layers)
        return {layer.name: self._layer(layer) for layer in layers}

    def _norm_of(self, layer: Layer) -> str | None:
        """Return the name in the file of the batch normalisation that folds into a layer."""
        if not layer.folds_batch_norm:
            return None
        return self.network.name_in_weights(self.network.consumers(layer.name)[0])

    def _refuse_missing_and_extra(self, layers: Sequence[Layer]) -> None:
        needed = [self.network.name_in_weights(layer.name) for layer in layers]
        norms = [self._norm_of(layer) for layer in layers]
        extra = [name for name in self.arrays if name not in {*needed, *norms}]
        missing = [name for name in needed if name not in self.arrays]
        if missing:
            message = f"the file has no weights of layer {missing[0]!r}"
            raise file_error(self.path, message, suggestion=nearest(missing[0], extra))
        if extra:
            message = f"network {self.network.name!r} has no conv2d or linear layer {extra[0]!r}"
            raise file_error(self.path, message, suggestion=nearest(extra[0], needed))

    def _layer(self, layer: Layer) -> LayerParameters:
        name = self.network.name_in_weights(layer.name)
        arrays = self.arrays[name]
        if "weight" not in arrays:
            raise file_error(self.path, "missing", field=f"{name}.weight")
        return layer_parameters(
            layer, arrays["weight"], arrays.get("bias"), (self.path, name), self._statistics(layer)
        )

    def _statistics(self, layer: Layer) -> BatchNormStatistics | None:
        norm = self._norm_of(layer)
        if norm is None or norm not in self.arrays:
            return None
        arrays = self.arrays[norm]
        for field in ("weight", "bias", "running_mean", "running_var"):
            if field not in arrays:
                raise file_error(self.path, "missing", field=f"{norm}.{field}")
        epsilon = float(arrays["eps"]) if "eps" in arrays else _EPSILON
        return BatchNormStatistics(
            scale=arrays["weight"],
            shift=arrays["bias"],
            mean=arrays["running_mean"],
            variance=arrays["running_var"],
            epsilon=epsilon,
        )
