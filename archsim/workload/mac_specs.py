"""Layers made of multiply-accumulates: convolutions (plain, grouped, depthwise) and linear layers."""

from __future__ import annotations

from typing import Literal

from archsim.errors import InputError
from archsim.workload.geometry import Pair, Size
from archsim.workload.layer import Layer, Op, TensorShape
from archsim.workload.spec import Fraction, SingleInputSpec, WindowSpec, window_outputs


class Conv2d(WindowSpec):
    """A two-dimensional convolution; grouped or depthwise through `groups`."""

    op: Literal["conv2d"] = "conv2d"
    """The op."""
    out_channels: Size | None = None
    """Number of filters; a depthwise convolution keeps its input's channels by default."""
    stride: Pair = (1, 1)
    """Distance between windows."""
    groups: Size | Literal["depthwise"] = 1
    """Independent channel groups; `depthwise` stands for as many as there are input channels."""
    bias: bool = True
    """Whether a bias is added to each filter's outputs."""
    weight_sparsity: Fraction | None = None
    """Fraction of weights that are zero."""

    def resolve_single(self, source: str, shape: TensorShape) -> Layer:
        """Return the layer; `InputError` if the window does not fit or channels do not divide into groups."""
        groups = shape.channels if self.groups == "depthwise" else self.groups
        filters = self._filters(shape, groups)
        axes = self.axes(shape, self.stride)
        padding = self.resolved_padding(axes)
        return Layer(
            name=self.name,
            op=Op.CONV2D,
            inputs=(source,),
            input_shapes=(shape,),
            output_shape=TensorShape(filters, *window_outputs(axes, padding)),
            kernel=self.kernel,
            stride=self.stride,
            padding=padding,
            dilation=self.dilation,
            groups=groups,
            bias=self.bias,
            number_format=self.number_format,
            weight_sparsity=self.weight_sparsity,
            activation_sparsity=self.activation_sparsity,
        )

    def _filters(self, shape: TensorShape, groups: int) -> int:
        if self.out_channels is None and self.groups != "depthwise":
            raise InputError("out_channels is missing")
        filters = self.out_channels or shape.channels
        for channels, side in ((shape.channels, "input"), (filters, "output")):
            if channels % groups:
                message = f"{channels} {side} channels do not divide into {groups} groups"
                raise InputError(message, field="groups")
        return filters


class Linear(SingleInputSpec):
    """A fully connected layer on the flattened input, or on each of `rows` rows of features."""

    op: Literal["linear"] = "linear"
    """The op."""
    out_channels: Size
    """Number of output features."""
    rows: Size = 1
    """Rows to which the weights are applied (M of a GEMM): the input then is features x rows x columns."""
    bias: bool = True
    """Whether a bias is added to each output feature."""
    weight_sparsity: Fraction | None = None
    """Fraction of weights that are zero."""

    def resolve_single(self, source: str, shape: TensorShape) -> Layer:
        """Return the layer; `InputError` if the input has not as many positions as `rows`."""
        if self.rows > 1 and self.rows != shape.rows * shape.columns:
            message = f"rows is {self.rows} but the input {shape} has {shape.rows * shape.columns} positions"
            raise InputError(message, field="rows")
        return Layer(
            name=self.name,
            op=Op.LINEAR,
            inputs=(source,),
            input_shapes=(shape,),
            output_shape=TensorShape(self.out_channels, self.rows, 1),
            bias=self.bias,
            number_format=self.number_format,
            weight_sparsity=self.weight_sparsity,
            activation_sparsity=self.activation_sparsity,
        )
