"""A layer and a row-stationary block that the tests of PE arrays share."""

from archsim.workload.layer import Layer, Op, TensorShape

CONV = Layer(
    name="conv",
    op=Op.CONV2D,
    inputs=("input",),
    input_shapes=(TensorShape(16, 16, 16),),
    output_shape=TensorShape(32, 14, 14),
    kernel=(3, 3),
)
BLOCK = {
    "filter_spad": "448 B",
    "input_spad": "24 B",
    "sum_spad": "48 B",
    "filter_bus": "64 b",
    "input_bus": "16 b",
    "sum_bus": "64 b",
    "filter_buffer": "8 KiB",
}
