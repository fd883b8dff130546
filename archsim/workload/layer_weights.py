"""One layer's arrays, checked against its shape; batch normalisation folded into them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archsim.workload.layer import Layer, Op
from archsim.workload.npz_file import Array, file_error
from archsim.workload.parameters import LayerParameters, Reals

Origin = tuple[Path, str]
"""File, and name of the layer in it."""


@dataclass(frozen=True, eq=False)
class BatchNormStatistics:
    """What a batch normalisation learned and measured.

    y = scale (x - mean) / sqrt(variance + epsilon) + shift: Ioffe and Szegedy, ICML 2015, Algorithm 2.
    """

    scale: Array
    shift: Array
    mean: Array
    variance: Array
    epsilon: float


def weight_shape(layer: Layer) -> tuple[int, int, int, int]:
    """Return the shape of a layer's weights: outputs, channels of a group, rows, columns of the kernel."""
    rows, columns = layer.kernel if layer.op is Op.CONV2D else (1, 1)
    gemm = layer.gemm
    return gemm.groups * gemm.filters, gemm.depth // (rows * columns), rows, columns


def layer_parameters(
    layer: Layer,
    weight: Array,
    bias: Array | None,
    origin: Origin,
    statistics: BatchNormStatistics | None = None,
) -> LayerParameters:
    """Return a layer's values in float32, with the statistics of its batch normalisation folded in.

    Raises
    ------
    InputError
        For another shape, values that are not finite floats, a bias that is missing or not expected.
    """
    shape = weight_shape(layer)
    accepted: list[tuple[int, ...]] = [shape, shape[:2]] if layer.op is Op.LINEAR else [shape]
    checked = _checked(weight, accepted[-1], origin, "weight", accepted).reshape(shape)
    offsets = _bias(layer, bias, origin, folds=statistics is not None)
    if statistics is not None:
        checked, offsets = fold_batch_norm(
            checked, offsets, _checked_statistics(statistics, shape[0], origin)
        )
    return LayerParameters(_narrowed(checked, origin, "weight"), _narrowed(offsets, origin, "bias"))


def fold_batch_norm(
    weight: NDArray[np.floating], bias: NDArray[np.floating], statistics: BatchNormStatistics
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights and biases of the layer that computes the layer and its batch normalisation in one.

    With s = scale / sqrt(variance + epsilon): weights times s, and shift + (bias - mean) s; in float64.
    """
    factor = statistics.scale / np.sqrt(np.float64(statistics.variance) + statistics.epsilon)
    folded = weight.astype(np.float64) * factor[:, None, None, None]
    return folded, statistics.shift + (bias.astype(np.float64) - statistics.mean) * factor


def _bias(layer: Layer, bias: Array | None, origin: Origin, *, folds: bool) -> NDArray[np.float64]:
    outputs = weight_shape(layer)[0]
    expected = layer.bias or (layer.folds_batch_norm and not folds)
    if bias is None and expected:
        reason = "" if layer.bias else " (it carries the shift of the folded batch normalisation)"
        raise file_error(origin[0], f"missing{reason}", field=f"{origin[1]}.bias")
    if bias is None:
        return np.zeros(outputs)
    if not expected:
        message = "the trace says that the layer has no bias (bias: false)"
        raise file_error(origin[0], message, field=f"{origin[1]}.bias")
    return _checked(bias, (outputs,), origin, "bias")


def _checked_statistics(values: BatchNormStatistics, outputs: int, origin: Origin) -> BatchNormStatistics:
    arrays = {"weight": values.scale, "bias": values.shift, "mean": values.mean, "variance": values.variance}
    checked = [_checked(array, (outputs,), origin, f"batch_norm.{field}") for field, array in arrays.items()]
    if not np.isfinite(values.epsilon) or (checked[3] + values.epsilon <= 0).any():
        message = "variance + epsilon is not positive"
        raise file_error(origin[0], message, field=f"{origin[1]}.batch_norm.variance")
    scale, shift, mean, variance = checked
    return BatchNormStatistics(scale, shift, mean, variance, values.epsilon)


def _checked(
    array: Array,
    shape: tuple[int, ...],
    origin: Origin,
    field: str,
    accepted: list[tuple[int, ...]] | None = None,
) -> NDArray[np.float64]:
    """Return the array in float64 if it has (one of) the shape(s) and finite floating-point values."""
    path, name = origin
    if array.shape not in (accepted or [shape]):
        message = f"expected shape {shown(shape)}, got {shown(array.shape)}"
        raise file_error(path, message, field=f"{name}.{field}")
    if not np.issubdtype(array.dtype, np.floating):
        message = f"expected floating-point values, got {array.dtype}"
        raise file_error(path, message, field=f"{name}.{field}")
    _refuse_not_finite(array, origin, field)
    return array.astype(np.float64)


def _refuse_not_finite(array: Array, origin: Origin, field: str) -> None:
    wrong = int(np.count_nonzero(~np.isfinite(array)))
    if wrong:
        message = f"{wrong} of {array.size} values are not finite (NaN or infinity) in float32"
        raise file_error(origin[0], message, field=f"{origin[1]}.{field}")


def _narrowed(array: NDArray[np.float64], origin: Origin, field: str) -> Reals:
    with np.errstate(over="ignore"):
        narrow = np.ascontiguousarray(array, dtype=np.float32)
    _refuse_not_finite(narrow, origin, field)
    return narrow


def shown(shape: tuple[int, ...]) -> str:
    """Return a shape as users write it, such as `16x3x3x3`."""
    return "x".join(str(size) for size in shape) or "a single number"
