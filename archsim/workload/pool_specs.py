"""Pooling layers."""

from __future__ import annotations

from abc import ABC
from typing import Literal

from archsim.errors import InputError
from archsim.workload.geometry import Pair
from archsim.workload.layer import Layer, Op, TensorShape
from archsim.workload.spec import SingleInputSpec, WindowSpec, window_outputs


class PoolSpec(WindowSpec, ABC):
    """A window that reduces each channel; it moves by its own size unless a stride is given."""

    op: str
    """The op, fixed by the subclass."""
    stride: Pair | None = None
    """Distance between windows. Default: the kernel."""

    def resolve_single(self, source: str, shape: TensorShape) -> Layer:
        """Return the layer; `InputError` if a window does not fit or could lie wholly in the padding."""
        stride = self.stride or self.kernel
        axes = self.axes(shape, stride)
        padding = self.resolved_padding(axes)
        for pad, axis in zip(padding, (*axes, *axes), strict=True):
            if pad >= axis.span:
                message = f"padding {pad} is not smaller than the kernel's {axis.span}"
                raise InputError(message, field="padding")
        return Layer(
            name=self.name,
            op=Op(self.op),
            inputs=(source,),
            input_shapes=(shape,),
            output_shape=TensorShape(shape.channels, *window_outputs(axes, padding)),
            kernel=self.kernel,
            stride=stride,
            padding=padding,
            dilation=self.dilation,
            number_format=self.number_format,
            activation_sparsity=self.activation_sparsity,
        )


class MaxPool(PoolSpec):
    """The largest value of each window."""

    op: Literal["max_pool"] = "max_pool"
    """The op."""


class AveragePool(PoolSpec):
    """The mean of each window."""

    op: Literal["average_pool"] = "average_pool"
    """The op."""


class GlobalAveragePool(SingleInputSpec):
    """The mean of each channel."""

    op: Literal["global_average_pool"] = "global_average_pool"
    """The op."""

    def resolve_single(self, source: str, shape: TensorShape) -> Layer:
        """Return the layer: one window over the whole input."""
        return Layer(
            name=self.name,
            op=Op.GLOBAL_AVERAGE_POOL,
            inputs=(source,),
            input_shapes=(shape,),
            output_shape=TensorShape(shape.channels, 1, 1),
            kernel=(shape.rows, shape.columns),
            number_format=self.number_format,
            activation_sparsity=self.activation_sparsity,
        )
