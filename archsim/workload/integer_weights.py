"""Complete integer networks: raw weights with scales and zero points, as a TFLite file states them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archsim.errors import nearest
from archsim.workload.layer import Layer, Op
from archsim.workload.layer_weights import shown, weight_shape
from archsim.workload.network import Network
from archsim.workload.npz_file import Array, file_error, read_npz
from archsim.workload.parameters import LayerParameters

_SCALES = ("weight_scale", "bias_scale", "in_scale", "out_scale")
_ZERO_POINTS = ("weight_zero_point", "in_zero_point", "out_zero_point")
_FIELDS = ("weight", "bias_i32", *_SCALES, *_ZERO_POINTS)


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """Integers of one layer, and the scales that turn them into real numbers: r = scale (q - zero point).

    Jacob et al., CVPR 2018, eq. 1.
    """

    weight: NDArray[np.integer]
    """int8 or uint8 [output][channel of a group][row][column]."""
    weight_scale: NDArray[np.float32]
    """One, or one per output."""
    weight_zero_point: NDArray[np.int32]
    """As many as there are scales."""
    bias: NDArray[np.int32]
    """[output], in units of `bias_scale`."""
    bias_scale: NDArray[np.float32]
    """One, or one per output: the scale of the inputs times that of the weights."""
    in_scale: np.float32
    in_zero_point: int
    out_scale: np.float32
    out_zero_point: int

    def dequantized(self) -> LayerParameters:
        """Return the real numbers that the integers stand for."""
        offset = self.weight.astype(np.int32) - self.weight_zero_point[:, None, None, None]
        weight = offset * self.weight_scale[:, None, None, None]
        bias = self.bias.astype(np.float64) * self.bias_scale
        return LayerParameters(weight.astype(np.float32), bias.astype(np.float32))


def load_integer_parameters(path: str | Path, network: Network) -> Mapping[str, IntegerLayer]:
    """Return the integers of every layer with MACs of a network that was quantised elsewhere.

    Parameters
    ----------
    path
        An `.npz` archive with, for each layer, `weight`, `weight_scale`, `weight_zero_point`, `bias_i32`,
        `bias_scale`, `in_scale`, `in_zero_point`, `out_scale` and `out_zero_point`.
    network
        The network; its `weight_names` translate names of layers into names of the file.

    Raises
    ------
    InputError
        If the file cannot be read, lacks an array or has one too many, or one has another shape or type.
    """
    file = Path(path)
    arrays = read_npz(file)
    if not is_integer_file(arrays):
        raise file_error(file, "the file holds no quantised network: there is no <layer>.weight_scale")
    return integer_layers(arrays, file, network)


def is_integer_file(arrays: Mapping[str, Array]) -> bool:
    """Tell whether the arrays describe a network in integers."""
    return any(name.endswith(".weight_scale") for name in arrays)


def integer_layers(arrays: Mapping[str, Array], path: Path, network: Network) -> dict[str, IntegerLayer]:
    """Return the layers of arrays that `load_integer_parameters` describes."""
    layers = [layer for layer in network.layers if layer.is_mac]
    names = {layer.name: network.name_in_weights(layer.name) for layer in layers}
    expected = {f"{name}.{field}" for name in names.values() for field in _FIELDS}
    extra = [key for key in arrays if key not in expected]
    for layer in layers:
        for field in _FIELDS:
            key = f"{names[layer.name]}.{field}"
            if key not in arrays:
                raise file_error(path, "missing", field=key, suggestion=nearest(key, extra))
    if extra:
        message = f"network {network.name!r} has no layer for this array"
        raise file_error(path, message, field=extra[0])
    return {layer.name: _Reader(arrays, path, layer, names[layer.name]).read() for layer in layers}


@dataclass(frozen=True)
class _Reader:
    arrays: Mapping[str, Array]
    path: Path
    layer: Layer
    name: str

    def read(self) -> IntegerLayer:
        scales, zeros = self._per_output("weight_scale"), self._per_output("weight_zero_point")
        if len(scales) != len(zeros):
            raise self._error("weight_zero_point", f"expected {len(scales)} values, got {len(zeros)}")
        return IntegerLayer(
            weight=self._weight(),
            weight_scale=scales,
            weight_zero_point=zeros,
            bias=self._bias(),
            bias_scale=self._per_output("bias_scale"),
            in_scale=np.float32(self._single("in_scale")),
            in_zero_point=int(self._single("in_zero_point")),
            out_scale=np.float32(self._single("out_scale")),
            out_zero_point=int(self._single("out_zero_point")),
        )

    def _error(self, field: str, message: str) -> Exception:
        return file_error(self.path, message, field=f"{self.name}.{field}")

    def _array(self, field: str) -> Array:
        array = self.arrays[f"{self.name}.{field}"]
        kind = np.floating if field in _SCALES else np.integer
        if not np.issubdtype(array.dtype, kind):
            what = "floating-point" if kind is np.floating else "integer"
            raise self._error(field, f"expected {what} values, got {array.dtype}")
        if field in _SCALES and not (np.isfinite(array).all() and (array > 0).all()):
            raise self._error(field, "a scale is a positive number")
        return array

    def _weight(self) -> NDArray[np.integer]:
        shape, array = weight_shape(self.layer), self._array("weight")
        accepted = [shape, shape[:2]] if self.layer.op is Op.LINEAR else [shape]
        if array.shape not in accepted:
            raise self._error("weight", f"expected shape {shown(accepted[-1])}, got {shown(array.shape)}")
        if array.dtype not in (np.int8, np.uint8):
            raise self._error("weight", f"expected int8 or uint8, got {array.dtype}")
        return array.reshape(shape)

    def _bias(self) -> NDArray[np.int32]:
        array = self._array("bias_i32")
        outputs = weight_shape(self.layer)[0]
        if array.shape != (outputs,) or array.dtype != np.int32:
            message = f"expected {outputs} values of int32, got {shown(array.shape)} of {array.dtype}"
            raise self._error("bias_i32", message)
        return array

    def _per_output(self, field: str) -> Array:
        array = np.atleast_1d(self._array(field))
        outputs = weight_shape(self.layer)[0]
        if array.shape not in {(1,), (outputs,)}:
            raise self._error(field, f"expected one value or {outputs}, got {shown(array.shape)}")
        return array

    def _single(self, field: str) -> Array:
        array = self._array(field)
        if array.size != 1:
            raise self._error(field, f"expected one value, got {shown(array.shape)}")
        return array.reshape(())
