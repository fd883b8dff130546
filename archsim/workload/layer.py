"""One layer of a network: its shapes, and closed forms for its MACs, parameters and tensor sizes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple, get_args


class Op(StrEnum):
    """What a layer computes."""

    CONV2D = "conv2d"
    LINEAR = "linear"
    MAX_POOL = "max_pool"
    AVERAGE_POOL = "average_pool"
    GLOBAL_AVERAGE_POOL = "global_average_pool"
    ACTIVATION = "activation"
    ADD = "add"
    CONCAT = "concat"
    BATCH_NORM = "batch_norm"
    SOFTMAX = "softmax"
    ELEMENTWISE = "elementwise"


ActivationKind = Literal[
    "relu",
    "relu6",
    "leaky_relu",
    "prelu",
    "elu",
    "sigmoid",
    "hard_sigmoid",
    "tanh",
    "silu",
    "hard_swish",
    "gelu",
    "mish",
]

POOLING = frozenset({Op.MAX_POOL, Op.AVERAGE_POOL, Op.GLOBAL_AVERAGE_POOL})
"""Ops that the group name `pooling` stands for."""

GROUP_NAMES = frozenset({"pooling", "grouped", "depthwise"})
"""Names that a placement rule may use beside the ops themselves."""

FUNCTION_NAMES = frozenset(get_args(ActivationKind))
"""Activation functions, by which a placement rule may call an activation."""

OP_NAMES = frozenset(Op) | GROUP_NAMES | FUNCTION_NAMES
"""Every name that a placement rule may use for an op."""


class TensorShape(NamedTuple):
    """Size of one image's tensor, without the batch dimension."""

    channels: int
    rows: int
    columns: int

    @property
    def elements(self) -> int:
        """Number of values: channels x rows x columns."""
        return self.channels * self.rows * self.columns

    def __str__(self) -> str:
        return f"{self.channels}x{self.rows}x{self.columns}"


class Gemm(NamedTuple):
    """A convolution or a linear layer as `groups` products of (filters x depth) by (depth x pixels)."""

    groups: int
    """Number of independent products; 1 unless the convolution is grouped."""
    filters: int
    """M: output channels per group."""
    depth: int
    """K: values that one output accumulates, R x S x C / groups."""
    pixels: int
    """px: output positions per image, P x Q."""

    @property
    def macs(self) -> int:
        """Multiply-accumulates per image: groups x M x K x px."""
        return self.groups * self.filters * self.depth * self.pixels


@dataclass(frozen=True, slots=True)
class Layer:
    """One node of a network, with every shape resolved.

    Shapes are per image. A linear layer is a convolution over its whole flattened input: kernel 1x1, as many
    pixels as it has rows (one, unless the trace says otherwise).
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    """Producing layers in order; `input` is the network's input."""
    input_shapes: tuple[TensorShape, ...]
    """Shape of each of `inputs`, as its producer made it."""
    output_shape: TensorShape
    kernel: tuple[int, int] = (1, 1)
    """R, S: rows and columns of the window."""
    stride: tuple[int, int] = (1, 1)
    """Rows and columns between windows."""
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Added rows and columns: top, left, bottom, right."""
    dilation: tuple[int, int] = (1, 1)
    """Rows and columns between the taps of a window."""
    groups: int = 1
    """Independent channel groups of a convolution."""
    function: str | None = None
    """Kind of an activation or of an elementwise layer."""
    bias: bool = False
    """Whether the trace gives the layer a bias."""
    folds_batch_norm: bool = False
    """Whether a batch_norm is folded into this layer, which then carries a bias at run time."""
    folded: bool = False
    """Whether this batch_norm vanishes into its producer: it runs nothing and moves nothing."""
    number_format: str | None = None
    """Number format that overrides the compute unit's, by name."""
    weight_sparsity: float | None = None
    """Fraction of zero weights, in [0, 1); None where unknown."""
    activation_sparsity: float | None = None
    """Fraction of zero inputs, in [0, 1); None where unknown."""
    operations: int = 1
    """Arithmetic operations per output element of an elementwise layer."""

    @property
    def is_mac(self) -> bool:
        """Whether the layer is made of multiply-accumulates (conv2d and linear)."""
        return self.op in {Op.CONV2D, Op.LINEAR}

    @property
    def is_depthwise(self) -> bool:
        """Whether each input channel is convolved on its own: groups = C > 1."""
        return self.op is Op.CONV2D and self.groups == self.input_shapes[0].channels > 1

    @property
    def mixes_channels(self) -> bool:
        """Whether an output needs all channels of its position (softmax, local response normalisation)."""
        return self.op is Op.SOFTMAX or self.function == "local_response_norm"

    @property
    def op_names(self) -> tuple[str, ...]:
        """Names by which a placement rule may call the layer: its op, then the groups that it belongs to."""
        groups = {
            "pooling": self.op in POOLING,
            "grouped": self.groups > 1,
            "depthwise": self.is_depthwise,
        }
        function = (self.function,) if self.op is Op.ACTIVATION and self.function else ()
        return (self.op.value, *function, *(name for name, member in groups.items() if member))

    @property
    def gemm(self) -> Gemm:
        """Matrix view: M = N_out / groups, K = R x S x C / groups, px = P x Q.

        A linear layer has K = input elements / px.

        Raises
        ------
        ValueError
            If the layer has no MACs.
        """
        if not self.is_mac:
            raise ValueError(f"layer {self.name!r} ({self.op}) is not a matrix product")
        pixels = self.output_shape.rows * self.output_shape.columns
        filters = self.output_shape.channels // self.groups
        if self.op is Op.LINEAR:
            return Gemm(1, filters, self.input_shapes[0].elements // pixels, pixels)
        depth = self.kernel[0] * self.kernel[1] * self.input_shapes[0].channels // self.groups
        return Gemm(self.groups, filters, depth, pixels)

    @property
    def macs(self) -> int:
        """Multiply-accumulates per image, padding included: P x Q x K_out x R x S x C / groups, or 0."""
        return self.gemm.macs if self.is_mac else 0

    @property
    def weight_elements(self) -> int:
        """Stored weights, without biases: K_out x R x S x C / groups; 0 without MACs."""
        return self.gemm.groups * self.gemm.filters * self.gemm.depth if self.is_mac else 0

    @property
    def bias_elements(self) -> int:
        """Biases held at run time: K_out if the layer has a bias, its own or from a folded batch_norm."""
        return self.output_shape.channels if self.is_mac and (self.bias or self.folds_batch_norm) else 0

    @property
    def parameters(self) -> int:
        """Learned values as the trace states them: weights + biases; 2 C (scale, shift) for a batch_norm.

        Running statistics of a batch_norm are not learned and not counted.
        """
        if self.op is Op.BATCH_NORM:
            return 2 * self.output_shape.channels
        return self.weight_elements + (self.output_shape.channels if self.bias else 0)

    @property
    def input_elements(self) -> int:
        """Values read per image, all inputs together, without padding."""
        return sum(shape.elements for shape in self.input_shapes)

    @property
    def output_elements(self) -> int:
        """Values written per image: C x rows x columns of the output."""
        return self.output_shape.elements
