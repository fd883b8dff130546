"""What is executed: layers, networks, traces."""

from archsim.workload.building import build_network
from archsim.workload.exits import ExitCondition, with_threshold
from archsim.workload.layer import GROUP_NAMES, OP_NAMES, POOLING, Gemm, Layer, Op, TensorShape
from archsim.workload.loading import load_network
from archsim.workload.mac_specs import Conv2d, Linear
from archsim.workload.network import INPUT, Network
from archsim.workload.pool_specs import AveragePool, GlobalAveragePool, MaxPool
from archsim.workload.simple_specs import Activation, Add, BatchNorm, Concat, Elementwise, Softmax
from archsim.workload.spec import Spec
from archsim.workload.topology import read_topology
from archsim.workload.trace import TraceDocument, read_trace

__all__ = [
    "GROUP_NAMES",
    "INPUT",
    "OP_NAMES",
    "POOLING",
    "Activation",
    "Add",
    "AveragePool",
    "BatchNorm",
    "Concat",
    "Conv2d",
    "Elementwise",
    "ExitCondition",
    "Gemm",
    "GlobalAveragePool",
    "Layer",
    "Linear",
    "MaxPool",
    "Network",
    "Op",
    "Softmax",
    "Spec",
    "TensorShape",
    "TraceDocument",
    "build_network",
    "load_network",
    "read_topology",
    "read_trace",
    "with_threshold",
]
