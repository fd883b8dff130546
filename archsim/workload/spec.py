"""What a trace says about a layer, before shapes are known: the common part of every op."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from archsim.arithmetic.number_format import storage_format
from archsim.errors import InputError
from archsim.workload.geometry import Axis, Padding, Pair
from archsim.workload.layer import Layer, TensorShape

if TYPE_CHECKING:
    from collections.abc import Sequence

LayerName = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./:-]*$", strict=True)
]
"""Letters, digits and `_ . / : -`; placement rules match it with globs."""

Fraction = Annotated[float, Field(ge=0.0, lt=1.0, allow_inf_nan=False)]


class Spec(BaseModel, ABC):
    """One layer of a trace; subclasses add the fields of one op and know its output shape."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: LayerName
    """Name of the layer, unique in the trace."""
    inputs: tuple[LayerName, ...] | None = Field(default=None, min_length=1)
    """Layers that produce the inputs, in order; `input` is the network's. Default: the previous layer."""
    number_format: str | None = Field(default=None, min_length=1, strict=True)
    """Number format of this layer, by name. Default: the compute unit's."""
    activation_sparsity: Fraction | None = None
    """Fraction of input values that are zero."""

    @field_validator("number_format")
    @classmethod
    def _known_format(cls, name: str | None) -> str | None:
        return None if name is None else storage_format(name).name

    @abstractmethod
    def resolve(self, inputs: tuple[str, ...], shapes: tuple[TensorShape, ...]) -> Layer:
        """Return the layer for inputs of these shapes.

        Raises
        ------
        InputError
            If the op cannot take them.
        """


class SingleInputSpec(Spec, ABC):
    """A layer with exactly one input."""

    def resolve(self, inputs: tuple[str, ...], shapes: tuple[TensorShape, ...]) -> Layer:
        """Return the layer for one input; `InputError` for more, or if the op cannot take its shape."""
        if len(shapes) != 1:
            raise InputError(f"takes one input, not {len(shapes)}", field="inputs")
        return self.resolve_single(inputs[0], shapes[0])

    @abstractmethod
    def resolve_single(self, source: str, shape: TensorShape) -> Layer:
        """Return the layer for an input of this shape."""


class WindowSpec(SingleInputSpec, ABC):
    """A layer that slides a window over rows and columns."""

    kernel: Pair
    """Rows and columns of the window."""
    padding: Padding = (0, 0, 0, 0)
    """Zeros around the input: one number, [rows, columns], [top, left, bottom, right], same or valid."""
    dilation: Pair = (1, 1)
    """Distance between the taps of a window."""

    def axes(self, shape: TensorShape, stride: tuple[int, int]) -> tuple[Axis, Axis]:
        """Return the window along the rows and along the columns of an input."""
        rows = Axis(shape.rows, self.kernel[0], stride[0], self.dilation[0])
        return rows, Axis(shape.columns, self.kernel[1], stride[1], self.dilation[1])

    def resolved_padding(self, axes: tuple[Axis, Axis]) -> tuple[int, int, int, int]:
        """Return the padding as top, left, bottom, right."""
        if self.padding == "same":
            (top, bottom), (left, right) = axes[0].same_padding(), axes[1].same_padding()
            return top, left, bottom, right
        return (0, 0, 0, 0) if isinstance(self.padding, str) else self.padding


def window_outputs(axes: tuple[Axis, Axis], padding: tuple[int, int, int, int]) -> tuple[int, int]:
    """Return the rows and columns of windows that fit; `InputError` if there is none."""
    top, left, bottom, right = padding
    return axes[0].outputs(top, bottom), axes[1].outputs(left, right)


def require_equal(shapes: Sequence[TensorShape], what: str) -> None:
    """Raise `InputError` unless all shapes are the same."""
    different = [shape for shape in shapes if shape != shapes[0]]
    if different:
        raise InputError(f"{what} inputs of different shapes: {shapes[0]} and {different[0]}", field="inputs")
