"""Layers that treat values one by one, or join tensors."""

from __future__ import annotations

from abc import ABC
from dataclasses import replace
from typing import Literal

from archsim.errors import InputError
from archsim.workload.geometry import Pair, Size
from archsim.workload.layer import ActivationKind, Layer, Op, TensorShape
from archsim.workload.spec import SingleInputSpec, Spec, require_equal

ElementwiseKind = Literal["copy", "scale", "multiply", "subtract", "maximum", "local_response_norm", "other"]


class SameShapeSpec(SingleInputSpec, ABC):
    """A layer whose output has the shape of its input."""

    op: str
    """The op, fixed by the subclass."""

    def resolve_single(self, source: str, shape: TensorShape) -> Layer:
        """Return the layer; any shape will do."""
        return Layer(
            name=self.name,
            op=Op(self.op),
            inputs=(source,),
            input_shapes=(shape,),
            output_shape=shape,
            number_format=self.number_format,
            activation_sparsity=self.activation_sparsity,
        )


class Activation(SameShapeSpec):
    """A non-linear function of each value."""

    op: Literal["activation"] = "activation"
    """The op."""
    function: ActivationKind
    """Which function."""

    def resolve_single(self, source: str, shape: TensorShape) -> Layer:
        """Return the layer; any shape will do."""
        return replace(super().resolve_single(source, shape), function=self.function)


class BatchNorm(SameShapeSpec):
    """A scale and a shift per channel; folded into a conv2d or linear layer that nothing else reads."""

    op: Literal["batch_norm"] = "batch_norm"
    """The op."""


class Softmax(SameShapeSpec):
    """Exponentials over the channels, normalised to a sum of one."""

    op: Literal["softmax"] = "softmax"
    """The op."""


class Add(Spec):
    """The sum of two or more tensors of one shape."""

    op: Literal["add"] = "add"
    """The op."""

    def resolve(self, inputs: tuple[str, ...], shapes: tuple[TensorShape, ...]) -> Layer:
        """Return the layer; `InputError` for fewer than two inputs or different shapes."""
        if len(shapes) < 2:
            raise InputError("add needs at least two inputs", field="inputs")
        require_equal(shapes, "add")
        return _joined(self, Op.ADD, inputs, shapes, shapes[0])


class Concat(Spec):
    """Two or more tensors stacked along the channels."""

    op: Literal["concat"] = "concat"
    """The op."""

    def resolve(self, inputs: tuple[str, ...], shapes: tuple[TensorShape, ...]) -> Layer:
        """Return the layer; `InputError` for fewer than two inputs or different rows or columns."""
        if len(shapes) < 2:
            raise InputError("concat needs at least two inputs", field="inputs")
        if len({shape[1:] for shape in shapes}) > 1:
            sizes = ", ".join(str(shape) for shape in shapes)
            raise InputError(f"concat inputs of different rows or columns: {sizes}", field="inputs")
        channels = sum(shape.channels for shape in shapes)
        return _joined(self, Op.CONCAT, inputs, shapes, shapes[0]._replace(channels=channels))


class Elementwise(Spec):
    """Anything else that costs a fixed number of operations per output value.

    `copy` may also drop rows and columns (`stride`, keeping every n-th) and add zero channels
    (`out_channels`, as many before as after): the parameter-free shortcut "option A" of He et al., CVPR 2016,
    section 4.2.
    """

    op: Literal["elementwise"] = "elementwise"
    """The op."""
    function: ElementwiseKind = "other"
    """Which function."""
    operations: Size = 1
    """Arithmetic operations per output value; a power, root or division counts as one."""
    stride: Pair = (1, 1)
    """Keep every n-th row and column (copy only)."""
    out_channels: Size | None = None
    """Channels of the output, zeros added on both sides (copy only). Default: the input's."""

    def resolve(self, inputs: tuple[str, ...], shapes: tuple[TensorShape, ...]) -> Layer:
        """Return the layer; `InputError` if the inputs cannot be combined value by value."""
        output = self._copied(shapes) if self.function == "copy" else self._combined(shapes)
        layer = _joined(self, Op.ELEMENTWISE, inputs, shapes, output)
        return replace(layer, function=self.function, stride=self.stride, operations=self.operations)

    def _copied(self, shapes: tuple[TensorShape, ...]) -> TensorShape:
        if len(shapes) > 1:
            raise InputError("copy takes one input", field="inputs")
        (shape,) = shapes
        channels = self.out_channels or shape.channels
        if channels < shape.channels:
            message = f"out_channels {channels} is less than the input's {shape.channels}"
            raise InputError(message, field="out_channels")
        return TensorShape(channels, -(-shape.rows // self.stride[0]), -(-shape.columns // self.stride[1]))

    def _combined(self, shapes: tuple[TensorShape, ...]) -> TensorShape:
        for field in ("stride", "out_channels"):
            if field in self.model_fields_set:
                raise InputError(f"{field} only fits function copy", field=field)
        largest = max(shapes, key=lambda shape: shape.elements)
        # One value per channel may scale a whole map, as in squeeze-and-excitation.
        per_channel = TensorShape(largest.channels, 1, 1)
        require_equal([largest, *(shape for shape in shapes if shape != per_channel)], "elementwise")
        return largest


def _joined(
    spec: Spec, op: Op, inputs: tuple[str, ...], shapes: tuple[TensorShape, ...], output: TensorShape
) -> Layer:
    return Layer(
        name=spec.name,
        op=op,
        inputs=inputs,
        input_shapes=shapes,
        output_shape=output,
        number_format=spec.number_format,
        activation_sparsity=spec.activation_sparsity,
    )
